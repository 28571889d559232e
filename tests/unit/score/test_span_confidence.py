"""The confidence of spans, corrected: what was put in is found, and it holds on other stories."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from model.net.calibration import correct_confidences
from train.score.calibration import score_confidences
from train.score.counts import FloatArray
from train.score.selective import Booleans
from train.score.span_confidence import choose_correction, fit_correction


def simulate(
    num: int, *, slope: float, bias: float, seed: int = 0
) -> tuple[FloatArray, Booleans, list[str]]:
    """Spans of stories of eight, right as often as log-odds times `slope` plus `bias` say."""
    rng = np.random.default_rng(seed)
    confidences = rng.beta(4, 1.5, num)
    is_right = rng.random(num) < expit(slope * logit(confidences) + bias)
    return confidences, is_right, [f"s{i // 8}" for i in range(num)]


def test_the_correction_that_was_put_in_is_found() -> None:
    confidences, is_right, _ = simulate(40_000, slope=0.6, bias=-1.5)
    assert fit_correction(confidences, is_right) == pytest.approx((0.6, -1.5), abs=0.05)


def test_it_holds_on_stories_that_it_has_not_seen() -> None:
    """As on the seeds: 0.74 sure, a third right."""
    confidences, is_right, stories = simulate(800, slope=0.7, bias=-1.6)
    is_seen = np.array([int(story[1:]) % 2 == 0 for story in stories])
    chosen = choose_correction(
        confidences[is_seen],
        is_right[is_seen],
        [s for s, seen in zip(stories, is_seen, strict=True) if seen],
    )
    assert chosen.slope is not None
    assert chosen.bias is not None
    held = confidences[~is_seen], is_right[~is_seen]
    before = score_confidences(*held)
    after = score_confidences(correct_confidences(held[0], chosen.slope, chosen.bias), held[1])
    assert before.ece > 0.3
    assert after.ece < 0.08
    assert chosen.ece_before == pytest.approx(before.ece, abs=0.08)
    assert chosen.ece_after == pytest.approx(after.ece, abs=0.08)
    assert chosen.reason is None


def test_what_it_says_of_itself_is_not_by_what_it_was_fitted_to() -> None:
    """With few spans, the error that it names is larger than the one on its own spans."""
    named, own = [], []
    for seed in range(30):
        confidences, is_right, stories = simulate(40, slope=0.7, bias=-1.2, seed=seed)
        chosen = choose_correction(confidences, is_right, stories)
        if chosen.slope is not None and chosen.bias is not None and chosen.ece_after is not None:
            corrected = correct_confidences(confidences, chosen.slope, chosen.bias)
            named.append(chosen.ece_after)
            own.append(score_confidences(corrected, is_right).ece)
    assert len(named) > 20
    assert np.mean(named) > np.mean(own) + 0.02


def test_the_order_stays_even_where_the_surest_are_wrong() -> None:
    confidences = np.linspace(0.3, 0.99, 60)
    slope, bias = fit_correction(confidences, confidences < 0.6)
    corrected = correct_confidences(confidences, slope, bias)
    assert (np.diff(corrected) > 0).all()
    assert corrected.max() - corrected.min() < 0.3


def test_few_spans_move_the_slope_little() -> None:
    """Thirty spans that a steep slope fits without an error."""
    confidences = np.linspace(0.55, 0.75, 30)
    slope, _ = fit_correction(confidences, confidences > 0.65)
    many, _ = fit_correction(np.tile(confidences, 100), np.tile(confidences > 0.65, 100))
    assert 1 < slope < 4 < many


@pytest.mark.parametrize(
    ("num", "num_right", "num_stories", "why"),
    [
        (29, 12, 5, "29 spans, 12 of them right, are too few"),
        (60, 4, 5, "60 spans, 4 of them right, are too few"),
        (60, 56, 5, "60 spans, 56 of them right, are too few"),
        (60, 20, 1, "cannot be tried on another story"),
    ],
)
def test_too_few_give_none(num: int, num_right: int, num_stories: int, why: str) -> None:
    is_right = np.arange(num) < num_right
    stories = [str(i % num_stories) for i in range(num)]
    chosen = choose_correction(np.linspace(0.4, 0.9, num), is_right, stories)
    assert (chosen.slope, chosen.bias, chosen.ece_after) == (None, None, None)
    assert chosen.reason is not None
    assert why in chosen.reason


def test_where_it_does_not_help_there_is_none() -> None:
    """Each story is right throughout or wrong throughout, so the others only mislead."""
    stories = [str(i // 20) for i in range(80)]
    is_right = np.array([story in "01" for story in stories])
    chosen = choose_correction(np.full(80, 0.5), is_right, stories)
    assert chosen.slope is None
    assert chosen.reason is not None
    assert "no nearer" in chosen.reason
    assert chosen.ece_after is not None


def test_certain_confidences_stay_numbers() -> None:
    corrected = correct_confidences(np.array([0.0, 0.5, 1.0]), 300.0, -5.0)
    assert np.isfinite(corrected).all()
    assert corrected.tolist() == pytest.approx([0, expit(-5), 1])
    assert len(correct_confidences(np.array([]), 1.0, 0.0)) == 0
