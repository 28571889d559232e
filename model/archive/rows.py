"""Files that hold many articles: JSON lines, CSV and Parquet, each read in flat memory."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import IO, Any, NoReturn

from model.archive.article import MAX_TEXT_CHARS, BadRecordError, make_article
from model.archive.decode import detect_encoding
from model.archive.remote import Place
from model.records import Article, Dropped

# A text of MAX_TEXT_CHARS in which every character is a JSON escape, and room for the other fields.
MAX_LINE = 7 * MAX_TEXT_CHARS
_SNIFF_BYTES = 1 << 20
_BATCH_ROWS = 256
# Without these pyarrow holds whole row groups, and some archives are a single one.
_PARQUET_STREAMING: dict[str, Any] = {"pre_buffer": False, "buffer_size": 1 << 20}
BROKEN_STREAM = (OSError, EOFError, zlib.error)

Columns = Mapping[str, str]  # article field → the name it has in the file


def read_jsonl(
    path: Place, source: str, outlet: str, columns: Columns
) -> Iterator[Article | Dropped]:
    """One article for each line, plain or gzipped; blank lines are none. A bad line costs itself.

    Offsets count the bytes of the unpacked file.
    """
    with open_lines(path) as stream:
        yield from read_lines(stream, source, outlet, columns)


def open_lines(path: Place) -> IO[bytes]:
    """A file of lines as its unpacked bytes."""
    stream = path.open("rb")
    return _Unpacked(stream) if path.suffix.lower() == ".gz" else stream  # type: ignore[return-value]


class _Unpacked(gzip.GzipFile):
    """A packed file of any kind, which closes what it reads from."""

    def __init__(self, packed: IO[bytes]) -> None:
        super().__init__(fileobj=packed, mode="rb")
        self._packed = packed

    def close(self) -> None:
        super().close()
        self._packed.close()


def read_lines(
    stream: IO[bytes],
    source: str,
    outlet: str,
    columns: Columns,
    *,
    number: int = 1,
    offset: int = 0,
    end: int | None = None,
) -> Iterator[Article | Dropped]:
    """The records of the lines from here up to the byte `end`, None: to the end of the stream.

    The stream stands at the byte `offset`, where the line with that number begins.
    """
    while end is None or offset < end:
        where = f"{source}:{number}"
        try:
            line, num_bytes = _next_line(stream)
        except BROKEN_STREAM as fault:
            yield Dropped(where, f"unreadable from here on: {fault}", offset)
            return
        if not num_bytes:
            return
        if line.strip():
            parse = partial(_json_fields, line, columns)
            yield _article_or_dropped(parse, where, outlet, raw=line, offset=offset)
        offset += num_bytes
        number += 1


def read_csv(
    path: Place, source: str, outlet: str, columns: Columns
) -> Iterator[Article | Dropped]:
    """One article for each row under the header; blank lines are none. Text such as NA stays text.

    A row costs itself where it has other columns than the header, or bytes that are not in the
    file's encoding. Raises the csv module's field limit, which is one for the whole process.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_TEXT_CHARS))
    with path.open("rb") as start:
        encoding = detect_encoding(start.read(_SNIFF_BYTES)) or "utf-8-sig"
    # surrogateescape: a byte that does not decode becomes a lone surrogate, which drops its row.
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as stream:
        rows = csv.reader(_lines(stream))
        header: list[str] | None = None
        while True:
            where = f"{source}:{rows.line_num + 1}"
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as fault:
                yield Dropped(where, f"broken CSV: {fault}")
                continue
            except UnicodeError as fault:
                yield Dropped(where, f"unreadable from here on: {fault}")
                return
            if not row:
                continue
            if header is None:
                header = [name.strip() for name in row]
                _check_columns(header, columns)
                continue
            parse = partial(_csv_fields, header, row, columns)
            yield _article_or_dropped(parse, where, outlet, raw=",".join(row))


def read_parquet(
    path: Place, source: str, outlet: str, columns: Columns
) -> Iterator[Article | Dropped]:
    """One article for each row, numbered from 1. Page checksums are verified if there are any."""
    import pyarrow as pa  # Slow to import, and most archives hold no Parquet.
    import pyarrow.parquet as pq

    number = 0
    try:
        with (
            path.open("rb") as stream,
            pq.ParquetFile(stream, page_checksum_verification=True, **_PARQUET_STREAMING) as file,
        ):
            names = file.schema_arrow.names
            _check_columns(names, columns)
            present = {field: name for field, name in columns.items() if name in names}
            batches = file.iter_batches(_BATCH_ROWS, columns=sorted(set(present.values())))
            for batch in batches:
                for row in range(batch.num_rows):
                    number += 1
                    parse = partial(_parquet_fields, batch, row, present)
                    yield _article_or_dropped(parse, f"{source}:{number}", outlet)
    except (pa.ArrowException, OSError) as fault:
        reason = " ".join(str(fault).split())
        yield Dropped(f"{source}:{number + 1}", f"unreadable from here on: {reason}")


def _article_or_dropped(
    parse: Callable[[], Mapping[str, object]],
    source: str,
    outlet: str,
    raw: str | bytes = "",
    offset: int | None = None,
) -> Article | Dropped:
    try:
        return make_article(parse(), source=source, outlet=outlet, offset=offset)
    except BadRecordError as fault:
        return fault.to_dropped(source, offset=offset, raw=raw)


def _next_line(stream: IO[bytes]) -> tuple[bytes, int]:
    """The next line and its length in bytes; of a line over MAX_LINE only the start is kept."""
    line = stream.readline(MAX_LINE + 1)
    num_bytes, end = len(line), line
    while len(end) > MAX_LINE and not end.endswith(b"\n"):
        end = stream.readline(MAX_LINE + 1)
        num_bytes += len(end)
    return line, num_bytes


def _lines(stream: IO[str]) -> Iterator[str]:
    while line := stream.readline(MAX_LINE + 1):
        if len(line) > MAX_LINE:
            raise csv.Error(f"a line over {MAX_LINE} characters; the rest is left out")
        yield line


def _json_fields(line: bytes, columns: Columns) -> dict[str, object]:
    if len(line) > MAX_LINE:
        raise BadRecordError(f"a line over {MAX_LINE} bytes")
    try:
        record = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as fault:
        raise BadRecordError(f"invalid UTF-8 at byte {fault.start} of the line") from fault
    except RecursionError as fault:
        raise BadRecordError("broken JSON: nested too deep") from fault
    except ValueError as fault:
        raise BadRecordError(f"broken JSON: {fault}") from fault
    if not isinstance(record, dict):
        raise BadRecordError("no JSON object")
    if columns["text"] not in record:
        raise BadRecordError(f"no text: the line has no field {columns['text']!r}")
    return {field: record.get(name) for field, name in columns.items()}


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _csv_fields(header: Sequence[str], row: Sequence[str], columns: Columns) -> dict[str, object]:
    if len(row) != len(header):
        raise BadRecordError(f"{len(row)} columns where the header has {len(header)}")
    record = dict(zip(header, row, strict=True))
    return {field: record.get(name) for field, name in columns.items()}


def _parquet_fields(batch: Any, row: int, present: Columns) -> dict[str, object]:
    try:
        return {field: batch.column(name)[row].as_py() for field, name in present.items()}
    except (ValueError, OverflowError) as fault:  # Invalid UTF-8, or a date beyond the year 9999.
        raise BadRecordError(f"unreadable value: {fault}") from fault


def _check_columns(names: Sequence[str], columns: Columns) -> None:
    """BadRecordError for a file without the text column, or without one that was asked for."""
    needed = [name for field, name in columns.items() if field == "text" or name != field]
    if missing := [name for name in needed if name not in names]:
        found = ", ".join(names[:20])
        raise BadRecordError(f"no column {', '.join(missing)}; the file has {found}")
    if twice := [name for name in columns.values() if names.count(name) > 1]:
        raise BadRecordError(f"column {twice[0]} stands twice")
