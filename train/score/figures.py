"""How figures are written in the tables."""

from __future__ import annotations

from train.score.bootstrap import Interval
from train.score.counts import LabelScores


def figure(value: float | None) -> str:
    """Three places; – where there is none."""
    return "–" if value is None else f"{value:.3f}"


def figure_with(value: float, interval: Interval) -> str:
    """A figure and its interval: `0.612 [0.520, 0.700]`."""
    return f"{figure(value)} {bounds(interval)}"


def bounds(interval: Interval, sign: str = "") -> str:
    """`[0.520, 0.700]`, with `sign` as in a format."""
    return f"[{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"


def level_text(interval: Interval) -> str:
    """What such an interval is called: `[95% interval]`."""
    return f"[{interval.level:.0%} interval]"


def precision_recall(scores: LabelScores) -> str:
    """Both in one cell."""
    return f"{figure(scores.precision)} / {figure(scores.recall)}"
