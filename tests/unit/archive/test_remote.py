"""Archives in object stores: the very records of the same files on the disk."""

from __future__ import annotations

import errno
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from model.archive.engines.local import run_here
from model.archive.given import check_given, expand
from model.archive.read import read_records
from model.archive.remote import RemotePath, is_remote
from model.archive.shards.plan import Settings
from model.archive.shards.run import Job, pending, prepare
from model.errors import InputError, OutputError
from model.records import Article, Dropped
from tests.unit.archive.shards.archives import Echo, tree, write_archive

SMALL = Settings(shard_articles=3)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = write_archive(tmp_path / "archive")
    (folder / "sub").mkdir()
    (folder / "sub/z.txt").write_text("مقال أخير.", encoding="utf-8")
    (folder / "sub/.hidden.txt").write_text("خفي.", encoding="utf-8")
    (folder / "notes.doc").write_text("no kind that is read", encoding="utf-8")
    return folder


@pytest.fixture
def memory(archive: Path) -> Iterator[Any]:
    """The archive again in a store that lives in memory, as memory://archive."""
    store = fsspec.filesystem("memory")
    store.put(str(archive), "/archive", recursive=True)
    yield store
    store.rm("/archive", recursive=True)


def plain(records: Iterator[Article | Dropped], root: str) -> list[dict[str, object]]:
    found = [record.to_dict() for record in records]
    for each in found:
        each["source"] = str(each["source"]).replace(root, "")
    return found


@pytest.mark.parametrize("scheme", ["memory", "file"])
def test_the_records_are_those_of_the_local_files(archive: Path, memory: Any, scheme: str) -> None:
    address = f"file://{archive}" if scheme == "file" else "memory://archive"
    found = plain(read_records(address), "memory:///archive" if scheme == "memory" else address)
    assert found == plain(read_records(archive), str(archive))
    assert len(found) == 40


def predict(inputs: list[str], output: Path, classifier: Echo | None = None) -> None:
    plan = prepare(
        output,
        inputs,
        SMALL,
        checkpoint=Path("c"),
        checkpoint_hash="1",
        versions={},
        overwrite=False,
    )
    todo = [shard.number for shard in pending(output, plan, Job(), lambda _: None)]
    list(run_here(output, plan, todo, classifier or Echo()))


def test_shards_of_a_store_hold_the_same_predictions(
    archive: Path, memory: Any, tmp_path: Path
) -> None:
    predict(["memory://archive"], tmp_path / "remote")
    predict([str(archive)], tmp_path / "local")
    remote, local = tree(tmp_path / "remote"), tree(tmp_path / "local")
    parts = [name for name in local if name.startswith("predictions")]
    assert len(parts) > 8
    assert [remote[name] for name in parts] == [local[name] for name in parts]


def test_a_file_that_changed_is_noticed(memory: Any, tmp_path: Path) -> None:
    predict(["memory://archive/a.jsonl"], tmp_path / "out")
    predict(["memory://archive/a.jsonl"], tmp_path / "out")
    text = memory.cat("/archive/a.jsonl")
    memory.pipe("/archive/a.jsonl", text.replace(b"m", b"n").replace("نص".encode(), "صن".encode()))
    with pytest.raises(OutputError, match=r"a\.jsonl has changed"):
        predict(["memory://archive/a.jsonl"], tmp_path / "out")


@pytest.mark.parametrize("name", ["a.jsonl", "b.jsonl.gz", "c.csv", "d.parquet", "e0.txt"])
def test_a_store_that_fails_half_way_ends_the_run(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No record is given up for a fault of the store; the run goes on later, to the same bytes."""
    address = f"memory://archive/{name}"
    predict([address], tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        predict([address], tmp_path / "out", Stops())
    with monkeypatch.context() as patch:
        opens = memory.open
        patch.setattr(memory, "open", lambda *given, **more: Breaks(opens(*given, **more)))
        with pytest.raises(InputError, match="the store does not answer; see to the store"):
            predict([address], tmp_path / "out")
    predict([address], tmp_path / "out")
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


class Breaks:
    """A file of a store that goes away behind the first bytes."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._num_reads = 0

    def read(self, size: int) -> Any:
        self._num_reads += 1
        if self._num_reads > 1:
            raise OSError(errno.ETIMEDOUT, "the store does not answer")
        return self._file.read(min(size, 40))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class Stops(Echo):
    """Ends a run before its first shard."""

    def draft(self, article: Article) -> Any:
        raise KeyboardInterrupt


def test_a_file_that_vanished_ends_the_run(memory: Any, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        predict(["memory://archive"], tmp_path / "out", Stops())
    memory.rm("/archive/c.csv")
    with pytest.raises(OutputError, match=r"c\.csv is gone"):
        predict(["memory://archive"], tmp_path / "out")
    gone = RemotePath("memory://archive/c.csv")
    with pytest.raises(InputError, match=r"c\.csv: no such file or folder; correct the address"):
        gone.open("rb")


def test_patterns_and_folders(memory: Any) -> None:
    found = expand(["memory://archive/*.jsonl*", "local.txt"])
    assert found == [
        "memory:///archive/a.jsonl",
        "memory:///archive/b.jsonl.gz",
        "local.txt",
    ]
    with pytest.raises(InputError, match="no file matches; correct the pattern"):
        expand(["memory://archive/*.zip"])
    check_given(["memory://archive", "memory://archive/sub"])
    for address, told in [
        ("memory://nothing", "no such file or folder"),
        ("memory://archive/notes.doc", "no kind of file that is read here"),
    ]:
        with pytest.raises(InputError, match=told):
            check_given([address])


def test_what_is_an_address() -> None:
    assert is_remote("s3://bucket/a")
    assert not any(map(is_remote, ["a/b.jsonl", "C:/archive", "https:", "a b://c", Path("s3://b")]))


def test_an_unknown_store_is_an_error() -> None:
    with pytest.raises(InputError, match=r"zzz:.* no store that is known: .*; give a path, or s3"):
        RemotePath("zzz://a")


@pytest.mark.parametrize(
    ("scheme", "library"), [("s3", "s3fs"), ("gs", "gcsfs"), ("https", "aiohttp")]
)
def test_a_missing_extra_is_named(scheme: str, library: str) -> None:
    if importlib.util.find_spec(library):
        pytest.skip(f"{library} is installed")
    with pytest.raises(InputError, match=r'; pip install "nabra\[(s3|gcs|http)\]"'):
        RemotePath(f"{scheme}://bucket/a.jsonl")


def test_credentials_are_asked_for(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoCredentialsError(Exception):
        """As botocore has it."""

    def refuse(*_: object, **__: object) -> None:
        raise NoCredentialsError("Unable to locate credentials")

    with monkeypatch.context() as patch:
        patch.setattr(memory, "info", refuse)
        patch.setattr(memory, "isdir", refuse)
        with pytest.raises(InputError, match=r"may not be read: Unable to .*; give credentials"):
            check_given(["memory://archive/a.jsonl"])
