from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from model.archive import pieces
from model.archive.pieces import PieceReader, cut_file
from model.archive.read import all_columns, read_records
from model.records import Article
from tests.unit.archive.shards.archives import write_archive

COLUMNS = all_columns({})


def cut(path: Path, most: int) -> list[pieces.Piece]:
    return list(cut_file(path, None, COLUMNS, most).pieces)


@pytest.mark.parametrize("name", ["a.jsonl", "b.jsonl.gz", "c.csv", "d.parquet", "e0.txt", "f.txt"])
@pytest.mark.parametrize("most", [1, 2, 3, 5, 100])
def test_pieces_hold_what_the_file_holds(tmp_path: Path, name: str, most: int) -> None:
    path = write_archive(tmp_path / "archive") / name
    whole = list(read_records(path))
    found = cut_file(path, None, COLUMNS, most)
    assert max(found.num_records) <= most
    assert sum(found.num_records) >= len(whole)
    with PieceReader(None, COLUMNS) as reader:
        read = [list(reader.read(piece)) for piece in found.pieces]
        assert [record for records in read for record in records] == whole
        backwards = [list(reader.read(piece)) for piece in reversed(found.pieces)]
        assert backwards[::-1] == read


def test_a_text_file_is_one_piece(tmp_path: Path) -> None:
    path = write_archive(tmp_path / "archive") / "e0.txt"
    assert cut(path, 1) == [pieces.Piece(str(path))]


def test_huge_lines_make_small_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "MAX_BYTES", 100)
    path = tmp_path / "a.jsonl"
    lines = [json.dumps({"text": "x" * length}) for length in (10, 10, 500, 10, 10)]
    path.write_text("\n".join(lines), encoding="utf-8")
    found = cut_file(path, None, COLUMNS, 1000)
    assert found.num_records == (3, 2)


@pytest.mark.parametrize("most", [1, 10])
def test_a_file_without_a_line_end_at_its_end(tmp_path: Path, most: int) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "نص"}\n{"text": "آخر"}', encoding="utf-8")
    with PieceReader(None, COLUMNS) as reader:
        read = [record for piece in cut(path, most) for record in reader.read(piece)]
    assert [record.source for record in read] == [f"{path}:1", f"{path}:2"]


def test_a_packed_file_that_breaks_off_says_so_once(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = "".join(json.dumps({"text": f"{n} {n * 7919}"}) + "\n" for n in range(20_000))
    path.write_bytes(gzip.compress(lines.encode())[:-5_000])
    whole = list(read_records(path))
    with PieceReader(None, COLUMNS) as reader:
        read = [record for piece in cut(path, 1000) for record in reader.read(piece)]
    assert read == whole
    assert sum(not isinstance(record, Article) for record in read) == 1


def test_only_one_read_of_a_packed_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_archive(tmp_path / "archive") / "b.jsonl.gz"
    opened = []
    opens = pieces.open_lines
    monkeypatch.setattr(pieces, "open_lines", lambda path: opened.append(path) or opens(path))
    found = cut(path, 2)
    opened.clear()
    with PieceReader(None, COLUMNS) as reader:
        for piece in found:
            list(reader.read(piece))
    assert len(found) > 2
    assert opened == [path]
