"""Run configs: one whole YAML file for each run, every fault reported at once."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from model.errors import ConfigError, InputError
from train.coherence import broken_rules
from train.document import read_document, set_keys
from train.settings import RunConfig

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

C = TypeVar("C", bound=BaseModel)

_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")  # as os.path.expandvars reads it


class Run:
    """A config with the folder that its results go to."""

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config
        self.dir = Path(config.output_dir or Path("runs") / path.stem)

    @property
    def dataset_dir(self) -> Path:
        """Where `prepare` writes."""
        return self.dir / "dataset"

    @property
    def checkpoint_dir(self) -> Path:
        """Where `finetune` writes what it ends with."""
        return self.dir / "checkpoint"

    @property
    def lists(self) -> tuple[Path, Path] | None:
        """The files of targets and of loaded terms; None where the run has no articles."""
        data = self.config.data
        return (Path(data.targets), Path(data.lexicon)) if data else None

    def fingerprint(self, *parts: str) -> str:
        """SHA-256 of these parts of the config (all of it where none is named)."""
        plain = self.config.model_dump(mode="json")
        chosen = {part: plain[part] for part in parts} if parts else plain
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


def read_run(path: str | Path, overrides: Sequence[str] = ()) -> Run:
    """The run of a config file, with `key.key=value` overrides.

    Errors as of `read_config`.
    """
    return Run(Path(path), read_config(Path(path), overrides, RunConfig, broken_rules))


def read_config(
    path: Path,
    overrides: Sequence[str],
    kind: type[C],
    broken_rules: Callable[[Mapping[str, Any]], list[str]],
) -> C:
    """A config of some kind, whose rules between keys `broken_rules` knows.

    InputError where the file cannot be read; ConfigError lists every unknown, missing, duplicate
    and mistyped key, with a near name where there is one, and what the keys do not hold together.
    """
    written, faults = read_document(path)
    plain, unset = set_keys(written, overrides)
    faults += unset
    config = None
    try:
        config = kind.model_validate(plain)
    except ValidationError as error:
        known = {_key(fault) for fault in faults}
        faults += [
            fault
            for fault in (_fault(item, kind) for item in error.errors())
            if _key(fault) not in known
        ]
    faults += _news(broken_rules(plain), faults)
    if faults or config is None:
        raise ConfigError(path, [" ".join(fault.split()) for fault in faults])
    return config


def _key(fault: str) -> str:
    return fault.partition(": ")[0]


def _news(broken: Sequence[str], faults: Sequence[str]) -> list[str]:
    """The broken rules without those about a key that is wrong by itself, or has one below it."""
    wrong = {_key(fault) for fault in faults}
    return [
        rule
        for rule in broken
        if not any(
            key == part or key.startswith(f"{part}.")
            for part in _key(rule).split(", ")
            for key in wrong
        )
    ]


_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "model_type": "a mapping of keys",
    "string_too_short": "a text",
    "string_type": "a text",
    "too_short": "a list of something",
}


def _fault(item: ErrorDetails, kind: type[BaseModel]) -> str:
    """One line for what pydantic found, the key first."""
    *_, last = location = item["loc"]
    key = ".".join(str(part) for part in location if part != "[key]")
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{_suggestion(location, kind)}"
    if item["type"] == "missing":
        return f"{key}: missing"
    if last == "[key]":
        return f"{key}: a name is small letters, digits and _, a letter first"
    expected = _EXPECTED.get(item["type"], item["msg"].removeprefix("Input should be "))
    return f"{key}: should be {expected}, not {_shown(item['input'])}"


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list" if value else "an empty list"
    text = json.dumps(value) if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _suggestion(location: Sequence[str | int], kind: type[BaseModel]) -> str:
    part: Any = kind
    for key in location[:-1]:
        part = _part_at(part, key)
    name = str(location[-1])
    fields = [] if isinstance(part, _Named) else getattr(part, "model_fields", {})
    near = difflib.get_close_matches(name, fields, n=1)
    if "." in name:
        return " (what stands behind a dot is a key of its own, indented below)"
    return f" (did you mean {near[0]}?)" if near else ""


class _Named(NamedTuple):
    """A mapping of parts by name; `model` is that of each."""

    model: Any


def _part_at(part: Any, key: str | int) -> Any:
    """What stands under a key: a model, parts by name, or None for anything else."""
    if isinstance(part, _Named):
        return part.model
    field = getattr(part, "model_fields", {}).get(key)
    if field is None:
        return None
    if hasattr(field.annotation, "model_fields"):
        return field.annotation
    model = next(
        (part for part in get_args(field.annotation) if hasattr(part, "model_fields")), None
    )
    return _Named(model) if get_origin(field.annotation) is dict and model else model


def expand_path(path: str) -> Path:
    """A path of the config, with `$NABRA_DATA` and the like read from the environment.

    InputError where that does not hold them.
    """
    for variable in _unset_variables(path):
        what = f"the environment variable {variable} is not set"
        raise InputError(path, what, f"export {variable}=FOLDER")
    return Path(os.path.expandvars(path))


def _unset_variables(path: str) -> list[str]:
    named = [given.strip("{}") for given in _VARIABLE.findall(path)]
    return [variable for variable in named if not os.environ.get(variable)]


def missing_paths(run: Run) -> list[str]:
    """A line for each file or folder that the config names and that is not there."""
    data = run.config.data
    named: dict[str, Sequence[str]] = {}
    if data:
        named = {
            "data.articles": data.articles,
            "data.annotations": [data.annotations],
            "data.targets": [data.targets],
            "data.lexicon": [data.lexicon],
            "data.unlabelled": data.unlabelled,
        }
    unset = []
    for name, dataset in run.config.datasets.items():
        key = f"datasets.{name}.path"
        missing = _unset_variables(dataset.path)
        unset += [f"{key}: the environment variable {each} is not set" for each in missing]
        if not missing:
            named[key] = [str(expand_path(dataset.path))]
    return unset + [
        f"{key}: {path} does not exist"
        for key, paths in named.items()
        for path in paths
        if not Path(path).exists()
    ]
