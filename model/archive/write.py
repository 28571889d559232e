"""Predictions to parts on disk and back: no part has its name before it is complete."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self
from urllib.parse import quote

from model.archive.atomic import AtomicFile, output_errors
from model.archive.parts import ENCODERS, PartEncoder, PartFormat, json_line, read_part
from model.errors import InputError, OutputError
from model.records import Dropped, Prediction, Record

DONE_DIR = "done"
OWN_DIRS = ("predictions", "quarantine", DONE_DIR)
"""What a run writes its parts into."""
_LONGEST_VALUE = 36  # characters of a folder's name, of which each may become six


@dataclass(frozen=True, slots=True)
class WrittenFile(Record):
    """A file that a shard wrote, by its path in the output folder."""

    path: str
    rows: int
    num_bytes: int
    sha256: str


class ShardWriter:
    """A context manager that writes `predictions/NAME.*` and, if need be, `quarantine/NAME.jsonl`.

    `partition` names a field of the predictions (`outlet`, or `month` of the day of publication):
    each of its values then has a folder `predictions/FIELD=VALUE`. `rows` and `quarantined` count
    what was written; after the end `files` names it. No file has its name before it is complete;
    an exception inside leaves none. OutputError for a disk that refuses.
    """

    def __init__(
        self,
        output_dir: Path,
        name: str,
        format: PartFormat = "jsonl",
        *,
        partition: str | None = None,
    ) -> None:
        self.rows = 0
        self.quarantined = 0
        self.files: tuple[WrittenFile, ...] = ()
        self._output_dir = output_dir
        self._name = name
        self._format: PartFormat = format
        self._partition = partition
        self._token = f".{secrets.token_hex(4)}"
        self._parts: dict[str, _Part] = {}
        self._dropped: _Part | None = None

    def __enter__(self) -> Self:
        with output_errors(self._output_dir):
            for folder in ("predictions", "quarantine"):
                (self._output_dir / folder).mkdir(parents=True, exist_ok=True)
            if self._partition is None:
                self._open("")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        parts = [*self._parts.values(), *([self._dropped] if self._dropped else [])]
        try:
            if kind is None:
                with output_errors(self._output_dir):
                    self.files = tuple(part.finish(self._output_dir) for part in parts)
        finally:
            for part in parts:
                part.discard()

    def write(self, prediction: Prediction) -> None:
        """Adds a prediction."""
        with output_errors(self._output_dir):
            field = self._partition
            folder = "" if field is None else partition_folder(prediction, field)
            part = self._parts.get(folder) or self._open(folder)
            part.write(prediction)
            self.rows += 1

    def quarantine(self, dropped: Dropped) -> None:
        """Keeps a record that could not be predicted, with its reason."""
        with output_errors(self._output_dir):
            if self._dropped is None:
                path = self._output_dir / "quarantine" / f"{self._name}.jsonl"
                self._dropped = _Part(AtomicFile(path, self._token), None)
            self._dropped.file.stream.write(json_line(dropped.to_dict()))
            self._dropped.rows += 1
            self.quarantined += 1

    def _open(self, folder: str) -> _Part:
        path = self._output_dir / "predictions" / folder / f"{self._name}.{self._format}"
        path.parent.mkdir(parents=True, exist_ok=True)
        file = AtomicFile(path, self._token)
        self._parts[folder] = _Part(file, ENCODERS[self._format](file.stream))
        return self._parts[folder]


@dataclass(slots=True)
class _Part:
    """A file that is being written."""

    file: AtomicFile
    encoder: PartEncoder | None
    rows: int = 0

    def write(self, prediction: Prediction) -> None:
        assert self.encoder is not None
        self.encoder.write(prediction)
        self.rows += 1

    def finish(self, output_dir: Path) -> WrittenFile:
        if self.encoder is not None:
            self.encoder.finish()
            self.encoder = None
        num_bytes, sha256 = self.file.hash()
        self.file.commit()
        path = self.file.path.relative_to(output_dir).as_posix()
        return WrittenFile(path, self.rows, num_bytes, sha256)

    def discard(self) -> None:
        if self.encoder is not None:
            # Left unfinished, an encoder would write to the closed file when it is collected.
            with suppress(Exception):
                self.encoder.finish()
        self.file.discard()


def partition_folder(prediction: Prediction, field: str) -> str:
    """The folder of a prediction's value: no value leads out of it, or hides it."""
    value = prediction.outlet if field == "outlet" else (prediction.published or "unknown")[:7]
    quoted = quote(value[:_LONGEST_VALUE], safe="")
    return f"{field}={quoted or 'unknown'}"


def make_room(output_dir: Path, *, overwrite: bool) -> None:
    """Remove the parts of an earlier run, or refuse to touch them: OutputError."""
    with output_errors(output_dir):
        for folder in OWN_DIRS:
            for path in list_parts(output_dir / folder):
                if not overwrite:
                    raise OutputError(
                        path.parent,
                        "holds parts of an earlier run",
                        "choose another --output, or replace them with --overwrite",
                    )
                path.unlink()
                if path.parent != output_dir / folder and not any(path.parent.iterdir()):
                    path.parent.rmdir()
        # It tells of the parts that have gone.
        (output_dir / "manifest.json").unlink(missing_ok=True)


def list_parts(folder: Path) -> list[Path]:
    """The parts under a folder by their number, then by the folder of a partition."""
    return sorted(folder.rglob("part-*"), key=lambda path: (path.name, path.parent.name))


def rewrite_predictions(
    source_dir: Path, output_dir: Path, change: Callable[[Prediction], Prediction]
) -> None:
    """Each part of one folder again in another, every prediction changed; the quarantine as it is.

    InputError, OutputError as for reading and writing.
    """
    for path in list_parts(source_dir / "predictions"):
        with output_errors(output_dir):
            place = output_dir / path.relative_to(source_dir)
            place.parent.mkdir(parents=True, exist_ok=True)
            file = AtomicFile(place)
            part = _Part(file, ENCODERS[path.suffix[1:]](file.stream))  # type: ignore[index]
            try:
                for prediction in read_part(path):
                    part.write(change(prediction))
                part.finish(output_dir)
            finally:
                part.discard()
    for path in list_parts(source_dir / "quarantine"):
        with output_errors(output_dir):
            place = output_dir / path.relative_to(source_dir)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


def read_predictions(output_dir: Path) -> Iterator[Prediction]:
    """Every prediction that lies in `output_dir`, in order, in any format.

    InputError where there are none to read; an empty folder, left by a run that had to quarantine
    everything, yields nothing.
    """
    folder = output_dir / "predictions"
    if not folder.is_dir():
        raise InputError(output_dir, "holds no predictions", "run nabra predict first")
    return chain.from_iterable(map(read_part, list_parts(folder)))


def write_json(path: Path, data: object) -> None:
    """Writes a manifest or the like: indented JSON that is there whole or not at all."""
    write_text(path, json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text as UTF-8, whole or not at all. OutputError for a disk that refuses."""
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = AtomicFile(path)
        try:
            file.stream.write(text.encode("utf-8", "backslashreplace"))
            file.commit()
        except BaseException:
            file.discard()
            raise
