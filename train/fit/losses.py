"""The loss of each task: a weighted sum, and the weights that it is to be divided by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from model.tasks import Task
from train.fit.examples import IGNORED


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


def total_loss(sums: Tensor, totals: Tensor) -> Tensor:
    """The sum over tasks of their mean losses; a task without a label adds nothing."""
    return (sums / totals.clamp(min=1e-6)).sum()
