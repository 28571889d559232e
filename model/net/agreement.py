"""Whether two classifiers say the same of the same sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from model.records import Prediction
from model.tasks import LOADED_TERMS, STANCE, Task

LEAST = 0.995  # of labels that are equal; F1 of spans
FEWEST = 100  # labels or spans: of fewer, 0.995 says nothing


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of one task: `num_compared` labels, or spans of the first; `share`: those equal, or F1."""

    task: str
    kind: str
    num_compared: int
    share: float

    @property
    def is_enough(self) -> bool:
        """Whether there were enough to compare, and they agree."""
        return self.num_compared >= FEWEST and self.share >= LEAST

    def __str__(self) -> str:
        of = "labels equal" if self.kind == "classify" else "F1 of spans"
        return f"{self.task}: {self.share:.4f} {of}, {self.num_compared} compared"


def compare(
    tasks: Sequence[Task], first: Sequence[Prediction], second: Sequence[Prediction]
) -> list[Agreement]:
    """For each task that sentences are asked for, how far the second says what the first says."""
    asked = [task for task in tasks if not task.pair or task == STANCE]
    return [_compare(task, first, second) for task in asked]


def _compare(task: Task, first: Sequence[Prediction], second: Sequence[Prediction]) -> Agreement:
    if task.kind == "classify":
        pairs = list(zip(_labels(task, first), _labels(task, second), strict=True))
        equal = sum(one == other for one, other in pairs)
        return Agreement(task.name, task.kind, len(pairs), equal / max(len(pairs), 1))
    ours, theirs = _spans(task, first), _spans(task, second)
    f1 = 2 * len(ours & theirs) / max(len(ours) + len(theirs), 1)
    return Agreement(task.name, task.kind, len(ours), f1)


def _labels(task: Task, predictions: Iterable[Prediction]) -> list[Any]:
    if task == STANCE:
        return [stance.label for each in predictions for stance in each.stances]
    return [each.classes[task.name]["label"] for each in predictions]


def _spans(task: Task, predictions: Iterable[Prediction]) -> set[tuple[int, int, int, str]]:
    if task == LOADED_TERMS:
        return {
            (number, term.start, term.end, term.category)
            for number, each in enumerate(predictions)
            for term in each.loaded_terms
        }
    return {
        (number, span["start"], span["end"], span["label"])
        for number, each in enumerate(predictions)
        for span in each.spans[task.name]
    }
