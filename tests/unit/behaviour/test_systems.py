"""Planted systems, each with a known fault: the test made for the fault finds it, others do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from model.records import LabelledSentence, LoadedTerm
from train.behaviour.collect import Collector
from train.behaviour.generate import Behaviour
from train.score.behaviour.cases import Case, sentences_of
from train.score.behaviour.judge import BehaviourScores, PassRate, judge_behaviour
from train.score.outputs import SystemOutput

System = Callable[[LabelledSentence], SystemOutput]


@pytest.fixture(scope="module")
def cases(behaviour: Behaviour) -> list[Case]:
    into = Collector()
    into.cases = behaviour.cases
    return into.draw(60, seed=1)


def gold(sentence: LabelledSentence) -> SystemOutput:
    return SystemOutput(tuple(str(s.label) for s in sentence.stances), sentence.loaded_terms)


def constant(label: str) -> System:
    return lambda sentence: SystemOutput((label,) * len(sentence.stances), ())


def biased(target: str) -> System:
    """Reads as the gold does, but is against whatever names the target."""

    def answer(sentence: LabelledSentence) -> SystemOutput:
        labels = ["against" if s.target == target else str(s.label) for s in sentence.stances]
        return SystemOutput(tuple(labels), sentence.loaded_terms)

    return answer


def blind(sentence: LabelledSentence) -> SystemOutput:
    """Sees every loaded word but those in the names of targets and right behind them."""
    mentions = [m for stance in sentence.stances for m in stance.mentions]

    def is_name(term: LoadedTerm) -> bool:
        return any(t.start < term.end and term.start <= t.end + 1 for t in mentions)

    terms = tuple(term for term in sentence.loaded_terms if not is_name(term))
    labels = []
    for stance in sentence.stances:
        named = [t for t in terms if t.target == stance.target]
        categories = {t.category for t in named}
        labels.append("favor" if "praise" in categories else "against" if categories else "none")
    return SystemOutput(tuple(labels), terms)


def judge(cases: list[Case], system: System) -> BehaviourScores:
    return judge_behaviour(cases, [system(sentence) for sentence in sentences_of(cases)])


def kinds(scores: BehaviourScores) -> dict[str, PassRate]:
    return {rate.kind: rate for rate in scores.kinds}


def test_the_gold_passes_all(cases: list[Case]) -> None:
    scores = judge(cases, gold)
    assert scores.failures == ()
    assert {rate.rate for rate in scores.tests} == {1.0}
    assert all(side.mean_difference == 0 for side in scores.sides)


@pytest.mark.parametrize("label", ["favor", "against", "none"])
def test_a_constant_passes_invariance_and_fails_minimum(cases: list[Case], label: str) -> None:
    rates = kinds(judge(cases, constant(label)))
    assert rates["invariance"].rate == 1
    assert rates["symmetry"].rate == 1
    assert rates["direction"].rate == 0
    assert rates["minimum"].rate < 0.25


def test_a_system_blind_to_names_fails_direction(cases: list[Case]) -> None:
    scores = judge(cases, blind)
    rates = kinds(scores)
    assert rates["direction"].rate == 0
    by_name = {rate.name: rate for rate in scores.tests}
    assert by_name["neutral name → pejorative"].rate == 0
    assert by_name["label: pejorative name"].rate == 0
    assert by_name["stance none"].rate == 1


@pytest.mark.parametrize("target", ["rapid-support-forces", "israel", "hamas", "armenia"])
def test_a_system_biased_against_a_name_is_caught_by_symmetry(
    behaviour: Behaviour, target: str
) -> None:
    symmetry = [case for case in behaviour.cases if case.kind == "symmetry"]
    scores = judge(symmetry, biased(target))
    assert scores.failures
    for failure in scores.failures:
        assert target in (failure.case.target, failure.case.other)
    sides = {side.target: side for side in scores.sides}
    worst = max(scores.sides, key=lambda side: side.mean_difference)
    assert worst.target == target
    assert sides[target].num_less_against == 0
    assert sides[target].p_value < 0.01
    conflict = sides[target].conflict
    assert all(s.mean_difference == 0 for s in scores.sides if s.conflict != conflict)


def test_a_system_that_reads_marks_fails_the_spelling_tests(cases: list[Case]) -> None:
    def strict(sentence: LabelledSentence) -> SystemOutput:
        has_marks = any("\u064b" <= letter <= "\u0652" for letter in sentence.text)
        return SystemOutput(("none" if has_marks else "favor",) * len(sentence.stances), ())

    by_name = {rate.name: rate for rate in judge(cases, strict).tests}
    assert by_name["diacritics removed"].num_stance_failures > 0
    assert by_name["tatweel"].rate == 1


def test_a_system_that_knows_the_outlet_is_caught(cases: list[Case]) -> None:
    def loyal(sentence: LabelledSentence) -> SystemOutput:
        label = "favor" if sentence.outlet == "sada-sharq" else "none"
        return SystemOutput((label,) * len(sentence.stances), ())

    by_name = {rate.name: rate for rate in judge(cases, loyal).tests}
    assert by_name["another outlet"].num_stance_failures > 0
    assert by_name["another person's name"].rate == 1
