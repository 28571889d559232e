"""What a search may vary: keys of `training` and `scratch`, and the values that fit them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from train.fit.encoder.names import SCRATCH
from train.settings import RunConfig, ScratchConfig, TrainingConfig

Plain = Mapping[str, Any]
_PARTS: dict[str, type[BaseModel]] = {"training": TrainingConfig, "scratch": ScratchConfig}
_BARRED = {
    **dict.fromkeys(("seed", "seeds"), "is chance: the best seed is only the luckiest"),
    **dict.fromkeys(("folds", "report_to", "save_steps", "log_steps"), "decides no weight"),
}
KNOWN = tuple(
    f"{part}.{key}"
    for part, model in _PARTS.items()
    for key in model.model_fields
    if key not in _BARRED
)


def space_faults(plain: Plain) -> Iterator[str]:
    """A line for each fault of `search.space` in a plain config, the key first."""
    space = plain["search"]["space"]
    if not space:
        yield "search.space: names no key"
    for key, given in space.items():
        where = f"search.space.{key}"
        if key not in KNOWN:
            yield f"{where}: {_why_not(key)}"
            continue
        if isinstance(given, Mapping):
            number = number_type(key)
            yield from _shape_faults(where, number, given)
            for name, value in _values(given):
                misfit = _misfit(plain, key, value)
                if misfit and (number or name == "choices"):
                    yield f"{where}.{name}: {misfit}"
    if plain["encoder"] != SCRATCH:
        yield from (
            f"search.space.{key}: does nothing, the encoder is {plain['encoder']}"
            for key in space
            if key.startswith("scratch.")
        )


def hopeless_values(plain: Plain, break_rules: Callable[[Plain], list[str]]) -> Iterator[str]:
    """Values of the space that go with no other, by the rules for a whole config.

    Neither with the config's own values nor with one that is searched beside.
    """
    known = set(break_rules(plain))
    tried = [
        (key, f"search.space.{key}.{name}", value)
        for key, given in plain["search"]["space"].items()
        if key in KNOWN
        for name, value in _values(given)
        if not _misfit(plain, key, value)
    ]
    for key, where, value in tried:
        changed = put(plain, key, value)
        beside = (put(changed, other, second) for other, _, second in tried if other != key)
        found = [
            [fault for fault in break_rules(together) if fault not in known]
            for together in chain([changed], beside)
        ]
        if all(found):
            yield f"{where}: with {value!r}, {found[0][0]}"


def put(plain: Plain, key: str, value: Any) -> dict[str, Any]:
    """The plain config with another value at a dotted key."""
    part, _, name = key.partition(".")
    return {**plain, part: {**plain[part], name: value}}


def number_type(key: str) -> type[int] | type[float] | None:
    """What kind of number a key takes, None for what is none."""
    part, _, name = key.partition(".")
    annotation = _PARTS[part].model_fields[name].annotation
    for one in (annotation, *get_args(annotation)):
        for found in (one, *get_args(one)):
            if found in (int, float):
                return int if found is int else float
    return None


def _why_not(key: str) -> str:
    name = key.rpartition(".")[2]
    if key == f"training.{name}" and name in _BARRED:
        return f"{_BARRED[name]}, it is not searched over"
    near = difflib.get_close_matches(key, KNOWN, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ", keys of training and scratch are searched"
    return f"unknown key{hint}"


def _shape_faults(where: str, number: type | None, given: Plain) -> Iterator[str]:
    """Whether it is a range or a list of choices, and one that holds something."""
    low, high, choices = given.get("low"), given.get("high"), given.get("choices")
    if choices is not None:
        if low is not None or high is not None or given.get("log"):
            yield f"{where}: give choices, or low and high"
        if isinstance(choices, list):
            if not choices:
                yield f"{where}.choices: names no value"
            if len({repr(choice) for choice in choices}) < len(choices):
                yield f"{where}.choices: a value repeats"
    elif low is None or high is None:
        yield f"{where}: give low and high, or choices"
    elif number is None:
        yield f"{where}: is no number, give choices"
    elif _is_number(low) and _is_number(high):
        if low >= high:
            yield f"{where}.low: {low} is not below high {high}"
        if given.get("log") and low <= 0:
            yield f"{where}.log: needs low above 0, not {low}"


def _values(given: Any) -> Iterator[tuple[str, Any]]:
    """The values that are of a type that any key could take; others are reported as such."""
    if not isinstance(given, Mapping):
        return
    for name in ("low", "high"):
        if _is_number(given.get(name)):
            yield name, given[name]
    choices = given.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if choice is None or isinstance(choice, bool | int | float | str):
            yield "choices", choice


def _misfit(plain: Plain, key: str, value: Any) -> str | None:
    """Why the key cannot have the value, None if it can."""
    part, _, name = key.partition(".")
    if number_type(key) is int and isinstance(value, float) and value.is_integer():
        value = int(value)  # as a config that was written out has it
    try:
        RunConfig.model_validate(put(plain, key, value))
    except ValidationError as error:
        for item in error.errors():
            if item["loc"][:2] == (part, name):
                return f"should be {item['msg'].removeprefix('Input should be ')}, not {value!r}"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
