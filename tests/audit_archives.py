"""Made archives for the audit: true labels, a classifier with known errors, samples, intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from train.data.annotate.draw import allocate
from train.score.ppi import Share, Stratum, estimate_share
from train.score.shares import CodedStratum, measure_shares

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


def simulate_groups(num_coded: int, by: str, *, archives: int, seed: int) -> dict[str, Runs]:
    """Shares of one label in two outlets of unlike size, prevalence and errors, and the difference.

    The outlets are strata of their own only with `label,outlet`.
    """
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, float, float, float]]] = {}
    names = ("شمال", "جنوب")
    for _ in range(archives):
        parts = [make_archive(rng, "blind", 0.2), make_archive(rng, "zealous", 0.1)]
        gold, hard, soft = (np.concatenate([parts[0][n], parts[1][n][:6_000]]) for n in range(3))
        outlet = np.repeat([0, 1], [_SIZE, 6_000])
        stratum = hard * 2 + outlet if "outlet" in by else hard
        rows = [np.flatnonzero(stratum == value) for value in np.unique(stratum)]
        sizes = [len(each) for each in rows]
        counts = allocate(sizes, num_coded, least=10, most=sizes)
        drawn = [rng.choice(each, count, False) for each, count in zip(rows, counts, strict=True)]

        groups = {("all", ""): outlet >= 0}
        groups |= {("outlet", name): outlet == n for n, name in enumerate(names)}
        strata = {
            key: [
                _cut(inside, gold, hard, soft, each, some)
                for each, some in zip(rows, drawn, strict=True)
                if inside[each].any()
            ]
            for key, inside in groups.items()
        }
        audit = measure_shares("stance", ["against"], strata, num_drawn=num_coded)
        truths = {name: float(gold[outlet == n].mean()) for n, name in enumerate(names)}
        for one in audit.groups[1:]:
            (label,), truth = one.labels, truths[one.group]
            assert label.corrected
            share = label.corrected
            found.setdefault(one.group, []).append((truth, share.value, share.low, share.high))
        (gap,) = audit.differences
        truth, ends = truths[gap.first] - truths[gap.second], gap.corrected
        found.setdefault("difference", []).append((truth, ends.value, ends.low, ends.high))
        half = 0.01  # twice what the interval of a share of 6,000 would be
        found.setdefault("naive difference", []).append(
            (truth, gap.naive, gap.naive - half, gap.naive + half)
        )
    return {name: _summarize(np.array(rows)) for name, rows in found.items()}


def _cut(
    group: NDArray[np.bool_],
    gold: NDArray[np.float64],
    hard: NDArray[np.float64],
    soft: NDArray[np.float64],
    rows: NDArray[np.int64],
    drawn: NDArray[np.int64],
) -> CodedStratum:
    """What a group has of one stratum."""
    inside, coded = rows[group[rows]], drawn[group[drawn]]
    return CodedStratum(
        size=len(inside),
        hard=hard[inside].mean(keepdims=True),
        soft=soft[inside].mean(keepdims=True),
        predicted=soft[coded, None],
        gold=gold[coded, None],
    )


def _summarize(rows: NDArray[np.float64]) -> Runs:
    truth, values, low, high = rows.T
    is_held = (low - 1e-12 <= truth) & (truth <= high + 1e-12)
    return Runs(values, float(is_held.mean()), float((high - low).mean() / 2))
