"""What a training is a training of: only the very same one may go on where it was killed."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import torch
import transformers
from pydantic import TypeAdapter, ValidationError

from model.errors import NabraError, OutputError
from train.fit.resume.sealed import last_complete, write_whole

IDENTITY = "training.json"  # its name in the folder of the trainer
OnChange = Literal["refuse", "restart"]

_ABSENT: Any = object()
_DATA = {
    "train": "training sentences have",
    "validation": "validation sentences have",
    "targets": "the list of targets has",
    "encoder": "the encoder's files have",
    "teacher": "the teacher has",
    "articles": "the articles have",
    "dataset": "the labelled sentences have",
    "labels": "the soft labels have",
}


@dataclass(frozen=True, slots=True)
class TrainingIdentity:
    """All that decides the weights: settings, hashes of data and code, versions, processes."""

    config: dict[str, Any]
    data: dict[str, str]
    code: str
    versions: dict[str, str]
    processes: int

    def write(self, path: Path, *, finished: bool = False) -> None:
        """Write it as JSON, whole or not at all; `finished`: the training came to its end."""
        write_whole(path, asdict(_Record(finished, self)))

    @classmethod
    def read(cls, path: Path) -> tuple[TrainingIdentity | None, str]:
        """The identity in a file and "", or None and the reason."""
        record = _read(path)
        return (None, record) if isinstance(record, str) else (record.identity, "")


def versions() -> dict[str, str]:
    """Of what computes the weights."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def is_finished(path: Path) -> bool:
    """Whether the training whose identity stands in the file came to its end."""
    record = _read(path)
    return not isinstance(record, str) and record.finished


def settle(trainer_dir: Path, identity: TrainingIdentity, on_change: OnChange) -> None:
    """Make the trainer's folder that of this training: go on, start afresh, or refuse."""
    path = trainer_dir / IDENTITY
    then, why = TrainingIdentity.read(path)
    if then == identity:
        return
    if on_change == "refuse":
        if then is not None:
            refuse_changed(trainer_dir, then, identity)
        elif last_complete(trainer_dir)[0]:
            what = f"checkpoints lie here, and nothing tells of which training: {why}"
            raise NabraError(trainer_dir, what, "start afresh with --restart")
    try:
        trainer_dir.mkdir(parents=True, exist_ok=True)
        for left in trainer_dir.iterdir():  # none may stay: it would be gone on from
            if left != path:  # replaced last, so that a kill on the way leaves what refuses above
                shutil.rmtree(left) if left.is_dir() and not left.is_symlink() else left.unlink()
        identity.write(path)
    except OSError as error:
        fix = "choose another output_dir"
        raise OutputError(trainer_dir, f"cannot be written ({error.strerror})", fix) from None


def refuse_changed(trainer_dir: Path, then: TrainingIdentity, now: TrainingIdentity) -> None:
    """NabraError if an unfinished training in `trainer_dir` was begun as another one."""
    changes = differences(then, now)
    if not changes or is_finished(trainer_dir / IDENTITY):
        return
    count = "1 thing differs" if len(changes) == 1 else f"{len(changes)} things differ"
    what = f"an unfinished training lies here, and {count}: {'; '.join(changes)}"
    raise NabraError(trainer_dir, what, "undo the change, or start afresh with --restart")


def differences(then: TrainingIdentity, now: TrainingIdentity) -> list[str]:
    """One plain line for each thing that differs; keys of the config by dotted path."""
    lines = list(_config_changes("", _plain(then.config), _plain(now.config)))
    for name, before, after in _pairs(then.data, now.data):
        if before != after:
            verb = "been added" if not before else "been removed" if not after else "changed"
            lines.append(f"{_DATA.get(name, f'{name} has')} {verb}")
    if then.code != now.code:
        lines.append("nabra's code has changed")
    for name, before, after in _pairs(then.versions, now.versions):
        if before != after:
            lines.append(f"{name} was {before or 'not there'}, is {after or 'not there'}")
    if then.processes != now.processes:
        plural = "" if then.processes == 1 else "es"
        lines.append(f"{then.processes} process{plural} then, {now.processes} now")
    return lines


@dataclass(frozen=True, slots=True)
class _Record:
    finished: bool
    identity: TrainingIdentity


_RECORD = TypeAdapter(_Record)


def _read(path: Path) -> _Record | str:
    """The record in a file, or why there is none."""
    try:
        return _RECORD.validate_json(path.read_bytes(), strict=True)
    except FileNotFoundError:
        return f"{path.name} is missing"
    except OSError as error:
        return f"{path.name} cannot be read ({error.strerror})"
    except ValidationError:
        return f"{path.name} is damaged"


def _plain(config: dict[str, Any]) -> Any:
    """As it reads back from JSON: a tuple is a list, a key is a string."""
    return json.loads(json.dumps(config))


def _config_changes(path: str, then: Any, now: Any) -> Iterator[str]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in {**then, **now}:
            before, after = then.get(key, _ABSENT), now.get(key, _ABSENT)
            yield from _config_changes(f"{path}.{key}" if path else key, before, after)
        before, after = [key for key in then if key in now], [key for key in now if key in then]
        if before != after:  # tasks and sets of data are drawn in their order
            where = path or "the config"
            yield f"{where} had its keys as {', '.join(before)}, has them as {', '.join(after)}"
    elif isinstance(then, list) and isinstance(now, list):
        for index, pair in enumerate(zip_longest(then, now, fillvalue=_ABSENT)):
            yield from _config_changes(f"{path}[{index}]", *pair)
    elif then is _ABSENT:
        yield f"{path} is new: {_show(now)}"
    elif now is _ABSENT:
        yield f"{path} is gone, was {_show(then)}"
    elif json.dumps(then) != json.dumps(now):  # so that 1 is not true, and NaN is NaN
        yield f"{path} was {_show(then)}, is {_show(now)}"


def _show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _pairs(then: dict[str, str], now: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in {**then, **now}:
        yield name, then.get(name, ""), now.get(name, "")
