"""The trainer of a student, which learns from soft labels and from hard ones in the same steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from model.tasks import Task
from train.fit.trainer import Batch, TaskTrainer


def soft_sums(
    logits: Mapping[str, Tensor],
    soft: Mapping[str, Tensor],
    tasks: Sequence[Task],
    temperature: float,
) -> Tensor:
    """How far the student is from the teacher in each task, summed: (tasks).

    The Kullback-Leibler divergence of both at the temperature, times its square: so the gradients
    are as large as those of hard labels (Hinton, Vinyals and Dean 2015). `soft` holds the teacher's
    probabilities, 0 throughout where nothing is to be learned.
    """
    return torch.stack(
        [
            temperature**2
            * functional.kl_div(
                functional.log_softmax(logits[task.name].float() / temperature, dim=-1),
                soft[task.name],
                reduction="sum",
            )
            for task in tasks
        ]
    )


class SoftTrainer(TaskTrainer):
    """Adds the losses of soft labels to those of hard ones; `weights` count both."""

    def __init__(self, *args: Any, temperature: float, **options: Any) -> None:
        super().__init__(*args, **options)
        self._temperature = temperature

    def sum_losses(
        self, logits: Mapping[str, Tensor], batch: Batch, smoothing: float = 0.0
    ) -> Tensor:
        """The losses of a pass, summed for each task: (tasks)."""
        hard = super().sum_losses(logits, batch, smoothing)
        return hard + soft_sums(logits, batch["soft"], self._tasks, self._temperature)
