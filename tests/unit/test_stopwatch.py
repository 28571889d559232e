from __future__ import annotations

import time
from pathlib import Path

import pytest

from model.archive.engines.local import run_here
from model.archive.shards.plan import Settings
from model.archive.shards.run import Job, pending, prepare
from model.records import Article, Prediction
from model.stopwatch import Stopwatch, unwatched
from tests.unit.archive.shards.archives import Echo, write_archive


def test_a_moment_counts_once() -> None:
    watch = Stopwatch()
    begin = time.perf_counter()
    with watch("outer"):
        time.sleep(0.05)
        with watch("inner"):
            time.sleep(0.1)
        time.sleep(0.05)
        with watch("inner"):
            time.sleep(0.01)
    whole = time.perf_counter() - begin
    assert sum(watch.seconds.values()) == pytest.approx(whole, abs=0.01)
    assert 0.1 <= watch.seconds["outer"] <= whole - 0.11 + 0.01
    assert watch.seconds["inner"] >= 0.11


def test_other_processes_are_added() -> None:
    watch = Stopwatch()
    watch.add({"text": 3.0, "reading": 1.0})
    watch.add({"text": 1.0, "writing": 3.0})
    assert list(watch.table()) == [
        "reading          1.0 s  12.5%",
        "text             4.0 s  50.0%",
        "writing          3.0 s  37.5%",
        "in all           8.0 s",
    ]


class Slow(Echo):
    def draft(self, article: Article) -> list[Prediction]:
        time.sleep(0.01)
        return super().draft(article)


def test_the_stages_of_a_run_are_all_of_it(tmp_path: Path) -> None:
    archive, output = write_archive(tmp_path / "archive"), tmp_path / "out"
    plan = prepare(
        output,
        [str(archive)],
        Settings(),
        checkpoint=Path("c"),
        checkpoint_hash="1",
        versions={},
        overwrite=False,
    )
    numbers = [shard.number for shard in pending(output, plan, Job(), lambda _: None)]
    watch = Stopwatch()
    begin = time.perf_counter()
    list(run_here(output, plan, numbers, Slow(), watch=watch))
    whole = time.perf_counter() - begin
    assert set(watch.seconds) == {"reading", "text", "writing"}
    assert sum(watch.seconds.values()) == pytest.approx(whole, rel=0.2)
    assert watch.seconds["text"] > 35 * 0.01


def test_nobody_watches() -> None:
    with unwatched("text"), unwatched("reading"):
        pass
    assert unwatched("a") is unwatched("b")
