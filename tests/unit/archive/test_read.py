import gzip
import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model.archive.read import read_articles, read_records
from model.errors import ConfigError, InputError
from model.records import Article, Dropped

LINE = json.dumps({"text": "نص"}) + "\n"


def write(path, data="نص"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def names(items):
    return [os.path.basename(item.source).split(":")[0] for item in items]


def test_a_folder_is_walked_in_order_and_other_files_are_passed_over(tmp_path):
    for name in ("b/2.txt", "b/10.TXT", "a/z.txt", "c.jsonl", "README.md", ".hidden.txt"):
        write(tmp_path / name, LINE if name == "c.jsonl" else "نص")
    write(tmp_path / ".git" / "x.txt")
    assert names(read_records([tmp_path])) == ["z.txt", "10.TXT", "2.txt", "c.jsonl"]


def test_a_single_path_stands_for_a_list_of_one(tmp_path):
    path = write(tmp_path / "a.txt")
    assert len(list(read_records(str(path)))) == len(list(read_records(path))) == 1


def test_every_kind_of_file_is_read_and_nothing_is_lost(tmp_path):
    """articles in = articles out + dropped"""
    folder = tmp_path / "archive"
    page = "<html><body><article><p>{}</p></article></body></html>"
    write(folder / "a.txt")
    write(folder / "b.html", page.format("أكد الناطق الرسمي أن الدعم مستمر حتى إشعار آخر."))
    write(folder / "c.htm", page.format(""))
    write(folder / "d.jsonl", LINE + "{\n" + LINE)
    write(folder / "e.jsonl.gz", gzip.compress((LINE + "[]\n").encode()))
    write(folder / "f.csv", "id,text\n1,نص\n2\n3,نص\n")
    pq.write_table(pa.table({"text": ["نص", None]}), folder / "g.parquet")
    write(folder / "h.txt", b"")
    write(folder / "i.jsonl", b"")
    write(folder / "j.csv", "id,body\n1,x\n")
    items = list(read_records([folder]))
    articles = [item for item in items if isinstance(item, Article)]
    dropped = [item for item in items if isinstance(item, Dropped)]
    assert names(articles) == [
        *("a.txt", "b.html", "d.jsonl", "d.jsonl", "e.jsonl.gz", "f.csv", "f.csv", "g.parquet")
    ]
    assert names(dropped) == [
        *("c.htm", "d.jsonl", "e.jsonl.gz", "f.csv", "g.parquet", "h.txt", "i.jsonl", "j.csv")
    ]
    assert len(items) == len(articles) + len(dropped) == 16


@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.jsonl", "a.csv", "a.parquet", "a.jsonl.gz"])
def test_an_empty_file_is_one_dropped(tmp_path, name):
    (dropped,) = read_records([write(tmp_path / name, b"")])
    assert (dropped.reason, dropped.source) == ("empty file", str(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", b"\n\n"),
        ("a.csv", b"id,text\n"),
        ("a.jsonl.gz", gzip.compress(b"", mtime=0)),
    ],
)
def test_a_file_without_records_is_one_dropped(tmp_path, name, data):
    (dropped,) = read_records([write(tmp_path / name, data)])
    assert dropped.reason == "empty file"


def test_where_the_outlet_comes_from(tmp_path):
    own = json.dumps({"text": "نص", "outlet": "sana", "site": "wafa"})
    path = write(tmp_path / "thawra" / "a.jsonl", own + "\n" + LINE)

    def outlets(**options):
        return [article.outlet for article in read_records([path], **options)]

    assert outlets() == ["sana", "thawra"]
    assert outlets(outlet="given") == ["sana", "given"]
    assert outlets(outlet="given", columns={"outlet": "site"}) == ["wafa", "given"]


def test_the_folder_name_of_a_bare_file_name(tmp_path, monkeypatch):
    folder = write(tmp_path / "thawra" / "a.txt").parent
    monkeypatch.chdir(folder)
    (article,) = read_records(["a.txt"])
    assert (article.outlet, article.source) == ("thawra", "a.txt")


def test_inputs_are_checked_before_anything_is_read(tmp_path):
    good = write(tmp_path / "a.txt")
    for bad, what in (
        (tmp_path / "missing.txt", "no such file"),
        (write(tmp_path / "a.docx"), "no kind of file"),
        (tmp_path / "empty", "an empty archive"),
    ):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=what) as fault:
            read_records([good, bad])  # Not iterated: the call itself must refuse.
        assert str(bad) in str(fault.value)
        assert fault.value.fix


def test_an_unknown_article_field_is_named_with_the_nearest(tmp_path):
    with pytest.raises(ConfigError) as fault:
        read_records([write(tmp_path / "a.txt")], columns={"headlin": "title", "source": "x"})
    assert len(fault.value.faults) == 2
    assert "did you mean headline?" in fault.value.faults[0]


def test_links_out_of_the_folder_are_dropped_and_links_inside_read(tmp_path):
    outside = write(tmp_path / "outside" / "secret.txt")
    archive = tmp_path / "archive"
    write(archive / ".store" / "blob")
    (archive / "a.txt").symlink_to(outside)
    (archive / "b").symlink_to(outside.parent)
    (archive / "c.txt").symlink_to(archive / ".store" / "blob")
    (archive / "d").symlink_to(archive)
    (archive / "e.txt").symlink_to(archive / "e.txt")
    items = list(read_records([archive]))
    assert [type(item) for item in items] == [Dropped, Dropped, Article, Dropped, Dropped]
    assert "link out of the folder" in items[0].reason
    assert "link to a folder" in items[1].reason


def test_a_file_that_cannot_be_read_is_dropped(tmp_path, monkeypatch):
    gone = write(tmp_path / "a.txt")
    kept = write(tmp_path / "b.txt")
    items = read_records([gone, kept])
    gone.unlink()
    first, second = items
    assert first.reason == "cannot be read: No such file or directory"
    assert second.text == "نص"


def test_a_file_name_that_is_no_utf8_gives_a_printable_source(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    path = os.fsencode(folder) + b"/\xff.txt"
    try:
        with open(path, "wb") as stream:
            stream.write("نص".encode())
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    (article,) = read_records([folder])
    article.source.encode("utf-8")


def test_reading_streams(tmp_path):
    path = write(tmp_path / "a.jsonl", LINE * 3)
    items = read_records([path])
    assert next(items).source.endswith(":1")
    items.close()


def test_no_worker_starts_without_a_web_page(tmp_path, monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(list(read_records([write(tmp_path / "a.txt")]))) == 1


def test_articles_alone_say_what_was_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path / "a.txt")
    write(tmp_path / "b.txt", b"")
    assert [Path(article.source).name for article in read_articles([tmp_path])] == ["a.txt"]
    assert "b.txt: empty file" in caplog.text
