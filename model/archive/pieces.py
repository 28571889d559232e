"""Stretches of input files with fixed borders, so that an archive can be read part by part."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, ClassVar, Self

from model.archive.extract import PAGE_SECONDS, PageExtractor
from model.archive.read import folder_name, kind_of, read_file, source_name
from model.archive.remote import Place, place_of
from model.archive.rows import BROKEN_STREAM, Columns, open_lines, read_lines
from model.records import Article, Dropped, Record

MAX_BYTES = 32_000_000  # of lines of JSON in one shard: huge texts make smaller shards
_CHUNK = 1 << 20
_LINES = (".jsonl", ".jsonl.gz")
_TABLES = (".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class Piece(Record):
    """A stretch of a file: from `start` up to, not including, `end` (None: the rest of the file).

    They count bytes of the unpacked file for lines of JSON, of which the first has the number
    `line`, and records for tables. Any other file is one piece.
    """

    path: str
    start: int = 0
    end: int | None = None
    line: int = 1

    _omit_none: ClassVar[frozenset[str]] = frozenset({"end"})

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its file."""
        return self.start == 0 and self.end is None


@dataclass(frozen=True, slots=True)
class Cut:
    """A file in pieces: how many records they hold at most (blank lines count), size and hash."""

    pieces: tuple[Piece, ...]
    num_records: tuple[int, ...]
    num_bytes: int
    sha256: str


def cut_file(path: Place, outlet: str | None, columns: Columns, most: int) -> Cut:
    """The pieces of a file, of `most` records each. OSError where it cannot be read."""
    digest, num_bytes = _hash(path)
    kind = kind_of(path)
    if kind in _LINES:
        pieces = _cut_lines(path, most)
    elif kind in _TABLES:
        pieces = _cut_table(path, outlet, columns, most)
    else:
        pieces = [(Piece(str(path)), 1)]
    return Cut(tuple(p for p, _ in pieces), tuple(n for _, n in pieces), num_bytes, digest)


def _hash(path: Place) -> tuple[str, int]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return digest, stream.tell()


def _cut_lines(path: Place, most: int) -> list[tuple[Piece, int]]:
    """Every piece ends behind a line; the last one is open, so that a broken end is read, too."""
    borders = [(0, 1)]  # byte and number of the line that begins there
    offset, line, last = 0, 1, b""
    with open_lines(path) as stream, suppress(*BROKEN_STREAM):
        while chunk := stream.read(_CHUNK):
            place = 0
            while (end := chunk.find(b"\n", place) + 1) > 0:
                line += 1
                start, first = borders[-1]
                if line - first >= most or offset + end - start >= MAX_BYTES:
                    borders.append((offset + end, line))
                place = end
            offset += len(chunk)
            last = chunk[-1:]
    if len(borders) > 1 and borders[-1][0] == offset:
        borders.pop()  # nothing stands behind the last line
    pieces = []
    for number, (start, first) in enumerate(borders):
        is_last = number + 1 == len(borders)
        end_byte = None if is_last else borders[number + 1][0]
        count = (line + (last != b"\n") if is_last else borders[number + 1][1]) - first
        pieces.append((Piece(str(path), start, end_byte, first), max(count, 1)))
    return pieces


def _cut_table(
    path: Place, outlet: str | None, columns: Columns, most: int
) -> list[tuple[Piece, int]]:
    with PageExtractor() as pages:
        num_records = sum(1 for _ in read_file(path, outlet, columns, pages))
    starts = range(0, max(num_records, 1), most)
    return [
        (
            Piece(str(path), start, start + most if start != starts[-1] else None),
            min(most, max(num_records, 1) - start),
        )
        for start in starts
    ]


class PieceReader:
    """Reads pieces in whatever order; those that follow each other go through a file just once.

    A context manager: it holds the file that it read last. A web page may take `page_seconds`.
    """

    def __init__(
        self, outlet: str | None, columns: Columns, page_seconds: float = PAGE_SECONDS
    ) -> None:
        self._outlet = outlet
        self._columns = columns
        self._pages = PageExtractor(page_seconds)
        self._path: str | None = None
        self._stream: IO[bytes] | None = None
        self._records: Iterator[Article | Dropped] = iter(())
        self._num_read = 0

    def __enter__(self) -> Self:
        self._pages.__enter__()
        return self

    def __exit__(self, *details: Any) -> None:
        self._close()
        self._pages.__exit__(*details)

    def read(self, piece: Piece) -> Iterator[Article | Dropped]:
        """The records of a piece, in order: what could be read, and what could not."""
        path = place_of(piece.path)
        if piece.is_whole:
            return read_file(path, self._outlet, self._columns, self._pages)
        return self._read_lines(path, piece) if kind_of(path) in _LINES else self._read_rows(piece)

    def _read_lines(self, path: Place, piece: Piece) -> Iterator[Article | Dropped]:
        source = source_name(path)
        try:
            if self._path != piece.path or self._stream is None:
                self._close()
                self._path, self._stream = piece.path, open_lines(path)
            self._stream.seek(piece.start)
        except BROKEN_STREAM as fault:
            yield Dropped(f"{source}:{piece.line}", f"cannot be read: {fault}", piece.start)
            return
        outlet = self._outlet or folder_name(path)
        yield from read_lines(
            self._stream,
            source,
            outlet,
            self._columns,
            number=piece.line,
            offset=piece.start,
            end=piece.end,
        )

    def _read_rows(self, piece: Piece) -> Iterator[Article | Dropped]:
        if self._path != piece.path or self._num_read > piece.start:
            self._close()
            self._path = piece.path
            self._records = read_file(
                place_of(piece.path), self._outlet, self._columns, self._pages
            )
        for record in self._records:
            self._num_read += 1
            if self._num_read > piece.start:
                yield record
            if self._num_read == piece.end:
                return

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        self._path, self._stream, self._records, self._num_read = None, None, iter(()), 0
