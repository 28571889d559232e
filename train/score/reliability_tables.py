"""Calibration as a table, and as what the page draws of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from train.score.bootstrap import Interval
from train.score.calibration import CalibrationScores, ConfidenceScores
from train.score.figures import figure_with
from train.score.label_shift import ShiftScores
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
                _with(one.after.ece, one.after.ece_interval),
                f"{one.before.brier:.3f}",
                _with(one.after.brier, one.after.brier_interval),
                str(one.after.num_items),
                _kept(one),
            )
            for task, one in found.items()
        ),
    )  # fmt: skip


def span_table(found: Mapping[str, Reliability]) -> Table | None:
    """How sure predicted spans are, beside how many are right; None where none was corrected."""
    rows = tuple(
        (
            task,
            str(one.predicted.num_items),
            f"{one.predicted.accuracy:.3f}",
            f"{one.uncorrected.confidence:.3f}",
            f"{one.predicted.confidence:.3f}",
            f"{one.uncorrected.ece:.3f}",
            _with(one.predicted.ece, one.predicted.ece_interval),
        )
        for task, one in found.items()
        if one.predicted is not None and one.uncorrected is not None
    )
    if not rows:
        return None
    return Table(
        title="Confidence of predicted spans",
        note=(
            "A span is right with the gold's borders and category. Its confidence is the mean "
            "probability of its tags; on validation a slope and a shift of its log-odds were "
            "fitted to how often spans are right. Which spans are predicted does not change."
        ),
        header=("task", "spans", "right", "mean confidence before", "after", "ECE before",
                "ECE after [interval]"),
        rows=rows,
    )  # fmt: skip


def shift_table(task: str, one: Reliability) -> Table | None:
    """Calibration under other mixes of labels, and corrected; None where none was tried."""
    if not one.shifts:
        return None
    error = (
        ""
        if one.mix_error is None
        else (f" On halves of the validation stories an estimated mix was {one.mix_error:.2f} off.")
    )
    return Table(
        title=f"{task}: when labels are mixed otherwise",
        note=(
            "The same predictions, with the test split's labels weighed to other mixes, and "
            "corrected by the mix (Bayes), after what the network prefers one label by was taken "
            "out, as fitted on validation: by the true mix, and by the one that the predictions "
            "alone give (EM). Off: half the summed distance of that mix from the true one."
            f"{error}"
        ),
        header=("mix", "labels", "ECE", "by the true mix", "by the estimated", "Brier",
                "by the true mix", "by the estimated", "off"),
        rows=tuple(
            (
                name,
                " / ".join(f"{share:.2f}" for share in shift.mix),
                *(f"{scores.ece:.3f}" for scores in _of_shift(shift)),
                *(f"{scores.brier:.3f}" for scores in _of_shift(shift)),
                f"{shift.mix_distance:.2f}",
            )
            for name, shift in one.shifts.items()
        ),
    )  # fmt: skip


def _of_shift(shift: ShiftScores) -> tuple[CalibrationScores, ...]:
    return shift.uncorrected, shift.by_true_mix, shift.corrected


def calibration_tables(found: Mapping[str, Reliability]) -> list[Table]:
    """All tables of calibration; none where no task is calibrated."""
    tables = [reliability_table(found), span_table(found)]
    tables += [shift_table(task, one) for task, one in found.items()]
    return [table for table in tables if table]


def diagrams(found: Mapping[str, Reliability]) -> list[Diagram]:
    """A diagram before and one after the temperature for each task; the curve with the second.

    Two more of the spans where their confidence is corrected.
    """
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
        if one.uncorrected is not None and one.predicted is not None:
            drawn.append(Diagram(f"{task}, spans before", _bars(one.uncorrected), ""))
            drawn.append(Diagram(f"{task}, spans corrected", _bars(one.predicted), ""))
    return drawn


def _bars(scores: ConfidenceScores) -> tuple[tuple[float, float, str], ...]:
    return tuple(
        (
            round(_SIDE * made.low, 1),
            round(_SIDE * made.accuracy, 1),
            f"{made.num_items} at {made.confidence:.2f}: {made.accuracy:.2f} right",
        )
        for made in scores.bins
        if made.accuracy is not None and made.confidence is not None
    )


def _with(value: float, interval: Interval | None) -> str:
    return f"{value:.3f}" if interval is None else figure_with(value, interval)


def _kept(one: Reliability) -> str:
    if one.kept is None:
        return "no threshold"
    risk = "–" if one.kept.risk is None else f"{one.kept.risk:.3f}"
    return f"{one.kept.coverage:.3f}, {risk}"
