"""Prediction-powered inference: shares of labels in an archive of which a sample was hand-coded.

The classifier labels every unit, people a random sample. With λ, the share is what the predictions
say, λ·mean(f), plus what they miss, mean(y − λf) over the sample, stratum by stratum: λ = 1 is
Angelopoulos et al. 2023 (Science 382), the λ of least variance is PPI++ (arXiv:2311.01453), λ = 0
is the sample alone. The archive is finite and its predictions are all known, so they add no error,
and the sample's carries the finite-population correction. Units are drawn one by one within strata,
without replacement: what resembles itself within an article then biases nothing and needs no
cluster variance. A sample of whole articles would need it; this module is not for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from scipy.stats import norm

from model.errors import RecordError
from train.score.counts import FloatArray

_PSEUDO_ERRORS = 2.0
"""Half of 1.96², as Agresti and Coull add: no error seen in 50 units is no proof of none."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """`size` units of the archive, and those of them that were drawn at random and coded.

    `mean` is that of the predictions f over the whole stratum; `predicted` (coded,) holds the f of
    the coded units, from 0 to 1, and `gold` (coded,) what people say, 0 or 1.
    """

    size: int
    mean: float
    predicted: FloatArray
    gold: FloatArray


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its interval; `standard_error` is that of the normal theory.

    `tuning` is λ; `size` and `num_coded` count units. `uncoded` is the part of the units that lie
    in strata without any coded unit: there the predictions stand, and the interval covers anything.
    """

    value: float
    low: float
    high: float
    level: float
    standard_error: float
    tuning: float
    size: int
    num_coded: int
    uncoded: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One share less another, with its interval."""

    value: float
    low: float
    high: float
    level: float


def estimate_share(
    strata: Sequence[Stratum], *, tuning: float | None = None, level: float = 0.95
) -> Share:
    """The share of a label in all strata together; without `tuning`, λ is chosen by `tune`.

    The interval joins one Wilson interval a stratum (of the effective sample size, as Korn and
    Graubard 1998 have it) by the distances of its ends, MOVER of Zou and Donner 2008: near 0 and 1,
    and with few or no errors seen, the normal one is too short. RecordError for impossible counts.
    """
    size = sum(stratum.size for stratum in strata)
    num_coded = sum(map(_check, strata))
    if not num_coded:
        raise RecordError("share", "no unit is coded", "code some of the sample")
    factor = tune(strata) if tuning is None else tuning
    quantile = float(norm.ppf((1 + level) / 2))
    value = below = above = variance = reach_below = reach_above = uncoded = 0.0
    for stratum in strata:
        weight = stratum.size / size
        if not len(stratum.gold):
            value += weight * stratum.mean
            reach_below += weight * stratum.mean
            reach_above += weight * (1 - stratum.mean)
            uncoded += weight
            continue
        errors = stratum.gold - factor * stratum.predicted
        share = factor * stratum.mean + float(errors.mean())
        low, high = wilson_interval(share, _effective_size(stratum, errors), quantile)
        value += weight * share
        inside = _clip(share)
        below += (weight * (inside - low)) ** 2
        above += (weight * (high - inside)) ** 2
        variance += weight**2 * _variance_of_mean(stratum, _spread(errors))
    return Share(
        value=_clip(value),
        low=_clip(value - sqrt(below) - reach_below),
        high=_clip(value + sqrt(above) + reach_above),
        level=level,
        standard_error=sqrt(variance),
        tuning=factor,
        size=size,
        num_coded=num_coded,
        uncoded=uncoded,
    )


def estimate_difference(first: Share, second: Share) -> Difference:
    """The first share less the second, of two groups without a unit in common (MOVER)."""
    value = first.value - second.value
    below = (first.value - first.low, second.high - second.value)
    above = (first.high - first.value, second.value - second.low)
    return Difference(
        value=value,
        low=max(-1.0, value - float(np.hypot(*below))),
        high=min(1.0, value + float(np.hypot(*above))),
        level=first.level,
    )


def tune(strata: Sequence[Stratum]) -> float:
    """The λ from 0 to 1 of least variance; 1 where predictions do not vary within any stratum."""
    shared = own = 0.0
    for stratum in strata:
        if len(stratum.gold) < 2:
            continue
        factor = stratum.size**2 * _variance_of_mean(stratum, 1.0)
        (variance, covariance), _ = np.cov(stratum.predicted, stratum.gold)
        shared += factor * float(covariance)
        own += factor * float(variance)
    return _clip(shared / own) if own > 1e-12 else 1.0


def wilson_interval(share: float, size: float, quantile: float) -> tuple[float, float]:
    """Wilson's interval of a share that was seen in `size` draws, which may be no whole number."""
    share = _clip(share)
    if size == inf:
        return share, share
    square = quantile**2
    centre = (share + square / (2 * size)) / (1 + square / size)
    half = sqrt(share * (1 - share) / size + square / (4 * size**2)) / (1 + square / size)
    half *= quantile
    # At 0 and 1 rounding must not leave the share itself outside.
    return min(share, _clip(centre - half)), max(share, _clip(centre + half))


def _check(stratum: Stratum) -> int:
    num_coded = len(stratum.gold)
    if len(stratum.predicted) != num_coded or not num_coded <= stratum.size or not stratum.size:
        raise RecordError(
            "stratum", f"{stratum.size} units cannot hold {num_coded} coded ones", "draw anew"
        )
    return num_coded


def _effective_size(stratum: Stratum, errors: FloatArray) -> float:
    """How many units of a plain sample say as much: more where predictions explain the labels."""
    num = len(errors)
    if num == stratum.size:
        return inf
    smooth = [
        ((num - 1) * _spread(values) + _PSEUDO_ERRORS) / (num + 2 * _PSEUDO_ERRORS)
        for values in (stratum.gold, errors)
    ]
    return num * smooth[0] / smooth[1] / (1 - num / stratum.size)


def _variance_of_mean(stratum: Stratum, spread: float) -> float:
    num = len(stratum.gold)
    return (1 - num / stratum.size) * spread / num


def _spread(values: FloatArray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else 0.0


def _clip(value: float) -> float:
    return min(1.0, max(0.0, value))
