"""Two systems on made-up stories whose sentences resemble each other: the truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from train.score.counts import IntArray
from train.score.labels import macro_f1
from train.score.spans import micro_f1

NUM_LABELS = 3
TRUTH_STORIES = 100_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Counts by sentence of the two systems; `story_of` says whose sentence each is.

    `stances` and `other_stances` are (sentences, 3, 3), `spans` and `other_spans` (sentences, 1,
    3): hits, predicted, gold.
    """

    story_of: IntArray
    stances: IntArray
    other_stances: IntArray
    spans: IntArray
    other_spans: IntArray

    def by_story(self, counts: IntArray) -> IntArray:
        """Sums, (stories, …)."""
        starts = np.flatnonzero(np.diff(self.story_of, prepend=-1))
        return np.add.reduceat(counts, starts, axis=0)


def draw_sample(num_stories: int, seed: int) -> Sample:
    """Stories of 4 to 16 sentences with a mix of labels, a difficulty and a density of their own.

    The second system is a little worse, and finds the same stories hard.
    """
    rng = np.random.default_rng(seed)
    sizes = rng.integers(4, 17, num_stories)
    story_of = np.repeat(np.arange(num_stories), sizes)
    mixes = rng.dirichlet([0.5, 0.8, 1.2], num_stories)
    ease = rng.beta(3.0, 1.3, num_stories)
    other_ease = np.clip(ease - 0.05 + rng.normal(0, 0.1, num_stories), 0.02, 0.98)
    num = len(story_of)
    gold = (rng.random(num)[:, None] > np.cumsum(mixes, axis=1)[story_of, :-1]).sum(axis=1)
    num_gold = rng.poisson(rng.gamma(1.5, 0.6, num_stories)[story_of])
    num_false = rng.poisson(rng.gamma(1.0, 0.4, num_stories)[story_of])
    luck, wrong = rng.random(num), (gold + rng.integers(1, NUM_LABELS, num)) % NUM_LABELS

    def stances(chance: np.ndarray) -> IntArray:
        counts = np.zeros((num, NUM_LABELS, NUM_LABELS), dtype=np.int64)
        # Half of the luck is shared: what one system gets wrong the other often does too.
        shared = np.where(rng.random(num) < 0.5, luck, rng.random(num))
        counts[np.arange(num), gold, np.where(shared < chance[story_of], gold, wrong)] = 1
        return counts

    def spans(chance: np.ndarray) -> IntArray:
        hits = rng.binomial(num_gold, chance[story_of])
        return np.stack([hits, hits + num_false, num_gold], axis=-1)[:, None, :]

    return Sample(story_of, stances(ease), stances(other_ease), spans(ease), spans(other_ease))


@cache
def true_figures() -> dict[str, float]:
    """The figures of a population so large that its own chance is far below an interval's width."""
    whole = draw_sample(TRUTH_STORIES, seed=2**31)
    sums = {
        "macro-F1": (macro_f1, whole.stances, whole.other_stances),
        "span F1": (micro_f1, whole.spans, whole.other_spans),
    }
    figures = {}
    for name, (statistic, ours, theirs) in sums.items():
        first, second = (float(statistic(counts.sum(axis=0))) for counts in (ours, theirs))
        figures |= {name: first, f"lead in {name}": first - second}
    return figures
