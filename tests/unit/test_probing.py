"""The outlet probe of a run: which sentences it reads, and by which encoders."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from model import load
from model.net.classifier import Classifier
from model.records import LabelledSentence
from tests.sentences import labelled
from train.probing import ENCODER, UNTRAINED, probe_run, untrained
from train.score.outlets import MAJORITY, WORDS

RUN: Any = SimpleNamespace(
    config=SimpleNamespace(
        training=SimpleNamespace(seed=3), evaluation=SimpleNamespace(resamples=50)
    )
)


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path) -> Classifier:
    return load(tiny_checkpoint)


def _sentence(number: int, outlet: str) -> LabelledSentence:
    text = f"وصل وفد {outlet} إلى المدينة {number}"
    return labelled(text, article_id=str(number), outlet=outlet, story=str(number % 8))


def _ask(
    gold: list[LabelledSentence], classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, list[str]]:
    monkeypatch.setattr("train.readings.own_gold", lambda run, splits: gold)
    notes: list[str] = []
    return probe_run(RUN, {}, classifier, notes), notes


def test_outlets_with_enough_are_probed(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    outlets = ["شمال", "جنوب"] * 25 + ["غرب"] * 5 + [""] * 30
    gold = [_sentence(number, outlet) for number, outlet in enumerate(outlets)]
    probe, notes = _ask(gold, classifier, monkeypatch)
    assert notes == []
    assert probe.support == {"شمال": 25, "جنوب": 25}
    assert probe.left_out == ("غرب",)
    assert [one.name for one in probe.probes] == [ENCODER, UNTRAINED, WORDS, MAJORITY]
    assert probe.probes[2].accuracy == 1.0


@pytest.mark.parametrize("outlets", [["شمال"] * 40, [""] * 40, ["شمال"] * 40 + ["جنوب"] * 19])
def test_with_one_outlet_there_is_a_note(
    outlets: list[str], classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    gold = [_sentence(number, outlet) for number, outlet in enumerate(outlets)]
    probe, (note,) = _ask(gold, classifier, monkeypatch)
    assert probe is None
    assert f"{int('شمال' in outlets)} outlet(s) with 20 labelled sentences" in note


def test_an_untrained_encoder_has_the_same_shape_and_other_weights(classifier: Classifier) -> None:
    torch.manual_seed(9)
    drawn = torch.rand(3)
    torch.manual_seed(9)
    bare = untrained(classifier, 1)
    assert torch.equal(torch.rand(3), drawn), "the chance of others is left alone"
    known, made = (
        dict(one.checkpoint.network.encoder.named_parameters()) for one in (classifier, bare)
    )
    assert {n: p.shape for n, p in known.items()} == {n: p.shape for n, p in made.items()}
    texts = ["وصل وفد", "زار الوزير المدينة"]
    assert not np.allclose(classifier.represent(texts), bare.represent(texts))
    assert np.array_equal(bare.represent(texts), untrained(classifier, 1).represent(texts))
    assert not np.allclose(bare.represent(texts), untrained(classifier, 2).represent(texts))
    assert not bare.checkpoint.network.training
