"""Systems on the same stories: how sure each one's figures are, and who is ahead of whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from train.score.bootstrap import (
    Interval,
    Statistic,
    Verdict,
    difference_interval,
    judge_difference,
    story_interval,
    sum_by_story,
)
from train.score.permutation import holm, permutation_test


class Scored(Protocol):
    """One system's figures, by measure."""

    @property
    def name(self) -> str: ...
    @property
    def intervals(self) -> Mapping[str, Interval]: ...
    def value(self, measure: str) -> float:
        """The figure of one measure."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The lead of a reading's first system over another: `system` minus `other`.

    `p` is that of the paired permutation test, corrected for all comparisons of the reading (Holm).
    """

    measure: str
    system: str
    other: str
    value: float
    interval: Interval
    p: float
    verdict: Verdict


def compare_systems(
    measures: Mapping[str, Statistic],
    counts: Mapping[str, Mapping[str, NDArray[Any]]],
    stories: Sequence[str],
    *,
    num_resamples: int,
    seed: int,
) -> tuple[dict[str, dict[str, Interval]], tuple[Difference, ...]]:
    """By system the interval of each measure; the first system's leads over each other one.

    `counts` holds for each system and measure what its statistic takes, one row a sentence;
    `stories` names the story of each sentence.
    """
    summed = {
        system: {measure: sum_by_story(mine[measure], stories) for measure in measures}
        for system, mine in counts.items()
    }
    intervals = {
        system: {
            measure: story_interval(
                statistic, mine[measure], num_resamples=num_resamples, seed=seed
            )
            for measure, statistic in measures.items()
        }
        for system, mine in summed.items()
    }
    first, *others = summed
    pairs = [(other, measure) for other in others for measure in measures]
    tests = [
        permutation_test(measures[m], summed[first][m], summed[other][m], seed=seed)
        for other, m in pairs
    ]
    leads = [
        difference_interval(
            measures[m],
            summed[first][m],
            summed[other][m],
            num_resamples=num_resamples,
            seed=seed,
        )
        for other, m in pairs
    ]
    corrected = holm([test.p for test in tests])
    differences = tuple(
        Difference(m, first, other, test.lead, lead, p, judge_difference(lead, p))
        for (other, m), test, lead, p in zip(pairs, tests, leads, corrected, strict=True)
    )
    return intervals, differences
