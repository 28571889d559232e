"""What a worker on another machine makes sure of, and what it sends back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from model.archive.engines.remote import Work, Worker, read_outcome
from model.archive.manifest import versions
from model.archive.shards.done import check_shard
from model.archive.shards.plan import PLAN, Settings, read_plan
from model.archive.shards.run import prepare
from model.errors import NabraError
from model.net.checkpoint import checkpoint_hash
from tests.unit.archive.shards.archives import Echo, tree, write_archive


@pytest.fixture
def work(tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Of a run that was started in `tmp_path`, with relative paths, as another folder's worker."""
    write_archive(tmp_path / "archive")
    shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")
    monkeypatch.chdir(tmp_path)
    checkpoint = Path("checkpoint")
    plan = prepare(
        Path("out"),
        ["archive"],
        Settings(shard_articles=4),
        checkpoint=checkpoint,
        checkpoint_hash=checkpoint_hash(checkpoint),
        versions=versions(checkpoint),
        overwrite=False,
    )
    work = Work.of(Path("out"), plan, lambda *_: Echo(), 1)
    monkeypatch.chdir("/")
    return work


def fault_of(work: Work) -> str:
    with closing(Worker(work)) as worker, pytest.raises(NabraError) as caught:
        read_outcome(worker.run(0))
    assert f"on {os.uname().nodename}, " in str(caught.value)
    return str(caught.value)


def test_the_outcome_is_what_was_written(work: Work) -> None:
    with closing(Worker(work)) as worker:
        done = read_outcome(worker.run(1))
    plan = read_plan(Path(work.output_dir))
    assert plan is not None
    assert check_shard(Path(work.output_dir), plan, plan.shards[1]) == done
    assert done.shard == 1
    assert done.rows > 0


def test_a_second_worker_writes_the_same(work: Work) -> None:
    """As where an engine takes a worker for dead and has its shard predicted again."""
    with closing(Worker(work)) as first, closing(Worker(work)) as second:
        outcome = first.run(0)
        written = tree(Path(work.output_dir))
        assert second.run(0) == outcome
    assert tree(Path(work.output_dir)) == written


def lose_plan(work: Work) -> None:
    Path(work.output_dir, PLAN).unlink()


def lose_input(work: Work) -> None:
    Path(work.folder, "archive/a.jsonl").unlink()


def lose_checkpoint(work: Work) -> None:
    shutil.rmtree(Path(work.folder, "checkpoint"))


def change_checkpoint(work: Work) -> None:
    with Path(work.folder, "checkpoint/targets.yaml").open("a", encoding="utf-8") as stream:
        stream.write("# changed\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lose_plan, "plan.json: this machine does not see it; put inputs, checkpoint"),
        (lose_input, "a.jsonl: cannot be read any more"),
        (lose_checkpoint, "checkpoint: is no nabra checkpoint"),
        (change_checkpoint, "would write other bytes: the checkpoint has changed"),
    ],
)
def test_what_a_machine_does_not_see(
    work: Work, change: Callable[[Work], None], message: str
) -> None:
    change(work)
    assert message in fault_of(work)


def test_another_plan(work: Work) -> None:
    assert "this machine sees another plan" in fault_of(replace(work, fingerprint="0"))


def test_other_code_or_versions(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.archive.engines.remote.code_hash", lambda: "other")
    monkeypatch.setattr(
        "model.archive.engines.remote.versions", lambda path: {**versions(path), "torch": "1"}
    )
    told = fault_of(work)
    assert "nabra's code has changed; torch was" in told
    assert "give all machines the same environment" in told


def test_any_exception_is_an_outcome(work: Work, capfd: pytest.CaptureFixture[str]) -> None:
    class Failing(Echo):
        def complete_stream(self, drafts: object, watch: object) -> object:
            raise RuntimeError("no memory")

    told = fault_of(replace(work, load=lambda *_: Failing()))
    assert "part-00000: RuntimeError: no memory; see the engine's logs" in told
    assert "Traceback" in capfd.readouterr().err

    def load(*_: object) -> Echo:
        raise RuntimeError("no weights")

    assert "a worker: RuntimeError: no weights" in fault_of(replace(work, load=load))
