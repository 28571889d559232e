"""Risk over coverage and the threshold: against plain loops, published bounds, simulation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from model.errors import RecordError
from train.score.counts import FloatArray
from train.score.selective import Booleans, choose_threshold, risk_coverage, upper_bounds


def _aurc_by_loop(confidences: list[float], is_right: list[bool]) -> float:
    """The mean over every order in which ties can fall."""
    values = []
    for order in itertools.permutations(range(len(confidences))):
        fallen = [confidences[i] for i in order]
        if fallen == sorted(fallen, reverse=True):
            wrong = [not is_right[i] for i in order]
            values.append(
                sum(sum(wrong[:kept]) / kept for kept in range(1, len(wrong) + 1)) / len(wrong)
            )
    return sum(values) / len(values)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.2, 0.4, 0.6, 0.8]), st.booleans()), min_size=1, max_size=6
    )
)
def test_the_curve_is_that_of_a_plain_loop(items: list[tuple[float, bool]]) -> None:
    confidences, is_right = map(list, zip(*items, strict=True))
    curve = risk_coverage(np.array(confidences), np.array(is_right, dtype=bool))
    assert curve.aurc == pytest.approx(_aurc_by_loop(confidences, is_right))
    assert list(curve.thresholds) == sorted(set(confidences), reverse=True)
    for threshold, coverage, risk in zip(
        curve.thresholds, curve.coverages, curve.risks, strict=True
    ):
        kept = [right for confidence, right in items if confidence >= threshold]
        assert coverage == pytest.approx(len(kept) / len(items))
        assert risk == pytest.approx(kept.count(False) / len(kept))


def test_the_order_of_the_items_does_not_matter() -> None:
    rng = np.random.default_rng(1)
    confidences = rng.choice([0.5, 0.6, 0.9], size=50)
    is_right = rng.random(50) < confidences
    mixed = rng.permutation(50)
    stories = [str(number % 7) for number in range(50)]
    assert risk_coverage(confidences, is_right) == risk_coverage(
        confidences[mixed], is_right[mixed]
    )
    one, other = (
        choose_threshold(confidences[o], is_right[o], [stories[i] for i in o], wished=0.4)
        for o in (np.arange(50), mixed)
    )
    assert one == other


def test_a_good_order_has_a_low_area_and_none_the_full_risk() -> None:
    is_right = np.array([True] * 75 + [False] * 25)
    falling = np.linspace(1, 0, 100)
    best = risk_coverage(falling, is_right).aurc
    worst = risk_coverage(-falling, is_right).aurc
    assert best < 0.05 < 0.25 < worst
    assert risk_coverage(np.full(100, 0.5), is_right).aurc == pytest.approx(0.25)


def test_items_of_their_own_stories_have_the_bound_of_clopper_and_pearson() -> None:
    is_wrong = np.array([False] * 40 + [True, False, False, True] + [False] * 16)
    bounds = upper_bounds(is_wrong, [str(number) for number in range(60)], 0.95)
    for kept in (2, 20, 40, 41, 60):
        errors = int(is_wrong[:kept].sum())
        exact = stats.binomtest(errors, kept).proportion_ci(0.9, method="exact").high
        assert bounds[kept - 1] == pytest.approx(exact)


def _bound_by_loop(is_wrong: Booleans, stories: list[str], level: float) -> float:
    """Korn & Graubard 1998, by the variance of a ratio over stories."""
    num, rate = len(is_wrong), float(np.mean(is_wrong))
    held = {story: [w for w, s in zip(is_wrong, stories, strict=True) if s == story]
            for story in stories}  # fmt: skip
    if len(held) < 2 or rate == 1:
        return 1.0
    squares = sum((sum(wrong) - rate * len(wrong)) ** 2 for wrong in held.values())
    variance = len(held) / (len(held) - 1) * squares / num**2
    worth = num / (variance / (rate * (1 - rate) / (num - 1))) if variance else num
    worth *= (stats.t.ppf(level, num - 1) / stats.t.ppf(level, len(held) - 1)) ** 2
    worth = min(worth, num)
    return float(stats.beta.ppf(level, rate * worth + 1, worth * (1 - rate)))


def test_items_of_shared_stories_are_worth_fewer() -> None:
    rng = np.random.default_rng(2)
    stories = [str(number) for number in rng.integers(0, 8, size=60)]
    is_wrong = np.array([int(story) % 4 == 0 for story in stories]) ^ (rng.random(60) < 0.1)
    bounds = upper_bounds(is_wrong, stories, 0.9)
    for kept in range(2, 61):
        expected = _bound_by_loop(is_wrong[:kept], stories[:kept], 0.9)
        assert bounds[kept - 1] == pytest.approx(expected), kept
    alone = upper_bounds(is_wrong, [str(number) for number in range(60)], 0.9)
    assert bounds[-1] > alone[-1] + 0.02


def test_a_single_story_and_nothing_but_errors_bound_nothing() -> None:
    assert upper_bounds(np.zeros(50, dtype=bool), ["a"] * 50, 0.95).tolist() == [1] * 50
    assert upper_bounds(np.ones(3, dtype=bool), list("abc"), 0.95).tolist() == [1, 1, 1]
    # Two faultless stories of 25 are worth far fewer than 50 items of 50 stories.
    two = upper_bounds(np.zeros(50, dtype=bool), ["a", "b"] * 25, 0.95)[-1]
    many = upper_bounds(np.zeros(50, dtype=bool), [str(n) for n in range(50)], 0.95)[-1]
    assert many == pytest.approx(1 - 0.05 ** (1 / 50))
    assert two > 3 * many


def test_the_threshold_is_the_least_that_keeps_the_wish() -> None:
    confidences = np.linspace(1, 0.5, 200)
    is_right = np.array([True] * 100 + [True, False] * 50)
    stories = [str(number) for number in range(200)]
    found = choose_threshold(confidences, is_right, stories, wished=0.1)
    assert found.threshold is not None
    fitting = [
        kept
        for kept in range(1, 201)
        if stats.binomtest(int((~is_right[:kept]).sum()), kept)
        .proportion_ci(0.9, method="exact")
        .high
        <= 0.1
    ]
    assert found.num_kept == max(fitting)
    assert found.threshold == confidences[max(fitting) - 1]
    assert found.coverage == max(fitting) / 200
    assert found.risk is not None
    assert found.bound is not None
    assert found.risk < found.bound <= 0.1


def test_items_of_one_confidence_are_kept_or_left_together() -> None:
    confidences = np.array([0.9] * 60 + [0.6] * 40)
    is_right = np.array([True] * 60 + [True] * 20 + [False] * 20)
    found = choose_threshold(confidences, is_right, [str(n) for n in range(100)], wished=0.1)
    assert (found.threshold, found.num_kept) == (0.9, 60)


def test_where_no_threshold_reaches_the_wish_there_is_none_and_a_reason() -> None:
    few = choose_threshold(np.array([0.9, 0.8]), np.array([True, True]), ["a", "b"], wished=0.1)
    assert few.threshold is None
    assert few.num_kept == 0
    assert few.reason is not None
    assert "no part of 2 predictions is wrong in at most 10%" in few.reason


def test_what_is_kept_is_seldom_worse_than_was_wished() -> None:
    """Confidences are true probabilities, stories are alike: the risk above t is (1 - t) / 2."""
    rng = np.random.default_rng(3)
    stories = [str(number // 10) for number in range(300)]
    too_bold = num_found = 0
    for _ in range(150):
        shared = np.repeat(rng.normal(size=30), 10)
        luck = math.sqrt(0.3) * shared + math.sqrt(0.7) * rng.normal(size=300)
        confidences = rng.uniform(0.4, 1, size=300)
        is_right = stats.norm.cdf(luck) < confidences
        found = choose_threshold(confidences, is_right, stories, wished=0.15)
        if found.threshold is not None:
            num_found += 1
            too_bold += (1 - found.threshold) / 2 > 0.15
    assert num_found > 100
    assert too_bold / 150 < 0.1  # 0.05 is what the level names


@pytest.mark.parametrize(
    ("confidences", "is_right"), [(np.zeros(0), np.zeros(0, bool)), (np.ones(2), np.ones(3, bool))]
)
def test_no_predictions_are_refused(confidences: FloatArray, is_right: Booleans) -> None:
    with pytest.raises(RecordError, match="risk and coverage"):
        risk_coverage(confidences, is_right)
