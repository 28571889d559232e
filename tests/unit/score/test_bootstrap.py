"""The bootstrap over stories, against a plain loop and on cases where the answer is known."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from model.errors import RecordError
from tests.unit.score.simulated import draw_sample, true_figures
from train.score import bootstrap
from train.score.bootstrap import (
    Interval,
    difference_interval,
    judge_difference,
    split_variation,
    story_interval,
    sum_by_story,
)
from train.score.counts import FloatArray, IntArray
from train.score.labels import macro_f1
from train.score.spans import micro_f1


def _random_confusions(num_stories: int, hit_rate: float, seed: int) -> IntArray:
    rng = np.random.default_rng(seed)
    counts = np.zeros((num_stories, 3, 3), dtype=np.int64)
    for story in range(num_stories):
        for gold in rng.integers(0, 3, size=10):
            predicted = gold if rng.random() < hit_rate else (gold + 1) % 3
            counts[story, gold, predicted] += 1
    return counts


def _first(counts: NDArray[Any]) -> FloatArray:
    return np.asarray(counts[..., 0])


def test_sentences_are_summed_by_story_in_order_of_appearance() -> None:
    counts = np.arange(8).reshape(4, 2)
    assert sum_by_story(counts, ["b", "a", "b", "c"]).tolist() == [[4, 6], [2, 3], [6, 7]]


def test_the_interval_is_that_of_a_plain_loop() -> None:
    counts = _random_confusions(12, 0.7, seed=1)
    interval = story_interval(macro_f1, counts, seed=5)
    rng = np.random.default_rng(5)
    values = []
    for draws in rng.multinomial(12, [1 / 12] * 12, size=1000):
        drawn = [counts[story] for story, times in enumerate(draws) for _ in range(times)]
        values.append(float(macro_f1(sum(drawn))))
    tail = 100 * stats.norm.sf(np.sqrt(12 / 11) * stats.t(df=11).isf(0.025))
    low, high = np.percentile(values, [tail, 100 - tail])
    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert (interval.level, interval.num_stories) == (0.95, 12)


def test_the_interval_holds_the_point_and_narrows_with_more_stories() -> None:
    few, many = _random_confusions(8, 0.7, seed=2), _random_confusions(200, 0.7, seed=2)
    wide, narrow = story_interval(macro_f1, few), story_interval(macro_f1, many)
    assert wide.low < float(macro_f1(few.sum(axis=0))) < wide.high
    assert narrow.high - narrow.low < (wide.high - wide.low) / 2


def test_sentences_of_one_story_are_drawn_together() -> None:
    """Copies of a sentence within its story tell nothing new: the interval stays."""
    counts = _random_confusions(10, 0.6, seed=3)
    once, ten_times = story_interval(macro_f1, counts), story_interval(macro_f1, counts * 10)
    assert (once.low, once.high) == pytest.approx((ten_times.low, ten_times.high))


def test_the_tails_are_wider_the_fewer_the_stories() -> None:
    """Of a mean the interval comes near Student's, which plain percentiles fall short of."""
    rng = np.random.default_rng(8)
    for num_stories in (7, 15, 40):
        values = rng.normal(10, 2, num_stories)
        interval = story_interval(_first, values[:, None] / num_stories, num_resamples=20_000)
        margin = stats.t(df=num_stories - 1).isf(0.025) * stats.sem(values)
        assert interval.high - interval.low == pytest.approx(2 * margin, rel=0.05)


def test_a_single_story_has_an_interval_without_width() -> None:
    interval = story_interval(macro_f1, _random_confusions(1, 0.7, seed=1))
    assert interval.low == interval.high


def test_story_intervals_hold_the_truth_and_sentence_intervals_do_not() -> None:
    """200 simulations of 50 stories; the bench has more of them, and the paired leads.

    Bounds are wide: of intervals that hold 92%, 174 of 200 or fewer come once in a hundred times,
    and of those that hold 95%, 42 of 50 or fewer three times in a thousand.
    """
    truth = true_figures()["macro-F1"]
    held = {"stories": 0, "sentences": 0}
    for seed in range(200):
        sample = draw_sample(50, seed)
        units = {"stories": sample.by_story(sample.stances)}
        if seed % 4 == 0:
            units["sentences"] = sample.stances
        for unit, counts in units.items():
            interval = story_interval(macro_f1, counts, num_resamples=400, seed=seed)
            held[unit] += interval.low <= truth <= interval.high
    assert 175 <= held["stories"] <= 199
    assert held["sentences"] <= 42, "of 50"


def test_the_same_seed_gives_the_same_interval() -> None:
    counts = _random_confusions(9, 0.5, seed=4)
    assert story_interval(macro_f1, counts, seed=1) == story_interval(macro_f1, counts, seed=1)
    assert story_interval(macro_f1, counts, seed=1) != story_interval(macro_f1, counts, seed=2)


def test_a_pair_is_drawn_alike() -> None:
    """A lead of the same hits in each story is sure, however much the stories differ."""
    ours = np.array([[[n, n, n]] for n in range(5, 25)])
    theirs = np.array([[[n - n // 5, n, n]] for n in range(5, 25)])
    paired = difference_interval(micro_f1, ours, theirs)
    assert 0.1 < paired.low < paired.high < 0.25
    assert judge_difference(paired) == "ahead"
    assert judge_difference(difference_interval(micro_f1, theirs, ours)) == "behind"
    varied = _random_confusions(20, 0.6, seed=7)
    same = difference_interval(macro_f1, varied, varied.copy())
    assert (same.low, same.high) == (0, 0)
    assert judge_difference(same) == "no evidence of a difference"


def test_a_verdict_among_many_needs_a_low_p_too() -> None:
    interval = Interval(0.01, 0.2, 0.95, 60)
    assert judge_difference(interval, p=0.05) == "ahead"
    assert judge_difference(interval, p=0.051) == "no evidence of a difference"
    unsure = Interval(-0.01, 0.2, 0.95, 60)
    assert judge_difference(unsure, p=0.001) == "no evidence of a difference"


def test_seeds_and_stories_are_kept_apart() -> None:
    """Seeds that differ in every story alike leave the stories' share as it is, and vice versa."""
    stories = np.random.default_rng(9).normal(5, 1, (1, 40, 1)) / 40
    alike = split_variation(_first, np.repeat(stories, 3, axis=0))
    assert alike.seeds.deviation == 0
    assert alike.story_deviation == pytest.approx(stories.std() * 40 / np.sqrt(40), rel=0.1)
    shifted = split_variation(_first, stories + np.array([-0.2, 0, 0.2])[:, None, None] / 40)
    assert shifted.seeds.deviation == pytest.approx(0.2)
    assert shifted.seeds.num_values == 3
    assert shifted.story_deviation == pytest.approx(alike.story_deviation)
    opposite = split_variation(_first, np.concatenate([stories, 10 / 40 - stories]))
    assert opposite.story_deviation == pytest.approx(0, abs=1e-12), "their mean is 5 in each story"
    flat = split_variation(_first, np.ones((2, 5, 1)))
    assert (flat.seeds.deviation, flat.story_deviation, flat.num_stories) == (0, 0, 5)
    assert split_variation(_first, stories).seeds.deviation is None


def test_draws_fall_in_blocks_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = _random_confusions(30, 0.7, seed=2)
    whole = story_interval(macro_f1, counts, seed=77)
    bootstrap.draw_stories.cache_clear()
    monkeypatch.setattr(bootstrap, "BLOCK_CELLS", 200)
    assert story_interval(macro_f1, counts, seed=77) == whole
    bootstrap.draw_stories.cache_clear()


@pytest.mark.parametrize(
    ("low", "high", "num_stories", "verdict"),
    [
        (0.01, 0.2, 6, "ahead"),
        (-0.2, -0.01, 6, "behind"),
        (-0.01, 0.2, 60, "no evidence of a difference"),
        (0.0, 0.2, 60, "no evidence of a difference"),
        (1e-16, 2e-16, 60, "no evidence of a difference"),
        (-2e-16, -1e-16, 60, "no evidence of a difference"),
        (0.3, 0.5, 5, "no evidence of a difference"),
        (-0.5, -0.3, 5, "no evidence of a difference"),
    ],
)
def test_verdicts(low: float, high: float, num_stories: int, verdict: str) -> None:
    assert judge_difference(Interval(low, high, 0.95, num_stories)) == verdict


def test_a_thousand_resamples_of_a_thousand_stories_take_a_moment() -> None:
    counts = _random_confusions(1000, 0.7, seed=6)
    start = time.perf_counter()
    story_interval(macro_f1, counts)
    assert time.perf_counter() - start < 2


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(RecordError, match="no story to draw from"):
        story_interval(macro_f1, np.zeros((0, 3, 3), dtype=np.int64))
    with pytest.raises(RecordError, match="not scored on the same stories"):
        difference_interval(macro_f1, _random_confusions(3, 1, 0), _random_confusions(4, 1, 0))
    with pytest.raises(RecordError, match="2 stories for 3 sentences"):
        sum_by_story(np.zeros((3, 1)), ["a", "b"])
    with pytest.raises(RecordError, match="no seed"):
        split_variation(macro_f1, np.zeros((0, 3, 3, 3)))
