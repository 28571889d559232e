"""A training that came to its end: found again, made small, its checkpoint copied."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from model.archive.atomic import output_errors
from model.archive.write import write_text
from model.net.checkpoint import RECORD
from model.records import LabelledSentence
from train.config import Run
from train.fit.checkpoints import Folders, Inputs, identify
from train.fit.records.card import model_card
from train.fit.resume.identity import IDENTITY, TrainingIdentity, is_finished
from train.fit.resume.sealed import remove_incomplete


def is_fitted(
    run: Run,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    *,
    folders: Folders,
    inputs: Inputs,
    seed: int,
) -> bool:
    """Whether this very training came to its end there, so that it need not be done again."""
    path = folders.trainer / IDENTITY
    then, _ = TrainingIdentity.read(path)
    return (
        is_finished(path)
        and then == identify(run, train, validation, inputs, seed)
        and folders.metrics.is_file()
    )


def wait_for_all() -> None:
    """Let every process of a training get here: some may still read what is removed next."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()


def drop_state(folders: Folders, *, checkpoint: bool = False) -> None:
    """Remove what a finished training would go on from, and its `checkpoint` too where asked."""
    with output_errors(folders.trainer):
        remove_incomplete(folders.trainer, None)
        if checkpoint:
            shutil.rmtree(folders.checkpoint, ignore_errors=True)


def copy_checkpoint(source: Path, place: Path) -> None:
    """Put a copy at `place`, under that run's name; no half of one is ever found there."""
    building, former = (place.with_name(f".{place.name}.{word}") for word in ("building", "former"))
    with output_errors(place):
        for left_over in (building, former):
            shutil.rmtree(left_over, ignore_errors=True)
        shutil.copytree(source, building)
        record = json.loads((building / RECORD).read_text(encoding="utf-8"))
        write_text(building / "README.md", model_card(place.parent.name, record))
        if place.exists():
            place.rename(former)
        building.rename(place)
        shutil.rmtree(former, ignore_errors=True)
