"""Label shift: a known one is found and corrected, and none is found where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from model.errors import RecordError
from train.score.calibration import score_calibration
from train.score.counts import FloatArray, IntArray
from train.score.label_shift import (
    estimate_mix,
    fit_bias_correction,
    label_shares,
    measure_mix_error,
    reweigh,
    score_shifts,
    solve_mix,
    vary_mix,
)

_TRAINED = np.array([0.2, 0.3, 0.5])
_SHIFTED = np.array([0.6, 0.3, 0.1])
_CENTRES = np.array([[0.0, 0.0], [1.5, 0.0], [0.0, 1.5]])


def _draw(mix: FloatArray, num_items: int, seed: int) -> tuple[FloatArray, IntArray]:
    """Texts of each label as normal clouds of points, and the true probabilities of the labels
    under the trained mix."""
    rng = np.random.default_rng(seed)
    gold = rng.choice(3, size=num_items, p=mix)
    points = rng.normal(size=(num_items, 2)) + _CENTRES[gold]
    densities = norm.pdf(points[:, None, :] - _CENTRES).prod(axis=2)
    rows = densities * _TRAINED
    return rows / rows.sum(axis=1, keepdims=True), gold


def test_a_known_shift_is_found_and_corrected() -> None:
    probabilities, gold = _draw(_SHIFTED, 20_000, seed=1)
    found = estimate_mix(probabilities, tuple(_TRAINED))
    assert found.has_converged
    assert found.num_items == 20_000
    assert found.shares == pytest.approx(_SHIFTED, abs=0.02)
    unshifted = score_calibration(*_draw(_TRAINED, 20_000, seed=2)).ece
    as_they_are = score_calibration(probabilities, gold)
    corrected = score_calibration(reweigh(probabilities, _TRAINED, np.array(found.shares)), gold)
    assert unshifted < 0.02
    assert as_they_are.ece > 0.1
    assert corrected.ece < 0.02
    assert corrected.brier < as_they_are.brier - 0.1
    assert corrected.accuracy > as_they_are.accuracy + 0.05


def test_where_nothing_shifts_nothing_is_corrected() -> None:
    probabilities, _ = _draw(_TRAINED, 20_000, seed=3)
    assert estimate_mix(probabilities, tuple(_TRAINED)).shares == pytest.approx(_TRAINED, abs=0.02)


def test_the_mix_makes_the_predictions_likeliest() -> None:
    """EM climbs to the maximum of Σ log Σ p(y|x) · mix(y) / trained(y); it is concave."""
    probabilities, _ = _draw(_SHIFTED, 300, seed=4)
    shares = np.array(estimate_mix(probabilities, tuple(_TRAINED), tolerance=1e-12).shares)

    def likelihood(mix: FloatArray) -> float:
        return float(np.log(probabilities @ (mix / _TRAINED)).sum())

    rng = np.random.default_rng(5)
    for _ in range(200):
        other = np.abs(shares + rng.normal(scale=0.01, size=3))
        assert likelihood(other / other.sum()) <= likelihood(shares) + 1e-9


def test_one_round_is_that_of_a_plain_loop() -> None:
    probabilities, _ = _draw(_SHIFTED, 20, seed=6)
    new = np.array([0.5, 0.25, 0.25])
    for row, reweighed in zip(
        probabilities, reweigh(probabilities, tuple(_TRAINED), new), strict=True
    ):
        parts = [p * n / t for p, n, t in zip(row, new, _TRAINED, strict=True)]
        assert reweighed.tolist() == pytest.approx([part / sum(parts) for part in parts])
    back = reweigh(reweigh(probabilities, _TRAINED, new), new, _TRAINED)
    assert back == pytest.approx(probabilities)


def test_a_row_that_the_mix_leaves_nothing_of_stays() -> None:
    rows = np.array([[1.0, 0.0], [0.5, 0.5]])
    assert reweigh(rows, [0.5, 0.5], np.array([0.0, 1.0])).tolist() == [[1, 0], [0, 1]]


def test_the_mix_from_labels_alone_agrees() -> None:
    known, gold = _draw(_TRAINED, 20_000, seed=7)
    archive, _ = _draw(_SHIFTED, 20_000, seed=8)
    mix = solve_mix(gold, known.argmax(axis=1), archive.argmax(axis=1), 3)
    assert mix is not None
    assert mix == pytest.approx(_SHIFTED, abs=0.03)
    # A label that is never predicted leaves no one solution.
    assert solve_mix(gold, np.zeros_like(gold), archive.argmax(axis=1), 3) is None


def test_gold_weighed_to_another_mix_stands_for_gold_of_that_mix() -> None:
    probabilities, gold = _draw(_TRAINED, 20_000, seed=9)
    drawn, drawn_gold = _draw(_SHIFTED, 20_000, seed=10)
    scores = score_shifts(probabilities, gold, {"shifted": _SHIFTED, "same": label_shares(gold, 3)})
    shifted, same = scores["shifted"], scores["same"]
    expected = score_calibration(drawn, drawn_gold)
    assert shifted.uncorrected.ece == pytest.approx(expected.ece, abs=0.02)
    assert shifted.uncorrected.brier == pytest.approx(expected.brier, abs=0.02)
    assert shifted.estimated == pytest.approx(_SHIFTED, abs=0.03)
    assert shifted.corrected.ece < 0.02
    assert shifted.by_true_mix.ece < 0.02
    assert same.uncorrected.ece == pytest.approx(score_calibration(probabilities, gold).ece)
    assert same.by_true_mix.brier == pytest.approx(same.uncorrected.brier)


def test_each_label_is_weighed_up_and_down() -> None:
    gold = np.array([0] * 2 + [1] * 6)
    mixes = vary_mix(gold, ("a", "b", "unseen"))
    assert list(mixes) == ["as it is", "a doubled", "a halved", "b doubled", "b halved"]
    assert mixes["as it is"] == (0.25, 0.75, 0)
    assert mixes["a doubled"] == pytest.approx((4 / 10, 6 / 10, 0))
    assert mixes["b halved"] == pytest.approx((2 / 5, 3 / 5, 0))
    assert list(vary_mix(np.zeros(3, dtype=np.int64), ("a", "b"))) == ["as it is"]


def _prefer_the_first(probabilities: FloatArray) -> FloatArray:
    """What a network that is too fond of the first label, and too sure, makes of them."""
    rows = probabilities**1.6 * np.array([3.0, 1.0, 0.8])
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def test_biases_are_taken_out_before_a_mix_is_estimated() -> None:
    known, gold = _draw(_TRAINED, 20_000, seed=12)
    correction = fit_bias_correction(_prefer_the_first(known), gold)
    assert correction is not None
    assert correction.slope == pytest.approx(1 / 1.6, rel=0.05)
    expected = -np.log([3.0, 1.0, 0.8]) / 1.6
    assert correction.biases == pytest.approx(expected - expected.mean(), abs=0.05)
    unbiased = correction.apply(_prefer_the_first(known))
    assert unbiased.mean(axis=0) == pytest.approx(label_shares(gold, 3), abs=1e-4)
    archive, _ = _draw(_SHIFTED, 20_000, seed=13)
    biased = _prefer_the_first(archive)
    mix = estimate_mix(correction.apply(biased), label_shares(gold, 3))
    assert mix.shares == pytest.approx(_SHIFTED, abs=0.03)
    astray = estimate_mix(biased, label_shares(gold, 3)).shares
    assert np.abs(np.array(astray) - _SHIFTED).max() > 0.1
    scores = score_shifts(_prefer_the_first(known), gold, {"shifted": _SHIFTED}, unbiased=unbiased)[
        "shifted"
    ]
    assert scores.corrected.ece < 0.03 < 0.05 < scores.uncorrected.ece


def test_too_few_labels_give_no_correction() -> None:
    probabilities, gold = _draw(_TRAINED, 200, seed=14)
    assert fit_bias_correction(probabilities, gold) is not None
    assert fit_bias_correction(probabilities[:29], gold[:29]) is None
    rare = np.where(np.cumsum(gold == 0) > 4, np.where(gold == 0, 1, gold), gold)
    assert (rare == 0).sum() == 4
    assert fit_bias_correction(probabilities, rare) is None
    # Where the likeliest label is the last to be right, there is nothing to correct.
    assert fit_bias_correction(probabilities, probabilities.argmin(axis=1)) is None


def test_the_error_of_a_mix_shrinks_with_items_and_grows_with_stories_that_differ() -> None:
    probabilities, gold = _draw(_TRAINED, 4_000, seed=15)
    stories = [str(number // 20) for number in range(4_000)]
    many = measure_mix_error(probabilities, gold, stories)
    few = measure_mix_error(probabilities[:200], gold[:200], stories[:200])
    assert many is not None
    assert few is not None
    assert many < 0.04 < 0.06 < few < 0.5
    assert measure_mix_error(probabilities, gold, stories) == many
    # In every other story the network takes the first label for the second.
    odd = np.array([int(story) % 2 == 1 for story in stories])[:, np.newaxis]
    fooled = np.where(odd, probabilities[:, [1, 0, 2]], probabilities)
    worse = measure_mix_error(fooled, gold, stories)
    assert worse is not None
    assert worse > 2 * many
    assert measure_mix_error(probabilities[:40], gold[:40], stories[:40]) is None
    assert measure_mix_error(probabilities, gold, ["one"] * 4_000) is None


def test_a_label_without_a_share_is_refused() -> None:
    probabilities, gold = _draw(_TRAINED, 50, seed=11)
    for mix in ((0.5, 0.5, 0.0), (0.5, 0.5), (1.0, float("nan"), 1.0)):
        with pytest.raises(RecordError, match="each of 3 labels needs a share"):
            estimate_mix(probabilities, mix)
    with pytest.raises(RecordError, match="does not sum to 1"):
        estimate_mix(probabilities * 2, tuple(_TRAINED))
    few = gold != 2
    with pytest.raises(RecordError, match="mix third: asks for a label"):
        score_shifts(
            probabilities[few], gold[few], {"third": (0.0, 0.5, 0.5)}, trained_mix=_TRAINED
        )
