"""Sentences with what a teacher makes of them, in files that are read in place.

A file is an Arrow table: a line for each sentence with its draft, the slices of its words, and the
logarithms of the teacher's probabilities, in 16 bit and before any temperature. Words are kept, not
tokens: the student may cut them otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from model.net.deciding import FloatArray, Reading
from model.net.encoding import Window
from model.net.network import TAGS
from model.records import Prediction
from model.tasks import STANCE, Task
from train.fit.deal import Part

Logs = npt.NDArray[np.float16]
_LEAST = 1e-9  # a probability below counts as this one
_DRAFT, _PART, _WORDS = "draft", "part", "words"


def write_soft(
    stream: IO[bytes],
    tasks: Sequence[Task],
    drafts: Sequence[Prediction],
    parts: Sequence[Part],
    readings: Sequence[Reading],
) -> None:
    """Write a table: of each sentence its draft, its part, and what the teacher makes of it."""
    words = [
        np.array([span for window in reading.windows for span in window.word_spans]).reshape(-1)
        for reading in readings
    ]
    written = [json.dumps(draft.to_dict(), ensure_ascii=False) for draft in drafts]
    columns = {
        _DRAFT: pa.array(written, pa.string()),
        _PART: pa.array(parts, pa.string()),
        _WORDS: _lists(words, np.int32),
    }
    for task in tasks:
        columns[_column(task)] = _lists([_logs(reading, task) for reading in readings], np.float16)
    batch = pa.record_batch(columns)
    with pa.ipc.new_file(stream, batch.schema) as writer:
        writer.write_batch(batch)


class SoftTable:
    """A table on disk, of which nothing is in memory that was not asked for."""

    def __init__(self, path: Path, tasks: Sequence[Task]) -> None:
        batch = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
        self._drafts = batch.column(_DRAFT)
        self._parts = np.array(batch.column(_PART).to_pylist())
        self._words = _Lists(batch.column(_WORDS))
        self._logs = {task: _Lists(batch.column(_column(task))) for task in tasks}

    def __len__(self) -> int:
        return len(self._drafts)

    def lines_of(self, part: Part) -> list[int]:
        """The numbers of the sentences of a part, in order."""
        return [int(number) for number in np.flatnonzero(self._parts == part)]

    def draft(self, line: int) -> Prediction:
        """A sentence, its voices and the stances to judge."""
        return Prediction.from_dict(json.loads(self._drafts[line].as_py()))

    def words(self, line: int) -> list[tuple[int, int]]:
        """The slices of the sentence that its words stand for."""
        return [(int(start), int(end)) for start, end in self._words[line].reshape(-1, 2)]

    def logs(self, task: Task, line: int) -> Logs:
        """Logarithms of probabilities: (words, labels, tags) of a tagging task, (labels) of a
        classifying one, (stances, labels) of the stances."""
        found: Logs = self._logs[task][line]
        if task.kind == "tag":
            return found.reshape(-1, len(task.labels), len(TAGS))
        return found.reshape(-1, len(task.labels)) if task == STANCE else found

    def reading(self, line: int, num_stances: int) -> Reading:
        """What the teacher made of a sentence, as if it had read all of it in one window."""
        scores = {
            task: soften(self.logs(task, line), 1.0).astype(np.float64) for task in self._logs
        }
        return Reading(
            windows=[Window([], [], [], self.words(line))],
            stances=list(scores[STANCE]) if STANCE in scores else [None] * num_stances,
            tags={task.name: [found] for task, found in scores.items() if task.kind == "tag"},
            classes={
                task.name: found
                for task, found in scores.items()
                if task.kind == "classify" and task != STANCE
            },
        )


def soften(logs: npt.NDArray[Any], temperature: float) -> npt.NDArray[np.float32]:
    """Probabilities as if the logits had been divided by the temperature, over the last axis."""
    tempered = np.exp(logs.astype(np.float32) / np.float32(temperature))
    return np.asarray(tempered / tempered.sum(axis=-1, keepdims=True))


def _column(task: Task) -> str:
    return f"task {task.name}"


def _logs(reading: Reading, task: Task) -> FloatArray:
    if task == STANCE:
        found: Iterable[FloatArray] = [scores for scores in reading.stances if scores is not None]
    elif task.kind == "tag":
        found = reading.tags[task.name]
    else:
        found = [reading.classes[task.name]]
    flat = [scores.reshape(-1) for scores in found]
    joined = np.concatenate(flat) if flat else np.empty(0)
    return np.log(np.maximum(joined, _LEAST))


def _lists(rows: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> Any:
    ends = np.cumsum([0, *map(len, rows)], dtype=np.int32)
    values = np.concatenate([np.empty(0), *rows]).astype(kind)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(values))


class _Lists:
    """A column of lists, each given as an array."""

    def __init__(self, column: Any) -> None:
        self._ends = column.offsets.to_numpy()
        self._values = column.values.to_numpy()

    def __getitem__(self, line: int) -> npt.NDArray[Any]:
        return np.asarray(self._values[self._ends[line] : self._ends[line + 1]])
