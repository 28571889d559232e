"""How a system fares on behavioural cases: pass rates with counts, failures, balance of sides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scipy.stats import binomtest

from model.errors import RecordError
from model.records import LoadedTerm
from train.score.behaviour.cases import CASE_KINDS, Case, CaseKind, LeftOut, sentences_of
from train.score.behaviour.shift import Shift
from train.score.outputs import SystemOutput

_AGAINST = "against"


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that did not pass: what was wrong of its stances, and of its loaded terms."""

    case: Case
    stances: tuple[str, ...]
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PassRate:
    """Passes of one test, or of all tests of one kind; a case can fail in both respects.

    `low` and `high` are the 95% interval of Wilson (1927, JASA) for the rate. Cases made of one
    sentence hang together, which the interval does not know.
    """

    name: str
    kind: CaseKind
    num_cases: int
    num_passed: int
    rate: float
    low: float
    high: float
    num_stance_failures: int
    num_term_failures: int


@dataclass(frozen=True, slots=True)
class SideBalance:
    """Whether a target's mere name draws `against`, over the symmetry cases that it is in.

    `mean_difference`: the probability of `against` with this target's name less that with the
    other side's (without probabilities, 1 for the label). `p_value`: two-sided sign test of the
    pairs that differ.
    """

    conflict: str
    target: str
    num_pairs: int
    mean_difference: float
    num_more_against: int
    num_less_against: int
    p_value: float


@dataclass(frozen=True, slots=True)
class BehaviourScores:
    """What came of all cases. `has_scores`: probabilities of the stances were known."""

    tests: tuple[PassRate, ...]
    kinds: tuple[PassRate, ...]
    sides: tuple[SideBalance, ...]
    failures: tuple[Failure, ...]
    left_out: tuple[LeftOut, ...]
    has_scores: bool


def judge_behaviour(
    cases: Sequence[Case], outputs: Sequence[SystemOutput], left_out: Iterable[LeftOut] = ()
) -> BehaviourScores:
    """Judge a system's outputs for `sentences_of(cases)`, in that order.

    RecordError where an output is missing or does not answer every stance.
    """
    asked = sentences_of(cases)
    if len(asked) != len(outputs):
        raise RecordError(
            "behavioural cases",
            f"{len(outputs)} outputs for {len(asked)} sentences",
            "give one for each of sentences_of(cases), in order",
        )
    answers: dict[str, SystemOutput] = {}
    for sentence, output in zip(asked, outputs, strict=True):
        if len(output.stances) != len(sentence.stances):
            what = f"{len(output.stances)} labels for {len(sentence.stances)} stances"
            raise RecordError(sentence.article_id, what, "give one label for each stance")
        answers[sentence.article_id] = output
    has_scores = all(len(output.scores) == len(output.stances) for output in outputs)
    judged = [_judge(case, answers) for case in cases]
    return BehaviourScores(
        tests=tuple(
            _rate(test, [f for f in judged if (f.case.kind, f.case.test) == (kind, test)])
            for kind in CASE_KINDS
            for test in dict.fromkeys(case.test for case in cases if case.kind == kind)
        ),
        kinds=tuple(
            _rate(kind, found)
            for kind in CASE_KINDS
            if (found := [f for f in judged if f.case.kind == kind])
        ),
        sides=tuple(_balance(cases, answers, has_scores)),
        failures=tuple(f for f in judged if f.stances or f.terms),
        left_out=tuple(left_out),
        has_scores=has_scores,
    )


def keep_failures(scores: BehaviourScores, most: int) -> BehaviourScores:
    """The scores with the first failures of each test alone; the rates say how many there were."""
    shown: Counter[str] = Counter()
    kept = []
    for failure in scores.failures:
        shown[failure.case.test] += 1
        if shown[failure.case.test] <= most:
            kept.append(failure)
    return replace(scores, failures=tuple(kept))


def _judge(case: Case, answers: Mapping[str, SystemOutput]) -> Failure:
    after = answers[case.after.article_id]
    before = answers[case.before.article_id] if case.before is not None else None
    stances: list[str] = []
    terms: list[str] = []
    if before is not None and case.kind in ("invariance", "symmetry"):
        stances += _changed_stances(case, before, after)
    if before is not None and case.kind == "invariance":
        terms += _changed_terms(case, before, after)
    for number, labels in case.expected.stances:
        got = after.stances[number]
        target = case.after.stances[number].target
        if got not in labels:
            stances.append(f"{target}: {got}, not {' or '.join(labels)}")
        elif before is not None and not _has_moved(number, labels, before, after):
            stances.append(f"{target}: {got} before and after")
    for start, end, categories in case.expected.found:
        if not any(_touches(t, start, end, categories) for t in after.loaded_terms):
            terms.append(f"no {' or '.join(categories)} at {case.after.text[start:end]}")
    for start, end, categories in case.expected.absent:
        terms += [
            f"{term.category} at {term.text}"
            for term in after.loaded_terms
            if _touches(term, start, end, categories)
        ]
    return Failure(case, tuple(stances), tuple(terms))


def _changed_stances(case: Case, before: SystemOutput, after: SystemOutput) -> Iterator[str]:
    for stance, old, new in zip(case.after.stances, before.stances, after.stances, strict=True):
        if old != new:
            yield f"{stance.target} ({stance.holder}): {old} → {new}"


def _changed_terms(case: Case, before: SystemOutput, after: SystemOutput) -> Iterator[str]:
    """Terms of one sentence that meet none of their category in the other."""
    shift = Shift(case.edits)
    moved = [(t, *shift.slice(t.start, t.end)) for t in before.loaded_terms]
    for term, start, end in moved:
        if not any(_touches(t, start, end, (term.category,)) for t in after.loaded_terms):
            yield f"{term.category} at {term.text} is lost"
    for term in after.loaded_terms:
        if not any(
            term.category == old.category and term.start < end and start < term.end
            for old, start, end in moved
        ):
            yield f"{term.category} at {term.text} is new"


def _has_moved(
    number: int, labels: Sequence[str], before: SystemOutput, after: SystemOutput
) -> bool:
    """Whether the answer went toward the right labels, in label or in probability."""
    if before.stances[number] not in labels:
        return True
    if before.scores and after.scores:
        old, new = before.scores[number], after.scores[number]
        return sum(new[label] for label in labels) > sum(old[label] for label in labels)
    return False


def _touches(term: LoadedTerm, start: int, end: int, categories: Sequence[str]) -> bool:
    return term.category in categories and term.start < end and start < term.end


def _rate(name: str, judged: Sequence[Failure]) -> PassRate:
    num_passed = sum(not (f.stances or f.terms) for f in judged)
    interval = binomtest(num_passed, len(judged)).proportion_ci(method="wilson")
    return PassRate(
        name=name,
        kind=judged[0].case.kind,
        num_cases=len(judged),
        num_passed=num_passed,
        rate=num_passed / len(judged),
        low=float(interval.low),
        high=float(interval.high),
        num_stance_failures=sum(bool(f.stances) for f in judged),
        num_term_failures=sum(bool(f.terms) for f in judged),
    )


def _balance(
    cases: Sequence[Case], answers: Mapping[str, SystemOutput], has_scores: bool
) -> Iterator[SideBalance]:
    differences: dict[tuple[str, str], list[float]] = {}
    for case in cases:
        if case.kind != "symmetry" or case.before is None or case.other is None:
            continue
        before, after = answers[case.before.article_id], answers[case.after.article_id]
        for number, (old, new) in enumerate(
            zip(case.before.stances, case.after.stances, strict=True)
        ):
            if (old.target, new.target) == (case.target, case.other):
                more = _weight(before, number, has_scores) - _weight(after, number, has_scores)
                differences.setdefault((case.conflict, case.target), []).append(more)
                differences.setdefault((case.conflict, case.other), []).append(-more)
    for (conflict, target), found in sorted(differences.items()):
        num_more, num_less = sum(d > 0 for d in found), sum(d < 0 for d in found)
        num_differing = num_more + num_less
        yield SideBalance(
            conflict=conflict,
            target=target,
            num_pairs=len(found),
            mean_difference=sum(found) / len(found),
            num_more_against=num_more,
            num_less_against=num_less,
            p_value=float(binomtest(num_more, num_differing).pvalue) if num_differing else 1.0,
        )


def _weight(output: SystemOutput, number: int, has_scores: bool) -> float:
    if has_scores:
        return float(output.scores[number][_AGAINST])
    return float(output.stances[number] == _AGAINST)
