"""Calibration scores and temperatures: against plain loops, scikit-learn, and known truths."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from model.errors import RecordError
from train.score.bootstrap import to_interval
from train.score.calibration import (
    Binning,
    fit_temperature,
    score_calibration,
    score_confidences,
)
from train.score.counts import FloatArray, IntArray


def _simulate(
    num_items: int, *, sharpness: float, seed: int, num_labels: int = 3
) -> tuple[FloatArray, IntArray]:
    """Logits and labels: labels are drawn by the softmax of the logits over `sharpness`."""
    rng = np.random.default_rng(seed)
    true_logits = rng.normal(scale=1.5, size=(num_items, num_labels))
    chances = softmax(true_logits, axis=1)
    gold = (rng.random((num_items, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    return true_logits * sharpness, np.minimum(gold, num_labels - 1)


def _ece_by_loop(
    probabilities: FloatArray, gold: IntArray, edges: list[float], weights: FloatArray
) -> float:
    """Bins are (low, high]; the first holds its lower edge."""
    total, whole = 0.0, float(sum(weights))
    for number, (low, high) in enumerate(itertools.pairwise(edges)):
        weight = sure = right = 0.0
        for row, label, one in zip(probabilities.tolist(), gold.tolist(), weights, strict=True):
            confidence = max(row)
            if low < confidence <= high or (number == 0 and confidence == low):
                weight += one
                sure += one * confidence
                right += one * (row.index(confidence) == label)
        if weight:
            total += weight / whole * abs(sure / weight - right / weight)
    return total


def test_ece_is_that_of_a_plain_loop() -> None:
    logits, gold = _simulate(300, sharpness=1, seed=1)
    probabilities = softmax(logits, axis=1)
    weights = np.random.default_rng(2).uniform(0.1, 3, size=300)
    by_width = [number / 10 for number in range(11)]
    ones = np.ones(300)
    scores = score_calibration(probabilities, gold)
    assert scores.ece == pytest.approx(_ece_by_loop(probabilities, gold, by_width, ones))
    weighed = score_calibration(probabilities, gold, weights=weights)
    assert weighed.ece == pytest.approx(_ece_by_loop(probabilities, gold, by_width, weights))
    ordered = sorted(probabilities.max(axis=1))
    by_mass = [float(np.quantile(ordered, share)) for share in by_width]
    masses = score_calibration(probabilities, gold, binning="mass")
    assert masses.ece == pytest.approx(_ece_by_loop(probabilities, gold, by_mass, ones))
    assert masses.ece != pytest.approx(scores.ece)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    confidences = np.array([0.0, 0.5, 0.5, 0.75, 1.0])
    found = score_confidences(confidences, np.array([True, True, False, True, True]), num_bins=4)
    assert [each.num_items for each in found.bins] == [1, 2, 1, 1]
    assert [each.accuracy for each in found.bins] == [1, 0.5, 1, 1]


@pytest.mark.parametrize(("binning", "strategy"), [("width", "uniform"), ("mass", "quantile")])
def test_bins_are_those_of_scikit_learn(binning: Binning, strategy: str) -> None:
    logits, gold = _simulate(500, sharpness=3, seed=3)
    probabilities = softmax(logits, axis=1)
    is_right = probabilities.argmax(axis=1) == gold
    accuracy, confidence = calibration_curve(
        is_right, probabilities.max(axis=1), n_bins=8, strategy=strategy
    )
    bins = score_calibration(probabilities, gold, num_bins=8, binning=binning).bins
    held = [each for each in bins if each.num_items]
    assert [each.accuracy for each in held] == pytest.approx(accuracy.tolist())
    assert [each.confidence for each in held] == pytest.approx(confidence.tolist())
    assert sum(each.num_items for each in bins) == 500
    assert sum(each.share for each in bins) == pytest.approx(1)
    if binning == "mass":
        assert {each.num_items for each in bins} <= {62, 63}


def test_brier_and_likelihood_are_those_of_scikit_learn() -> None:
    logits, gold = _simulate(200, sharpness=2, seed=4)
    probabilities = softmax(logits, axis=1)
    weights = np.random.default_rng(5).uniform(0.5, 2, size=200)
    scores = score_calibration(probabilities, gold, weights=weights)
    assert scores.brier == pytest.approx(
        brier_score_loss(
            gold, probabilities, sample_weight=weights, labels=[0, 1, 2], scale_by_half=False
        )
    )
    assert scores.nll == pytest.approx(log_loss(gold, probabilities, sample_weight=weights))
    two = probabilities[:, :2] / probabilities[:, :2].sum(axis=1, keepdims=True)
    sides = (gold == 1).astype(np.int64)
    half = brier_score_loss(sides, two[:, 1])
    assert score_calibration(two, sides).brier == pytest.approx(2 * half)


def test_brier_runs_from_0_to_2() -> None:
    sure = np.eye(3)[[0, 1, 2]]
    assert score_calibration(sure, np.array([0, 1, 2])).brier == 0
    assert score_calibration(sure, np.array([1, 2, 0])).brier == 2
    assert math.isfinite(score_calibration(sure, np.array([1, 2, 0])).nll)


def test_true_probabilities_have_a_small_ece_and_sharpened_ones_what_follows_from_them() -> None:
    logits, gold = _simulate(100_000, sharpness=1, seed=6)
    true, sharp = softmax(logits, axis=1), softmax(3 * logits, axis=1)
    # Bins far apart can only lower the mean gap, and 100,000 items leave little to chance.
    assert score_calibration(true, gold).ece < 0.006
    gap = float(np.mean(sharp.max(axis=1) - true.max(axis=1)))
    assert gap > 0.1
    assert score_calibration(sharp, gold).ece == pytest.approx(gap, abs=0.006)
    always = np.tile([0.9, 0.1], (100_000, 1))  # right in 7 of 10
    gold = np.repeat([0, 1], [70_000, 30_000])
    assert score_calibration(always, gold).ece == pytest.approx(0.2)


def test_intervals_are_over_stories() -> None:
    logits, gold = _simulate(400, sharpness=2, seed=7)
    probabilities = softmax(logits, axis=1)
    stories = [str(number // 20) for number in range(400)]
    scores = score_calibration(probabilities, gold, stories=stories)
    assert scores.brier_interval is not None
    assert scores.ece_interval is not None
    assert scores.brier_interval.low < scores.brier < scores.brier_interval.high
    assert scores.ece_interval.num_stories == scores.brier_interval.num_stories == 20
    rng = np.random.default_rng(0)  # the draws of the house: seed 0
    briers, eces = [], []
    for draws in rng.multinomial(20, [1 / 20] * 20, size=40):
        rows = np.concatenate(
            [np.arange(20 * s, 20 * s + 20) for s, n in enumerate(draws) for _ in range(n)]
        )
        again = score_calibration(probabilities[rows], gold[rows])
        briers.append(again.brier)
        eces.append(again.ece)
    few = score_calibration(probabilities, gold, stories=stories, num_resamples=40)
    assert few.brier_interval is not None
    assert few.ece_interval is not None
    for found, values in ((few.brier_interval, briers), (few.ece_interval, eces)):
        expected = to_interval(np.array(values), num_stories=20)
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert score_calibration(probabilities, gold).ece_interval is None


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a_known_temperature_is_found(temperature: float) -> None:
    logits, gold = _simulate(20_000, sharpness=temperature, seed=8)
    fit = fit_temperature(logits, gold)
    assert fit.reason is None
    assert fit.temperature == pytest.approx(temperature, rel=0.03)
    assert fit.nll_after <= fit.nll_before
    grid = [
        log_loss(gold, softmax(logits / step, axis=1))
        for step in (fit.temperature * 0.98, fit.temperature, fit.temperature * 1.02)
    ]
    assert grid[1] == pytest.approx(fit.nll_after)
    assert grid[1] < min(grid[0], grid[2])
    shifted = fit_temperature(np.log(softmax(logits, axis=1)), gold)
    assert shifted.temperature == pytest.approx(fit.temperature, rel=1e-4)


def test_a_temperature_mends_what_was_too_sure() -> None:
    logits, gold = _simulate(4_000, sharpness=4, seed=9)
    half = len(gold) // 2
    fit = fit_temperature(logits[:half], gold[:half])
    before = score_calibration(softmax(logits[half:], axis=1), gold[half:])
    after = score_calibration(softmax(logits[half:] / fit.temperature, axis=1), gold[half:])
    assert before.ece > 0.15
    assert after.ece < 0.04
    assert after.brier < before.brier
    assert after.accuracy == before.accuracy


@pytest.mark.parametrize(
    ("num_items", "gold_of", "reason"),
    [
        (29, lambda best: (best + np.arange(29) % 2) % 3, "29 labels are too few"),
        (60, lambda best: np.zeros(60, dtype=np.int64), "the same one"),
        (60, lambda best: best, "every label is foreseen"),
        (60, lambda best: (best + 1) % 3, "tell nothing"),
    ],
)
def test_where_no_temperature_can_be_told_it_is_1_with_the_reason(
    num_items: int, gold_of: object, reason: str
) -> None:
    logits = np.random.default_rng(10).normal(size=(num_items, 3))
    fit = fit_temperature(logits, gold_of(logits.argmax(axis=1)))  # type: ignore[operator]
    assert fit.temperature == 1
    assert fit.nll_before == fit.nll_after
    assert fit.reason is not None
    assert reason in fit.reason


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 20))
def test_a_temperature_keeps_the_likeliest_label(seed: int, temperature: float) -> None:
    logits = np.random.default_rng(seed).normal(scale=5, size=(20, 4))
    assert (softmax(logits / temperature, axis=1).argmax(axis=1) == logits.argmax(axis=1)).all()


_FINE = np.array([[0.5, 0.5], [0.2, 0.8]])


@pytest.mark.parametrize(
    ("probabilities", "gold", "what"),
    [
        (np.zeros((0, 3)), [], "items of the shape"),
        (np.array([0.5, 0.5]), [0, 1], "items of the shape"),
        (_FINE, [0], "gold labels for"),
        (_FINE, [0, 2], "none of the 2 labels"),
        (_FINE, [0, -1], "none of the 2 labels"),
        (_FINE * 2, [0, 1], "does not sum to 1"),
        (np.array([[1.5, -0.5], [0.5, 0.5]]), [0, 1], "negative"),
        (np.array([[np.nan, 1], [0.5, 0.5]]), [0, 1], "not finite"),
    ],
)
def test_what_are_no_probabilities_is_refused(
    probabilities: FloatArray, gold: list[int], what: str
) -> None:
    with pytest.raises(RecordError, match=what):
        score_calibration(probabilities, np.array(gold, dtype=np.int64))


@pytest.mark.parametrize("confidences", [[], [0.5], [0.5, 1.5], [-0.1, 0.5], [np.nan, 0.5]])
def test_what_are_no_confidences_is_refused(confidences: list[float]) -> None:
    is_right: NDArray[np.bool_] = np.array([True] * (0 if not confidences else 2))
    with pytest.raises(RecordError, match="calibration"):
        score_confidences(np.array(confidences), is_right)


def test_one_confidence_throughout_makes_one_bin_of_equal_mass() -> None:
    found = score_confidences(np.full(5, 0.8), np.array([True] * 4 + [False]), binning="mass")
    assert [each.num_items for each in found.bins] == [5]
    assert found.ece == pytest.approx(0)
