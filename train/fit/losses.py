"""The loss of each task: a weighted sum, and the weights that it is to be divided by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from model.tasks import Task
from train.fit.batches import Schedule
from train.fit.examples import IGNORED, Collator, Row

_CHUNK = 256  # rows that are padded together


def loss_sums(
    logits: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    tasks: Sequence[Task],
    smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy of each task, weighted and summed over its labels: (tasks)."""
    sums = []
    for task in tasks:
        losses = functional.cross_entropy(
            logits[task.name].float().flatten(0, -2),
            labels[task.name].flatten(),
            ignore_index=IGNORED,
            reduction="none",
            label_smoothing=smoothing,
        )
        sums.append((losses * weights[task.name].flatten()).sum())
    return torch.stack(sums)


def weight_totals(weights: Mapping[str, Tensor], tasks: Sequence[Task]) -> Tensor:
    """What `loss_sums` is divided by: rows of a classifying task, words of a tagging one: (tasks).

    A word counts once, whatever the number of labels: its loss is the sum over them.
    """
    return torch.stack(
        [
            weights[task.name].sum() / (len(task.labels) if task.kind == "tag" else 1)
            for task in tasks
        ]
    )


def mean_totals(
    schedule: Schedule, rows: Sequence[Row], collate: Collator, tasks: Sequence[Task]
) -> Tensor:
    """The totals of a step of the schedule, on average: (tasks).

    Divided by them a label weighs the same in whichever step it is read. By the totals of its own
    step it would weigh more among long texts, of which a step holds few.
    """
    totals = torch.zeros(len(tasks), dtype=torch.float64)
    times_read = np.bincount(np.concatenate(schedule.steps), minlength=len(rows))
    for times in np.unique(times_read[times_read > 0]):
        numbers = np.flatnonzero(times_read == times)
        for part in np.array_split(numbers, math.ceil(len(numbers) / _CHUNK)):
            weights = collate([rows[number] for number in part])["weights"]
            totals += int(times) * weight_totals(weights, tasks)
    return (totals / len(schedule.steps)).float()


def total_loss(sums: Tensor, totals: Tensor) -> Tensor:
    """The sum over tasks of sums by totals; a task without a label adds nothing."""
    return (sums / totals.clamp(min=1e-6)).sum()
