"""Planted slips of gold are suspected; where nobody can look, the reason is given."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from model.records import STANCE_LABELS, LabelledSentence
from train.score.browse.label_errors import suspect_labels
from train.score.outputs import SystemOutput

MakeSentence = Callable[..., LabelledSentence]


def sure_of(label: str, probability: float = 0.9) -> dict[str, float]:
    rest = (1 - probability) / 2
    return {name: probability if name == label else rest for name in STANCE_LABELS}


def answer(*labels: str, probability: float = 0.9) -> SystemOutput:
    return SystemOutput(labels, (), scores=tuple(sure_of(label, probability) for label in labels))


@pytest.fixture
def planted(make_sentence: MakeSentence) -> tuple[list[LabelledSentence], list[SystemOutput]]:
    """A system that knows the truth, more or less surely; every twentieth gold label slipped."""
    gold, outputs = [], []
    for i in range(200):
        truth = STANCE_LABELS[i % 3]
        label = STANCE_LABELS[(i + 1) % 3] if i % 20 == 7 else truth
        gold.append(make_sentence("دخلت قسد", stances=[("sdf", label, "قسد", "neutral")]))
        outputs.append(answer(truth, probability=0.8 + i % 10 / 100 + i / 10_000))
    return gold, outputs


def test_planted_slips_are_found_the_least_likely_label_first(
    planted: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    pytest.importorskip("cleanlab")
    gold, outputs = planted
    found = suspect_labels(gold, outputs)
    assert (found.why_none, found.num_stances) == (None, 200)
    slipped = [(i, 0) for i in range(200) if i % 20 == 7]
    # i % 10 is 7 in all of them: certainty rises with i.
    kept = [place for place in reversed(slipped) if place in found.places]
    assert list(found.places) == kept
    assert len(kept) >= 5


def test_the_rule_is_that_of_confident_learning(
    planted: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    """Suspected: the likeliest of the labels that reach their mean probability is not gold."""
    pytest.importorskip("cleanlab")
    gold, outputs = planted
    labels = [STANCE_LABELS.index(str(s.stances[0].label)) for s in gold]
    rows = np.array([[o.scores[0][name] for name in STANCE_LABELS] for o in outputs])
    means = [rows[np.array(labels) == k, k].mean() for k in range(3)]
    expected = set()
    for i, row in enumerate(rows):
        confident = [k for k in range(3) if row[k] >= means[k] - 1e-6]
        if confident and max(confident, key=lambda k: row[k]) != labels[i]:
            expected.add((i, 0))
    assert set(suspect_labels(gold, outputs).places) == expected


def test_a_system_that_agrees_with_gold_suspects_nothing(make_sentence: MakeSentence) -> None:
    pytest.importorskip("cleanlab")
    gold = [
        make_sentence("دخلت قسد", stances=[("sdf", label, "قسد", "neutral")] * 2)
        for label in STANCE_LABELS * 3
    ]
    outputs = [answer(*(str(stance.label) for stance in s.stances)) for s in gold]
    found = suspect_labels(gold, outputs)
    assert (found.places, found.num_stances, found.why_none) == ((), 18, None)


def test_without_cleanlab_the_extra_is_named(
    planted: tuple[list[LabelledSentence], list[SystemOutput]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    found = suspect_labels(*planted)
    assert found.places == ()
    assert found.why_none == "install nabra[label-errors] and evaluate again"


def test_nobody_looks_without_probabilities_or_with_one_label(
    make_sentence: MakeSentence,
    planted: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    gold, outputs = planted
    silent = [*outputs[:-1], SystemOutput(outputs[-1].stances, ())]
    assert "no probabilities" in str(suspect_labels(gold, silent).why_none)
    alike = [gold[0]] * 5
    assert "fewer than two labels" in str(suspect_labels(alike, outputs[:5]).why_none)
    bare = [make_sentence("وصل الوفد")]
    found = suspect_labels(bare, [SystemOutput((), ())])
    assert "fewer than two labels" in str(found.why_none)
