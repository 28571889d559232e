"""The bootstrap over stories, against a plain loop and on cases where the answer is known."""

from __future__ import annotations

import time

import numpy as np
import pytest

from model.errors import RecordError
from train.score.bootstrap import (
    Interval,
    difference_interval,
    judge_difference,
    story_interval,
    sum_by_story,
)
from train.score.counts import IntArray
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
    low, high = np.percentile(values, [2.5, 97.5])
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


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = float(macro_f1(_random_confusions(20_000, 0.7, seed=999).sum(axis=0)))
    intervals = [
        story_interval(macro_f1, _random_confusions(30, 0.7, seed), num_resamples=200)
        for seed in range(100)
    ]
    covered = sum(each.low <= truth <= each.high for each in intervals)
    assert 85 <= covered <= 99


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
    same = difference_interval(micro_f1, ours, ours)
    assert (same.low, same.high) == (0, 0)
    assert judge_difference(same) == "no evidence of a difference"


@pytest.mark.parametrize(
    ("low", "high", "num_stories", "verdict"),
    [
        (0.01, 0.2, 6, "ahead"),
        (-0.2, -0.01, 6, "behind"),
        (-0.01, 0.2, 60, "no evidence of a difference"),
        (0.0, 0.2, 60, "no evidence of a difference"),
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
