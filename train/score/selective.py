"""What is gained by staying silent: risk over coverage, and the threshold of saying "not sure".

Of all predictions those with the highest confidence are kept. Coverage is the share that is kept,
risk the share of wrong ones among the kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from model.errors import RecordError
from train.score.counts import FloatArray, IntArray

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """A point for each confidence that occurs, falling: keep what is at least as confident.

    `aurc` is the mean risk over all coverages (Geifman & El-Yaniv 2017); the items of one
    confidence enter it in every order alike. A guess without order has the full risk as its AURC.
    """

    num_items: int
    thresholds: tuple[float, ...]
    coverages: tuple[float, ...]
    risks: tuple[float, ...]
    aurc: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least confidence to believe, None where `reason` says why there is none.

    `bound` is the upper confidence bound (one-sided, of `level`) of the risk of what is kept,
    which is at most the `wished` one. `num_kept` of `num_items` predictions lie at the threshold
    or above.
    """

    threshold: float | None
    wished: float
    level: float
    num_items: int
    num_kept: int
    coverage: float
    risk: float | None
    bound: float | None
    reason: str | None = None


def thin(curve: RiskCoverage, most: int = 200) -> RiskCoverage:
    """The curve with its first, last and evenly spaced points alone; `aurc` is that of all."""
    count = len(curve.thresholds)
    if count <= most:
        return curve
    kept = [round(n * (count - 1) / (most - 1)) for n in range(most)]
    return replace(
        curve,
        thresholds=tuple(curve.thresholds[n] for n in kept),
        coverages=tuple(curve.coverages[n] for n in kept),
        risks=tuple(curve.risks[n] for n in kept),
    )


def risk_coverage(confidences: FloatArray, is_right: Booleans) -> RiskCoverage:
    """The curve over predictions, (items) each. RecordError where there are none."""
    order, ends = _fall(confidences, is_right)
    errors = np.cumsum(~is_right[order])
    sizes = np.diff(ends, prepend=0)
    kept_errors = errors[ends - 1]
    # Within a tie an item brings the tie's mean error: what all orders give on average.
    rates = np.repeat(np.diff(kept_errors, prepend=0) / sizes, sizes)
    num_items = len(order)
    return RiskCoverage(
        num_items=num_items,
        thresholds=tuple(confidences[order[ends - 1]].tolist()),
        coverages=tuple((ends / num_items).tolist()),
        risks=tuple((kept_errors / ends).tolist()),
        aurc=float(np.mean(np.cumsum(rates) / np.arange(1, num_items + 1))),
    )


def choose_threshold(
    confidences: FloatArray,
    is_right: Booleans,
    stories: Sequence[str],
    *,
    wished: float,
    level: float = 0.95,
) -> Threshold:
    """The least confidence whose kept predictions have a risk of at most `wished`, by its bound.

    The bound is that of `upper_bounds`. It holds for a threshold that is named beforehand; the one
    found is the least of many, and was too bold in 4 to 7 of 100 simulations at a level of 0.95.
    RecordError where there are no items.
    """
    order, ends = _fall(confidences, is_right)
    bounds = upper_bounds(~is_right[order], [stories[i] for i in order], level)[ends - 1]
    fitting = np.flatnonzero(bounds <= wished)
    num_items = len(order)
    if not len(fitting):
        reason = (
            f"no part of {num_items} predictions is wrong in at most {wished:.0%} by its "
            f"{level:.0%} bound; the best bound is {bounds.min():.3f}"
        )
        return Threshold(None, wished, level, num_items, 0, 0.0, None, None, reason)
    last = int(fitting[-1])
    kept = int(ends[last])
    return Threshold(
        threshold=float(confidences[order[kept - 1]]),
        wished=wished,
        level=level,
        num_items=num_items,
        num_kept=kept,
        coverage=kept / num_items,
        risk=float(np.mean(~is_right[order[:kept]])),
        bound=float(bounds[last]),
    )


def upper_bounds(is_wrong: Booleans, stories: Sequence[str], level: float) -> FloatArray:
    """Of the first 1, 2, … items the upper bound of the share of wrong ones, one-sided.

    Clopper–Pearson with as many items as the stories are worth (Korn & Graubard 1998): items of
    one story resemble each other, so the variance between stories sets their number, never above
    the true one. A bootstrap would call a few faultless stories free of error; this does not.
    """
    num = np.arange(1, len(is_wrong) + 1, dtype=np.float64)
    errors = np.cumsum(is_wrong).astype(np.float64)
    rate = errors / num
    num_stories, products = _story_products(is_wrong, stories)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Of a ratio, with whole stories drawn: the sum of (errors - rate · items)² over stories.
        between = products[:, 0] - 2 * rate * products[:, 1] + rate**2 * products[:, 2]
        variance = num_stories / (num_stories - 1) * between / num**2
        design_effect = variance / (rate * (1 - rate) / (num - 1))
        worth = np.where(variance > 0, num / design_effect, num)
        degrees = stats.t.ppf(level, num - 1) / stats.t.ppf(level, num_stories - 1)
        worth = np.minimum(worth * degrees**2, num)
        bounds = stats.beta.ppf(level, rate * worth + 1, worth - rate * worth)
    # One story says nothing of others; where all are wrong the bound is 1.
    return np.where((num_stories < 2) | (rate >= 1), 1.0, bounds)


def _story_products(is_wrong: Booleans, stories: Sequence[str]) -> tuple[IntArray, FloatArray]:
    """After each item: how many stories there are, and over them the sums of errors², of errors ·
    items and of items², (items, 3)."""
    held: dict[str, tuple[int, int]] = {}
    numbers = np.zeros(len(is_wrong), dtype=np.int64)
    steps = np.zeros((len(is_wrong), 3))
    for i, (wrong, story) in enumerate(zip(is_wrong.tolist(), stories, strict=True)):
        errors, items = held.get(story, (0, 0))
        more = errors + wrong
        held[story] = (more, items + 1)
        steps[i] = more**2 - errors**2, more * (items + 1) - errors * items, 2 * items + 1
        numbers[i] = len(held)
    return numbers, np.cumsum(steps, axis=0)


def _fall(confidences: FloatArray, is_right: Booleans) -> tuple[IntArray, IntArray]:
    """Items by falling confidence, and for each confidence how many are at least as confident."""
    if not len(confidences) or confidences.shape != is_right.shape:
        what = f"{confidences.shape} confidences for {is_right.shape} predictions"
        raise RecordError("risk and coverage", what, "give one for each, and at least one")
    order = np.argsort(-confidences, kind="stable")
    falls = np.flatnonzero(np.diff(confidences[order])) + 1
    return order, np.append(falls, len(order)).astype(np.int64)
