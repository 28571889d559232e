"""Fits one network to labelled sentences, by the settings of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.net.encoding import TextEncoder
from model.net.network import FramingNetwork
from model.records import LabelledSentence
from model.text.normalize import normalize
from train.fit.determinism import prepare_torch
from train.fit.encoder.adapters import add_adapters, merge_adapters
from train.fit.encoder.start import start_encoder
from train.fit.examples import Collator, Row, RowMaker, balance
from train.fit.learning import (
    build_network,
    describe_truncation,
    learn,
    make_callbacks,
    make_schedule,
)
from train.fit.quick.optimizer import make_optimizer
from train.fit.resume.sealed_trainer import trainer_arguments
from train.fit.trainer import EarlyStop, TaskTrainer, Validate
from train.settings import LAST, LOSS, RunConfig

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
    best = settings.best_by if validation and settings.best_by != LAST else None
    args = trainer_arguments(
        trainer_dir,
        settings,
        seed=seed,
        show_progress=show_progress,
        eval_strategy="steps" if validation else "no",
        load_best_model_at_end=best is not None,
        metric_for_best_model=f"eval_{best}" if best else None,
        greater_is_better=best != LOSS if best else None,
    )
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
    network = build_network(started, settings, config.task_list)
    if settings.embeddings == "frozen":
        started.encoder.get_input_embeddings().requires_grad_(False)
    if settings.lora:
        add_adapters(network, settings.lora)
    maker = RowMaker(
        text_encoder,
        network.tasks,
        target_names,
        context=settings.context,
        silver_confidence=settings.silver_confidence,
    )
    rows = maker.make(train)
    schedule = make_schedule(settings, args, [len(row) for row in rows], _shares(config, rows))
    callbacks = make_callbacks(settings, schedule, metrics_path, validates=bool(validation))
    if settings.early_stopping and validation:
        callbacks.append(EarlyStop(settings.early_stopping))
    trainer = learn(
        network,
        settings,
        lambda: TaskTrainer(
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
            callbacks=callbacks,
        ),
    )
    merge_adapters(network)
    return Fit(
        network,
        text_encoder,
        started.revision,
        tuple(filter(None, (started.warning, _truncation(rows, settings.max_length)))),
        trainer.is_world_process_zero(),
    )


def _shares(config: RunConfig, rows: Sequence[Row]) -> list[float]:
    """How often an epoch reads each row."""
    own = config.data.weight if config.data else 1.0
    shares = {name: dataset.weight for name, dataset in config.datasets.items()}
    return [shares[row.dataset] if row.dataset else own for row in rows]


def _validate(score: Score | None, text_encoder: TextEncoder) -> Validate | None:
    return None if score is None else lambda network: score(network, text_encoder)


def _truncation(rows: Sequence[Row], max_length: int) -> str | None:
    cut = [row.num_lost for row in rows if row.num_lost]
    return describe_truncation(len(rows), len(cut), sum(cut), sum(map(len, rows)), max_length)
