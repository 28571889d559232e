"""Prediction-powered shares: against a plain loop, by hand, at the edges, and how often they hold.

`tests/bench/test_audit_coverage.py` is the long form of the last.
"""

from __future__ import annotations

from math import sqrt
from statistics import mean, variance

import numpy as np
import pytest
from scipy.stats import norm

from model.errors import RecordError
from tests.audit_archives import simulate
from train.score.ppi import (
    Share,
    Stratum,
    estimate_difference,
    estimate_share,
    tune,
    wilson_interval,
)


def make_strata(seed: int, sizes: tuple[int, ...] = (300, 80, 20)) -> list[Stratum]:
    rng = np.random.default_rng(seed)
    strata = []
    for size in sizes:
        scores = rng.random(size)
        gold = (rng.random(size) < 0.2 + 0.6 * scores).astype(float)
        drawn = rng.choice(size, min(size, 15), replace=False)
        strata.append(Stratum(size, float(scores.mean()), scores[drawn], gold[drawn]))
    return strata


def by_loop(strata: list[Stratum], factor: float) -> tuple[float, float]:
    """(share, standard error) as the formulas read, one number at a time."""
    whole = sum(one.size for one in strata)
    share = error = 0.0
    for one in strata:
        rectifier = [y - factor * f for y, f in zip(one.gold, one.predicted, strict=True)]
        share += one.size / whole * (factor * one.mean + mean(rectifier))
        num = len(rectifier)
        error += (one.size / whole) ** 2 * (1 - num / one.size) * variance(rectifier) / num
    return share, sqrt(error)


@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("seed", range(5))
def test_equals_a_plain_loop(seed: int, factor: float) -> None:
    strata = make_strata(seed)
    found = estimate_share(strata, tuning=factor)
    assert (found.value, found.standard_error) == pytest.approx(by_loop(strata, factor))
    assert (found.size, found.num_coded, found.uncoded) == (400, 45, 0.0)
    assert found.low < found.value < found.high


@pytest.mark.parametrize("seed", range(5))
def test_the_chosen_tuning_has_the_least_variance(seed: int) -> None:
    strata = make_strata(seed)
    best = tune(strata)
    errors = {factor: by_loop(strata, factor)[1] for factor in np.linspace(0, 1, 101)}
    assert best == pytest.approx(min(errors, key=errors.__getitem__), abs=0.011)
    assert estimate_share(strata).tuning == best


def test_right_predictions_leave_the_share_of_the_archive() -> None:
    gold = np.array([1.0, 0, 0, 0, 1, 0, 0, 0])
    share = estimate_share([Stratum(1000, 0.31, gold, gold)], tuning=1)
    assert share.value == pytest.approx(0.31)
    assert share.standard_error == 0
    assert share.low < 0.25 < 0.4 < share.high  # eight right ones prove little


def test_all_coded_leaves_no_doubt() -> None:
    gold = np.array([1.0, 0, 0, 0])
    share = estimate_share([Stratum(4, 0.5, np.array([1.0, 1, 0, 0]), gold)])
    assert (share.value, share.low, share.high) == (0.25, 0.25, 0.25)


def test_no_error_seen_is_no_certainty() -> None:
    """The normal interval has no width here; three in n is the rule for what 0 of n leaves open."""
    share = estimate_share([Stratum(10**6, 0.0, np.zeros(100), np.zeros(100))])
    assert (share.value, share.low, share.standard_error) == (0, 0, 0)
    assert 0.03 < share.high < 0.04


def test_a_stratum_without_codings_may_hold_anything() -> None:
    empty = Stratum(100, 0.3, np.zeros(0), np.zeros(0))
    one = make_strata(1, (300,))
    alone, both = estimate_share(one), estimate_share([*one, empty])
    assert both.uncoded == 0.25
    assert both.value == pytest.approx(0.75 * alone.value + 0.25 * 0.3)
    assert both.low == pytest.approx(max(0, 0.75 * alone.low))
    assert both.high == pytest.approx(min(1, 0.75 * alone.high + 0.25))
    with pytest.raises(RecordError, match="no unit is coded"):
        estimate_share([empty])
    with pytest.raises(RecordError, match="2 units cannot hold 3 coded"):
        estimate_share([Stratum(2, 0.3, np.zeros(3), np.zeros(3))])


@pytest.mark.parametrize("num_seen", [0, 1, 7, 20])
def test_wilson_solves_its_equation(num_seen: int) -> None:
    """Both ends lie z standard errors, of a share as large as the end, from what was seen."""
    quantile, share = float(norm.ppf(0.975)), num_seen / 20
    for end in wilson_interval(share, 20, quantile):
        if 0 < end < 1:
            assert abs(share - end) == pytest.approx(quantile * sqrt(end * (1 - end) / 20))


def test_differences_add_the_doubt_of_both() -> None:
    def share(value: float, low: float, high: float) -> Share:
        return Share(value, low, high, 0.95, 0.0, 1.0, 100, 50, 0.0)

    found = estimate_difference(share(0.5, 0.44, 0.58), share(0.2, 0.16, 0.23))
    assert (found.value, found.low, found.high) == pytest.approx(
        (0.3, 0.3 - sqrt(0.06**2 + 0.03**2), 0.3 + sqrt(0.08**2 + 0.04**2))
    )


@pytest.mark.parametrize(
    ("classifier", "prevalence"), [("blind", 0.03), ("fair", 0.3), ("zealous", 0.05)]
)
def test_intervals_hold_the_truth_and_naive_ones_do_not(classifier: str, prevalence: float) -> None:
    runs = simulate(classifier, 200, prevalence, archives=150, seed=5)
    assert runs["audit"].coverage > 0.9
    assert runs["naive"].coverage < 0.1
    truth, found = runs["truth"].values, runs["audit"].values
    assert abs(np.mean(found - truth)) < 4 * np.std(found - truth) / sqrt(len(truth))
    assert runs["audit"].half_width < runs["classical"].half_width
