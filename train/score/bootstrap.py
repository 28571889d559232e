"""How sure a score is: bootstrap over stories, by expanded percentile intervals.

Sentences of one story resemble each other, so whole stories are drawn, with replacement (a cluster
bootstrap). A statistic is a function of counts that add up, so a resample is a weighted sum of the
stories' counts, and a thousand of them are one matrix product.

Plain percentiles are too narrow with few stories: the draws vary as the sample does, √((n-1)/n) of
what they stand for, and have normal tails where Student's are due. Wider tails make up for both
(Hesterberg, 2015); what it gains is measured in `tests/bench/test_interval_coverage.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from model.errors import RecordError
from train.score.counts import FloatArray
from train.score.spread import Spread

Statistic = Callable[[NDArray[Any]], FloatArray]
"""From a stack of summed counts, (resamples, …), to one figure each, (resamples,)."""

Verdict = Literal["ahead", "behind", "no evidence of a difference"]

MIN_STORIES = 6
"""With five, a lead in every story still happens by chance more than once in 20 (2 × 0.5⁵)."""

TOLERANCE = 1e-12
"""Leads that differ by less are ties: the same ratio comes out of sums in another order."""

BLOCK_CELLS = 1 << 22
"""So many weights of stories are held as floats at a time: 32 MiB."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Meant to hold the truth with chance `level`; `num_stories` were drawn from."""

    low: float
    high: float
    level: float
    num_stories: int


@dataclass(frozen=True, slots=True)
class Variation:
    """Why a figure would come out otherwise: another seed, or other stories; never the two as one.

    `seeds` is the spread over trainings on the same stories. `story_deviation` is the standard
    deviation over resampled stories of the mean figure of those trainings, held as they are.
    """

    seeds: Spread
    story_deviation: float
    num_stories: int


def sum_by_story(counts: NDArray[Any], stories: Sequence[str]) -> NDArray[Any]:
    """Counts of each sentence, (sentences, …) → (stories, …), in order of first appearance."""
    if len(counts) != len(stories):
        raise RecordError("sums by story", f"{len(stories)} stories for {len(counts)} sentences")
    position = {story: i for i, story in enumerate(dict.fromkeys(stories))}
    summed = np.zeros((len(position), *counts.shape[1:]), dtype=counts.dtype)
    np.add.at(summed, [position[story] for story in stories], counts)
    return summed


def story_interval(
    statistic: Statistic,
    counts_by_story: NDArray[Any],
    *,
    level: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Interval of a statistic of the summed counts, (stories, …)."""
    draws = draw_stories(len(counts_by_story), num_resamples, seed)
    values = statistic(sum_drawn(draws, counts_by_story))
    return to_interval(values, num_stories=len(counts_by_story), level=level)


def difference_interval(
    statistic: Statistic,
    counts_by_story: NDArray[Any],
    other_counts_by_story: NDArray[Any],
    *,
    level: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Interval of the first system's lead over the other: both are scored on the same draws."""
    if counts_by_story.shape != other_counts_by_story.shape:
        raise RecordError("paired bootstrap", "the two systems were not scored on the same stories")
    draws = draw_stories(len(counts_by_story), num_resamples, seed)
    leads = statistic(sum_drawn(draws, counts_by_story)) - statistic(
        sum_drawn(draws, other_counts_by_story)
    )
    return to_interval(leads, num_stories=len(counts_by_story), level=level)


def judge_difference(interval: Interval, p: float | None = None) -> Verdict:
    """A verdict only where the interval leaves out 0 and rests on `MIN_STORIES` or more.

    Where many systems are compared, `p` is that of the permutation test after Holm's correction:
    the verdict then needs it to be as low as the interval's level asks.
    """
    is_sure = p is None or p <= 1 - interval.level + TOLERANCE
    if is_sure and interval.num_stories >= MIN_STORIES:
        if interval.low > TOLERANCE:
            return "ahead"
        if interval.high < -TOLERANCE:
            return "behind"
    return "no evidence of a difference"


def split_variation(
    statistic: Statistic, counts: NDArray[Any], *, num_resamples: int = 1000, seed: int = 0
) -> Variation:
    """What seeds and what stories do to a figure, from counts (seeds, stories, …)."""
    if not len(counts):
        raise RecordError("variation", "there is no seed to compare")
    draws = draw_stories(counts.shape[1], num_resamples, seed)
    resampled = np.mean([statistic(sum_drawn(draws, one)) for one in counts], axis=0)
    return Variation(
        seeds=Spread.of([float(figure) for figure in statistic(counts.sum(axis=1))]),
        story_deviation=float(np.std(resampled, ddof=1)),
        num_stories=counts.shape[1],
    )


def sum_drawn(times: NDArray[Any], counts_by_story: NDArray[Any]) -> FloatArray:
    """Weighted sums, (resamples, stories) and (stories, …) → (resamples, …).

    As floats, in which sums of counts are exact and matrix products far faster; in blocks, since
    the weights are kept in few bytes.
    """
    num_stories, *shape = counts_by_story.shape
    flat = counts_by_story.reshape(num_stories, math.prod(shape)).astype(np.float64)
    sums = np.empty((len(times), flat.shape[1]))
    rows = max(1, BLOCK_CELLS // max(1, num_stories))
    for first in range(0, len(times), rows):
        sums[first : first + rows] = times[first : first + rows].astype(np.float64) @ flat
    return sums.reshape(len(times), *shape)


@lru_cache(maxsize=2)
def draw_stories(num_stories: int, num_resamples: int, seed: int) -> NDArray[Any]:
    """How often each story is drawn, (resamples, stories); kept, as every measure asks for it."""
    if not num_stories:
        raise RecordError("bootstrap", "there is no story to draw from")
    chances = np.full(num_stories, 1 / num_stories)
    rng = np.random.default_rng(seed)
    draws = np.empty((num_resamples, num_stories), dtype=np.min_scalar_type(num_stories))
    rows = max(1, BLOCK_CELLS // num_stories)
    for first in range(0, num_resamples, rows):
        block = draws[first : first + rows]
        block[:] = rng.multinomial(num_stories, chances, size=len(block))
    draws.setflags(write=False)
    return draws


def resample(
    counts_by_story: NDArray[Any], *, num_resamples: int = 1000, seed: int = 0
) -> FloatArray:
    """The summed counts of each resample, (stories, …) → (resamples, …).

    Counts over the same stories are drawn alike, so that statistics of them can be compared.
    """
    return sum_drawn(draw_stories(len(counts_by_story), num_resamples, seed), counts_by_story)


def to_interval(values: FloatArray, *, num_stories: int, level: float = 0.95) -> Interval:
    """The expanded percentile interval of a statistic's values over resamples."""
    tail = _expanded_tail(level, num_stories)
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(low=float(low), high=float(high), level=level, num_stories=num_stories)


def _expanded_tail(level: float, num_stories: int) -> float:
    """The share of resamples to leave out on either side: Φ(-√(n/(n-1)) t) (Hesterberg, 2015)."""
    if num_stories < 2:
        return 0.0  # all resamples are the same
    student = stdtrit(num_stories - 1, (1 + level) / 2)
    return float(ndtr(-np.sqrt(num_stories / (num_stories - 1)) * student))
