"""Several trainings in one process: quick ones, and ones that are killed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from model.interrupts import Interrupted
from train.fit.trainer import TaskTrainer


@pytest.fixture(scope="module", autouse=True)
def quick_trainings() -> Iterator[None]:
    """Each ends with a collection of garbage, which would go through all that is imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def kill_in_pass(patch: pytest.MonkeyPatch, number: int) -> None:
    """Let the n-th pass from now on, over all trainings, be interrupted."""
    loss, done = TaskTrainer.compute_loss, 0

    def compute_loss(*args: Any, **options: Any) -> Any:
        nonlocal done
        done += 1
        if done == number:
            raise Interrupted
        return loss(*args, **options)

    patch.setattr(TaskTrainer, "compute_loss", compute_loss)
