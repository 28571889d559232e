"""What the keys of a config must hold together, beyond the type and bounds of each.

A rule takes the plain config and yields a line for each fault, the key first. It may meet keys that
are missing or of a wrong type, which are reported as such: it then has nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from model.tasks import DEFAULT_TASKS
from train.data.public import FORMATS
from train.settings import LAST, LOSS, MEAN

Plain = Mapping[str, Any]


def broken_rules(plain: Plain) -> list[str]:
    """A line for each fault that lies between keys."""
    faults: list[str] = []
    for rule in _RULES:
        try:
            faults += rule(plain)
        except (KeyError, TypeError, AttributeError):
            continue  # one of the rule's keys is missing or of a wrong type
    return faults


def _split(plain: Plain) -> Iterator[str]:
    split = plain["split"]
    if split["validation"] + split["test"] >= 1:
        yield "split: validation and test together leave nothing for training"
    if split["held_out"] and split["by"] not in ("outlet", "target"):
        yield f"split.held_out: names outlets or targets, and split.by is {split['by']}"


def _embedded(plain: Plain) -> Iterator[str]:
    width, heads = plain["embedded"]["width"], plain["embedded"]["heads"]
    if heads and width % heads:
        yield f"embedded.heads: width {width} is no multiple of heads {heads}"


def _tasks(plain: Plain) -> Iterator[str]:
    for name, task in plain["tasks"].items():
        labels = task["labels"]
        if len(set(labels)) < len(labels):
            yield f"tasks.{name}.labels: a label repeats"
        if task["kind"] == "tag" and task["pair"] is True:
            yield f"tasks.{name}.pair: a tag task reads one text, set pair: false"
        if task["kind"] == "classify" and len(labels) == 1:
            yield f"tasks.{name}.labels: to classify takes two labels or more"


def _own_tasks(plain: Plain) -> Iterator[str]:
    for own in DEFAULT_TASKS:
        task = plain["tasks"].get(own.name)
        expected = {"kind": own.kind, "labels": list(own.labels), "pair": own.pair}
        if task is not None and dict(task) != expected:
            yield (
                f"tasks.{own.name}: is nabra's own: kind: {own.kind}, "
                f"labels: [{', '.join(own.labels)}], pair: {str(own.pair).lower()}"
            )


def _feeds(plain: Plain) -> Iterator[str]:
    tasks, datasets = plain["tasks"], plain["datasets"]
    fed = {task.name for task in DEFAULT_TASKS} if plain["data"] else set()
    if plain["data"] and not fed & set(tasks):
        yield "data: feeds stance and loaded_terms, and tasks has neither"
    if not plain["data"] and not datasets:
        yield "data: is null, and datasets names none"
    for name, dataset in datasets.items():
        fed.add(dataset["task"])
        if dataset["task"] not in tasks:
            yield f"datasets.{name}.task: {dataset['task']} is none of tasks"
        if dataset["format"] not in FORMATS:
            yield f"datasets.{name}.format: {dataset['format']} is none of {', '.join(FORMATS)}"
    for name in tasks:
        if name not in fed:
            yield f"tasks.{name}: no data set feeds it"


def _best(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    known = (LAST, LOSS, MEAN, *plain["tasks"])
    if training["best_by"] not in known:
        yield f"training.best_by: {training['best_by']} is none of {', '.join(known)}"
    if training["early_stopping"] and training["best_by"] == LAST:
        yield "training.early_stopping: needs best_by: loss, mean or a task"
    if training["best_by"] != LAST and plain["split"]["validation"] == 0:
        yield "training.best_by: needs a validation split, and split.validation is 0"


def _lengths(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    longest = training["max_length"]
    if training["batch_tokens"] < longest:
        yield f"training.batch_tokens: holds no text of max_length {longest}"
    if 2 * training["stride"] > longest - 8:
        yield f"training.stride: leaves no room for words in max_length {longest}"


def _repeats(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if len(set(training["seeds"])) < len(training["seeds"]):
        yield "training.seeds: a seed repeats"
    if training["folds"] == 1:
        yield "training.folds: is 0 (none), or 2 and more"


def _frozen(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if training["lora"] and training["layer_decay"] != 1:
        yield "training.layer_decay: lora trains no layer itself, set layer_decay: 1.0"


_RULES = (
    _split, _embedded, _tasks, _own_tasks, _feeds, _best, _lengths, _repeats, _frozen
)  # fmt: skip
