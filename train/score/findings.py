"""What the figures of a reading say in plain words, where a reader must not miss it."""

from __future__ import annotations

from collections.abc import Iterable

from train.score.comparing import Difference
from train.score.probes import OUTLET_ONLY, TEXT_BLIND
from train.score.scorecard import Reading
from train.score.task_reading import TaskReading

_MEASURE = "macro_f1"


def findings(reading: Reading) -> list[str]:
    """A sentence for each shortcut that explains the first system's stances as well as wording."""
    return _shortcuts(reading.differences, "stance", "the name of the target")


def task_findings(reading: TaskReading) -> list[str]:
    """The same for a task of another set, whose labels may rest on a second text."""
    return _shortcuts(reading.differences, reading.task, "the second text of each pair")


def _shortcuts(differences: Iterable[Difference], task: str, second: str) -> list[str]:
    shortcuts = {OUTLET_ONLY: "the outlet", TEXT_BLIND: second}
    return [
        f"No evidence that {each.system} uses the wording: a system that reads {seen} alone is "
        f"{'ahead of it' if each.verdict == 'behind' else 'not behind it'} "
        f"({each.system} minus {each.other}: {task} macro-F1 {each.value:+.3f} "
        f"[{each.interval.low:+.3f}, {each.interval.high:+.3f}], p = {each.p:.3f})."
        for each in differences
        if each.measure == _MEASURE
        and each.verdict != "ahead"
        and (seen := shortcuts.get(each.other))
    ]
