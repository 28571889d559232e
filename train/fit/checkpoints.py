"""Fits a network and leaves a complete checkpoint; a killed fit goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.archive.write import write_text
from model.net.calibration import TaskCalibration
from model.net.checkpoint import add_calibration, add_main_scores, save_checkpoint
from model.net.network import count_parameters
from model.records import LabelledSentence
from model.text.surroundings import Context
from model.text.targets import TargetList
from train.config import Run
from train.fit.fitting import Fit, Score, fit_network
from train.fit.processes import is_main_process, num_processes
from train.fit.records.card import model_card
from train.fit.resume.identity import IDENTITY, OnChange, TrainingIdentity, settle, versions
from train.fit.resume.sealed import disk_errors


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a training leaves its checkpoint, what it goes on from, and its metrics."""

    checkpoint: Path
    trainer: Path
    metrics: Path

    @classmethod
    def under(cls, folder: Path) -> Folders:
        """The usual names in one folder."""
        return cls(folder / "checkpoint", folder / "trainer", folder / "metrics.jsonl")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What decides the weights beside config and sentences: hashes of code and of files by name."""

    code: str
    files: Mapping[str, str]


def fit_checkpoint(
    run: Run,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    *,
    folders: Folders,
    inputs: Inputs,
    seed: int | None = None,
    score: Score | None = None,
    on_change: OnChange = "refuse",
    quiet: bool,
) -> Fit:
    """Train with the run's settings (and `seed`, in place of theirs) and write the checkpoint.

    What an unfinished training left in the trainer's folder is gone on with by the very same one
    only. Another one is refused with NabraError, which names what differs, or starts afresh.
    """
    seed = run.config.training.seed if seed is None else seed
    identity = identify(run, train, validation, inputs, seed)
    if is_main_process():  # the others wait for it before they look for what to go on from
        settle(folders.trainer, identity, on_change)
    lists = run.lists
    targets = TargetList.read(lists[0]).targets if lists else {}
    fit = fit_network(
        run.config,
        train,
        validation,
        {target.id: target.name for target in targets.values()},
        seed=seed,
        trainer_dir=folders.trainer,
        metrics_path=folders.metrics,
        score=score,
        show_progress=sys.stderr.isatty() and not quiet,
    )
    if fit.is_main_process:
        record = birth_record(
            fit,
            identity,
            train,
            encoder=run.config.encoder,
            context=run.config.training.context,
            seed=seed,
            config_hash=run.fingerprint(),
        )
        leave_checkpoint(folders, fit, identity, lists=lists, record=record)
    return fit


def leave_checkpoint(
    folders: Folders,
    fit: Fit,
    identity: TrainingIdentity,
    *,
    lists: tuple[Path, Path] | None,
    record: dict[str, Any],
) -> None:
    """Write what a training ended with, its card beside it, and that the training is finished."""
    with disk_errors(folders.checkpoint):
        save_checkpoint(
            folders.checkpoint,
            fit.network,
            fit.text_encoder,
            lists=lists,
            context=record["context"],
            training=record,
            card=model_card(folders.checkpoint.parent.name, record),
        )
        identity.write(folders.trainer / IDENTITY, finished=True)


def write_scores(checkpoint: Path, scores: Mapping[str, Any]) -> None:
    """Write what an evaluation found into a checkpoint's record and its card."""
    _write_card(checkpoint, add_main_scores(checkpoint, scores))


def write_calibration(checkpoint: Path, calibration: Mapping[str, TaskCalibration]) -> None:
    """Write what a calibration found into a checkpoint's record and its card."""
    with disk_errors(checkpoint):
        _write_card(checkpoint, add_calibration(checkpoint, calibration))


def _write_card(checkpoint: Path, record: Mapping[str, Any]) -> None:
    write_text(checkpoint / "README.md", model_card(checkpoint.parent.name, record))


def hash_sentences(sentences: Sequence[LabelledSentence]) -> str:
    """SHA-256 over the records, in order."""
    digest = hashlib.sha256()
    for sentence in sentences:
        digest.update(json.dumps(sentence.to_dict(), ensure_ascii=False).encode() + b"\n")
    return digest.hexdigest()


def identify(
    run: Run,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    inputs: Inputs,
    seed: int,
) -> TrainingIdentity:
    config = run.config.model_dump(
        mode="json", include={"encoder", "revision", "parity", "tasks", "scratch", "training"}
    )
    config["training"] = {
        key: value
        for key, value in config["training"].items()
        if key not in ("seeds", "folds", "report_to")  # they decide no weight of this training
    } | {"seed": seed}
    sets = {name: dataset.weight for name, dataset in run.config.datasets.items()}
    config["weights"] = {"own": run.config.data.weight if run.config.data else None} | sets
    hashes = {"train": hash_sentences(train), "validation": hash_sentences(validation)}
    return TrainingIdentity(
        config=config,
        data=hashes | dict(inputs.files),
        code=inputs.code,
        versions=versions(),
        processes=num_processes(),
    )


def birth_record(
    fit: Fit,
    identity: TrainingIdentity,
    train: Sequence[LabelledSentence],
    *,
    encoder: str,
    context: Context,
    seed: int,
    config_hash: str,
) -> dict[str, Any]:
    """What a checkpoint says of how it was made."""
    labels = Counter((label.task, label.label) for s in train for label in s.classes)
    spans = Counter((span.task, span.label) for s in train for span in s.spans)
    return {
        "encoder": encoder,
        "encoder_revision": fit.revision,
        "tasks": [task.to_dict() for task in fit.network.tasks],
        "parity": fit.text_encoder.parity,
        "max_length": fit.text_encoder.max_length,
        "stride": fit.text_encoder.stride,
        "context": context,
        "seed": seed,
        "config_hash": config_hash,
        "training_data_hash": identity.data["train"],
        "data_hashes": identity.data,
        "code_hash": identity.code,
        "versions": identity.versions,
        "num_parameters": count_parameters(fit.network),
        "num_sentences": len(train),
        "dataset_counts": dict(Counter(s.dataset or "own" for s in train)),
        "stance_counts": dict(Counter(str(s.label) for t in train for s in t.stances)),
        "loaded_term_counts": dict(Counter(t.category for s in train for t in s.loaded_terms)),
        "other_counts": {f"{task}/{label}": n for (task, label), n in (labels + spans).items()},
        "warnings": list(fit.warnings),
    }
