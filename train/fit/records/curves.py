"""The curves of a training as one picture: losses above, scores on the validation split below."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from model.archive.atomic import AtomicFile, output_errors
from model.errors import InputError
from train.settings import LAST, LOSS, MEAN

Line = Mapping[str, float]
"""One line of the metrics: an epoch, a step and figures by name."""

_EVAL = "eval_"
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#7f6b3f", "#7a7a7a")
_INK, _SOFT, _PALE = "#1d2430", "#5b6575", "#9aa7b8"
_MOST_MARKERS = 40
_DPI = 120
_STYLE = {
    "font.family": ["DejaVu Sans"],  # it comes with matplotlib
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _SOFT,
    "axes.edgecolor": "#b4bfcc",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6eaf0",
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "legend.frameon": False,
    "text.parse_math": False,  # a name is no formula
}


def plot_curves(
    metrics: Path, picture: Path, *, best_by: str = MEAN, losses: Collection[str] = ()
) -> None:
    """Draw a `metrics.jsonl` as a PNG: the same lines give the same bytes.

    `losses` are measured on held-out data beside `loss`, and no scores: less of them is better.

    The best epoch is that of `best_by` (a task, `mean`, `loss`), of the mean or the loss where no
    line holds it; where the last one was kept, `last`, none is marked. Without any figure there is
    no picture, and an older one is removed.
    """
    lines = _read(metrics)
    with output_errors(picture):
        if not lines:
            picture.unlink(missing_ok=True)
            return
        picture.parent.mkdir(parents=True, exist_ok=True)
        # Neither a matplotlibrc nor what a host program has set decides how the picture looks.
        settings: dict[Any, Any] = {**matplotlib.rcParamsDefault} | _STYLE
        del settings["backend"]  # to set it loads pyplot, and no context would take it back
        with matplotlib.rc_context(settings):
            _write(draw_curves(lines, best_by, losses), picture)


def draw_curves(lines: Sequence[Line], best_by: str = MEAN, losses: Collection[str] = ()) -> Figure:
    """Losses, and below them scores where a line has some, over the same epochs.

    One line at least, with a loss of training or validation.
    """
    names = [name.removeprefix(_EVAL) for line in lines for name in line if name.startswith(_EVAL)]
    tasks = [name for name in dict.fromkeys(names) if name not in (LOSS, MEAN, *losses)]
    # Of one task alone the mean would hide the curve.
    scores = tasks + ([MEAN] if MEAN in names and len(tasks) != 1 else [])
    figure = Figure(figsize=(9, 6 if scores else 3.6), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(2 if scores else 1, sharex=True, squeeze=False)[:, 0])
    _plot(panels[0], lines, LOSS, "training", _PALE)
    _plot(panels[0], lines, _EVAL + LOSS, "validation", _INK)
    for name, colour in zip(losses, cycle(_COLOURS)):
        _plot(panels[0], lines, _EVAL + name, name, colour)
    panels[0].set_ylabel("loss")
    panels[0].set_ylim(bottom=0)
    if scores:
        for name, colour in zip(scores, cycle(_COLOURS)):
            colour, width = (_INK, 2.0) if name == MEAN else (colour, 1.5)
            _plot(panels[1], lines, _EVAL + name, name, colour, width)
        panels[1].set_ylabel("score on validation")
        panels[1].set_ylim(0, 1)
    if best_by != LAST:
        order = [name for name in (best_by, MEAN, *tasks) if name in (*scores, LOSS)]
        _mark_best(panels, lines, [*order, LOSS])
    for axes in panels:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    last = max(line["epoch"] for line in lines)
    panels[-1].set_xlabel("epoch")
    panels[-1].set_xlim(0, 1.02 * (last or 1))
    panels[-1].xaxis.set_major_locator(MaxNLocator("auto", integer=last >= 1))
    return figure


def _read(metrics: Path) -> list[Line]:
    try:
        text = metrics.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(metrics, f"cannot be read ({error})", "run nabra finetune first") from None
    lines: list[Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            figures = {
                name: float(value)
                for name, value in json.loads(line).items()
                if name in ("epoch", LOSS) or name.startswith(_EVAL)
            }
            figures["epoch"]
        except (ValueError, TypeError, AttributeError, KeyError):
            fix = "run nabra finetune again"
            raise InputError(f"{metrics}:{number}", "is no line of metrics", fix) from None
        lines.append(figures)
    return lines


def _plot(
    axes: Axes, lines: Sequence[Line], name: str, label: str, colour: str, width: float = 1.5
) -> None:
    """One curve over the lines that hold the figure; with few points each is marked."""
    points = [(line["epoch"], line[name]) for line in lines if name in line]
    if points:
        epochs, values = zip(*points, strict=True)
        (curve,) = axes.plot(epochs, values, color=colour, linewidth=width, label=label)
        curve.set_clip_on(False)
        if len(points) <= _MOST_MARKERS:
            curve.set(marker="o", markersize=3.5)


def _mark_best(panels: Sequence[Axes], lines: Sequence[Line], names: Sequence[str]) -> None:
    """A line through all panels at the best epoch by the first of the names that has figures.

    Among equals it is the earliest, which is the one that the Trainer keeps.
    """
    for name in names:
        sign = 1 if name == LOSS else -1
        points = [
            (sign * line[_EVAL + name], line["epoch"])
            for line in lines
            if math.isfinite(line.get(_EVAL + name, math.nan))
        ]
        if points:
            _, epoch = min(points)
            for axes in panels:
                label = f"best epoch: {epoch:g}\n(by {name})" if axes is panels[0] else None
                axes.axvline(epoch, color=_SOFT, lw=1, ls=(0, (4, 3)), zorder=1, label=label)
            return


def _write(figure: Figure, picture: Path) -> None:
    """Whole or not at all, without a date or the version of the drawing program."""
    file = AtomicFile(picture)
    try:
        figure.savefig(file.stream, format="png", metadata={"Software": None})
        file.commit()
    except BaseException:
        file.discard()
        raise
