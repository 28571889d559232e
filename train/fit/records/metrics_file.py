"""What a training wrote down of itself: one line of JSON for each logged step, without times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

from transformers import TrainerCallback

from model.archive.write import write_text

_LOGGED = ("loss", "learning_rate", "grad_norm")


class Epochs(Protocol):
    """What tells steps from epochs."""

    def epoch_of(self, num_done: int) -> float:
        """How many epochs, and what part of the next, so many steps are."""


class MetricsFile(TrainerCallback):  # type: ignore[misc]
    """Writes the file anew from the Trainer's history, so that a resumed run's is whole."""

    def __init__(self, path: Path, schedule: Epochs) -> None:
        self._path = path
        self._schedule = schedule

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called before the first step."""
        self._write(state)

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called behind each logged step and each evaluation."""
        self._write(state)

    def _write(self, state: Any) -> None:
        if not state.is_world_process_zero:
            return
        lines = []
        for entry in state.log_history:
            kept = {
                name: value
                for name, value in entry.items()
                if name in _LOGGED or name.startswith("eval_")
            }
            if "loss" in kept or "eval_loss" in kept:
                step = entry["step"]
                epoch = round(self._schedule.epoch_of(step), 4)
                lines.append(json.dumps({"epoch": epoch, "step": step} | kept))
        write_text(self._path, "".join(f"{line}\n" for line in lines))
