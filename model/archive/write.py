"""Predictions to parts on disk and back: no part has its name before it is complete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Self

from model.archive.atomic import AtomicFile, output_errors
from model.archive.parts import ENCODERS, PartEncoder, PartFormat, json_line, read_part
from model.errors import InputError, OutputError
from model.records import Dropped, Prediction


class PredictionWriter:
    """A context manager that writes `predictions/part-NNNNN.*` and `quarantine/part-00000.jsonl`.

    `rows` and `quarantined` count what was written. An exception inside leaves the parts that were
    complete by then and nothing of the others. OutputError for parts of an earlier run, unless
    `overwrite` removes them, and for a disk that refuses.
    """

    def __init__(
        self,
        output_dir: Path,
        format: PartFormat = "jsonl",
        rows_per_part: int = 50_000,
        *,
        overwrite: bool = False,
    ) -> None:
        self.rows = 0
        self.quarantined = 0
        self._predictions_dir = output_dir / "predictions"
        self._quarantine_dir = output_dir / "quarantine"
        self._format: PartFormat = format
        self._rows_per_part = rows_per_part
        self._overwrite = overwrite
        self._num_parts = 0
        self._part: AtomicFile | None = None
        self._encoder: PartEncoder | None = None
        self._dropped: AtomicFile | None = None

    def __enter__(self) -> Self:
        folders = (self._predictions_dir, self._quarantine_dir)
        with output_errors(self._predictions_dir.parent):
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            earlier = [path for folder in folders for path in folder.glob("part-*")]
            if earlier and not self._overwrite:
                raise OutputError(
                    earlier[0].parent,
                    "holds parts of an earlier run",
                    "choose another --output, or replace them with --overwrite",
                )
            for path in earlier:
                path.unlink()
            # It tells of the parts that have gone.
            (self._predictions_dir.parent / "manifest.json").unlink(missing_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                with output_errors(self._predictions_dir):
                    self._finish_part()
                with output_errors(self._quarantine_dir):
                    self._finish_quarantine()
        finally:
            self._discard()

    def write(self, prediction: Prediction) -> None:
        """Adds a prediction to the current part, and ends the part when it is full."""
        with output_errors(self._predictions_dir):
            if self._encoder is None:
                name = f"part-{self._num_parts:05d}.{self._format}"
                self._part = AtomicFile(self._predictions_dir / name)
                self._encoder = ENCODERS[self._format](self._part.stream)
            self._encoder.write(prediction)
            self.rows += 1
            if self.rows % self._rows_per_part == 0:
                self._finish_part()

    def quarantine(self, dropped: Dropped) -> None:
        """Keeps a record that could not be predicted, with its reason."""
        with output_errors(self._quarantine_dir):
            if self._dropped is None:
                self._dropped = AtomicFile(self._quarantine_dir / "part-00000.jsonl")
            self._dropped.stream.write(json_line(dropped.to_dict()))
            self.quarantined += 1

    def _finish_part(self) -> None:
        if self._part and self._encoder:
            self._encoder.finish()
            self._part.commit()
            self._num_parts += 1
            self._part = self._encoder = None

    def _finish_quarantine(self) -> None:
        if self._dropped:
            self._dropped.commit()
            self._dropped = None

    def _discard(self) -> None:
        if self._encoder:
            # Left unfinished, an encoder would write to the closed file when it is collected.
            with suppress(Exception):
                self._encoder.finish()
        for file in (self._part, self._dropped):
            if file:
                file.discard()


def read_predictions(output_dir: Path) -> Iterator[Prediction]:
    """Every prediction that a `PredictionWriter` left in `output_dir`, in order, in any format.

    InputError where there are none to read; an empty folder, left by a run that had to quarantine
    everything, yields nothing.
    """
    folder = output_dir / "predictions"
    if not folder.is_dir():
        raise InputError(output_dir, "holds no predictions", "run nabra predict first")
    return chain.from_iterable(map(read_part, sorted(folder.glob("part-*"))))


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
