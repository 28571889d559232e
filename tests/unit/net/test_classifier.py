from __future__ import annotations

from pathlib import Path

import pytest

from model import load
from model.net.classifier import Classifier
from model.records import Article, check_sentence_law, check_span_laws
from tests.conftest import TEXTS


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
