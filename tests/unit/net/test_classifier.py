from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from datasets import Dataset

from model import load
from model.net.classifier import Classifier, as_article
from model.net.network import FramingNetwork
from model.records import Article, Prediction, check_sentence_law, check_span_laws
from model.tasks import Task
from tests.conftest import ROOT, TEXTS


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load(tiny_checkpoint)


def test_one_prediction_for_each_sentence(classifier: Classifier, article: Article) -> None:
    predictions = classifier.predict(article)
    assert [p.section for p in predictions] == ["headline", "body", "body", "body"]
    for prediction in predictions:
        check_sentence_law(article, prediction)
        check_span_laws(prediction)
        assert prediction.outlet == "outlet"
        for stance in prediction.stances:
            assert stance.scores is not None
            assert abs(sum(stance.scores.values()) - 1) < 1e-9
            assert stance.label == max(stance.scores, key=lambda label: stance.scores[label])


def test_targets_are_judged_for_the_holder_that_names_them(
    classifier: Classifier, article: Article
) -> None:
    _, reported, direct, _ = classifier.predict(article)
    assert {(s.target, s.holder) for s in reported.stances} == {
        ("intl-coalition", "newsroom"),
        ("sdf", "newsroom"),
    }
    assert {(s.target, s.holder) for s in direct.stances} == {("sdf", "source"), ("isis", "source")}


def test_takes_a_text_a_list_and_an_iterator(classifier: Classifier) -> None:
    single = classifier.predict(TEXTS[0])
    listed = classifier.predict(TEXTS)
    streamed = classifier.predict(iter(TEXTS))
    assert isinstance(listed, list)
    assert not isinstance(streamed, list)
    assert single == listed[:1]
    assert list(streamed) == listed


def test_maps_a_dataset(classifier: Classifier) -> None:
    """As the documentation has it."""
    docs = (ROOT / "docs/prediction.md").read_text(encoding="utf-8")
    code = next(part for part in docs.split("```python\n") if "dataset.map" in part)
    names = {"json": json, "classifier": classifier, "dataset": Dataset.from_dict({"text": TEXTS})}
    exec(code.partition("```")[0], names)
    rows = names["sentences"]["prediction"]  # type: ignore[index]
    found = [Prediction.from_dict(json.loads(row)) for row in rows]
    assert found == classifier.predict(TEXTS)


def test_neighbours_do_not_change_a_prediction(classifier: Classifier) -> None:
    alone = classifier.predict(TEXTS[2])[0]
    among = classifier.predict([TEXTS[0] * 5, TEXTS[2], TEXTS[1]])
    found = next(p for p in among if p.text == alone.text)
    assert [s.label for s in found.stances] == [s.label for s in alone.stances]
    assert [(t.start, t.end, t.category) for t in found.loaded_terms] == [
        (t.start, t.end, t.category) for t in alone.loaded_terms
    ]


@pytest.mark.parametrize("text", ["", "   \n", "😀😀", "<>"])
def test_text_without_a_word_gives_nothing_or_an_empty_sentence(
    classifier: Classifier, text: str
) -> None:
    assert all(not p.loaded_terms for p in classifier.predict(text))


def test_a_representation_is_what_a_classifying_head_reads(classifier: Classifier) -> None:
    known = classifier.checkpoint
    tone = Task("tone", "classify", ("plain", "loaded"))
    network = FramingNetwork(known.network.encoder, 0.0, (tone,)).eval()
    single = Classifier(replace(known, network=network))
    states = single.represent(TEXTS)
    assert states.shape == (3, 16)
    head = network.heads["tone"]
    with torch.inference_mode():
        logits = head(torch.tensor(states).float())
    read = single.read([single.draft(as_article(text))[0] for text in TEXTS])
    assert torch.softmax(logits.double(), dim=-1).numpy() == pytest.approx(
        np.array([reading.classes["tone"] for reading in read]), abs=1e-5
    )


def test_a_text_is_represented_alike_in_any_company(classifier: Classifier) -> None:
    together = classifier.represent([TEXTS[0], TEXTS[2], TEXTS[1], TEXTS[2]])
    assert together[1] == pytest.approx(classifier.represent([TEXTS[2]])[0], abs=1e-5)
    assert together[3] == pytest.approx(together[1])
    assert not np.allclose(together[0], together[2])
    assert classifier.represent([]).shape == (0, 16)


def test_the_windows_of_a_long_text_are_averaged(classifier: Classifier) -> None:

    encoder = classifier.checkpoint.encoder
    long = " ".join(TEXTS)
    windows = encoder.windows([long])[0]
    assert len(windows) > 1
    cuts = [w.word_spans[0][0] for w in windows] + [len(long)]
    parts = [long[a:b].strip() for a, b in itertools.pairwise(cuts)]
    assert classifier.represent([long])[0] == pytest.approx(
        classifier.represent(parts).mean(axis=0), abs=1e-5
    )
