"""Plain CSV: a row for each sentence, and under it a row for each of its labels.

A label is changed in its cells, removed with its row, and added as a row with the task's id, the
layer and the quoted words; `start` and `end` may stay empty where these stand once in the sentence.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from model.archive.parts import guard_cell, unguard_cell
from model.archive.write import write_text
from model.errors import RecordError
from model.records import Dropped, LabelledSentence
from train.data.annotate.files import read_files
from train.data.annotate.marks import KEYS, Mark, marks_of
from train.data.annotate.tasks import SENT_FIELD, Answer, describe_place, pack, task_id

_SENTENCE = "sentence"
_VALUES = tuple(dict.fromkeys(key for keys in KEYS.values() for key in keys))
COLUMNS = ("task", "layer", "quote", "start", "end", *_VALUES, "where", SENT_FIELD)
_BOM = "\ufeff"  # without it Excel takes Arabic for another encoding
_MAX_CELL = 1 << 24


def write_tasks(folder: Path, sentences: Sequence[LabelledSentence]) -> list[Path]:
    """`tasks.csv` in the folder; a cell that a spreadsheet would run starts with an apostrophe."""
    sink = io.StringIO(newline="")
    rows = csv.DictWriter(sink, COLUMNS, restval="")
    rows.writeheader()
    for sentence in sentences:
        for row in _rows(sentence):
            rows.writerow({name: guard_cell(value) for name, value in row.items()})
    path = folder / "tasks.csv"
    write_text(path, _BOM + sink.getvalue())
    return [path]


def _rows(sentence: LabelledSentence) -> Iterator[dict[str, object]]:
    task = task_id(sentence)
    yield {
        "task": task,
        "layer": _SENTENCE,
        "quote": sentence.text,
        "where": describe_place(sentence),
        SENT_FIELD: pack(sentence),
    }
    for mark in marks_of(sentence):
        place = {"start": mark.start, "end": mark.end}
        yield {"task": task, "layer": mark.layer, "quote": mark.quote, **place, **mark.values}


def read_answers(paths: Iterable[Path], annotator: str | None = None) -> Iterator[Answer | Dropped]:
    """Every sentence of the files; without a name the annotator is the file's."""
    for file in read_files(paths, (".csv",)):
        if isinstance(file, Dropped):
            yield file
            continue
        name, content = file
        try:
            rows = list(_read_rows(content))
        except (ValueError, csv.Error) as error:
            yield Dropped(name, f"is no such table ({error})")
            continue
        yield from _read_tasks(name, rows, annotator or Path(name).stem)


def _read_rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, row); with commas, semicolons or tabs, as spreadsheets of other languages write."""
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    text = content.decode("utf-8-sig")
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    needed = ("task", "layer", "quote", SENT_FIELD)
    if missing := [name for name in needed if name not in (reader.fieldnames or ())]:
        raise ValueError(f"no column {', '.join(missing)}")
    for row in reader:
        cells = {key: unguard_cell(row.get(key) or "") for key in COLUMNS}
        if any(cells.values()):
            yield reader.line_num, cells


def _read_tasks(
    name: str, rows: Sequence[tuple[int, dict[str, str]]], annotator: str
) -> Iterator[Answer | Dropped]:
    sentences: dict[str, tuple[int, dict[str, str]]] = {}
    marks: dict[str, list[Mark]] = {}
    broken: set[str] = set()
    for line, row in rows:
        task, layer = row["task"], row["layer"].strip()
        try:
            if layer == _SENTENCE:
                if task in sentences:
                    raise RecordError(task, "has two rows for its sentence")
                sentences[task] = (line, row)
            else:
                marks.setdefault(task, []).append(_mark(layer, row))
        except RecordError as error:
            broken.add(task)
            yield Dropped(f"{name}:{line}", str(error), excerpt=row["quote"][:80])
    for task in sorted(marks.keys() - sentences.keys() - broken):
        yield Dropped(f"{name}: {task}", "has labels but no row for its sentence")
    for task, (line, row) in sentences.items():
        if task not in broken:
            found = tuple(marks.get(task, ()))
            yield Answer(f"{name}:{line}", annotator, row[SENT_FIELD], row["quote"], found)


def _mark(layer_name: str, row: dict[str, str]) -> Mark:
    layer = next((layer for layer in KEYS if layer == layer_name), None)
    if layer is None:
        raise RecordError("layer", f"{layer_name!r} is none of {', '.join(KEYS)}")
    if not row["quote"]:
        raise RecordError("quote", "is empty")
    values = {key: row[key] for key in KEYS[layer]}
    return Mark(layer, _place(row["start"]), _place(row["end"]), row["quote"], values)


def _place(cell: str) -> int | None:
    cell = cell.strip()
    if not cell:
        return None
    if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
        raise RecordError("offset", f"{cell!r} is no whole number")
    return int(cell)
