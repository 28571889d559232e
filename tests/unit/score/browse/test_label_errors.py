"""Planted slips of gold are suspected; where nobody can look, the reason is given."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

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
    """A system that knows the truth, more or less surely; every twentieth gold label slipped.

    As often it errs without being sure, which is no reason to suspect gold. How it shares the rest
    among the other two labels changes from stance to stance.
    """
    gold, outputs = [], []
    for i in range(200):
        truth, other, third = (STANCE_LABELS[(i + shift) % 3] for shift in range(3))
        label, sure = (other, 0.9) if i % 20 == 7 else (truth, 0.75 + i % 10 / 100)
        said = other if i % 20 == 3 else truth
        if i % 20 == 3:
            sure = 0.45
        rest = 1 - sure
        share = 0.2 + i * 7 % 50 / 100
        names = [name for name in (truth, other, third) if name != said]
        scores = {said: sure, names[0]: rest * share, names[1]: rest * (1 - share)}
        gold.append(make_sentence("دخلت قسد", stances=[("sdf", label, "قسد", "neutral")]))
        outputs.append(SystemOutput((said,), (), scores=(scores,)))
    return gold, outputs


def test_planted_slips_are_found_the_least_likely_label_first(
    planted: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    pytest.importorskip("cleanlab")
    gold, outputs = planted
    found = suspect_labels(gold, outputs)
    assert (found.why_none, found.num_stances) == (None, 200)
    assert sorted(found.places) == [(i, 0) for i in range(200) if i % 20 == 7]
    likely = [outputs[i].scores[j][str(gold[i].stances[j].label)] for i, j in found.places]
    assert likely == sorted(likely)


def test_the_order_is_that_of_the_gold_labels_probability(make_sentence: MakeSentence) -> None:
    """Not that of its distance from the likeliest label."""
    pytest.importorskip("cleanlab")
    rows = [("favor", {"favor": 0.1, "against": 0.52, "none": 0.38})]
    rows += [("favor", {"favor": 0.11, "against": 0.88, "none": 0.01})]
    rows += [(x, sure_of(x, 0.5)) for x in STANCE_LABELS for _ in range(6)]
    gold = [
        make_sentence("دخلت قسد", stances=[("sdf", label, "قسد", "neutral")]) for label, _ in rows
    ]
    outputs = [SystemOutput((max(s, key=s.__getitem__),), (), scores=(s,)) for _, s in rows]
    assert suspect_labels(gold, outputs).places == ((0, 0), (1, 0))


def test_only_what_the_system_got_wrong_is_suspected(
    planted: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    """A system may give another label than its probabilities would."""
    pytest.importorskip("cleanlab")
    gold, outputs = planted
    outputs[7] = replace(outputs[7], stances=(str(gold[7].stances[0].label),))
    places = suspect_labels(gold, outputs).places
    assert (7, 0) not in places
    assert (27, 0) in places


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
