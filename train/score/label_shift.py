"""When the labels of an archive are mixed otherwise than those of training.

Probabilities carry the mix that they were learned with. Where only the mix differs, and not what
each label's texts look like (label shift), the new mix follows from unlabelled predictions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from model.errors import RecordError
from train.score.calibration import (
    MIN_ITEMS,
    CalibrationScores,
    check_probabilities,
    score_calibration,
)
from train.score.counts import FloatArray, IntArray

MIN_OF_LABEL = 5
"""Fewer gold labels of one kind than these tell nothing of its bias."""

_MAX_ROUNDS = 10_000
_LEAST = 5e-7  # what a probability of 0 may have been before it was rounded to six places


@dataclass(frozen=True, slots=True)
class LabelMix:
    """Shares of the labels, in their order, that sum to 1; `num_rounds` until they stood still."""

    shares: tuple[float, ...]
    num_items: int
    num_rounds: int
    has_converged: bool


@dataclass(frozen=True, slots=True)
class BiasCorrection:
    """Takes from probabilities what a network prefers one label by, whatever the text.

    Their logarithms times `slope`, plus a bias for each label, are the logits of the corrected
    ones: bias-corrected temperature scaling, without which EM can run away to a single label
    (Alexandari, Kundaje & Shrikumar 2020).
    """

    slope: float
    biases: tuple[float, ...]

    def apply(self, probabilities: FloatArray) -> FloatArray:
        """Corrected probabilities, (items, labels)."""
        logits = np.log(np.maximum(probabilities, _LEAST))
        return np.asarray(softmax(self.slope * logits + np.array(self.biases), axis=1))


@dataclass(frozen=True, slots=True)
class ShiftScores:
    """Gold items weighed to another mix: with probabilities as they are, corrected by the mix that
    was estimated from them alone, and corrected by the true one."""

    mix: tuple[float, ...]
    estimated: tuple[float, ...]
    uncorrected: CalibrationScores
    corrected: CalibrationScores
    by_true_mix: CalibrationScores

    @property
    def mix_distance(self) -> float:
        """How far the estimated mix is off: the total variation distance, 0 to 1."""
        return sum(abs(a - b) for a, b in zip(self.mix, self.estimated, strict=True)) / 2


def label_shares(gold: IntArray, num_labels: int) -> FloatArray:
    """The share of each label."""
    return np.bincount(gold, minlength=num_labels) / max(len(gold), 1)


def fit_bias_correction(probabilities: FloatArray, gold: IntArray) -> BiasCorrection | None:
    """The correction that makes the gold labels likeliest; None for too few of any label, or where
    the probabilities do not follow them at all.

    On these items each label's mean probability is then its share, so that EM stays where it is.
    """
    check_probabilities(probabilities, gold)
    num_items, num_labels = probabilities.shape
    if num_items < MIN_ITEMS or np.bincount(gold, minlength=num_labels).min() < MIN_OF_LABEL:
        return None
    logits = np.log(np.maximum(probabilities, _LEAST))
    hits = np.eye(num_labels)[gold]

    def loss(values: FloatArray) -> tuple[float, FloatArray]:
        rows = log_softmax(values[0] * logits + values[1:], axis=1)
        misses = np.exp(rows) - hits
        slope = (misses * logits).sum() / num_items
        return float(-(rows * hits).sum() / num_items), np.append(slope, misses.mean(axis=0))

    found = minimize(loss, np.append(1.0, np.zeros(num_labels)), jac=True, method="BFGS").x
    if found[0] <= 0 or not np.isfinite(found).all():
        return None
    return BiasCorrection(float(found[0]), tuple((found[1:] - found[1:].mean()).tolist()))


def measure_mix_error(
    probabilities: FloatArray,
    gold: IntArray,
    stories: Sequence[str],
    *,
    num_halvings: int = 10,
    seed: int = 0,
) -> float | None:
    """How far off an estimated mix is: half of the stories give the correction, the other half is
    the archive, whose gold mix is known. The mean total variation distance, 0 to 1.

    None where fewer than half of the halvings could be corrected.
    """
    names = sorted(set(stories))
    owners = np.array([names.index(story) for story in stories])
    rng = np.random.default_rng(seed)
    errors = []
    for _ in range(num_halvings):
        is_half = np.isin(owners, rng.permutation(len(names))[: len(names) // 2])
        if is_half.all() or not is_half.any():
            continue
        correction = fit_bias_correction(probabilities[is_half], gold[is_half])
        if correction is not None:
            trained = label_shares(gold[is_half], probabilities.shape[1])
            found = estimate_mix(correction.apply(probabilities[~is_half]), tuple(trained)).shares
            true = label_shares(gold[~is_half], probabilities.shape[1])
            errors.append(float(np.abs(np.array(found) - true).sum() / 2))
    return float(np.mean(errors)) if 2 * len(errors) >= num_halvings else None


def estimate_mix(
    probabilities: FloatArray,
    trained_mix: Sequence[float],
    *,
    weights: FloatArray | None = None,
    tolerance: float = 1e-8,
) -> LabelMix:
    """The mix that makes the predictions likeliest, by EM (Saerens, Latinne & Decaestecker 2002).

    `probabilities`, (items, labels), must be calibrated for `trained_mix`, each label's of them: a
    temperature alone leaves biases, see BiasCorrection. RecordError where a label has no share in
    that mix: nothing can be learned of it.
    """
    check_probabilities(probabilities)
    trained = _checked_mix(trained_mix, probabilities.shape[1])
    mix, step, num_rounds = trained, np.inf, 0
    while step >= tolerance and num_rounds < _MAX_ROUNDS:
        rows = reweigh(probabilities, trained, mix)
        new = np.average(rows, axis=0, weights=weights)
        new = new / new.sum()
        step = float(np.abs(new - mix).max())
        mix, num_rounds = new, num_rounds + 1
    shares = tuple(mix.tolist())
    return LabelMix(shares, len(probabilities), num_rounds, step < tolerance)


def reweigh(
    probabilities: FloatArray, old_mix: Sequence[float] | FloatArray, new_mix: FloatArray
) -> FloatArray:
    """Probabilities under one mix of labels as they are under another (Bayes), (items, labels)."""
    rows = probabilities * (np.asarray(new_mix) / np.asarray(old_mix))
    sums = rows.sum(axis=1, keepdims=True)
    # A row that the new mix leaves nothing of stays as it was.
    return np.where(sums > 0, rows / np.where(sums > 0, sums, 1), probabilities)


def solve_mix(
    gold: IntArray, predicted: IntArray, found: IntArray, num_labels: int
) -> FloatArray | None:
    """The mix from labels alone, to check the other by (BBSE: Lipton, Wang & Smola 2018).

    `gold` and `predicted` are labels of validation, `found` those predicted in the archive; their
    shares are the validation's confusion times the mix. None where that has no one solution.
    Negative shares become 0.
    """
    joint = np.zeros((num_labels, num_labels))
    np.add.at(joint, (predicted, gold), 1 / len(gold))
    if np.linalg.matrix_rank(joint) < num_labels:
        return None
    ratios = np.linalg.solve(joint, label_shares(found, num_labels))
    mix = np.maximum(ratios * label_shares(gold, num_labels), 0)
    return np.asarray(mix / mix.sum())


def vary_mix(gold: IntArray, labels: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Mixes beside that of the gold, by what was done to it: each label that occurs counted twice,
    and half."""
    own = label_shares(gold, len(labels))
    mixes = {"as it is": tuple(own.tolist())}
    for number, label in enumerate(labels):
        for name, times in (("doubled", 2.0), ("halved", 0.5)):
            if 0 < own[number] < 1:
                mix = own * np.where(np.arange(len(labels)) == number, times, 1.0)
                mixes[f"{label} {name}"] = tuple((mix / mix.sum()).tolist())
    return mixes


def score_shifts(
    probabilities: FloatArray,
    gold: IntArray,
    mixes: Mapping[str, Sequence[float]],
    *,
    unbiased: FloatArray | None = None,
    trained_mix: Sequence[float] | None = None,
    num_bins: int = 10,
) -> dict[str, ShiftScores]:
    """What other mixes of labels do to calibration, and what correcting gives back.

    Each item is weighed by its label's share in the mix over that in the gold; nothing is drawn.
    `unbiased` are the same items' probabilities with a BiasCorrection from elsewhere, which all
    correcting starts from. `trained_mix` is that of `gold` unless it is given. RecordError for a
    mix of an unseen label.
    """
    unbiased = probabilities if unbiased is None else unbiased
    num_labels = probabilities.shape[1]
    own = label_shares(gold, num_labels)
    trained = _checked_mix(own if trained_mix is None else trained_mix, num_labels)
    scores = {}
    for name, given in mixes.items():
        mix = np.asarray(given, dtype=np.float64) / sum(given)
        if len(mix) != num_labels or (mix[own == 0] > 0).any():
            what = f"asks for a label that none of {len(gold)} items has"
            raise RecordError(f"mix {name}", what, "ask for labels that occur")
        weights = mix[gold] / own[gold]
        estimated = estimate_mix(unbiased, tuple(trained), weights=weights).shares
        scores[name] = ShiftScores(
            tuple(mix.tolist()),
            estimated,
            *(
                score_calibration(rows, gold, weights=weights, num_bins=num_bins)
                for rows in (
                    probabilities,
                    reweigh(unbiased, trained, np.asarray(estimated)),
                    reweigh(unbiased, trained, mix),
                )
            ),
        )
    return scores


def _checked_mix(mix: Sequence[float] | FloatArray, num_labels: int) -> FloatArray:
    shares = np.asarray(mix, dtype=np.float64)
    if shares.shape != (num_labels,) or not (shares > 0).all() or not np.isfinite(shares).all():
        what = f"is {np.round(shares, 4).tolist()}, and each of {num_labels} labels needs a share"
        raise RecordError("the mix of labels in training", what, "calibrate on gold of all labels")
    return np.asarray(shares / shares.sum())
