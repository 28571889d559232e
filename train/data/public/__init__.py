"""Readers for public labelled sets: a download's rows become labelled sentences for one task."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from model.errors import InputError
from model.tasks import Task, TaskKind
from train.data.public.ans import ANS
from train.data.public.armpro import ARMPRO
from train.data.public.checkthat import CHECKTHAT
from train.data.public.mawqif import MAWQIF
from train.data.public.rows import DivideBy, PublicSet, Reader, Reading

__all__ = ["FORMATS", "DivideBy", "PublicSet", "Reader", "find_labels", "read_part", "read_public"]

FORMATS: Mapping[str, Reader] = {
    "ans": ANS,
    "armpro": ARMPRO,
    "checkthat": CHECKTHAT,
    "mawqif": MAWQIF,
}


def read_public(
    format: str, path: Path, *, name: str, task: Task, division: DivideBy = "stories"
) -> PublicSet:
    """The set that lies at `path`, the folder of its download or a single file of it.

    `name` is what the records call the set. InputError for an unknown format, a task of another
    kind than the labels are, a missing file or column, a label of the task that no row has, and an
    official division where the set brings none.
    """
    reader = known_reader(format)
    if (task.kind, task.pair) != (reader.kind, reader.pair):
        raise InputError(
            f"task {task.name}",
            f"is {describe(task.kind, task.pair)}, "
            f"and {format} has labels for {describe(reader.kind, reader.pair)}",
            "give the set a task of that kind",
        )
    reading = Reading(name, task, division)
    reader.read(path, reading)
    if division == "official" and "test" not in reading.splits:
        raise InputError(path, "brings no division into train and test", "set division: stories")
    return reading.finish(path)


def known_reader(format: str) -> Reader:
    """The reader of a format. InputError where there is none."""
    if format not in FORMATS:
        near = difflib.get_close_matches(format, FORMATS, n=1)
        known = f"known: {', '.join(FORMATS)}"
        raise InputError(
            f"format {format}", "unknown", f"did you mean {near[0]}?" if near else known
        )
    return FORMATS[format]


def find_labels(format: str, path: Path) -> frozenset[str]:
    """All labels that a download, or one file of it, has."""
    reader = known_reader(format)
    reading = Reading(format, Task(format, reader.kind, (), reader.pair), "stories")
    reader.read(path, reading)
    return reading.labels


def read_part(format: str, path: Path, *, task: Task) -> PublicSet:
    """The download, or one file of it, to score: a label of the task that no row has is no fault.

    InputError where no row can be used.
    """
    # Nothing learns from it, so that no row has to be kept from its training file.
    reading = Reading(format, task, "official")
    known_reader(format).read(path, reading)
    return reading.finish(path, is_whole=False)


def describe(kind: TaskKind, pair: bool) -> str:
    """A kind of task, as a config names it."""
    return f"kind: {kind}, pair: {str(pair).lower()}"
