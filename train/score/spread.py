"""How far figures lie apart that were measured more than once: over seeds, and over folds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, float]
"""Figures of one training by name."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean, sample standard deviation (n - 1; None for one value), least and greatest."""

    num_values: int
    mean: float
    deviation: float | None
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of one value or more."""
        deviation = statistics.stdev(values) if len(values) > 1 else None
        return cls(len(values), statistics.fmean(values), deviation, min(values), max(values))

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain JSON."""
        return {
            "values": self.num_values,
            "mean": self.mean,
            "standard_deviation": self.deviation,
            "min": self.low,
            "max": self.high,
        }


@dataclass(frozen=True, slots=True)
class CrossedSpread:
    """Of figures by fold and by seed: what the stories do to them, and what chance does.

    `by_fold` holds means over the seeds (None for a fold without the figure), `folds` is their
    spread; `seeds` is that of the seeds, each by its mean over the same folds.
    """

    by_fold: tuple[float | None, ...]
    folds: Spread
    seeds: Spread


def seed_spreads(by_seed: Mapping[str, Figures]) -> dict[str, Spread]:
    """The spread of each figure over the seeds that have it."""
    return {
        name: Spread.of([figures[name] for figures in by_seed.values() if name in figures])
        for name in _names(by_seed.values())
    }


def fold_spreads(folds: Sequence[Mapping[str, Figures]]) -> dict[str, CrossedSpread]:
    """The spreads of each figure over folds, each with figures by seed.

    A fold that lacks the figure for one seed counts for none: seeds are compared on like folds.
    """
    spreads = {}
    for name in _names(figures for fold in folds for figures in fold.values()):
        table = [
            [figures[name] for figures in fold.values()]
            if all(name in figures for figures in fold.values())
            else None
            for fold in folds
        ]
        whole = [row for row in table if row is not None]
        if whole:
            by_fold = tuple(None if row is None else statistics.fmean(row) for row in table)
            spreads[name] = CrossedSpread(
                by_fold,
                Spread.of([value for value in by_fold if value is not None]),
                Spread.of([statistics.fmean(column) for column in zip(*whole, strict=True)]),
            )
    return spreads


def seed_rows(by_seed: Mapping[str, Figures]) -> list[list[str]]:
    """A table's rows: a figure on each line, its value for each seed, then their spread."""
    rows = [["", *(f"seed {seed}" for seed in by_seed), "mean", "sd", "min", "max"]]
    for name, found in seed_spreads(by_seed).items():
        cells = [*(figures.get(name) for figures in by_seed.values())]
        cells += [found.mean, found.deviation, found.low, found.high]
        rows.append([name, *map(show, cells)])
    return rows


def fold_rows(folds: Sequence[Mapping[str, Figures]]) -> list[list[str]]:
    """A table's rows: a figure on each line, its value for each fold, then mean and both spreads.

    The spread of the seeds is left out where there is one seed alone.
    """
    has_seeds = any(len(fold) > 1 for fold in folds)
    rows = [["", *(f"fold {number}" for number in range(len(folds))), "mean", "sd of folds"]]
    rows[0] += ["sd of seeds"] * has_seeds
    for name, found in fold_spreads(folds).items():
        cells = [*found.by_fold, found.folds.mean, found.folds.deviation]
        cells += [found.seeds.deviation] * has_seeds
        rows.append([name, *map(show, cells)])
    return rows


def align(rows: Sequence[Sequence[Any]]) -> str:
    """The rows with their columns one below the other: the first to the left, others right."""
    widths = [max(map(len, map(str, column))) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [str(cell).rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([f"  {first:<{widths[0]}}", *cells]).rstrip())
    return "\n".join(lines)


def show(value: float | None) -> str:
    """A figure to four places; a dash where there is none."""
    return "–" if value is None else f"{value:.4f}"


def _names(figures: Any) -> list[str]:
    return list(dict.fromkeys(name for each in figures for name in each))
