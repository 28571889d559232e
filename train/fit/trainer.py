"""Fine-tuning both heads on `transformers.Trainer`."""

from __future__ import annotations

import json
import logging
import random
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from model.net.encoding import TextEncoder
from model.net.network import FramingNetwork
from model.records import LabelledSentence
from model.text.normalize import normalize
from train.config import RunConfig
from train.fit.encoders import start_encoder
from train.fit.examples import Collator, TokenDropout, make_rows

_LOGGED = ("loss", "eval_loss", "learning_rate", "grad_norm")


def finetune(
    config: RunConfig,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    target_names: Mapping[str, str],
    *,
    trainer_dir: Path,
    metrics_path: Path,
    show_progress: bool,
) -> tuple[FramingNetwork, TextEncoder]:
    """Train a network on the sentences; on one machine the same config gives the same weights.

    `trainer_dir` holds what a killed run goes on from. `metrics_path` gets one line of JSON for
    each epoch: losses on training and validation, and the learning rate.
    """
    settings = config.training
    seed_everything(settings.seed)
    tokenizer, encoder = start_encoder(
        config.encoder,
        embedded=config.embedded,
        views=[normalize(sentence.text, config.parity).text for sentence in train],
        max_length=settings.max_length,
        dropout=settings.dropout,
    )
    text_encoder = TextEncoder(tokenizer, settings.max_length, config.parity)
    network = FramingNetwork(encoder, settings.dropout)
    rows = make_rows(train, text_encoder, target_names)
    trainer = Trainer(
        model=network,
        args=TrainingArguments(
            output_dir=str(trainer_dir),
            num_train_epochs=settings.epochs,
            per_device_train_batch_size=settings.batch_size,
            per_device_eval_batch_size=settings.batch_size * 4,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            warmup_steps=_warmup_steps(len(rows), config),
            lr_scheduler_type="linear",
            seed=settings.seed,
            eval_strategy="epoch" if validation else "no",
            save_strategy="epoch",
            save_total_limit=2,
            logging_strategy="epoch",
            report_to=[],
            disable_tqdm=not show_progress,
            remove_unused_columns=False,
            label_names=["stance_labels", "tag_labels"],
            prediction_loss_only=True,
            dataloader_pin_memory=torch.cuda.is_available(),
        ),
        train_dataset=TokenDropout(rows, settings.token_dropout, tokenizer),
        eval_dataset=make_rows(validation, text_encoder, target_names) if validation else None,
        data_collator=Collator(tokenizer.pad_token_id),
        callbacks=[_MetricsFile(metrics_path)],
    )
    trainer.remove_callback(PrinterCallback)  # what it prints stands in the metrics file
    last = _last_complete_checkpoint(trainer_dir)
    if last:
        logging.getLogger("nabra").info("goes on from %s", last)
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    network.eval()
    return network, text_encoder


def _last_complete_checkpoint(trainer_dir: Path) -> Path | None:
    """The newest one whose last-written file is there; a newer one was cut short and is removed."""
    found = sorted(trainer_dir.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    while found and not (found[-1] / "trainer_state.json").is_file():
        shutil.rmtree(found.pop())
    return found[-1] if found else None


def seed_everything(seed: int) -> None:
    """One seed for every source of chance, and deterministic kernels."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)


def _warmup_steps(num_rows: int, config: RunConfig) -> int:
    steps = config.training.epochs * -(-num_rows // config.training.batch_size)
    return int(steps * config.training.warmup_ratio)


class _MetricsFile(TrainerCallback):  # type: ignore[misc]
    """Writes what the Trainer logs, epoch by epoch, without times."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A resumed run writes its earlier epochs again, so that the file is always whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._write(state)

    def on_log(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer behind each epoch and each evaluation."""
        self._write(state)

    def _write(self, state: Any) -> None:
        lines = [
            json.dumps(
                {"epoch": entry["epoch"], "step": entry["step"]}
                | {name: entry[name] for name in _LOGGED if name in entry}
            )
            for entry in state.log_history
            if any(name in entry for name in ("loss", "eval_loss"))
        ]
        self.path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
