"""`transformers.Trainer` whose checkpoints are sealed, and which goes on from those alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from transformers import Trainer, TrainingArguments

from train.fit.processes import leave_at_exit, num_processes
from train.fit.resume.sealed import disk_errors, last_complete, remove_incomplete, rotate, seal
from train.settings import StepsConfig

WEIGHTS = "model.safetensors"
NEVER = 10**9  # a number of steps
_KEPT = 2  # complete checkpoints, besides the best one


def trainer_arguments(
    trainer_dir: Path, steps: StepsConfig, *, seed: int, show_progress: bool, **more: Any
) -> TrainingArguments:
    """What the Trainer is told in every training, `seed` in place of the settings' own one; `more`
    are arguments of its own.

    When to log, to score and to save, callbacks decide.
    """
    on_gpu = torch.cuda.is_available()
    share_cpu = num_processes() > 1 and not on_gpu
    if num_processes() > 1:
        leave_at_exit()
    settings: dict[str, Any] = {
        "output_dir": str(trainer_dir),
        "use_cpu": share_cpu,  # else accelerate would let each process train a network of its own
        "num_train_epochs": 1,  # what is read, and in what order, holds all epochs
        "gradient_accumulation_steps": steps.gradient_accumulation,
        "learning_rate": steps.learning_rate,
        "lr_scheduler_type": steps.schedule,
        "max_grad_norm": steps.max_grad_norm,
        "bf16": on_gpu and steps.precision != "fp32" and torch.cuda.is_bf16_supported(),
        "seed": seed,
        "eval_strategy": "steps",
        "eval_steps": NEVER,
        "save_strategy": "steps",
        "save_steps": NEVER,
        "save_total_limit": None,  # older ones go when the newest is sealed
        "logging_strategy": "steps",
        "logging_steps": NEVER,
        "logging_nan_inf_filter": False,
        "report_to": list(steps.report_to),
        "disable_tqdm": not show_progress,
        "remove_unused_columns": False,
        "dataloader_pin_memory": on_gpu,
        "ddp_find_unused_parameters": False,
        "ddp_backend": "gloo" if share_cpu else None,
    }
    args = TrainingArguments(**{**settings, **more})
    args._n_gpu = min(args.n_gpu, 1)  # several need a process each, by torchrun
    return args


class SealedTrainer(Trainer):  # type: ignore[misc]
    """Saves weights as safetensors, and counts a checkpoint only when it is whole."""

    def settle_weights(self) -> None:
        """Called before weights are saved or scored, for an optimizer that puts off work."""

    def place_to_go_on(self) -> str | None:
        """The last complete checkpoint; newer ones, cut short, are removed, and that is said."""
        folder = Path(self.args.output_dir)
        wait = self.accelerator.wait_for_everyone
        wait()  # for the main process, which has made the folder that of this training
        chosen, skipped = last_complete(folder)
        wait()  # for all to have judged what the main one is to remove
        logger = logging.getLogger("nabra")
        if self.is_world_process_zero():
            for line in skipped:
                logger.warning(line)
            remove_incomplete(folder, chosen)
            if chosen:
                logger.warning("goes on from %s", chosen)
        wait()
        return str(chosen) if chosen else None

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """In the order that a checkpoint's record of them has: a resumed run's file is the same."""
        super().log(dict(sorted(logs.items())), start_time)

    def _run_epoch(self, *args: Any, **options: Any) -> None:
        """Nothing, where the training had been stopped when the last checkpoint was written."""
        if not self.control.should_training_stop:
            super()._run_epoch(*args, **options)

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        """The weights alone: the arguments that the Trainer would pickle stand in the config."""
        if not self.args.should_save:  # the Trainer asks every process
            return
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        state = _without_sharing(self.accelerator.unwrap_model(self.model).state_dict())
        save_file(state, folder / WEIGHTS, metadata={"format": "pt"})

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Save, seal, and only then remove older checkpoints: a crash leaves a complete one."""
        folder = Path(self.args.output_dir, f"checkpoint-{self.state.global_step}")
        self.settle_weights()
        with disk_errors(folder):
            super()._save_checkpoint(model, trial)
            self.accelerator.wait_for_everyone()  # each process saves its own state of chance
            if self.is_world_process_zero():
                seal(folder, processes=self.args.world_size)
                best = self.state.best_model_checkpoint
                rotate(folder.parent, _KEPT, Path(best) if best else None)


def _without_sharing(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights on the CPU, of which no two share their memory, as tied ones do: safetensors refuses
    those."""
    seen: set[int] = set()
    found = {}
    for name, value in state.items():
        value = value.cpu()
        found[name] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    return found
