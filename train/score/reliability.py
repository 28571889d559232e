"""How reliable one task's predictions are on a split: what a scorecard shows of calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from train.score.calibration import (
    CalibrationScores,
    ConfidenceScores,
    score_calibration,
    score_confidences,
)
from train.score.counts import FloatArray, IntArray
from train.score.label_shift import ShiftScores
from train.score.selective import Booleans, RiskCoverage, risk_coverage, thin


@dataclass(frozen=True, slots=True)
class Items:
    """What a task was asked, before any temperature: probabilities, (items, labels), the number
    of the gold label, and the story of each item."""

    probabilities: FloatArray
    gold: IntArray
    stories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a task predicted: the confidence of each label or span, whether it is right, its
    story."""

    confidences: FloatArray
    is_right: Booleans
    stories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Predictions at the threshold or above: how many, their share of all, and how many of them
    are wrong, None where there are none."""

    threshold: float
    num_kept: int
    coverage: float
    risk: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of one task on one split. `before` and `after` its temperature are scores of every label, or
    of every tag of a word. `predicted`, `curve` and `kept` are of what is predicted, a label or a
    span, which is right with the same borders and label; the first two are None where nothing is
    predicted, `kept` where there is no threshold. `uncorrected` is of the same spans as `predicted`
    without the correction of their confidence, None without one. `shifts`: what other mixes of
    labels do to it, by name, empty where the biases of labels are not known; an estimated mix was
    `mix_error` off on halves of the validation stories."""

    temperature: float
    before: CalibrationScores
    after: CalibrationScores
    predicted: ConfidenceScores | None
    curve: RiskCoverage | None
    kept: Kept | None
    uncorrected: ConfidenceScores | None = None
    shifts: Mapping[str, ShiftScores] = field(default_factory=dict)
    mix_error: float | None = None


def build_reliability(
    items: Items,
    tempered: FloatArray,
    outcomes: Outcomes,
    *,
    uncorrected: Outcomes | None = None,
    shifts: Mapping[str, ShiftScores] | None = None,
    mix_error: float | None = None,
    temperature: float,
    threshold: float | None,
    num_bins: int = 10,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Reliability:
    """The record of one task; `tempered` are the items' probabilities with the temperature.

    `uncorrected`: `outcomes` without the correction of their confidence, where there is one.
    """
    before, after = (
        score_calibration(
            rows,
            items.gold,
            stories=items.stories,
            num_bins=num_bins,
            num_resamples=num_resamples,
            seed=seed,
        )
        for rows in (items.probabilities, tempered)
    )
    has_any = len(outcomes.confidences) > 0
    predicted, bare = (
        score_confidences(
            made.confidences,
            made.is_right,
            stories=made.stories,
            num_bins=num_bins,
            num_resamples=num_resamples,
            seed=seed,
        )
        if made is not None and has_any
        else None
        for made in (outcomes, uncorrected)
    )
    return Reliability(
        temperature=temperature,
        before=before,
        after=after,
        predicted=predicted,
        curve=thin(risk_coverage(outcomes.confidences, outcomes.is_right)) if has_any else None,
        kept=None if threshold is None else count_kept(outcomes, threshold),
        uncorrected=bare,
        shifts=shifts or {},
        mix_error=mix_error,
    )


def count_kept(outcomes: Outcomes, threshold: float) -> Kept:
    """What a threshold, found elsewhere, keeps here."""
    is_kept = outcomes.confidences >= threshold
    num_kept = int(is_kept.sum())
    return Kept(
        threshold=threshold,
        num_kept=num_kept,
        coverage=num_kept / max(len(is_kept), 1),
        risk=float(np.mean(~outcomes.is_right[is_kept])) if num_kept else None,
    )
