"""Shards in several processes on this machine."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from model.archive.engines.local import run_in_processes
from model.archive.shards.plan import Settings
from model.archive.shards.run import prepare, totals
from tests.conftest import ROOT
from tests.unit.archive.shards.archives import Echo, write_archive

_LONGEST_WAIT = 60.0


def load_one_of_two_late(checkpoint: str, num_threads: int) -> Echo:
    """The first of two workers gets its classifier when the other has done all but one shard."""
    folder = Path(checkpoint)
    try:
        (folder / "first").touch(exist_ok=False)
    except FileExistsError:
        return Echo()
    num_shards = int((folder / "shards").read_text(encoding="utf-8"))
    give_up = time.monotonic() + _LONGEST_WAIT
    while len(list((folder / "out/done").glob("*.done"))) < num_shards - 1:
        if time.monotonic() > give_up:
            raise TimeoutError("the other worker left shards for this one")
        time.sleep(0.01)
    return Echo()


def test_who_is_done_takes_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)  # the workers, too, look there for the function above
    plan = prepare(
        tmp_path / "out",
        [str(write_archive(tmp_path / "archive"))],
        Settings(shard_articles=3),
        checkpoint=tmp_path,
        checkpoint_hash="1",
        versions={},
        overwrite=False,
    )
    numbers = range(len(plan.shards))
    (tmp_path / "shards").write_text(str(len(numbers)), encoding="utf-8")
    advanced: list[int] = []
    found = run_in_processes(
        tmp_path / "out",
        plan,
        numbers,
        load_one_of_two_late,
        advanced.append,
        num_workers=2,
        num_threads=1,
    )
    assert sorted(done.shard for done in found) == list(numbers)
    all_of_it = totals(tmp_path / "out", plan)
    assert all_of_it is not None
    assert sum(advanced) == all_of_it.articles + all_of_it.quarantined
