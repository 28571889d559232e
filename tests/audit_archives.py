"""Made archives for the audit: true labels, a classifier with known errors, samples, intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.data.annotate.draw import allocate
from train.score.ppi import Share, Stratum, estimate_share

# Of the units with the label, how many are found; of the others, how many are falsely given it.
CLASSIFIERS: Mapping[str, tuple[float, float]] = {
    "blind": (0.5, 0.005),
    "fair": (0.85, 0.03),
    "zealous": (0.95, 0.12),
}
_SIZE, _ARTICLE = 20_000, 20
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Runs:
    """One method over all archives: estimates, whether its interval held the truth, how wide."""

    values: NDArray[np.float64]
    coverage: float
    half_width: float


def simulate(
    classifier: str, num_coded: int, prevalence: float, *, archives: int, seed: int
) -> dict[str, Runs]:
    """naive, classical, ppi (λ=1), ppi++ from a plain sample; normal and audit from a stratified.

    `truth` has the true shares as its values. All but `normal` and `naive` use the Wilson-MOVER
    interval; `audit` uses scores beside the strata by predicted label.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, float, float, float]]] = {}

    def note(name: str, truth: float, share: Share) -> None:
        found.setdefault(name, []).append((truth, share.value, share.low, share.high))

    for _ in range(archives):
        gold, hard, soft = make_archive(rng, classifier, prevalence)
        truth, naive = float(gold.mean()), float(hard.mean())
        error = _Z * float(np.sqrt(naive * (1 - naive) / len(hard)))
        found.setdefault("truth", []).append((truth,) * 4)
        found.setdefault("naive", []).append((truth, naive, naive - error, naive + error))
        plain = rng.choice(len(gold), num_coded, replace=False)
        one = [Stratum(len(gold), naive, hard[plain], gold[plain])]
        note("classical", truth, estimate_share(one, tuning=0))
        note("ppi", truth, estimate_share(one, tuning=1))
        note("ppi++", truth, estimate_share(one))
        rows = [np.flatnonzero(hard == value) for value in (0, 1)]
        rows = [each for each in rows if len(each)]
        sizes = [len(each) for each in rows]
        counts = allocate(sizes, num_coded, least=10, most=sizes)
        strata = []
        for each, count in zip(rows, counts, strict=True):
            drawn = rng.choice(each, count, replace=False)
            strata.append(Stratum(len(each), float(soft[each].mean()), soft[drawn], gold[drawn]))
        share = estimate_share(strata)
        note("audit", truth, share)
        error = _Z * share.standard_error
        found.setdefault("normal", []).append(
            (truth, share.value, share.value - error, share.value + error)
        )
    return {name: _summarize(np.array(rows)) for name, rows in found.items()}


def make_archive(
    rng: np.random.Generator, classifier: str, prevalence: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(gold, predicted label, score) of every unit; articles differ in how often they have it."""
    sensitivity, false_alarms = CLASSIFIERS[classifier]
    articles = rng.beta(0.5, 0.5 * (1 - prevalence) / prevalence, size=_SIZE // _ARTICLE)
    gold = (rng.random(_SIZE) < np.repeat(articles, _ARTICLE)).astype(float)
    hard = (rng.random(_SIZE) < np.where(gold == 1, sensitivity, false_alarms)).astype(float)
    # Scores know a little more than the label: they lean towards the truth, and are overconfident.
    lean = rng.normal(2.5 * (2 * hard - 1) + 0.8 * (2 * gold - 1), 1.0)
    soft = 1 / (1 + np.exp(-np.where(hard == 1, np.maximum(lean, 0), np.minimum(lean, 0))))
    return gold, hard, soft


def _summarize(rows: NDArray[np.float64]) -> Runs:
    truth, values, low, high = rows.T
    is_held = (low - 1e-12 <= truth) & (truth <= high + 1e-12)
    return Runs(values, float(is_held.mean()), float((high - low).mean() / 2))
