"""How often a span is right of which the network is so sure.

A temperature is fitted to the tags of all words, nearly all of which lie in no span; it leaves the
few that make a span as sure as they were. So the confidence of spans is fitted by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.model_selection import GroupKFold

from model.net.calibration import correct_confidences, log_odds
from train.score.calibration import score_confidences
from train.score.counts import FloatArray
from train.score.selective import Booleans

MIN_SPANS = 30
"""Fewer predicted spans than these fit no correction,"""

MIN_OF_KIND = 5
"""nor do fewer right ones, or fewer wrong ones."""

NUM_FOLDS = 5
_SPREAD = 0.5  # of the slope's logarithm around 0, beforehand: one standard deviation


@dataclass(frozen=True, slots=True)
class SpanCorrection:
    """Log-odds times `slope` plus `bias`, both None where `reason` says why there is none.

    The calibration errors are those of the same spans without it, and with one that was fitted on
    other stories; None where that could not be tried.
    """

    slope: float | None
    bias: float | None
    ece_before: float | None
    ece_after: float | None
    reason: str | None = None


def choose_correction(
    confidences: FloatArray, is_right: Booleans, stories: Sequence[str]
) -> SpanCorrection:
    """The correction of spans, (items) each, with what it does to stories that it has not seen.

    There is none where there are too few spans to tell, or where on unseen stories it does not
    lessen the squared distance from what is right.
    """
    num_right = int(is_right.sum())
    if not _can_be_fitted(is_right):
        reason = (
            f"{len(is_right)} spans, {num_right} of them right, are too few to correct it by: "
            f"{MIN_SPANS} are needed, {MIN_OF_KIND} of them right and {MIN_OF_KIND} wrong"
        )
        return SpanCorrection(None, None, None, None, reason)
    if len(set(stories)) < 2:
        reason = "its correction cannot be tried on another story: all spans are of one"
        return SpanCorrection(None, None, None, None, reason)
    tried = confidences.copy()
    folds = GroupKFold(min(NUM_FOLDS, len(set(stories))))
    for others, held in folds.split(confidences, groups=np.asarray(stories)):
        if _can_be_fitted(is_right[others]):
            slope, bias = fit_correction(confidences[others], is_right[others])
            tried[held] = correct_confidences(confidences[held], slope, bias)
    before = score_confidences(confidences, is_right).ece
    after = score_confidences(tried, is_right).ece
    if np.mean((tried - is_right) ** 2) >= np.mean((confidences - is_right) ** 2):
        reason = "correcting it by other stories brought it no nearer to what is right"
        return SpanCorrection(None, None, before, after, reason)
    return SpanCorrection(*fit_correction(confidences, is_right), before, after)


def fit_correction(confidences: FloatArray, is_right: Booleans) -> tuple[float, float]:
    """Slope and bias of the log-odds that make right and wrong likeliest (Platt 1999).

    The slope stays positive, so that the order of the spans stays, and is drawn to 1; what spans
    are right is drawn to ½ by Platt's targets. Both matter with few spans alone.
    """
    odds = log_odds(confidences)
    num_right = is_right.sum()
    targets = np.where(
        is_right, (num_right + 1) / (num_right + 2), 1 / (len(is_right) - num_right + 2)
    )

    def loss(values: FloatArray) -> tuple[float, FloatArray]:
        slope = np.exp(values[0])
        logits = slope * odds + values[1]
        misses = expit(logits) - targets
        penalty = values[0] / _SPREAD**2
        likelihood = np.logaddexp(0, logits).sum() - (targets * logits).sum()
        gradient = np.array([(misses * odds).sum() * slope + penalty, misses.sum()])
        return float(likelihood + values[0] * penalty / 2), gradient

    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=[(-3, 3), (None, None)])
    return float(np.exp(found.x[0])), float(found.x[1])


def _can_be_fitted(is_right: Booleans) -> bool:
    num_right = int(is_right.sum())
    return len(is_right) >= MIN_SPANS and MIN_OF_KIND <= num_right <= len(is_right) - MIN_OF_KIND
