from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from model.archive.engines.local import run_here
from model.archive.sealed import read_sealed
from model.archive.shards import plan as planning
from model.archive.shards.done import Done
from model.archive.shards.plan import Plan, Settings, read_plan
from model.archive.shards.run import (
    Job,
    claim,
    clear_leftovers,
    pending,
    prepare,
    totals,
    verify,
)
from model.archive.write import read_predictions
from model.errors import InputError, OutputError
from tests.unit.archive.shards.archives import NUM_BAD, Echo, tree, write_archive

SMALL = Settings(shard_articles=3)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_archive(tmp_path / "archive")


def plan_for(archive: Path, output: Path, **changes: object) -> Plan:
    given = {"checkpoint": Path("c"), "checkpoint_hash": "1", "versions": {"nabra": "1"}}
    settings = changes.pop("settings", SMALL)
    given |= {"overwrite": False} | changes
    return prepare(output, [str(archive)], settings, **given)  # type: ignore[arg-type]


def run(archive: Path, output: Path, job: Job = Job(), **changes: object) -> list[int]:  # noqa: B008
    """Do what is not done yet; the numbers of the shards that were run."""
    plan = plan_for(archive, output, **changes)
    todo = [shard.number for shard in pending(output, plan, job, lambda _: None)]
    return [done.shard for done in run_here(output, plan, todo, Echo())]


def test_all_articles_come_out_or_lie_in_quarantine(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    numbers = run(archive, output)
    plan = read_plan(output)
    assert plan is not None
    assert numbers == list(range(len(plan.shards)))
    assert len(numbers) > 8
    found = totals(output, plan)
    assert found is not None
    assert (found.articles, found.quarantined) == (5 * 7, NUM_BAD)
    predictions = list(read_predictions(output))
    assert len(predictions) == found.rows
    assert len({(p.article_id, p.index) for p in predictions}) == found.rows
    assert verify(output)[1] == []


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv"])
def test_shards_do_not_depend_on_order_or_job(archive: Path, tmp_path: Path, form: str) -> None:
    settings = replace(SMALL, format=form)
    run(archive, tmp_path / "a", settings=settings)
    for index in (1, 2, 0):
        run(archive, tmp_path / "b", Job(index, 3), settings=settings)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_what_is_done_is_not_done_again(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert run(archive, output)
    whole = tree(output)
    assert run(archive, output) == []
    (output / "done/part-00003.done").unlink()
    assert run(archive, output) == [3]
    assert tree(output) == whole


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "done"])
@pytest.mark.parametrize("folder", ["predictions", "quarantine"])
def test_a_damaged_shard_alone_is_made_again(
    archive: Path, tmp_path: Path, damage: str, folder: str
) -> None:
    output = tmp_path / "out"
    run(archive, output)
    whole = tree(output)
    path = sorted((output / folder).iterdir())[1 if folder == "predictions" else 0]
    number = int(path.stem.removeprefix("part-"))
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    elif damage == "cut":
        path.write_bytes(data[:-3])
    elif damage == "remove":
        path.unlink()
    else:
        done = output / f"done/part-{number:05d}.done"
        done.write_bytes(done.read_bytes()[:-9])
    _, faults = verify(output)
    assert len(faults) == (1 if damage != "done" else len(faults))
    assert faults[0].startswith(f"part-{number:05d}: ")
    assert run(archive, output) == [number]
    assert tree(output) == whole


def test_a_stranger_is_named(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(archive, output)
    (output / "predictions/part-99999.jsonl").write_text("", encoding="utf-8")
    assert verify(output)[1] == ["predictions/part-99999.jsonl belongs to no shard"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"settings": Settings(shard_articles=4)}, "--shard-articles was 3, is 4"),
        ({"settings": replace(SMALL, format="csv")}, "--format was jsonl, is csv"),
        ({"settings": replace(SMALL, outlet="سانا")}, "--outlet was None, is سانا"),
        ({"checkpoint_hash": "2"}, "the checkpoint has changed"),
        ({"versions": {"nabra": "2"}}, "nabra was 1, is 2"),
    ],
)
def test_another_run_is_refused_with_what_differs(
    archive: Path, tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    run(archive, tmp_path / "out")
    whole = tree(tmp_path / "out")
    with pytest.raises(OutputError, match="1 thing differs: ") as raised:
        plan_for(archive, tmp_path / "out", **changes)
    assert told in str(raised.value)
    assert tree(tmp_path / "out") == whole
    plan = plan_for(archive, tmp_path / "out", overwrite=True, **changes)
    assert len(pending(tmp_path / "out", plan, Job(), print)) == len(plan.shards)


def test_changed_code_is_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(archive, tmp_path / "out")
    monkeypatch.setattr(planning, "code_hash", lambda: "other")
    with pytest.raises(OutputError, match="nabra's code has changed"):
        run(archive, tmp_path / "out")


def test_changed_inputs_are_refused_and_named(archive: Path, tmp_path: Path) -> None:
    run(archive, tmp_path / "out")
    os.utime(archive / "a.jsonl", ns=(1, 1))  # touched, but the same
    assert run(archive, tmp_path / "out") == []
    with (archive / "a.jsonl").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    (archive / "e1.txt").unlink()
    (archive / "z.txt").write_text("جديد.", encoding="utf-8")
    with pytest.raises(OutputError) as raised:
        run(archive, tmp_path / "out")
    told = str(raised.value)
    assert "a.jsonl has changed (" in told
    assert "e1.txt is gone" in told
    assert "z.txt is new" in told


def test_an_input_that_changes_meanwhile_is_an_error(archive: Path, tmp_path: Path) -> None:
    plan = plan_for(archive, tmp_path / "out")
    (archive / "a.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="has 0 bytes, and had"):
        list(run_here(tmp_path / "out", plan, [0], Echo()))


def test_parts_without_a_plan_are_not_touched(archive: Path, tmp_path: Path) -> None:
    stranger = tmp_path / "out/predictions/part-00000.csv"
    stranger.parent.mkdir(parents=True)
    stranger.write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match="parts of an earlier run; choose another --output"):
        run(archive, tmp_path / "out")
    run(archive, tmp_path / "out", overwrite=True)
    assert not stranger.exists()


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_damaged_plan_is_written_again(archive: Path, tmp_path: Path, is_gone: bool) -> None:
    output = tmp_path / "out"
    run(archive, output)
    whole, path = tree(output), output / "plan.json"
    written = path.read_text(encoding="utf-8")
    path.unlink()
    if not is_gone:
        path.write_text(written.replace("jsonl", "jsonk", 1), encoding="utf-8")
    with pytest.raises(OutputError, match=r"another run, whose plan|its checksum differs"):
        run(archive, output, checkpoint_hash="2")
    assert run(archive, output) == []
    assert tree(output) == whole


def test_a_damaged_plan_is_an_error_before_a_shard_is_done(archive: Path, tmp_path: Path) -> None:
    plan_for(archive, tmp_path / "out")
    (tmp_path / "out/plan.json").write_text("{", encoding="utf-8")
    with pytest.raises(OutputError, match="begin anew with --overwrite"):
        run(archive, tmp_path / "out")


@pytest.mark.parametrize(("old", "new"), [('"articles": 2', '"articles": 7'), ("\n", "\t")])
def test_every_byte_of_a_done_file_counts(
    archive: Path, tmp_path: Path, old: str, new: str
) -> None:
    run(archive, tmp_path / "out")
    path = tmp_path / "out/done/part-00001.done"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    _, faults = verify(tmp_path / "out")
    assert faults == ["part-00001: part-00001.done is damaged (its checksum differs)"]
    assert run(archive, tmp_path / "out") == [1]


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with claim(tmp_path, Job()):
        for job in (Job(), Job(0, 2)):
            with pytest.raises(OutputError, match="another run writes here"), claim(tmp_path, job):
                pass
    with claim(tmp_path, Job(0, 2)), claim(tmp_path, Job(1, 2)):
        for job in (Job(), Job(0, 2)):
            with pytest.raises(OutputError, match="another run writes here"), claim(tmp_path, job):
                pass
    with claim(tmp_path, Job()):
        pass


def test_leftovers_go(archive: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    run(archive, output)
    whole = tree(output)
    (output / "predictions/.part-00001.jsonl.1234.tmp").write_text("half", encoding="utf-8")
    (output / "done/.part-00001.done.tmp").write_text("half", encoding="utf-8")
    clear_leftovers(output)
    assert tree(output) == whole


def test_as_long_as_a_shard_is_missing_there_are_no_totals(archive: Path, tmp_path: Path) -> None:
    run(archive, tmp_path / "out", Job(0, 2))
    plan = read_plan(tmp_path / "out")
    assert plan is not None
    assert totals(tmp_path / "out", plan) is None


def test_a_done_file_is_read_back(archive: Path, tmp_path: Path) -> None:
    run(archive, tmp_path / "out")
    record = read_sealed(tmp_path / "out/done/part-00000.done")
    assert Done.from_dict(record).to_dict() == record


def test_an_empty_quarantine_leaves_no_file(tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "a.txt").write_text("نص.", encoding="utf-8")
    run(archive, tmp_path / "out")
    assert list((tmp_path / "out/quarantine").iterdir()) == []
