"""How sure a score is: percentile bootstrap over stories.

Sentences of one story resemble each other, so whole stories are drawn, with replacement (a cluster
bootstrap). A statistic is a function of counts that add up, so a resample is a weighted sum of the
stories' counts, and a thousand of them are one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model.errors import RecordError
from train.score.metrics import FloatArray, IntArray

Statistic = Callable[[NDArray[Any]], FloatArray]
"""From a stack of summed counts, (resamples, …), to one figure each, (resamples,)."""

Verdict = Literal["ahead", "behind", "no evidence of a difference"]

MIN_STORIES = 6
"""With five, a lead in every story still happens by chance more than once in 20 (2 × 0.5⁵)."""


@dataclass(frozen=True, slots=True)
class Interval:
    """`level` of the resamples fall between `low` and `high`; `num_stories` were drawn from."""

    low: float
    high: float
    level: float
    num_stories: int


def sum_by_story(counts: IntArray, stories: Sequence[str]) -> IntArray:
    """Counts of each sentence, (sentences, …) → (stories, …), in order of first appearance."""
    position = {story: i for i, story in enumerate(dict.fromkeys(stories))}
    summed = np.zeros((len(position), *counts.shape[1:]), dtype=np.int64)
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
    """Percentile interval of a statistic of the summed counts, (stories, …)."""
    draws = _draws(len(counts_by_story), num_resamples, seed)
    values = statistic(np.tensordot(draws, counts_by_story, axes=1))
    return _percentile_interval(values, level, len(counts_by_story))


def difference_interval(
    statistic: Statistic,
    counts_by_story: IntArray,
    other_counts_by_story: IntArray,
    *,
    level: float = 0.95,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Interval of the first system's lead over the other: both are scored on the same draws."""
    if counts_by_story.shape != other_counts_by_story.shape:
        raise RecordError("paired bootstrap", "the two systems were not scored on the same stories")
    draws = _draws(len(counts_by_story), num_resamples, seed)
    leads = statistic(np.tensordot(draws, counts_by_story, axes=1)) - statistic(
        np.tensordot(draws, other_counts_by_story, axes=1)
    )
    return _percentile_interval(leads, level, len(counts_by_story))


def judge_difference(interval: Interval) -> Verdict:
    """A verdict only where the interval leaves out 0 and rests on `MIN_STORIES` or more."""
    if interval.num_stories >= MIN_STORIES:
        if interval.low > 0:
            return "ahead"
        if interval.high < 0:
            return "behind"
    return "no evidence of a difference"


def _draws(num_stories: int, num_resamples: int, seed: int) -> IntArray:
    """How often each story is drawn, (resamples, stories)."""
    if not num_stories:
        raise RecordError("bootstrap", "there is no story to draw from")
    chances = np.full(num_stories, 1 / num_stories)
    return np.random.default_rng(seed).multinomial(num_stories, chances, size=num_resamples)


def _percentile_interval(values: FloatArray, level: float, num_stories: int) -> Interval:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(low=float(low), high=float(high), level=level, num_stories=num_stories)
