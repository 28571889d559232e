"""Calibration as a table, and as what the page draws of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from train.score.calibration import CalibrationScores
from train.score.figures import figure_with
from train.score.reliability import Reliability
from train.score.tables import Table

_SIDE = 180  # of a diagram, in its own units


@dataclass(frozen=True, slots=True)
class Diagram:
    """A reliability diagram: `bars` as (x, height, label) with the diagonal as the ideal; and the
    risk-coverage curve as the points of a polyline, empty where nothing is predicted."""

    title: str
    bars: tuple[tuple[float, float, str], ...]
    curve: str


def reliability_table(found: Mapping[str, Reliability]) -> Table | None:
    """Scores before and after each task's temperature; None where no task is calibrated."""
    if not found:
        return None
    return Table(
        title="Calibration on the test split",
        note=(
            "ECE: 10 bins of equal width, of the likeliest label (of a tag of a word for spans, "
            "nearly all of them none); Brier: 0 to 2. The temperature and the threshold of saying "
            "“not sure” were fitted on validation."
        ),
        header=("task", "temperature", "ECE before", "ECE after [interval]", "Brier before",
                "Brier after [interval]", "n", "sure: share, wrong among them"),
        rows=tuple(
            (
                task,
                f"{one.temperature:.2f}",
                f"{one.before.ece:.3f}",
                _with(one.after, "ece"),
                f"{one.before.brier:.3f}",
                _with(one.after, "brier"),
                str(one.after.num_items),
                _kept(one),
            )
            for task, one in found.items()
        ),
    )  # fmt: skip


def diagrams(found: Mapping[str, Reliability]) -> list[Diagram]:
    """A diagram before and one after the temperature for each task; the curve with the second."""
    drawn = []
    for task, one in found.items():
        drawn.append(Diagram(f"{task}, before", _bars(one.before), ""))
        points = ""
        if one.curve is not None:
            points = " ".join(
                f"{_SIDE * coverage:.1f},{_SIDE * (1 - risk):.1f}"
                for coverage, risk in zip(one.curve.coverages, one.curve.risks, strict=True)
            )
        drawn.append(
            Diagram(f"{task}, temperature {one.temperature:.2f}", _bars(one.after), points)
        )
    return drawn


def _bars(scores: CalibrationScores) -> tuple[tuple[float, float, str], ...]:
    return tuple(
        (
            round(_SIDE * made.low, 1),
            round(_SIDE * made.accuracy, 1),
            f"{made.num_items} at {made.confidence:.2f}: {made.accuracy:.2f} right",
        )
        for made in scores.bins
        if made.accuracy is not None and made.confidence is not None
    )


def _with(scores: CalibrationScores, name: str) -> str:
    interval = scores.ece_interval if name == "ece" else scores.brier_interval
    value = scores.ece if name == "ece" else scores.brier
    return f"{value:.3f}" if interval is None else figure_with(value, interval)


def _kept(one: Reliability) -> str:
    if one.kept is None:
        return "no threshold"
    risk = "–" if one.kept.risk is None else f"{one.kept.risk:.3f}"
    return f"{one.kept.coverage:.3f}, {risk}"
