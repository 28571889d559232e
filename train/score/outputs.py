"""What a system says about one gold sentence: the shape in which all systems meet the scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model.records import LoadedTerm, TaskSpan


@dataclass(frozen=True, slots=True)
class SystemOutput:
    """`stances` holds one label for each stance of the gold sentence, in its order.

    `classes` does so for its class labels, and `spans` holds the spans of all other tasks.
    `scores`: for each stance the probabilities by label, where the system has them. `presence` is
    the higher the surer it is that the sentence holds any loaded term, None where it has no such
    score.
    """

    stances: tuple[str, ...]
    loaded_terms: tuple[LoadedTerm, ...]
    classes: tuple[str, ...] = ()
    spans: tuple[TaskSpan, ...] = ()
    scores: tuple[Mapping[str, float], ...] = ()
    presence: float | None = None
