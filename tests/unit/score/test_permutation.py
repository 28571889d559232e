"""The permutation test, against all ways in a plain loop, and Holm's correction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from scipy import stats

from model.errors import RecordError
from train.score import permutation
from train.score.counts import FloatArray, IntArray
from train.score.labels import macro_f1
from train.score.partial import partial_f1
from train.score.permutation import holm, permutation_test


def _random_counts(num_stories: int, seed: int) -> tuple[IntArray, IntArray]:
    rng = np.random.default_rng(seed)
    ours = rng.integers(0, 5, (num_stories, 3, 3)) + 3 * np.eye(3, dtype=int)
    return ours, rng.integers(0, 5, (num_stories, 3, 3)) + 2 * np.eye(3, dtype=int)


@pytest.mark.parametrize("seed", range(5))
def test_all_ways_are_those_of_a_plain_loop(seed: int) -> None:
    ours, theirs = _random_counts(7, seed)
    leads = []
    for swaps in product([False, True], repeat=7):
        first = sum(b if swap else a for a, b, swap in zip(ours, theirs, swaps, strict=True))
        second = sum(a if swap else b for a, b, swap in zip(ours, theirs, swaps, strict=True))
        leads.append(float(macro_f1(first)) - float(macro_f1(second)))
    found = permutation_test(macro_f1, ours, theirs)
    assert found.is_exact
    assert (found.num_permutations, found.num_stories) == (128, 7)
    assert found.lead == pytest.approx(leads[0])
    assert found.p == sum(abs(lead) >= abs(leads[0]) - 1e-12 for lead in leads) / 128


def test_random_ways_come_near_all_of_them() -> None:
    ours, theirs = _random_counts(12, 3)
    exact = permutation_test(macro_f1, ours, theirs, num_permutations=4096)
    drawn = permutation_test(macro_f1, ours, theirs, num_permutations=4095)
    assert (exact.is_exact, drawn.is_exact) == (True, False)
    assert drawn.p == pytest.approx(exact.p, abs=3 * np.sqrt(exact.p * (1 - exact.p) / 4095))
    assert drawn.p * 4096 == pytest.approx(round(drawn.p * 4096)), "(k + 1) / (n + 1)"


def test_a_lead_in_every_story_is_as_rare_as_heads_alone() -> None:
    ours, theirs = np.full((10, 1), 3), np.full((10, 1), 2)
    assert permutation_test(_first, ours, theirs).p == 2 / 2**10
    assert permutation_test(_first, theirs, ours).p == 2 / 2**10, "two-sided"
    found = permutation_test(_first, np.full((200, 1), 3), np.full((200, 1), 2))
    assert found.p == 1 / 10_001, "never 0"


def test_stories_that_both_score_alike_change_nothing() -> None:
    ours, theirs = _random_counts(6, 4)
    same = _random_counts(500, 5)[0]
    found = permutation_test(macro_f1, np.concatenate([ours, same]), np.concatenate([theirs, same]))
    assert (found.is_exact, found.num_stories) == (True, 6)
    alike = permutation_test(macro_f1, same, same)
    assert (alike.p, alike.lead, alike.num_stories) == (1, 0, 0)


def test_a_system_against_its_like_is_rarely_told_apart() -> None:
    """Where nothing is to be found, p is spread evenly."""
    rng = np.random.default_rng(6)
    found = []
    for seed in range(300):
        story = rng.normal(0, 3, (25, 1))
        ours, theirs = (story + rng.normal(0, 1, (25, 1)) for _ in range(2))
        found.append(permutation_test(_first, ours, theirs, num_permutations=400, seed=seed).p)
    assert stats.kstest(found, "uniform").pvalue > 0.01


def test_sums_of_credit_can_be_swapped_too() -> None:
    ours = np.full((9, 1, 4), [0.1, 0.1, 1, 1])
    theirs = np.full((9, 1, 4), [0.3, 0.3, 1, 1])
    found = permutation_test(partial_f1, ours, theirs)
    assert found.lead == pytest.approx(-0.2)
    assert found.p == 2 / 2**9


@pytest.mark.parametrize("seed", range(10))
def test_ties_are_found_whatever_the_rounding(seed: int) -> None:
    """Tenths do not add up exactly as whole numbers do, but the share of great leads is theirs."""
    ours, theirs = np.random.default_rng(seed).integers(0, 6, (2, 9, 1))
    whole, tenths = (permutation_test(_first, ours * k, theirs * k) for k in (1, 0.1))
    assert tenths.p == whole.p


def test_ways_fall_in_blocks_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = _random_counts(10, 8), _random_counts(40, 8)
    whole = [permutation_test(macro_f1, *pair, num_permutations=1024).p for pair in pairs]
    monkeypatch.setattr(permutation, "BLOCK_CELLS", 4000)
    parts = [permutation_test(macro_f1, *pair, num_permutations=1024).p for pair in pairs]
    assert parts == whole


def test_ten_thousand_ways_of_a_thousand_stories_take_a_moment() -> None:
    start = time.process_time()
    permutation_test(macro_f1, *_random_counts(1000, 7))
    assert time.process_time() - start < 2


def test_what_cannot_be_swapped_is_refused() -> None:
    ours, theirs = _random_counts(4, 0)
    with pytest.raises(RecordError, match="not scored on the same stories"):
        permutation_test(macro_f1, ours, theirs[:3])
    with pytest.raises(RecordError, match="no story to swap"):
        permutation_test(macro_f1, ours[:0], theirs[:0])


def test_holm_on_a_case_worked_out_by_hand() -> None:
    """Sorted: 0.01 × 4, 0.015 × 3, 0.03 × 2, 0.05 × 1, which may not fall below the one before."""
    assert holm([0.05, 0.01, 0.03, 0.015]) == pytest.approx((0.06, 0.04, 0.06, 0.045))
    assert holm([0.6, 0.7]) == (1, 1)
    assert holm([0.04]) == (0.04,)
    assert holm([]) == ()
    with pytest.raises(RecordError, match="lies outside"):
        holm([0.5, 1.1])


def test_holm_rejects_what_the_steps_reject() -> None:
    """The procedure as it is defined: go up from the least p, stop at the first that fails."""
    rng = np.random.default_rng(10)
    for _ in range(1000):
        p_values = rng.beta(0.3, 3, rng.integers(1, 9)).tolist()
        for alpha in (0.01, 0.05, 0.2):
            corrected = holm(p_values)
            assert {i for i, p in enumerate(corrected) if p <= alpha} == _steps(p_values, alpha)


def _steps(p_values: Sequence[float], alpha: float) -> set[int]:
    rejected: set[int] = set()
    for i in sorted(range(len(p_values)), key=lambda i: p_values[i]):
        if p_values[i] > alpha / (len(p_values) - len(rejected)):
            break
        rejected.add(i)
    return rejected


def _first(counts: FloatArray) -> FloatArray:
    return np.asarray(counts[..., 0], dtype=np.float64)
