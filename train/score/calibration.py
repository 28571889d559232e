"""How far probabilities can be taken at their word: reliability, ECE, Brier score, temperature.

Confidence is the probability of the likeliest label. `weights` let a sample stand for another mix
of labels; without them every item counts alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from model.errors import RecordError
from train.score.bootstrap import Interval, story_interval
from train.score.counts import FloatArray, IntArray

Binning = Literal["width", "mass"]

MIN_ITEMS = 30
"""Fewer labels than these fit no temperature."""

_COLDEST, _HOTTEST = 0.05, 20.0
_TOLERANCE = 1e-6  # of the temperature's logarithm
_ROUNDING = 1e-9  # by which a probability may pass 1


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Items with a confidence in (low, high]; the first bin holds its lower edge too.

    `share` is that of all weight; `confidence` and `accuracy` are means, None in an empty bin.
    """

    low: float
    high: float
    num_items: int
    share: float
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class ConfidenceScores:
    """How often predictions are right beside how sure they are; `ece` lies in [0, 1], 0 is best.

    Its interval is over stories, None where none were given. It is biased upwards, as ECE itself
    is: chance alone parts confidence and accuracy of a small bin, and a resample does so once more.
    Compare ECEs of the same items; read one beside its bins.
    """

    num_items: int
    accuracy: float
    confidence: float
    ece: float
    ece_interval: Interval | None
    binning: Binning
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class CalibrationScores(ConfidenceScores):
    """Of whole distributions: `brier` lies in [0, 2], `nll` is in nats; both are best at 0."""

    brier: float
    brier_interval: Interval | None
    nll: float


@dataclass(frozen=True, slots=True)
class TemperatureFit:
    """`reason` says why the temperature is 1 where none could be fitted, else it is None."""

    temperature: float
    num_items: int
    nll_before: float
    nll_after: float
    reason: str | None = None


def score_calibration(
    probabilities: FloatArray,
    gold: IntArray,
    *,
    stories: Sequence[str] | None = None,
    weights: FloatArray | None = None,
    num_bins: int = 10,
    binning: Binning = "width",
    num_resamples: int = 1000,
    seed: int = 0,
) -> CalibrationScores:
    """Scores of probabilities, (items, labels), against the numbers of the gold labels, (items).

    Bins are of equal `width` between 0 and 1, or hold equal `mass` of the items. ECE is that of the
    likeliest label (Guo et al. 2017). RecordError for what are no probabilities or labels.
    """
    check_probabilities(probabilities, gold)
    weights = np.ones(len(gold)) if weights is None else weights
    confident = score_confidences(
        probabilities.max(axis=1),
        probabilities.argmax(axis=1) == gold,
        stories=stories,
        weights=weights,
        num_bins=num_bins,
        binning=binning,
        num_resamples=num_resamples,
        seed=seed,
    )
    owners = _number_stories(stories, len(gold))
    shape = (int(owners.max()) + 1,)
    sums = _sums((owners,), shape, [weights * brier_terms(probabilities, gold), weights])
    likelihoods = nll_terms(np.log(_positive(probabilities)), gold)
    return CalibrationScores(
        **{item.name: getattr(confident, item.name) for item in fields(confident)},
        brier=float(_mean(sums.sum(axis=0))),
        brier_interval=None
        if stories is None
        else story_interval(_mean, sums, num_resamples=num_resamples, seed=seed),
        nll=float(np.average(likelihoods, weights=weights)),
    )


def score_confidences(
    confidences: FloatArray,
    is_right: NDArray[np.bool_],
    *,
    stories: Sequence[str] | None = None,
    weights: FloatArray | None = None,
    num_bins: int = 10,
    binning: Binning = "width",
    num_resamples: int = 1000,
    seed: int = 0,
) -> ConfidenceScores:
    """Scores of predictions of any kind, each with one confidence between 0 and 1, (items) each.

    RecordError where there are none, or a confidence is none.
    """
    if not len(confidences) or confidences.shape != is_right.shape:
        what = f"{confidences.shape} confidences for {is_right.shape} predictions"
        raise RecordError("calibration", what, "give one for each, and at least one")
    if not ((confidences >= 0) & (confidences <= 1 + _ROUNDING)).all():
        raise RecordError("calibration", "a confidence lies outside of 0 and 1")
    weights = np.ones(len(confidences)) if weights is None else weights
    edges = _edges(confidences, num_bins, binning)
    places = np.searchsorted(edges[1:-1], confidences)  # as scikit-learn's calibration_curve
    owners = _number_stories(stories, len(confidences))
    shape = (int(owners.max()) + 1, max(len(edges) - 1, 1))
    sums = _sums((owners, places), shape, [weights, weights * confidences, weights * is_right])
    total = sums.sum(axis=0)
    return ConfidenceScores(
        num_items=len(confidences),
        accuracy=float(np.average(is_right, weights=weights)),
        confidence=float(np.average(confidences, weights=weights)),
        ece=float(_ece(total)),
        ece_interval=None
        if stories is None
        else story_interval(_ece, sums, num_resamples=num_resamples, seed=seed),
        binning=binning,
        bins=_bins(edges, total, np.bincount(places, minlength=len(total))),
    )


def fit_temperature(logits: FloatArray, gold: IntArray) -> TemperatureFit:
    """The temperature that makes the gold labels likeliest (Guo et al. 2017): a softmax of logits
    divided by it. `logits` is (items, labels) and may be log-probabilities.

    It stays 1 where it cannot be told: too few labels, all of one kind, or a likelihood that is
    best at no temperature between 0.05 and 20. RecordError for what are no logits or labels.
    """
    _check_items(logits, gold)
    before = _nll(logits, gold, 1.0)

    def stay(reason: str) -> TemperatureFit:
        return TemperatureFit(1.0, len(gold), before, before, reason)

    if len(gold) < MIN_ITEMS:
        return stay(f"{len(gold)} labels are too few to fit it on, {MIN_ITEMS} are needed")
    if len(np.unique(gold)) < 2:
        return stay("all labels are the same one")
    # Convex in 1/T, so it has one minimum in log T, too.
    found = minimize_scalar(
        lambda log_temperature: _nll(logits, gold, float(np.exp(log_temperature))),
        bounds=(np.log(_COLDEST), np.log(_HOTTEST)),
        method="bounded",
        options={"xatol": _TOLERANCE},
    )
    temperature = float(np.exp(found.x))
    if not _COLDEST * 1.01 < temperature < _HOTTEST / 1.01:
        side = "every label is foreseen" if temperature < 1 else "the logits tell nothing of them"
        return stay(f"no temperature between {_COLDEST} and {_HOTTEST:g} is best: {side}")
    return TemperatureFit(temperature, len(gold), before, _nll(logits, gold, temperature))


def brier_terms(probabilities: FloatArray, gold: IntArray) -> FloatArray:
    """Of each item the squared error summed over all labels, 0 to 2 (Brier 1950).

    For two labels that is twice what many programs call Brier score.
    """
    hits = np.zeros_like(probabilities)
    hits[np.arange(len(gold)), gold] = 1
    return np.asarray(((probabilities - hits) ** 2).sum(axis=1))


def nll_terms(logits: FloatArray, gold: IntArray) -> FloatArray:
    """Of each item the negative log-likelihood of its gold label, in nats."""
    return np.asarray(-log_softmax(logits, axis=1)[np.arange(len(gold)), gold])


def check_probabilities(probabilities: FloatArray, gold: IntArray | None = None) -> None:
    """RecordError unless the rows are distributions, and `gold` numbers their labels."""
    _check_items(probabilities, gold)
    if (probabilities < 0).any() or not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise RecordError("probabilities", "a row is negative somewhere or does not sum to 1")


def _check_items(rows: FloatArray, gold: IntArray | None) -> None:
    where = "calibration"
    if rows.ndim != 2 or not rows.size:
        raise RecordError(where, f"items of the shape {rows.shape}, where (items, labels) is due")
    if not np.isfinite(rows).all():
        raise RecordError(where, "a value is not finite")
    if gold is None:
        return
    if gold.shape != rows.shape[:1]:
        raise RecordError(where, f"{gold.shape} gold labels for {rows.shape[:1]} items")
    if gold.min() < 0 or gold.max() >= rows.shape[1]:
        raise RecordError(where, f"a gold label is none of the {rows.shape[1]} labels")


def _nll(logits: FloatArray, gold: IntArray, temperature: float) -> float:
    return float(nll_terms(logits / temperature, gold).mean())


def _positive(probabilities: FloatArray) -> FloatArray:
    """A likelihood of 0 would make a mean infinite: it counts as the least positive number."""
    return np.maximum(probabilities, np.finfo(np.float64).tiny)


def _edges(confidences: FloatArray, num_bins: int, binning: Binning) -> FloatArray:
    """Lower and upper edges of the bins, (bins + 1); those of equal mass lie at quantiles."""
    steps = np.arange(num_bins + 1) / num_bins  # linspace gives 0.30000000000000004
    # Many items of one confidence would give bins that nothing can fall into.
    return steps if binning == "width" else np.unique(np.quantile(confidences, steps))


def _number_stories(stories: Sequence[str] | None, num_items: int) -> IntArray:
    """The number of each item's story; without stories all are of one."""
    if stories is None:
        return np.zeros(num_items, dtype=np.int64)
    position = {story: number for number, story in enumerate(dict.fromkeys(stories))}
    return np.array([position[story] for story in stories])


def _sums(
    cells: tuple[IntArray, ...], shape: tuple[int, ...], values: Sequence[NDArray[Any]]
) -> FloatArray:
    """Sums of each of the values over the items of a cell, (*shape, values)."""
    flat = np.ravel_multi_index(cells, shape)
    size = int(np.prod(shape))
    columns = [np.bincount(flat, weights=column, minlength=size) for column in values]
    return np.stack(columns, axis=-1).reshape(*shape, len(values)).astype(np.float64)


def _ece(sums: NDArray[Any]) -> FloatArray:
    """Weight, confidence and hits by bin, (…, bins, 3) → (…): their mean distance by weight."""
    gaps = np.abs(sums[..., 1] - sums[..., 2]).sum(axis=-1)
    return np.asarray(gaps / sums[..., 0].sum(axis=-1))


def _mean(sums: NDArray[Any]) -> FloatArray:
    """(…, 2) → (…): the sum over the weight."""
    return np.asarray(sums[..., 0] / sums[..., 1])


def _bins(edges: FloatArray, sums: FloatArray, counts: IntArray) -> tuple[ReliabilityBin, ...]:
    whole = sums[:, 0].sum()
    return tuple(
        ReliabilityBin(
            low=float(edges[i]),
            high=float(edges[min(i + 1, len(edges) - 1)]),
            num_items=int(counts[i]),
            share=float(weight / whole),
            confidence=float(confidence / weight) if weight else None,
            accuracy=float(hits / weight) if weight else None,
        )
        for i, (weight, confidence, hits) in enumerate(sums)
    )
