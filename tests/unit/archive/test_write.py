import csv
import errno
import hashlib
import json
import os
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from model.archive import atomic
from model.archive.write import ShardWriter, read_predictions, write_json
from model.errors import InputError, OutputError
from model.records import Dropped, LoadedTerm, Mention, Prediction, Stance, Voice

FORMATS = ("jsonl", "parquet", "csv")
MENTION = Mention(0, 9, "مليشيا قس", "قسد", "pejorative")
SCORES = {"favor": 0.1, "against": 0.7, "none": 0.2}
FULL = Prediction(
    article_id="7",
    index=3,
    section="body",
    start=10,
    end=41,
    text='مليشيا قسد قالت: "نعم"، ثم\r\nعادت',
    voices=(Voice(18, 21, "direct", "قسد", None),),
    outlet="thawra",
    published="2020-04-07",
    url="https://example.org/1",
    stances=(Stance("sdf", "newsroom", None, (MENTION,), "against", scores=SCORES),),
    loaded_terms=(
        LoadedTerm(0, 6, "مليشيا", "مليشيا", "label", False, "own", "sdf", None, confidence=0.5),
    ),
    classes={"framing": {"label": "conflict", "scores": {"conflict": 1 / 3}}},
    spans={"persuasion": [{"start": 0, "end": 6, "label": "x"}]},
)
TRICKY = (
    *("=1+1", "+7", "-سطر", "@cmd", "\tx", "\rx", "\nx", "'=1", "''@", "'نص'", "'", "NA", "null"),
    *(" =1", '"', 'a,"b"\n\r\nc', "\ufeffx", "\u2028", "\u200f", "\0", "😀", "=cmd|' /C calc'!A0"),
)


def bare(text, index=0):
    return Prediction("a", index, "headline", 0, len(text), text, (), "o", None, None, (), ())


def write(folder, predictions, **options):
    with ShardWriter(folder, "part-00000", **options) as writer:
        for prediction in predictions:
            writer.write(prediction)
    return writer


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("form", FORMATS)
class TestEveryFormat:
    def test_what_was_written_is_read_back(self, tmp_path, form):
        predictions = [FULL, *(bare(text, index) for index, text in enumerate(TRICKY))]
        writer = write(tmp_path, predictions, format=form)
        assert list(read_predictions(tmp_path)) == predictions
        assert (writer.rows, writer.quarantined) == (len(predictions), 0)

    def test_the_same_predictions_give_the_same_bytes(self, tmp_path, form):
        for name in ("a", "b"):
            write(tmp_path / name, [FULL, bare("نص")], format=form)
        part = f"predictions/part-00000.{form}"
        assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()

    def test_an_exception_leaves_nothing(self, tmp_path, form):
        with (  # noqa: PT012
            pytest.raises(KeyboardInterrupt),
            ShardWriter(tmp_path, "part-00000", form) as writer,
        ):
            for index in range(3):
                writer.write(bare("نص", index))
            writer.quarantine(Dropped("a.txt", "no text"))
            raise KeyboardInterrupt
        assert files(tmp_path) == []
        assert list(read_predictions(tmp_path)) == []

    def test_what_was_written_is_told(self, tmp_path, form):
        writer = write(tmp_path, [FULL] * 3, format=form)
        (told,) = writer.files
        data = (tmp_path / told.path).read_bytes()
        assert (told.rows, told.num_bytes) == (3, len(data))
        assert told.sha256 == hashlib.sha256(data).hexdigest()

    def test_a_folder_for_each_outlet_or_month(self, tmp_path, form):
        outlets = ("سانا", "../x", "..", "", "a" * 300)
        dates = ("2020-04-07", "2020-04-30", None)
        predictions = [
            replace(bare("نص", n), outlet=outlets[n % 5], published=dates[n % 3]) for n in range(15)
        ]
        write(tmp_path / "o", predictions, format=form, partition="outlet")
        write(tmp_path / "m", predictions, format=form, partition="month")
        assert len(files(tmp_path / "o")) == 5
        assert files(tmp_path / "m") == [
            f"predictions/month={month}/part-00000.{form}" for month in ("2020-04", "unknown")
        ]
        for folder in ("o", "m"):
            found = sorted(read_predictions(tmp_path / folder), key=lambda p: p.index)
            assert found == predictions

    def test_no_part_has_its_name_before_it_is_complete(self, tmp_path, form):
        with ShardWriter(tmp_path, "part-00000", form) as writer:
            writer.write(FULL)
            assert not list(tmp_path.rglob("part-*"))
        assert files(tmp_path) == [f"predictions/part-00000.{form}"]

    def test_a_full_disk_is_one_clear_error(self, tmp_path, form, monkeypatch):
        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(atomic.os, "fsync", full)
        with pytest.raises(OutputError, match="No space left on device; make room"):
            write(tmp_path, [FULL], format=form)
        assert files(tmp_path) == []

    def test_a_broken_part_is_named(self, tmp_path, form):
        write(tmp_path, [FULL] * 2, format=form)
        part = tmp_path / "predictions" / f"part-00000.{form}"
        part.write_bytes(part.read_bytes()[:-20])
        with pytest.raises(InputError, match=rf"part-00000\.{form}: prediction \d cannot be read"):
            list(read_predictions(tmp_path))


def test_a_row_in_csv_is_safe_for_spreadsheets(tmp_path):
    write(tmp_path, [bare(text) for text in TRICKY], format="csv")
    data = (tmp_path / "predictions" / "part-00000.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(data.decode("utf-8-sig").splitlines(keepends=True)))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell[:1] in set("=+-@\t\r\n") and cell]


def test_nested_fields_are_json_in_csv_and_parquet(tmp_path):
    write(tmp_path / "c", [FULL], format="csv")
    write(tmp_path / "p", [FULL], format="parquet")
    with (tmp_path / "c/predictions/part-00000.csv").open(encoding="utf-8-sig", newline="") as file:
        (from_csv,) = csv.DictReader(file)
    (from_parquet,) = pq.read_table(tmp_path / "p/predictions/part-00000.parquet").to_pylist()
    plain = FULL.to_dict()
    for name in ("voices", "stances", "loaded_terms", "classes", "spans"):
        assert from_csv[name] == from_parquet[name]
        assert json.loads(from_csv[name]) == plain[name]
    assert "مليشيا" in from_csv["stances"]
    assert from_parquet["index"] == 3


def test_a_flipped_byte_in_parquet_is_noticed(tmp_path):
    write(tmp_path, [bare(f"نص {n}", n) for n in range(500)], format="parquet")
    part = tmp_path / "predictions" / "part-00000.parquet"
    data = bytearray(part.read_bytes())
    data[200] ^= 1
    part.write_bytes(data)
    with pytest.raises(InputError):
        list(read_predictions(tmp_path))


def test_the_quarantine_keeps_every_string(tmp_path):
    drops = [Dropped("a.jsonl:2", "سبب", 17, "\ud800 \u2028"), Dropped("b.txt", "no text")]
    with ShardWriter(tmp_path, "part-00000") as writer:
        for dropped in drops:
            writer.quarantine(dropped)
    lines = (tmp_path / "quarantine" / "part-00000.jsonl").read_bytes().split(b"\n")
    assert [Dropped.from_dict(json.loads(line)) for line in lines if line] == drops
    assert writer.quarantined == 2
    assert list(read_predictions(tmp_path)) == []


def test_what_a_killed_run_left_is_no_part(tmp_path):
    write(tmp_path / "killed", [FULL])
    os.rename(
        tmp_path / "killed/predictions/part-00000.jsonl",
        tmp_path / "killed/predictions/.part-00000.jsonl.tmp",
    )
    assert list(read_predictions(tmp_path / "killed")) == []
    write(tmp_path / "killed", [FULL])
    atomic.remove_leftovers(tmp_path / "killed", "part-")
    assert files(tmp_path / "killed") == ["predictions/part-00000.jsonl"]


def test_an_output_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / "out", [])


def test_reading_where_nothing_was_predicted(tmp_path):
    with pytest.raises(InputError, match="holds no predictions"):
        read_predictions(tmp_path)


def test_write_json_replaces_the_whole_file_or_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a" / "manifest.json"
    write_json(path, {"outlet": "سانا"})
    assert path.read_text(encoding="utf-8") == '{\n  "outlet": "سانا"\n}\n'

    def fail(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(atomic.os, "replace", fail)
    with pytest.raises(OutputError, match="Input/output error"):
        write_json(path, {"outlet": "new"})
    assert files(tmp_path) == ["a/manifest.json"]
    assert "سانا" in path.read_text(encoding="utf-8")
