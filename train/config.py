"""Run configs: one whole YAML file for each run, every fault reported at once."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from omegaconf import OmegaConf
from pydantic import ValidationError

from model.errors import ConfigError, InputError
from train.coherence import broken_rules
from train.settings import RunConfig


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

    InputError where the file cannot be read; ConfigError lists every unknown, missing and mistyped
    key, with a near name where there is one.
    """
    path = Path(path)
    try:
        loaded = OmegaConf.load(path)
        for override in overrides:
            if "=" not in override:
                raise ConfigError(f"--set {override}", ["write it as key.key=value"])
        loaded = OmegaConf.merge(loaded, OmegaConf.from_dotlist(list(overrides)))
        plain = OmegaConf.to_container(loaded, resolve=False)
    except ConfigError:
        raise
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from None
    except Exception as error:  # the YAML parser and OmegaConf share no class of errors
        message = " ".join(str(error).split())
        raise ConfigError(path, [f"is no valid YAML mapping: {message}"]) from None
    if not isinstance(plain, dict):
        raise ConfigError(path, ["holds no mapping of keys"])
    faults = broken_rules(plain)
    try:
        config = RunConfig.model_validate(plain)
    except ValidationError as error:
        faults = _faults(error) + faults
    if faults:
        raise ConfigError(path, faults)
    return Run(path, config)


def _faults(error: ValidationError) -> list[str]:
    faults = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"] if part != "[key]")
        if item["type"] == "extra_forbidden":
            faults.append(f"{key}: unknown key{_suggestion(item['loc'])}")
        elif item["type"] == "missing":
            faults.append(f"{key}: missing")
        elif item["loc"][-1] == "[key]":
            faults.append(f"{key}: a task's name is small letters, digits and _")
        else:
            message = item["msg"].removeprefix("Value error, ").lower()
            is_whole_part = isinstance(item["input"], dict)
            faults.append(
                f"{key}: {message}" + ("" if is_whole_part else f", not {item['input']!r}")
            )
    return faults


def _suggestion(location: Sequence[str | int]) -> str:
    part: Any = RunConfig
    for key in location[:-1]:
        part = _part_at(part, key)
    known = list(getattr(part, "model_fields", {}))
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _part_at(part: Any, key: str | int) -> Any:
    """The model of a key: that of the field, of its values where it is a mapping, None else."""
    field = getattr(part, "model_fields", {}).get(key)
    if field is None:
        return part  # a name within a mapping of parts, whose model was found a step before
    for model in (field.annotation, *get_args(field.annotation)):
        if hasattr(model, "model_fields"):
            return model
    return None


def expand_path(path: str) -> Path:
    """A path of the config, with `$NABRA_DATA` and the like read from the environment."""
    return Path(os.path.expandvars(path))


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
        path = str(expand_path(dataset.path))
        if "$" in path:
            unset.append(f"datasets.{name}.path: {path}: the variable is not set")
        else:
            named[f"datasets.{name}.path"] = [path]
    return unset + [
        f"{key}: {path} does not exist"
        for key, paths in named.items()
        for path in paths
        if not Path(path).exists()
    ]
