"""`transformers.Trainer` with batches by tokens, losses by task, and sealed checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.hooks import RemovableHandle
from transformers import TrainerCallback, TrainingArguments

from model.net.network import FramingNetwork
from train.fit.batches import PassSampler, Schedule
from train.fit.examples import Collator, Row
from train.fit.losses import loss_sums, mean_totals, total_loss, weight_totals
from train.fit.quick.row_adamw import RowAdamW
from train.fit.resume.sealed_trainer import SealedTrainer

_EVAL_TOKENS = 4  # times those of a training pass: nothing is kept for a backward pass

Batch = Mapping[str, Mapping[str, Tensor]]
"""What a `Collator` makes of rows."""

Validate = Callable[[FramingNetwork], Mapping[str, float]]
"""Scores of a network on the validation split, by name."""


class TaskTrainer(SealedTrainer):
    """Trains a network on rows by a schedule, which the Trainer sees as one long epoch.

    A loss is summed over all passes and processes of a step, and that of every step divided by the
    same totals: a label counts the same wherever it is read. `validate` adds scores to the loss on
    `validation`.
    """

    def __init__(
        self,
        network: FramingNetwork,
        args: TrainingArguments,
        *,
        rows: Sequence[Row],
        validation: Sequence[Row],
        schedule: Schedule,
        collate: Collator,
        make_optimizer: Callable[[FramingNetwork], RowAdamW],
        validate: Validate | None,
        pass_tokens: int,
        smoothing: float,
        callbacks: Sequence[TrainerCallback],
    ) -> None:
        super().__init__(
            model=network,
            args=args,
            train_dataset=rows,
            eval_dataset=validation or None,
            data_collator=collate,
            callbacks=callbacks,
        )
        self._tasks = network.tasks
        self._validation = validation
        self._schedule = schedule
        self._collate = collate
        self._make_optimizer = make_optimizer
        self._validate = validate
        self._totals = mean_totals(schedule, rows, collate, network.tasks)
        self._pass_tokens = pass_tokens
        self._smoothing = smoothing
        self._hooks: list[RemovableHandle] = []
        self.loss_is_scaled_for_ga = True

    def train(self, *args: Any, **options: Any) -> Any:
        """That of the Trainer; it leaves no hook of the optimizer behind in the network."""
        try:
            return super().train(*args, **options)
        finally:
            for hook in self._hooks:
                hook.remove()

    def settle_weights(self) -> None:
        """Rows of the tables of words that wait are brought up to date."""
        self._adamw.catch_up()

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The passes of this process. Nothing else may divide them among processes once more."""
        return DataLoader(
            self.train_dataset,
            batch_sampler=PassSampler(
                self._schedule,
                self.args.gradient_accumulation_steps,
                self.args.process_index,
                self.args.world_size,
            ),
            collate_fn=self._collate,
            generator=torch.Generator(),  # else the loader draws from the training's own chance
        )

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Called by the Trainer once the network stands."""
        optimizer = self._make_optimizer(self.model)
        self._adamw, self._hooks = optimizer, optimizer.follow(self.model)
        self.optimizer: Any = optimizer
        return optimizer

    def _clip_grad_norm(self, model: nn.Module) -> Tensor:
        """The optimizer clips in its own pass over the gradients."""
        return self._adamw.clip(self.args.max_grad_norm)

    def _get_grad_norm(self, model: nn.Module, grad_norm: Tensor | None = None) -> float | None:
        """None where nothing is clipped: no pass over the gradients for the record alone."""
        return None if grad_norm is None else float(grad_norm)

    def get_batch_samples(
        self, epoch_iterator: Any, num_batches: int, device: torch.device
    ) -> tuple[list[Any], Tensor]:
        """The passes of a step, and what its losses are divided by."""
        return [next(epoch_iterator) for _ in range(num_batches)], self._totals.to(device)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Batch,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | None = None,
    ) -> Tensor:
        """This pass's part of the step's loss."""
        assert num_items_in_batch is not None
        sums = self.sum_losses(model(**inputs["inputs"]), inputs, self._smoothing)
        # Distributed training averages gradients over processes; the loss is a sum over them.
        loss: Tensor = total_loss(sums, num_items_in_batch.to(sums.device)) * self.args.world_size
        return loss

    def sum_losses(
        self, logits: Mapping[str, Tensor], batch: Batch, smoothing: float = 0.0
    ) -> Tensor:
        """The losses of a pass, summed for each task: (tasks)."""
        return loss_sums(logits, batch["labels"], batch["weights"], self._tasks, smoothing)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The loss and the scores on the validation split, as `eval_…`."""
        self.settle_weights()
        network = self.accelerator.unwrap_model(self.model)
        was_training = network.training
        network.eval()
        sums = torch.zeros(len(self._tasks), dtype=torch.float64)
        totals = torch.zeros(len(self._tasks), dtype=torch.float64)
        with torch.inference_mode():
            for numbers in _eval_batches(self._validation, self._pass_tokens * _EVAL_TOKENS):
                batch = self._prepare_inputs(self._collate([self._validation[n] for n in numbers]))
                sums += self.sum_losses(network(**batch["inputs"]), batch).cpu()
                totals += weight_totals(batch["weights"], self._tasks).cpu()
        metrics = {"eval_loss": float(total_loss(sums, totals))}
        if self._validate is not None:
            metrics |= {f"eval_{name}": v for name, v in self._validate(network).items()}
        network.train(was_training)
        self.log(dict(metrics))
        self.control: Any = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics


class EpochEnds(TrainerCallback):  # type: ignore[misc]
    """Logs, validates and saves where an epoch of the schedule ends, and at the steps asked for.

    No checkpoint holds the loss since the last log, so that each save is logged, too.
    """

    def __init__(
        self,
        schedule: Schedule,
        *,
        validates: bool,
        save_steps: int | None,
        log_steps: int | None,
    ) -> None:
        self._ends = frozenset(schedule.epoch_ends)
        self._validates = validates
        self._save_steps = save_steps or math.inf
        self._log_steps = log_steps or math.inf

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called before the first step: the run's folder may have moved since the last one."""
        if state.best_global_step:
            best = Path(args.output_dir, f"checkpoint-{state.best_global_step}")
            state.best_model_checkpoint = str(best)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer behind each step."""
        is_end = state.global_step in self._ends
        control.should_save = is_end or state.global_step % self._save_steps == 0
        control.should_evaluate = is_end and self._validates
        control.should_log = control.should_save or state.global_step % self._log_steps == 0


class EarlyStop(TrainerCallback):  # type: ignore[misc]
    """Ends a training whose last `patience` epochs were none of them better than the best before.

    It reads the history, which a resumed training has: transformers' own would count anew.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called before the first step: the end may have come with the last checkpoint."""
        self._judge(args, state, control)

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called behind each epoch."""
        self._judge(args, state, control)

    def _judge(self, args: Any, state: Any, control: Any) -> None:
        sign = 1 if args.greater_is_better else -1
        best, num_worse = -math.inf, 0
        for entry in state.log_history:
            if args.metric_for_best_model in entry:
                value = sign * entry[args.metric_for_best_model]
                is_better = value > best
                best, num_worse = (value, 0) if is_better else (best, num_worse + 1)
        if num_worse >= self._patience:
            control.should_training_stop = True


def _eval_batches(rows: Sequence[Row], budget: int) -> list[list[int]]:
    batches: list[list[int]] = []
    for number in sorted(range(len(rows)), key=lambda n: len(rows[n])):
        if batches and len(rows[number]) * (len(batches[-1]) + 1) <= budget:
            batches[-1].append(number)
        else:
            batches.append([number])
    return batches
