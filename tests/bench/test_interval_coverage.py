"""How often a 95% interval holds the truth: of whole stories drawn, and of single sentences.

A thousand samples from a made-up population whose figures are known (`tests/unit/score/simulated`),
each of 50 stories or 100; of 20 to see what so few do. Beside the product's expanded tails stand
plain percentiles and BCa (Efron, 1987), as it could do otherwise.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from scipy.stats import binom, norm

from tests.unit.score.simulated import Sample, draw_sample, true_figures
from train.score.bootstrap import (
    Interval,
    Statistic,
    difference_interval,
    draw_stories,
    story_interval,
    sum_drawn,
)
from train.score.counts import FloatArray, IntArray
from train.score.labels import macro_f1
from train.score.spans import micro_f1

NUM_SIMULATIONS = 1000
NUM_RESAMPLES = 1000
FEWER_RESAMPLES = 400  # of sentences, which are ten times as many: enough to see how they fail
LEVEL = 0.95
TAIL = (1 - LEVEL) / 2


def _pairs(sample: Sample) -> dict[str, tuple[Statistic, IntArray, IntArray]]:
    return {
        "macro-F1": (macro_f1, sample.stances, sample.other_stances),
        "span F1": (micro_f1, sample.spans, sample.other_spans),
    }


def _intervals(
    statistic: Statistic, ours: IntArray, theirs: IntArray, *, num_resamples: int, seed: int
) -> tuple[Interval, Interval]:
    """Of the first system's figure, and of its lead."""
    options = {"level": LEVEL, "num_resamples": num_resamples, "seed": seed}
    return (
        story_interval(statistic, ours, **options),
        difference_interval(statistic, ours, theirs, **options),
    )


def _other_ways(
    statistic: Statistic, ours: IntArray, theirs: IntArray, seed: int
) -> dict[str, list[tuple[float, float]]]:
    """Plain percentiles and BCa, of the figure and of the lead."""
    draws = draw_stories(len(ours), NUM_RESAMPLES, seed)
    figures = [statistic(sum_drawn(draws, counts)) for counts in (ours, theirs)]
    whole = [float(statistic(counts.sum(axis=0))) for counts in (ours, theirs)]
    without = [statistic(counts.sum(axis=0) - counts) for counts in (ours, theirs)]
    found: dict[str, list[tuple[float, float]]] = {"plain": [], "BCa": []}
    for values, point, jackknife in (
        (figures[0], whole[0], without[0]),
        (figures[0] - figures[1], whole[0] - whole[1], without[0] - without[1]),
    ):
        for way, tails in (("plain", (TAIL, 1 - TAIL)), ("BCa", _bca(values, point, jackknife))):
            low, high = np.quantile(values, tails)
            found[way].append((float(low), float(high)))
    return found


def _bca(values: FloatArray, point: float, jackknife: FloatArray) -> FloatArray:
    below = ((values < point).mean() + (values <= point).mean()) / 2
    bias = norm.ppf(np.clip(below, 1 / len(values), 1 - 1 / len(values)))
    pull = jackknife.mean() - jackknife
    skew = (pull**3).sum() / (6 * (pull**2).sum() ** 1.5 + 1e-300)
    moved = bias + norm.ppf([TAIL, 1 - TAIL])
    return np.asarray(norm.cdf(bias + moved / (1 - skew * moved)))


@pytest.mark.parametrize("num_stories", [20, 50, 100])
def test_coverage(num_stories: int) -> None:
    truth = true_figures()
    covered: dict[tuple[str, str], list[bool]] = defaultdict(list)
    widths: dict[tuple[str, str], list[float]] = defaultdict(list)

    def note(name: str, way: str, low: float, high: float) -> None:
        covered[name, way].append(low <= truth[name] <= high)
        widths[name, way].append(high - low)

    for seed in range(NUM_SIMULATIONS):
        sample = draw_sample(num_stories, seed)
        for name, (statistic, ours, theirs) in _pairs(sample).items():
            names = name, f"lead in {name}"
            stories = sample.by_story(ours), sample.by_story(theirs)
            for way, counts, num_resamples in (
                ("stories", stories, NUM_RESAMPLES),
                ("sentences", (ours, theirs), FEWER_RESAMPLES),
            ):
                found = _intervals(statistic, *counts, num_resamples=num_resamples, seed=seed)
                for each, interval in zip(names, found, strict=True):
                    note(each, way, interval.low, interval.high)
            for way, pair in _other_ways(statistic, *stories, seed).items():
                for each, interval in zip(names, pair, strict=True):
                    note(each, f"stories, {way}", *interval)
    print(f"\n{num_stories} stories, {NUM_SIMULATIONS} samples: how often a 95% interval holds")
    for (name, way), hits in covered.items():
        share, error = np.mean(hits), np.std(hits) / len(hits) ** 0.5
        width = np.mean(widths[name, way])
        print(f"  {name:<18} {way:<15} {share:.1%} ± {error:.1%}, mean width {width:.3f}")
        if way == "stories" and num_stories >= 50:
            assert 0.92 <= share <= 0.98
        if way == "sentences":
            # Surely below: a true 95% would fall so low once in a million times.
            assert sum(hits) < binom.ppf(1e-6, len(hits), LEVEL)
