import csv
import gzip
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.archive import article as article_module
from model.archive import rows as rows_module
from model.archive.article import BadRecordError
from model.archive.rows import read_csv, read_jsonl, read_parquet
from model.records import Article, Dropped

COLUMNS = {name: name for name in ("id", "outlet", "published", "url", "headline", "text")}
GOOD = json.dumps({"id": "good", "text": "نص"}, ensure_ascii=False).encode()


def read(reader, path, **columns):
    return list(reader(path, path.name, "folder", COLUMNS | columns))


def jsonl(tmp_path, data, **columns):
    path = tmp_path / "a.jsonl"
    path.write_bytes(data)
    return read(read_jsonl, path, **columns)


def csv_file(tmp_path, text, encoding="utf-8", **columns):
    path = tmp_path / "a.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return read(read_csv, path, **columns)


def parquet(tmp_path, columns, mapping=None, **options):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return read(read_parquet, path, **(mapping or {}))


class TestJsonl:
    def test_an_article_a_line(self, tmp_path):
        record = {"id": 7, "outlet": "sana", "published": "2020/04/07", "body": " نص\r\n\u2028نص "}
        data = json.dumps(record, ensure_ascii=False).encode()
        (article,) = jsonl(tmp_path, b"\xef\xbb\xbf" + data + b"\r\n\n", text="body")
        assert article == Article(
            "7", "sana", "2020-04-07", None, "", " نص\r\n\u2028نص ", "a.jsonl:1"
        )

    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b'{"text": "x', "broken JSON"),
            (b'{"text": "\xff"}', "invalid UTF-8 at byte 10"),
            (b'{"text": "x", "a": ' + b"[" * 100_000, "nested too deep"),
            (b'{"text": "x", "a": ' + b"9" * 5_000 + b"}", "broken JSON"),
            (b'{"text": "x", "a": NaN}', "NaN is no JSON number"),
            (b'{"text": "x", "a": -Infinity}', "-Infinity is no JSON number"),
            (b'["x"]', "no JSON object"),
            (b'"x"', "no JSON object"),
            (b'{"text": 5}', "text: a number"),
            (b'{"text": "x", "headline": []}', "headline: a list"),
            (b'{"text": "\\ud800"}', "lone surrogate U+D800"),
            (b'{"text": "\\u0000"}', "NUL character"),
            (b'{"text": " "}', "no text"),
            (b'{"body": "x"}', "no text: the line has no field 'text'"),
            (b"\xff\xfe{\0", "invalid UTF-8"),
        ],
    )
    def test_a_bad_line_costs_exactly_itself(self, tmp_path, line, reason):
        before, dropped, after = jsonl(tmp_path, b"\n".join([GOOD, line, GOOD]))
        assert isinstance(dropped, Dropped)
        assert reason in dropped.reason
        assert dropped.source == "a.jsonl:2"
        assert dropped.offset == len(GOOD) + 1
        assert 0 < len(dropped.excerpt) <= 80
        json.dumps(dropped.to_dict(), ensure_ascii=False).encode("utf-8")
        assert before.text == after.text == "نص"
        assert after.source == "a.jsonl:3"

    def test_gzip_reads_alike(self, tmp_path):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(gzip.compress(GOOD + b"\n[]\n" + GOOD, mtime=0))
        first, dropped, last = read(read_jsonl, path)
        assert (first.source, dropped.offset) == ("a.jsonl.gz:1", len(GOOD) + 1)
        assert last.id == "good"

    def test_a_truncated_gzip_gives_what_was_readable(self, tmp_path):
        lines = [json.dumps({"id": n, "text": f"نص {n * 7919}"}) for n in range(20_000)]
        data = gzip.compress("\n".join(lines).encode())
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(data[: len(data) // 2])
        *articles, rest = read(read_jsonl, path)
        assert len(articles) > 5_000
        assert [article.id for article in articles] == [str(n) for n in range(len(articles))]
        assert rest.source == f"a.jsonl.gz:{len(articles) + 1}"
        assert "unreadable from here on" in rest.reason
        assert rest.offset == sum(len(line.encode()) + 1 for line in lines[: len(articles)])

    @pytest.mark.parametrize("data", [b"no gzip", gzip.compress(GOOD, mtime=0)[:-8] + b"\0" * 8])
    def test_a_broken_gzip_is_one_dropped(self, tmp_path, data):
        path = tmp_path / "a.jsonl.gz"
        path.write_bytes(data)
        *_, rest = read(read_jsonl, path)
        assert "unreadable from here on" in rest.reason

    def test_an_endless_line_costs_itself_and_little_memory(self, tmp_path, monkeypatch):
        monkeypatch.setattr(rows_module, "MAX_LINE", 100)
        endless = b'{"text": "' + b"x" * 1_000 + b'"}'
        before, dropped, after = jsonl(tmp_path, b"\n".join([GOOD, endless, GOOD]))
        assert dropped.reason == "a line over 100 bytes"
        assert before.id == after.id == "good"
        assert after.source == "a.jsonl:3"


class TestCsv:
    def test_an_article_a_row_and_na_is_text(self, tmp_path):
        text = 'id,text,extra\r\n07,NA,1\r\n8,"سطر ""أول""\r\nسطر, ثان",2\r\n\r\n9,null,\r\n'
        first, second, third = csv_file(tmp_path, text, "utf-8-sig")
        assert (first.id, first.text, first.source) == ("07", "NA", "a.csv:2")
        assert second.text == 'سطر "أول"\r\nسطر, ثان'
        assert second.source == "a.csv:3"
        assert (third.text, third.source) == ("null", "a.csv:6")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
    def test_every_encoding(self, tmp_path, encoding):
        text = "أكد الناطق الرسمي باسم قوات التحالف أن التحالف سيواصل تقديم الدعم"
        (article,) = csv_file(tmp_path, f"text,outlet\n{text},سانا\n", encoding)
        assert (article.text, article.outlet) == (text, "سانا")

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("نص".encode(), "1 columns where the header has 2"),
            ("1,نص,x".encode(), "3 columns where the header has 2"),
            (b"1,", "no text"),
            (b"1,a\0b", "NUL character"),
            (b"1,\xd9", "no valid Unicode"),
        ],
    )
    def test_a_bad_row_costs_exactly_itself(self, tmp_path, row, reason):
        good = "1,نص".encode()
        header = b"\xef\xbb\xbfid,text"
        before, dropped, after = csv_file(tmp_path, b"\n".join([header, good, row, good]))
        assert isinstance(dropped, Dropped)
        assert reason in dropped.reason
        assert dropped.source == "a.csv:3"
        assert dropped.excerpt
        json.dumps(dropped.to_dict(), ensure_ascii=False).encode("utf-8")
        assert (before.id, before.text) == (after.id, after.text) == ("1", "نص")

    def test_a_long_cell_is_read_and_one_over_the_limit_dropped(self, tmp_path, monkeypatch):
        long = "ن" * 200_000
        monkeypatch.setattr(rows_module, "MAX_TEXT_CHARS", 250_000)
        monkeypatch.setattr(article_module, "MAX_TEXT_CHARS", 250_000)
        limit = csv.field_size_limit(131_072)
        try:
            first, second, third = csv_file(tmp_path, f"text\n{long}\n{long * 2}\nنص\n")
        finally:
            csv.field_size_limit(limit)
        assert first.text == long
        assert second.reason.startswith("broken CSV: field larger than field limit")
        assert third.text == "نص"

    def test_an_endless_line_ends_the_file(self, tmp_path, monkeypatch):
        monkeypatch.setattr(rows_module, "MAX_LINE", 100)
        first, rest = csv_file(tmp_path, "text\nنص\n" + "x" * 200 + "\nنص\n")
        assert first.text == "نص"
        assert "the rest is left out" in rest.reason

    @pytest.mark.parametrize(
        ("header", "columns", "reason"),
        [
            ("id,body", {}, "no column text; the file has id, body"),
            ("id,text", {"headline": "title"}, "no column title; the file has id, text"),
            ("text,text", {}, "column text stands twice"),
        ],
    )
    def test_a_wrong_header_is_a_fault_of_the_file(self, tmp_path, header, columns, reason):
        with pytest.raises(BadRecordError) as fault:
            csv_file(tmp_path, f"{header}\n1,نص\n", **columns)
        assert fault.value.reason == reason

    def test_a_cut_utf16_file_gives_what_was_readable(self, tmp_path):
        data = "text\nنص\nنص".encode("utf-16")[:-1]
        *_, rest = csv_file(tmp_path, data)
        assert "unreadable from here on" in rest.reason


class TestParquet:
    def test_an_article_a_row_with_typed_columns(self, tmp_path):
        first, second = parquet(
            tmp_path,
            {
                "id": [7, 8],
                "published": [datetime(2020, 4, 7, 12, tzinfo=UTC), None],
                "body": ["نص", " NA\n"],
                "unused": [[1], [2]],
            },
            {"text": "body"},
        )
        assert first == Article("7", "folder", "2020-04-07", None, "", "نص", "a.parquet:1")
        assert (second.text, second.published, second.source) == (" NA\n", None, "a.parquet:2")

    def test_dates_and_dictionaries(self, tmp_path):
        outlets = pa.array(["sana"]).dictionary_encode()
        (article,) = parquet(
            tmp_path, {"published": [date(2020, 4, 7)], "outlet": outlets, "text": ["نص"]}
        )
        assert (article.published, article.outlet) == ("2020-04-07", "sana")

    def test_a_bad_row_costs_exactly_itself(self, tmp_path):
        beyond = pa.array([0, 2**50, 0], pa.timestamp("ms"))
        first, second, third = parquet(tmp_path, {"text": ["نص"] * 3, "published": beyond})
        assert second.source == "a.parquet:2"
        assert "unreadable value" in second.reason
        assert first.text == third.text == "نص"

    def test_invalid_utf8_and_no_text_are_dropped(self, tmp_path):
        raw = pa.array([b"\xff\xfe", None, b" ", "نص".encode()], pa.binary())
        text = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers())
        items = parquet(tmp_path, {"text": text})
        assert [isinstance(item, Dropped) for item in items] == [True, True, True, False]
        assert "unreadable value" in items[0].reason
        assert items[1].reason == items[2].reason == "no text"

    @pytest.mark.parametrize("kind", [pa.binary(), pa.int64()])
    def test_a_text_column_of_another_type(self, tmp_path, kind):
        values = pa.array([b"x"] if kind == pa.binary() else [1], kind)
        (dropped,) = parquet(tmp_path, {"text": values})
        assert dropped.reason.startswith("text: ")

    def test_a_flipped_byte_is_noticed(self, tmp_path):
        path = tmp_path / "a.parquet"
        table = pa.table({"text": [f"نص {n}" for n in range(1_000)]})
        pq.write_table(table, path, compression="none", write_page_checksum=True)
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 1
        path.write_bytes(data)
        *_, rest = read(read_parquet, path)
        assert isinstance(rest, Dropped)
        assert "unreadable from here on" in rest.reason

    @pytest.mark.parametrize("data", [b"no parquet", b"PAR1" + b"\0" * 50 + b"PAR1"])
    def test_a_broken_file_is_one_dropped(self, tmp_path, data):
        path = tmp_path / "a.parquet"
        path.write_bytes(data)
        (dropped,) = read(read_parquet, path)
        assert dropped.source == "a.parquet:1"

    def test_a_file_without_the_text_column(self, tmp_path):
        with pytest.raises(BadRecordError, match="no column text; the file has body"):
            parquet(tmp_path, {"body": ["نص"]})
