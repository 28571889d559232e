"""Whether two systems could have changed places: a paired permutation test over stories.

If neither system were better, each story's two sets of counts could stand the other way round
(approximate randomization; Noreen, 1989; Yeh, 2000). Stories are swapped whole, as sentences of one
story resemble each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import RecordError
from train.score.bootstrap import BLOCK_CELLS, TOLERANCE, Statistic, sum_drawn
from train.score.counts import FloatArray


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """`p` is the share of the swaps that give at least so great a lead, whoever has it.

    `num_stories` counts those in which the systems differ, the only ones that a swap changes. With
    all 2^stories ways tried (`is_exact`) the share is that of all; else it is (k + 1) / (n + 1) of
    n random ones, since the order as found is one of the ways (Phipson and Smyth, 2010).
    """

    lead: float
    p: float
    num_stories: int
    num_permutations: int
    is_exact: bool


def permutation_test(
    statistic: Statistic,
    counts_by_story: NDArray[Any],
    other_counts_by_story: NDArray[Any],
    *,
    num_permutations: int = 10_000,
    seed: int = 0,
) -> PermutationTest:
    """Two-sided test of the lead of the first system, both (stories, …).

    All ways are tried where they are no more than `num_permutations`. RecordError where the shapes
    differ or there is no story.
    """
    ours, theirs = counts_by_story, other_counts_by_story
    if ours.shape != theirs.shape:
        raise RecordError("permutation test", "the two systems were not scored on the same stories")
    if not len(ours):
        raise RecordError("permutation test", "there is no story to swap")
    sums = ours.sum(axis=0, dtype=np.float64), theirs.sum(axis=0, dtype=np.float64)
    gains = theirs.astype(np.float64) - ours
    gains = gains[gains.reshape(len(gains), -1).any(axis=1)]
    num_stories = len(gains)
    lead = float(statistic(sums[0]) - statistic(sums[1]))
    is_exact = 2**num_stories <= num_permutations
    num_ways = 2**num_stories if is_exact else num_permutations
    rng = np.random.default_rng(seed)
    rows = max(1, BLOCK_CELLS // max(1, num_stories))
    num_as_great = 0
    for first in range(0, num_ways, rows):
        last = min(first + rows, num_ways)
        if is_exact:
            swaps = np.arange(first, last)[:, None] >> np.arange(num_stories) & 1
        else:
            swaps = rng.integers(0, 2, (last - first, num_stories), dtype=np.uint8)
        leads = _swapped_leads(statistic, *sums, gains, swaps)
        num_as_great += int((np.abs(leads) >= abs(lead) - TOLERANCE).sum())
    p = num_as_great / num_ways if is_exact else (num_as_great + 1) / (num_ways + 1)
    return PermutationTest(lead, p, num_stories, num_ways, is_exact)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p corrected for there being many (Holm, 1979), in the order given.

    Of m values the least is taken m times, the next m - 1 times, and so on; none may come out
    below one before it, nor above 1. To call those at or below 0.05 differences errs in any of
    them with a chance of 0.05 at most, however they hang together.
    """
    if any(not 0 <= p <= 1 for p in p_values):
        raise RecordError("Holm's correction", "a p-value lies outside 0 and 1")
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(
        1, np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors)
    )
    return tuple(corrected.tolist())


def _swapped_leads(
    statistic: Statistic,
    ours: FloatArray,
    theirs: FloatArray,
    gains: FloatArray,
    swaps: NDArray[Any],
) -> FloatArray:
    """Leads after swaps, (ways, stories); `gains` is what a story's swap brings our sum."""
    moved = sum_drawn(swaps, gains)
    return statistic(ours + moved) - statistic(theirs - moved)
