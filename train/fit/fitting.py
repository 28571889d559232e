"""Fits one network to labelled sentences, by the settings of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PrinterCallback, TrainerCallback, TrainingArguments

from model.errors import NabraError
from model.net.encoding import TextEncoder
from model.net.fast_layers import is_wanted, quicken, restore
from model.net.network import FramingNetwork, TokenDropout
from model.records import LabelledSentence
from model.text.normalize import normalize
from train.fit.batches import Schedule, plan_steps
from train.fit.determinism import prepare_torch
from train.fit.encoder.adapters import add_adapters, merge_adapters
from train.fit.encoder.start import StartedEncoder, start_encoder
from train.fit.examples import Collator, Row, RowMaker, balance
from train.fit.processes import num_processes
from train.fit.quick.allocator import keep_freed_memory
from train.fit.quick.optimizer import make_optimizer
from train.fit.records.metrics_file import MetricsFile
from train.fit.resume.sealed_trainer import trainer_arguments
from train.fit.trainer import EarlyStop, EpochEnds, TaskTrainer, Validate
from train.settings import LAST, LOSS, RunConfig, TrainingConfig

Score = Callable[[FramingNetwork, TextEncoder], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted network, where its encoder came from, and what a user should know of the fit."""

    network: FramingNetwork
    text_encoder: TextEncoder
    revision: str | None
    warnings: tuple[str, ...]
    is_main_process: bool


def fit_network(
    config: RunConfig,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    target_names: Mapping[str, str],
    *,
    seed: int,
    trainer_dir: Path,
    metrics_path: Path,
    score: Score | None,
    show_progress: bool,
) -> Fit:
    """Train a network on the sentences; on one machine the same arguments give the same weights.

    `trainer_dir` holds what a killed run goes on from; `score` is asked at each epoch's end for
    figures on the validation split.
    """
    settings = config.training
    prepare_torch(seed)
    args = _arguments(settings, seed, trainer_dir, show_progress, validates=bool(validation))
    started = start_encoder(
        config.encoder,
        revision=config.revision,
        scratch=config.scratch,
        views=[normalize(sentence.text, config.parity).text for sentence in train],
        max_length=settings.max_length,
        dropout=settings.dropout,
    )
    text_encoder = TextEncoder(
        started.tokenizer, settings.max_length, config.parity, settings.stride
    )
    network = _build(config, started)
    maker = RowMaker(
        text_encoder,
        network.tasks,
        target_names,
        context=settings.context,
        silver_confidence=settings.silver_confidence,
    )
    rows = maker.make(train)
    schedule = _schedule(config, rows, args)
    if args.warmup_steps == 0:
        args.warmup_steps = math.floor(settings.warmup_ratio * len(schedule.steps))
    is_quick = is_wanted(settings.precision) and not settings.compile
    if is_quick:
        keep_freed_memory()
        quicken(
            network,
            row_gradients=num_processes() == 1,
            own_attention=settings.attention == "auto",
        )
    trainer = TaskTrainer(
        network,
        args,
        rows=rows,
        validation=maker.make(validation),
        schedule=schedule,
        collate=Collator(
            started.tokenizer.pad_token_id,
            network.tasks,
            balance(rows, network.tasks, settings.class_weights),
        ),
        make_optimizer=lambda model: make_optimizer(model, settings),
        validate=_validate(score, text_encoder),
        pass_tokens=settings.batch_tokens,
        smoothing=settings.label_smoothing,
        callbacks=_callbacks(settings, schedule, metrics_path, validates=bool(validation)),
    )
    if args.process_index:  # the Trainer seeds all processes alike: each is to drop other words
        torch.manual_seed(seed + args.process_index)
    trainer.remove_callback(PrinterCallback)  # what it prints stands in the metrics file
    trainer.train(resume_from_checkpoint=trainer.place_to_go_on())
    if is_quick:
        restore(network)
    merge_adapters(network)
    network.token_dropout = None
    network.eval()
    return Fit(
        network,
        text_encoder,
        started.revision,
        tuple(filter(None, (started.warning, _truncation(rows, settings.max_length)))),
        trainer.is_world_process_zero(),
    )


def _arguments(
    settings: TrainingConfig, seed: int, trainer_dir: Path, show_progress: bool, *, validates: bool
) -> TrainingArguments:
    best = settings.best_by if validates and settings.best_by != LAST else None
    return trainer_arguments(
        trainer_dir,
        learning_rate=settings.learning_rate,
        schedule=settings.schedule,
        gradient_accumulation=settings.gradient_accumulation,
        max_grad_norm=settings.max_grad_norm,
        precision=settings.precision,
        seed=seed,
        report_to=settings.report_to,
        show_progress=show_progress,
        eval_strategy="steps" if validates else "no",
        load_best_model_at_end=best is not None,
        metric_for_best_model=f"eval_{best}" if best else None,
        greater_is_better=best != LOSS if best else None,
    )


def _build(config: RunConfig, started: StartedEncoder) -> FramingNetwork:
    settings, tokenizer = config.training, started.tokenizer
    encoder = started.encoder
    if settings.attention != "auto":
        encoder.set_attn_implementation(settings.attention)
    token_dropout = None
    if settings.token_dropout:
        token_dropout = TokenDropout(
            settings.token_dropout, tokenizer.unk_token_id, tokenizer.all_special_ids
        )
    network = FramingNetwork(encoder, settings.dropout, config.task_list, token_dropout)
    if settings.embeddings == "frozen":
        encoder.get_input_embeddings().requires_grad_(False)
    if settings.lora:
        add_adapters(network, settings.lora)
    if settings.compile:
        encoder.compile()
    return network


def _schedule(config: RunConfig, rows: Sequence[Row], args: TrainingArguments) -> Schedule:
    settings = config.training
    num_passes = settings.gradient_accumulation * args.world_size
    if len(rows) < num_passes:
        raise NabraError(
            "training",
            f"{len(rows)} rows for {num_passes} passes in a step",
            "lower training.gradient_accumulation or the number of processes",
        )
    own = config.data.weight if config.data else 1.0
    shares = {name: dataset.weight for name, dataset in config.datasets.items()}
    return plan_steps(
        [len(row) for row in rows],
        [shares[row.dataset] if row.dataset else own for row in rows],
        epochs=settings.epochs,
        pass_tokens=settings.batch_tokens,
        num_passes=num_passes,
        seed=args.seed,
    )


def _validate(score: Score | None, text_encoder: TextEncoder) -> Validate | None:
    return None if score is None else lambda network: score(network, text_encoder)


def _callbacks(
    settings: TrainingConfig, schedule: Schedule, metrics_path: Path, *, validates: bool
) -> list[TrainerCallback]:
    callbacks: list[TrainerCallback] = [
        EpochEnds(
            schedule,
            validates=validates,
            save_steps=settings.save_steps,
            log_steps=settings.log_steps,
        ),
        MetricsFile(metrics_path, schedule),
        _Diverged(),
    ]
    if settings.early_stopping and validates:
        callbacks.append(EarlyStop(settings.early_stopping))
    return callbacks


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


def _truncation(rows: Sequence[Row], max_length: int) -> str | None:
    """What did not fit, in words; None where all of it did."""
    cut = [row.num_lost for row in rows if row.num_lost]
    if not cut:
        return None
    total = sum(map(len, rows)) + sum(cut)
    return (
        f"{len(cut)} of {len(rows)} texts are longer than training.max_length {max_length}: "
        f"{sum(cut)} of {total} tokens are not read (the words around the target's name are)"
    )
