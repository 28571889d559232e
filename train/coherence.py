"""What the keys of a config must hold together, beyond the type and bounds of each.

A rule takes the plain config and yields a line for each fault, the key first. It may meet keys that
are missing or of a wrong type, which are reported as such: it then has nothing to say.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, get_args

from model.records import Article
from model.tasks import DEFAULT_TASKS, TaskKind
from train.data.public import FORMATS
from train.settings import LAST, LOSS, MEAN, OWN
from train.space import hopeless_values, space_faults
from train.trackers import TRACKERS

Plain = Mapping[str, Any]
Rule = Callable[..., Iterator[str]]


def broken_rules(plain: Plain) -> list[str]:
    """A line for each fault that lies between keys."""
    faults = [fault for rule in _RULES for fault in _ask(rule, plain)]
    for part, rules in _RULES_OF_EACH.items():
        held = plain.get(part)
        for name, values in held.items() if isinstance(held, Mapping) else ():
            for rule in rules:
                faults += _ask(rule, plain, name, values)
    return faults


def broken_learning_rules(plain: Plain) -> list[str]:
    """Of those rules the ones about what every training of a classifier has."""
    return [fault for rule in _LEARNING_RULES for fault in _ask(rule, plain)]


def _ask(rule: Rule, *given: Any) -> list[str]:
    try:
        return list(rule(*given))
    except (KeyError, TypeError, AttributeError):
        return []  # one of the rule's keys is missing or of a wrong type


def _shares(plain: Plain) -> Iterator[str]:
    split = plain["split"]
    if split["validation"] + split["test"] >= 1:
        yield "split.validation, split.test: together leave nothing for training"


def _held_out(plain: Plain) -> Iterator[str]:
    split = plain["split"]
    if split["held_out"] and split["by"] not in ("outlet", "target"):
        yield f"split.held_out: names outlets or targets, and split.by is {split['by']}"


def _split_by(plain: Plain) -> Iterator[str]:
    if plain["data"] is None and plain["split"]["by"] != "story":
        yield "split.by: sets of other hands are split by story, and data is null"


def _heads(plain: Plain) -> Iterator[str]:
    width, heads = plain["scratch"]["width"], plain["scratch"]["heads"]
    if heads and width % heads:
        yield f"scratch.heads: width {width} is no multiple of heads {heads}"


def _task_name(_: Plain, name: str, __: Plain) -> Iterator[str]:
    if name in (LAST, LOSS, MEAN):
        yield f"tasks.{name}: training.best_by has another meaning for this name"


def _task_labels(_: Plain, name: str, task: Plain) -> Iterator[str]:
    labels = task["labels"]
    if len(set(labels)) < len(labels):
        yield f"tasks.{name}.labels: a label repeats"
    if task["kind"] == "classify" and len(labels) == 1:
        yield f"tasks.{name}.labels: to classify takes two labels or more"


def _task_pair(_: Plain, name: str, task: Plain) -> Iterator[str]:
    if task["kind"] == "tag" and task["pair"] is True:
        yield f"tasks.{name}.pair: a tag task reads one text, set pair: false"


def _own_task(_: Plain, name: str, task: Plain) -> Iterator[str]:
    for own in DEFAULT_TASKS:
        expected = {"kind": own.kind, "labels": list(own.labels), "pair": own.pair}
        if name == own.name and dict(task) != expected:
            yield (
                f"tasks.{name}: is nabra's own, {_form(own.kind, own.pair)}, "
                f"labels: [{', '.join(own.labels)}]"
            )


def _data(plain: Plain) -> Iterator[str]:
    if plain["data"] and not {task.name for task in DEFAULT_TASKS} & set(plain["tasks"]):
        yield "data: feeds stance and loaded_terms, and tasks has neither"
    if plain["data"] is None and not plain["datasets"]:
        yield "data, datasets: null and none, so that there is nothing to train on"


def _columns(plain: Plain) -> Iterator[str]:
    known = [field.name for field in fields(Article) if field.name != "source"]
    for name in plain["data"]["columns"].keys():  # noqa: SIM118  # no list, no text
        if name not in known:
            yield f"data.columns.{name}: {_none_of(name, known)}"


def _fed(plain: Plain) -> Iterator[str]:
    fed = {dataset["task"] for dataset in plain["datasets"].values()}
    if not fed <= set(plain["tasks"]):
        return  # one of them may be meant for the task that seems unfed
    if not fed and plain["data"] is None:
        return  # the fault is that nothing feeds any
    if plain["data"]:
        fed |= {task.name for task in DEFAULT_TASKS}
    for name in plain["tasks"]:
        if name not in fed:
            yield f"tasks.{name}: no data set feeds it"


def _dataset_name(_: Plain, name: str, __: Plain) -> Iterator[str]:
    if name == OWN:
        yield f"datasets.{name}: stands for the run's own articles, choose another name"


def _dataset_format(_: Plain, name: str, dataset: Plain) -> Iterator[str]:
    if dataset["format"] not in FORMATS:
        yield f"datasets.{name}.format: {_none_of(dataset['format'], FORMATS)}"


def _dataset_task(plain: Plain, name: str, dataset: Plain) -> Iterator[str]:
    tasks, fed = plain["tasks"], dataset["task"]
    if fed not in tasks:
        yield f"datasets.{name}.task: {_none_of(fed, tasks)}"
        return
    reader = FORMATS[dataset["format"]]
    own = {task.name: task for task in DEFAULT_TASKS}.get(fed)
    kind, pair = (own.kind, own.pair) if own else (tasks[fed]["kind"], tasks[fed]["pair"])
    is_known = kind in get_args(TaskKind) and isinstance(pair, bool)
    if is_known and (kind, pair) != (reader.kind, reader.pair):
        yield (
            f"datasets.{name}.task: {dataset['format']} has labels for "
            f"{_form(reader.kind, reader.pair)}, and {fed} is {_form(kind, pair)}"
        )


def _dataset_division(_: Plain, name: str, dataset: Plain) -> Iterator[str]:
    if dataset["division"] == "official" and not FORMATS[dataset["format"]].is_divided:
        yield f"datasets.{name}.division: {dataset['format']} brings none, set division: stories"


def _best(plain: Plain) -> Iterator[str]:
    known = (LAST, LOSS, MEAN, *plain["tasks"])
    best_by = plain["training"]["best_by"]
    if best_by not in known:
        yield f"training.best_by: {_none_of(best_by, known)}"


def _best_of_none(plain: Plain) -> Iterator[str]:
    if plain["training"]["best_by"] != LAST and plain["split"]["validation"] == 0:
        yield "training.best_by: needs a validation split, and split.validation is 0"


def _early_stopping(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if training["early_stopping"] and training["best_by"] == LAST:
        yield "training.early_stopping: needs best_by: loss, mean or a task"


def _batch(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if training["batch_tokens"] < training["max_length"]:
        yield f"training.batch_tokens: holds no text of max_length {training['max_length']}"


def _stride(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if 2 * training["stride"] > training["max_length"] - 8:
        longest = training["max_length"]
        yield f"training.stride: leaves no room for words in max_length {longest}"


def _seeds(plain: Plain) -> Iterator[str]:
    seeds = plain["training"]["seeds"]
    if len(set(seeds)) < len(seeds):
        yield "training.seeds: a seed repeats"


def _folds(plain: Plain) -> Iterator[str]:
    if plain["training"]["folds"] == 1:
        yield "training.folds: is 0 (none), or 2 and more"


def _frozen(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if training["lora"] and training["layer_decay"] != 1:
        yield "training.layer_decay: lora trains no layer itself, set layer_decay: 1.0"


def _trackers(plain: Plain) -> Iterator[str]:
    named = plain["training"]["report_to"]
    for number, name in enumerate(named if isinstance(named, list) else ()):
        if name not in TRACKERS:
            yield f"training.report_to.{number}: {_none_of(name, TRACKERS)}"


def _variables(plain: Plain) -> Iterator[str]:
    for key, text in _texts(plain, ""):
        is_path = key.startswith("datasets.") and key.endswith(".path")
        if "${" in text and not is_path:
            yield f"{key}: {text} is not read, write the value"


def _search_metric(plain: Plain) -> Iterator[str]:
    known = (MEAN, LOSS, *plain["tasks"])
    if plain["search"] and plain["search"]["metric"] not in known:
        yield f"search.metric: {_none_of(plain['search']['metric'], known)}"


def _search_of_none(plain: Plain) -> Iterator[str]:
    if plain["search"] and plain["split"]["validation"] == 0:
        yield "split.validation: is 0, and a search is scored on the validation split"


def _search_space(plain: Plain) -> Iterator[str]:
    if plain["search"]:
        yield from space_faults(plain)


def _search_values(plain: Plain) -> Iterator[str]:
    if plain["search"]:
        yield from hopeless_values(plain, lambda tried: broken_rules({**tried, "search": None}))


def _texts(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    items: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for name, part in items:
        yield from _texts(part, f"{key}.{name}" if key else str(name))


def _form(kind: str, pair: bool) -> str:
    return f"kind: {kind}, pair: {str(pair).lower()}"


def _none_of(found: object, known: Iterable[str]) -> str:
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(str(found).lower(), by_lower, n=1)
    listed = f"{found} is none of {', '.join(known)}"
    return f"{listed} (did you mean {by_lower[near[0]]}?)" if near else listed


_LEARNING_RULES: tuple[Rule, ...] = (_heads, _batch, _stride, _trackers)
_RULES: tuple[Rule, ...] = (
    _shares, _held_out, _split_by, _data, _columns, _fed, _best, _best_of_none,
    _early_stopping, _seeds, _folds, _frozen, _variables,
    _search_metric, _search_of_none, _search_space, _search_values, *_LEARNING_RULES,
)  # fmt: skip
_RULES_OF_EACH: Mapping[str, tuple[Rule, ...]] = {
    "tasks": (_task_name, _task_labels, _task_pair, _own_task),
    "datasets": (_dataset_name, _dataset_format, _dataset_task, _dataset_division),
}
