"""What every training of a classifier does, whatever its rows and its losses are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback, TrainingArguments

from model.errors import NabraError
from model.net.fast_layers import is_wanted, quicken, restore
from model.net.network import FramingNetwork, TokenDropout
from model.tasks import Task
from train.fit.batches import Schedule, plan_steps
from train.fit.encoder.start import StartedEncoder
from train.fit.processes import num_processes
from train.fit.records.metrics_file import MetricsFile
from train.fit.trainer import EpochEnds, TaskTrainer
from train.settings import LearningConfig


def build_network(
    started: StartedEncoder, settings: LearningConfig, tasks: Sequence[Task]
) -> FramingNetwork:
    """The encoder with new heads for the tasks."""
    tokenizer, encoder = started.tokenizer, started.encoder
    if settings.attention != "auto":
        encoder.set_attn_implementation(settings.attention)
    token_dropout = None
    if settings.token_dropout:
        token_dropout = TokenDropout(
            settings.token_dropout, tokenizer.unk_token_id, tokenizer.all_special_ids
        )
    if settings.compile:
        encoder.compile()
    return FramingNetwork(encoder, settings.dropout, tasks, token_dropout)


def make_schedule(
    settings: LearningConfig,
    args: TrainingArguments,
    lengths: Sequence[int],
    shares: Sequence[float],
) -> Schedule:
    """The steps of the training, over rows of these lengths; sets the warm-up among them.

    `shares` say how often an epoch reads each row. NabraError where a step would lack rows.
    """
    num_passes = settings.gradient_accumulation * args.world_size
    if len(lengths) < num_passes:
        raise NabraError(
            "training",
            f"{len(lengths)} rows for {num_passes} passes in a step",
            "lower training.gradient_accumulation or the number of processes",
        )
    schedule = plan_steps(
        lengths,
        shares,
        epochs=settings.epochs,
        pass_tokens=settings.batch_tokens,
        num_passes=num_passes,
        seed=args.seed,
    )
    if args.warmup_steps == 0:
        args.warmup_steps = math.floor(settings.warmup_ratio * len(schedule.steps))
    return schedule


def make_callbacks(
    settings: LearningConfig, schedule: Schedule, metrics_path: Path, *, validates: bool
) -> list[TrainerCallback]:
    """Those that log, validate and save, write the metrics, and end what has diverged."""
    return [
        EpochEnds(
            schedule,
            validates=validates,
            save_steps=settings.save_steps,
            log_steps=settings.log_steps,
        ),
        MetricsFile(metrics_path, schedule),
        _Diverged(),
    ]


def learn(
    network: FramingNetwork, settings: LearningConfig, make_trainer: Callable[[], TaskTrainer]
) -> TaskTrainer:
    """Train to the end, from where a killed training stopped, if one did; returns the trainer.

    It is made when the network computes as it will: in bf16 where that is wanted. Afterwards the
    network has its own layers, and drops nothing.
    """
    is_quick = is_wanted(settings.precision) and not settings.compile
    if is_quick:
        quicken(
            network,
            row_gradients=num_processes() == 1,
            own_attention=settings.attention == "auto",
        )
    trainer = make_trainer()
    args = trainer.args
    if args.process_index:  # the Trainer seeds all processes alike: each is to drop other words
        torch.manual_seed(args.seed + args.process_index)
    trainer.remove_callback(PrinterCallback)  # what it prints stands in the metrics file
    trainer.train(resume_from_checkpoint=trainer.place_to_go_on())
    if is_quick:
        restore(network)
    network.token_dropout = None
    network.eval()
    return trainer


class _Diverged(TrainerCallback):  # type: ignore[misc]
    """Ends a training whose loss is no number any more."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """Called behind each logged step."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            raise NabraError(
                "training",
                f"the loss is {logs['loss']} at step {state.global_step}",
                "lower training.learning_rate, or raise training.warmup_ratio",
            )


def describe_truncation(
    num_rows: int, num_cut: int, num_lost: int, num_read: int, max_length: int
) -> str | None:
    """What did not fit of the texts, in words; None where all of it did."""
    if not num_cut:
        return None
    return (
        f"{num_cut} of {num_rows} texts are longer than training.max_length {max_length}: "
        f"{num_lost} of {num_read + num_lost} tokens are not read (the words around the target's "
        f"name are)"
    )
