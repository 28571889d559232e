"""The behavioural tests as tables, and their failures as lines to read."""

from __future__ import annotations

from dataclasses import dataclass

from train.score.behaviour.judge import BehaviourScores, PassRate, keep_failures
from train.score.tables import Table

_SHOWN = 3
"""Failures of each test that a page shows."""
_FEW = 10  # pairs


@dataclass(frozen=True, slots=True)
class FailureLine:
    """One failure: the sentences (the first is empty where the case has but one), and the fault."""

    test: str
    before: str
    after: str
    fault: str


def behaviour_tables(scores: BehaviourScores) -> list[Table]:
    """Pass rates by test, and whether a mere name draws `against`."""
    tables = [
        Table(
            title="Behaviour: what must not, and what must, change an answer",
            note=(
                "Cases made from the labelled sentences, the list of targets and templates, after "
                "CheckList; intervals by Wilson, as if cases did not hang together."
            ),
            header=("test", "kind", "cases", "passed [95% interval]", "stances", "loaded terms"),
            rows=tuple(_row(rate) for rate in (*scores.kinds, *scores.tests)),
        )
    ]
    if scores.sides:
        tables.append(_side_table(scores))
    return tables


def failure_lines(scores: BehaviourScores) -> list[FailureLine]:
    """The first failures of each test."""
    lines = []
    for failure in keep_failures(scores, _SHOWN).failures:
        case = failure.case
        before = case.before.text if case.before is not None else ""
        fault = "; ".join((*failure.stances, *failure.terms))
        lines.append(FailureLine(f"{case.kind}, {case.test}", before, case.after.text, fault))
    return lines


def _row(rate: PassRate) -> tuple[str, ...]:
    is_kind = rate.name == rate.kind
    return (
        f"all of {rate.kind}" if is_kind else rate.name,
        "" if is_kind else rate.kind,
        str(rate.num_cases),
        f"{rate.rate:.3f} [{rate.low:.3f}, {rate.high:.3f}]",
        f"{rate.num_stance_failures} failed",
        f"{rate.num_term_failures} failed",
    )


def _side_table(scores: BehaviourScores) -> Table:
    what = "probability of `against`" if scores.has_scores else "share of `against`"
    sides = sorted(scores.sides, key=lambda side: -abs(side.mean_difference))
    return Table(
        title="Does the mere name draw against?",
        note=(
            f"The {what} with this name less that with another side's in the same sentence; p by a "
            "sign test over the pairs that differ, not corrected for there being many."
        ),
        header=("target", "pairs", "mean difference", "more / less against", "p"),
        rows=tuple(
            (
                f"{side.conflict}: {side.target}" + (" (few)" if side.num_pairs < _FEW else ""),
                str(side.num_pairs),
                f"{side.mean_difference:+.3f}",
                f"{side.num_more_against} / {side.num_less_against}",
                f"{side.p_value:.3f}",
            )
            for side in sides
        ),
    )
