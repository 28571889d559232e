"""The three forms of a predictions part: JSON lines, CSV, Parquet; written and read back alike.

In CSV and Parquet the nested fields (voices, stances, loaded_terms, classes, spans) are JSON
strings. In CSV an absent `published` or `url` is an empty cell, and a cell that a spreadsheet would
run as a formula starts with an apostrophe, which reading takes off again.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, Literal, Protocol

from model.errors import InputError, RecordError
from model.records import Prediction

PartFormat = Literal["jsonl", "parquet", "csv"]

_FIELDS = tuple(item.name for item in fields(Prediction))
_NESTED = ("voices", "stances", "loaded_terms", "classes", "spans")
_NUMBERS = ("index", "start", "end")
_NULLABLE = ("published", "url")
# Cells that begin like this are formulas to a spreadsheet. One that begins so after apostrophes of
# its own gets one more, so that taking one off always gives back what was there.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_BOM = b"\xef\xbb\xbf"
_GROUP_ROWS = 5_000
_MAX_CELL = 1 << 30


class PartEncoder(Protocol):
    """Writes predictions to the open stream of one part; `finish` flushes, and closes it not."""

    def write(self, prediction: Prediction) -> None: ...

    def finish(self) -> None: ...


def json_line(data: object) -> bytes:
    """One line of JSON. A lone surrogate becomes its escape, so that any string can be kept."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace") + b"\n"


class _JsonlEncoder:
    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def write(self, prediction: Prediction) -> None:
        self._stream.write(json_line(prediction.to_dict()))

    def finish(self) -> None:
        pass


class _CsvEncoder:
    """UTF-8 with a byte order mark, without which Excel takes Arabic for another encoding."""

    def __init__(self, stream: IO[bytes]) -> None:
        stream.write(_BOM)
        sink = SimpleNamespace(write=lambda text: stream.write(text.encode("utf-8")))
        self._rows = csv.DictWriter(sink, _FIELDS)
        self._rows.writeheader()

    def write(self, prediction: Prediction) -> None:
        row = _flatten(prediction)
        self._rows.writerow({name: guard_cell(value) for name, value in row.items()})

    def finish(self) -> None:
        pass


class _ParquetEncoder:
    """zstd, row groups of bounded size, and a checksum on every page."""

    def __init__(self, stream: IO[bytes]) -> None:
        import pyarrow as pa  # Slow to import, and only this format needs it.
        import pyarrow.parquet as pq

        self._table = pa.Table
        types = {name: pa.int64() if name in _NUMBERS else pa.string() for name in _FIELDS}
        self._schema = pa.schema(types.items())
        self._writer = pq.ParquetWriter(
            stream, self._schema, compression="zstd", write_page_checksum=True
        )
        self._rows: list[dict[str, Any]] = []

    def write(self, prediction: Prediction) -> None:
        self._rows.append(_flatten(prediction))
        if len(self._rows) == _GROUP_ROWS:
            self._flush()

    def finish(self) -> None:
        if self._rows:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(self._table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()


ENCODERS: dict[PartFormat, Callable[[IO[bytes]], PartEncoder]] = {
    "jsonl": _JsonlEncoder,
    "parquet": _ParquetEncoder,
    "csv": _CsvEncoder,
}


def read_part(path: Path) -> Iterator[Prediction]:
    """The predictions of one part, in order. InputError names the prediction that is broken."""
    rows = _READERS[path.suffix]
    num_read = 0
    try:
        for row in rows(path):
            yield Prediction.from_dict(row)
            num_read += 1
    except (OSError, ValueError, TypeError, KeyError, csv.Error, RecordError) as fault:
        raise InputError(
            path, f"prediction {num_read + 1} cannot be read: {fault}", "predict anew"
        ) from fault


def _jsonl_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as stream:
        for line in stream:
            yield json.loads(line)


def _csv_rows(path: Path) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(max(csv.field_size_limit(), _MAX_CELL))
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream)
        header = next(rows, [])
        for cells in rows:
            row: dict[str, Any] = dict(zip(header, map(unguard_cell, cells), strict=True))
            row |= {name: int(row[name]) for name in _NUMBERS}
            row |= {name: row[name] or None for name in _NULLABLE}
            yield _unflatten(row)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        for batch in file.iter_batches(batch_size=1_000):
            yield from map(_unflatten, batch.to_pylist())


_READERS = {".jsonl": _jsonl_rows, ".csv": _csv_rows, ".parquet": _parquet_rows}


def _flatten(prediction: Prediction) -> dict[str, Any]:
    row = prediction.to_dict()
    return row | {
        name: json.dumps(row[name], ensure_ascii=False, allow_nan=False) for name in _NESTED
    }


def _unflatten(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: json.loads(row[name]) for name in _NESTED}


def guard_cell(value: object) -> object:
    """A cell that no spreadsheet runs as a formula."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def unguard_cell(cell: str) -> str:
    """The text that `guard_cell` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
