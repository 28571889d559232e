"""Labelled sentences from a file that a user names: the contract's own, or a public set's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import InputError, NabraError

if TYPE_CHECKING:
    from model.records import LabelledSentence
    from model.tasks import Task

AUTO, LABELLED = "auto", "labelled"
"""By what the file holds; the contract's labelled sentences. Other formats are those of configs."""


@dataclass(frozen=True, slots=True)
class Given:
    """Gold sentences, and what a reader of the figures has to know of them.

    `task` is the one task of a public set, None where the sentences name theirs; `own_names` says
    what each checkpoint that calls it otherwise calls it.
    """

    gold: list[LabelledSentence]
    notes: list[str] = field(default_factory=list)
    task: Task | None = None
    own_names: Mapping[str, str] = field(default_factory=dict)


def read_beside_articles(
    path: Path, articles: Sequence[str], split: str | None, lexicon: Path
) -> Given:
    """Labels that stand in a file without their text, put back beside the articles.

    `split` takes one half of them; the lexicon names the terms. InputError where none is labelled.
    """
    from model.archive.read import read_articles
    from model.text.lexicon import Lexicon
    from train.data.standoff import read_gold

    found = {article.id: article for article in read_articles(articles)}
    return Given(read_gold(path, found, split, Lexicon.read(lexicon).name_term))


def read_given(path: Path, format: str, tasks: Mapping[str, Sequence[Task]]) -> Given:
    """The labelled sentences of a file, or of a public set's download; `tasks` by checkpoint.

    A public set feeds the task of the first checkpoint that fits its labels. InputError for a file
    of no known format; NabraError where a checkpoint has no task for it, or one of other labels.
    """
    from train.data.annotations import read_annotations
    from train.data.public import known_reader
    from train.data.public.recognise import recognise
    from train.data.standoff import is_standoff

    if format not in (AUTO, LABELLED):
        known_reader(format)
    found = recognise(path) if format == AUTO else format
    if found is None:
        _refuse_unknown(path)
    if found in (None, LABELLED):
        if is_standoff(path):
            fix = "name the articles that they belong to with --articles"
            raise InputError(path, "holds labels without their text", fix)
        return Given(read_annotations(path))
    return _read_set(path, str(found), tasks)


def _refuse_unknown(path: Path) -> None:
    """InputError for what cannot be lines of JSON."""
    from train.data.public import FORMATS
    from train.data.public.recognise import read_head

    known = f"give labelled sentences (.jsonl), or a download of {', '.join(FORMATS)}"
    if path.is_dir():
        raise InputError(path, "holds no file of a known format", known)
    head = read_head(path)
    if head and not head.lstrip().startswith("{"):
        shown = head if len(head) <= 60 else f"{head[:59]}…"
        raise InputError(path, f"is of no known format; it begins {shown!r}", known)


def _read_set(path: Path, format: str, tasks: Mapping[str, Sequence[Task]]) -> Given:
    from train.data.public import find_labels, read_part

    labels = find_labels(format, path)
    chosen = {name: _fitting(path, format, labels, name, known) for name, known in tasks.items()}
    first, task = next(iter(chosen.items()))
    for name, other in chosen.items():
        if set(other.labels) != set(task.labels):
            raise NabraError(
                name,
                f"its task {other.name} has the labels {', '.join(other.labels)}, "
                f"and {task.name} of {first} has {', '.join(task.labels)}",
                "compare checkpoints with the same labels",
            )
    read = read_part(format, path, task=task)
    part = "test" if "test" in read.splits else "all"
    gold = read.splits[part]
    if not gold:
        raise InputError(path, "its test file holds no row that can be used", "check the file")
    notes = [f"{len(gold)} texts of {format}, {_PARTS[part]}, scored as the task {task.name}."]
    if left_out := sorted(labels - set(task.labels)):
        notes.append(f"Labels that the task does not have are left out: {', '.join(left_out)}.")
    if read.dropped:
        one = read.dropped[0]
        notes.append(
            f"{len(read.dropped)} records could not be used; the first: {one.source}: {one.reason}."
        )
    names = {name: other.name for name, other in chosen.items() if other.name != task.name}
    return Given(gold, notes, task, names)


_PARTS = {"test": "the test file of the set", "all": "all that was given"}


def _fitting(
    path: Path, format: str, labels: frozenset[str], name: str, tasks: Sequence[Task]
) -> Task:
    """The task of a checkpoint that the labels of a set fit. NabraError says why none does."""
    from train.data.public import describe, known_reader

    reader = known_reader(format)
    like = [task for task in tasks if (task.kind, task.pair) == (reader.kind, reader.pair)]
    if not like:
        has = "; ".join(f"{task.name} ({describe(task.kind, task.pair)})" for task in tasks)
        raise NabraError(
            name,
            f"has {has}, and {format} has labels for {describe(reader.kind, reader.pair)}",
            "give a checkpoint that was trained for such a task",
        )
    # Labels of a text exclude each other, so that all must be known; spans of others can be missed.
    fitting = [
        task
        for task in like
        if (labels & set(task.labels) if reader.kind == "tag" else labels <= set(task.labels))
    ]
    same = [task for task in fitting if labels == set(task.labels)]
    fitting = same or fitting
    if not fitting:
        has = "; ".join(f"{task.name}: {', '.join(task.labels)}" for task in like)
        raise NabraError(
            path,
            f"has the labels {', '.join(sorted(labels)) or '(none)'}, and {name} has {has}",
            "give a checkpoint that was trained for these labels",
        )
    if len(fitting) > 1:
        raise NabraError(
            name,
            f"has several tasks that fit {format}: {', '.join(task.name for task in fitting)}",
            "give labelled sentences that name one of them",
        )
    return fitting[0]
