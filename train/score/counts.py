"""What all measures rest on: counts that add up, and the ratios that follow from their sums.

Every measure has a function from sentences to counts, one row a sentence, and one from a stack of
summed counts to figures. Between the two stands a sum: over all sentences, a story, or a resample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import RecordError

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Scores of one label or category; a ratio with nothing below the line is 0.

    `support` counts what gold holds and `num_predicted` what was found: labels, spans, characters.
    """

    precision: float
    recall: float
    f1: float
    support: int
    num_predicted: int

    @classmethod
    def of(cls, counts: NDArray[Any]) -> LabelScores:
        """From (hits, predicted, gold)."""
        hits, num_predicted, support = (int(count) for count in counts)
        return cls(
            precision=hits / max(num_predicted, 1),
            recall=hits / max(support, 1),
            f1=2 * hits / max(num_predicted + support, 1),
            support=support,
            num_predicted=num_predicted,
        )


def f1(counts: NDArray[Any]) -> FloatArray:
    """F1 of hits, predicted and gold, (…, 3) → (…); 0 where nothing is gold and nothing found."""
    return ratio(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


def ratio(above: NDArray[Any], below: NDArray[Any]) -> FloatArray:
    """Division by sums of counts, 0 where nothing stands below the line."""
    filled = np.asarray(below) > 0
    return np.asarray(above / np.where(filled, below, 1) * filled, dtype=np.float64)


def mean_where(values: NDArray[Any], counted: NDArray[Any]) -> FloatArray:
    """Mean along the last axis of the values that are `counted`; 0 where none is."""
    return ratio((values * counted).sum(axis=-1), counted.sum(axis=-1))


def check_alike(where: str, gold: Sequence[object], other: Sequence[object]) -> None:
    """RecordError where the two do not have one item each."""
    if len(gold) != len(other):
        raise RecordError(where, f"{len(other)} items beside {len(gold)} in gold")
