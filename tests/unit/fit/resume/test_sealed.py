"""A checkpoint counts when it is complete to the last byte, and rotation keeps what is needed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from train.fit.resume.sealed import (
    COMPLETE,
    flaw,
    last_complete,
    remove_incomplete,
    rotate,
    seal,
)

FILES = ("model.safetensors", "optimizer.pt", "rng_state.pth", "scheduler.pt",
         "trainer_state.json", "training_args.bin")  # fmt: skip
WEIGHTS = {"weight": torch.arange(6.0)}


def write_checkpoint(trainer_dir: Path, step: int, best: int | None = None) -> Path:
    """A sealed checkpoint with the files that transformers writes."""
    folder = trainer_dir / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    save_file(WEIGHTS, folder / "model.safetensors")
    torch.save({"state": {0: {"exp_avg": torch.ones(6)}}}, folder / "optimizer.pt")
    torch.save({"last_epoch": step}, folder / "scheduler.pt")
    torch.save({"cpu": torch.random.get_rng_state()}, folder / "rng_state.pth")
    (folder / "training_args.bin").write_bytes(b"arguments")
    path = f"runs/there/trainer/checkpoint-{best}" if best else None
    state = {"global_step": step, "best_model_checkpoint": path}
    (folder / "trainer_state.json").write_text(json.dumps(state))
    seal(folder)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "trainer", 20)


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES = {
    Path.unlink: "is missing",
    make_folder: "is missing",
    halve: "is cut short (",
    empty: "is cut short (0 of ",
    flip: "has other contents",
    lengthen: " bytes, not ",
}


def test_a_sealed_checkpoint_is_complete(folder: Path) -> None:
    assert flaw(folder) is None
    assert last_complete(folder.parent) == (folder, [])
    assert set(json.loads((folder / COMPLETE).read_text())["files"]) == set(FILES)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_every_damage_of_every_file_is_found(
    folder: Path, name: str, damage: Callable[[Path], None]
) -> None:
    newer = write_checkpoint(folder.parent, 40)
    damage(newer / name)
    chosen, (warning,) = last_complete(folder.parent)
    assert chosen == folder
    assert warning.startswith(f"trainer/checkpoint-40: {name} ")
    assert DAMAGES[damage] in warning
    assert warning.endswith("; it is skipped")


def test_a_cut_of_the_seal_at_every_byte_is_found(folder: Path) -> None:
    whole = (folder / COMPLETE).read_bytes()
    for length in range(len(whole)):
        (folder / COMPLETE).write_bytes(whole[:length])
        assert flaw(folder) == f"{COMPLETE} is damaged"
    (folder / COMPLETE).write_bytes(whole)
    assert flaw(folder) is None


def test_a_changed_byte_of_the_seal_never_hides_another_fault(folder: Path) -> None:
    (folder / "training_args.bin").unlink()
    whole = (folder / COMPLETE).read_bytes()
    for index in range(len(whole)):
        changed = bytearray(whole)
        changed[index] ^= 1
        (folder / COMPLETE).write_bytes(changed)
        assert flaw(folder)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", '"files"', "[" * 100_000, '{"processes": 1, "files": []}',
     '{"processes": 0, "files": {}}', '{"processes": true, "files": {}}',
     '{"processes": 1, "files": {"optimizer.pt": 3}}',
     '{"processes": 1, "files": {"optimizer.pt": {"size": "3", "sha256": ""}}}',
     '{"processes": 1, "files": {"optimizer.pt": {"size": -1, "sha256": ""}}}', "\udcff"],
)  # fmt: skip
def test_a_seal_of_another_form_is_damaged(folder: Path, text: str) -> None:
    (folder / COMPLETE).write_bytes(text.encode("utf-8", "surrogateescape"))
    assert flaw(folder) == f"{COMPLETE} is damaged"


def test_a_missing_seal_is_no_seal(folder: Path) -> None:
    (folder / COMPLETE).unlink()
    assert flaw(folder) == f"{COMPLETE} is missing"
    (folder / COMPLETE).mkdir()
    assert flaw(folder) == f"{COMPLETE} cannot be read (Is a directory)"


@pytest.mark.parametrize(
    ("name", "found"),
    [("../outside", "is no file"), ("/etc/hostname", "is no file"), ("a\0b", "is no file"),
     ("x/../../outside", "is no file"), ("", "is missing"), (".", "is missing"),
     ("n" * 400, "cannot be read (File name too long)")],
)  # fmt: skip
def test_a_seal_with_names_from_elsewhere(folder: Path, name: str, found: str) -> None:
    (folder.parent / "outside").write_bytes(b"")
    document = json.loads((folder / COMPLETE).read_text())
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    document["files"][name] = {"size": 0, "sha256": digest}
    (folder / COMPLETE).write_text(json.dumps(document))
    assert found in (flaw(folder) or "")


@pytest.mark.parametrize("name", FILES[:5])
def test_what_resumption_needs_must_be_listed_and_there(folder: Path, name: str) -> None:
    document = json.loads((folder / COMPLETE).read_text())
    del document["files"][name]
    (folder / COMPLETE).write_text(json.dumps(document))
    assert flaw(folder) == f"{COMPLETE} does not list {name}"
    (folder / name).unlink()
    assert flaw(folder) == f"{name} is missing"
    with pytest.raises(AssertionError, match=name):
        seal(folder)


def test_an_extra_file_is_no_flaw(folder: Path) -> None:
    (folder / "note.txt").write_text("mine")
    (folder / f".{COMPLETE}.tmp").write_text("{")
    assert flaw(folder) is None
    seal(folder)
    assert set(json.loads((folder / COMPLETE).read_text())["files"]) == {*FILES, "note.txt"}


def test_each_process_has_its_state_of_chance(folder: Path) -> None:
    (folder / "rng_state.pth").rename(folder / "rng_state_0.pth")
    shutil.copy(folder / "rng_state_0.pth", folder / "rng_state_1.pth")
    seal(folder, processes=2)
    assert flaw(folder) is None
    with pytest.raises(AssertionError, match=r"rng_state_2\.pth"):
        seal(folder, processes=3)
    (folder / "rng_state_1.pth").unlink()
    assert flaw(folder) == "rng_state_1.pth is missing"


def test_other_names_in_the_folder_are_no_checkpoints(folder: Path) -> None:
    trainer_dir = folder.parent
    for name in ("checkpoint-abc", "checkpoint-", "checkpoint-٤٠", "checkpoint-040", "runs",
                 "xcheckpoint-50", "checkpoint-50x", "checkpoint--5"):  # fmt: skip
        (trainer_dir / name).mkdir()
    (trainer_dir / "checkpoint-60").write_text("a file")
    (trainer_dir / "checkpoint-70").symlink_to(folder)
    before = set(trainer_dir.iterdir())
    assert last_complete(trainer_dir) == (folder, [])
    rotate(trainer_dir, 1, None)
    remove_incomplete(trainer_dir, folder)
    assert set(trainer_dir.iterdir()) == before
    assert last_complete(trainer_dir / "nowhere") == (None, [])


def test_steps_are_numbers(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        write_checkpoint(tmp_path, step)
    assert last_complete(tmp_path) == (tmp_path / "checkpoint-100", [])


def test_newer_incomplete_checkpoints_are_removed(tmp_path: Path) -> None:
    folders = [write_checkpoint(tmp_path, step) for step in (10, 20, 30, 40)]
    for index in (0, 2, 3):
        halve(folders[index] / "optimizer.pt")
    chosen, warnings = last_complete(tmp_path)
    assert chosen == folders[1]
    assert [warning.split(":")[0][-2:] for warning in warnings] == ["40", "30"]
    remove_incomplete(tmp_path, chosen)
    assert set(tmp_path.iterdir()) == {*folders[:2]}
    halve(folders[1] / "optimizer.pt")
    chosen, warnings = last_complete(tmp_path)
    assert (chosen, len(warnings)) == (None, 2)
    remove_incomplete(tmp_path, None)
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_needs_the_best_one_before_it(tmp_path: Path) -> None:
    first = write_checkpoint(tmp_path / "trainer", 10, best=10)
    best = write_checkpoint(tmp_path / "trainer", 20, best=20)
    newest = write_checkpoint(tmp_path / "trainer", 30, best=20)
    assert last_complete(newest.parent) == (newest, [])
    halve(best / "model.safetensors")
    chosen, warnings = last_complete(newest.parent)
    assert chosen == first
    assert "checkpoint-30: it needs checkpoint-20 as the best one so far, and" in warnings[0]
    shutil.rmtree(best)
    assert last_complete(newest.parent)[0] == first


# Rotation


def names(trainer_dir: Path) -> set[int]:
    return {int(path.name.split("-")[1]) for path in trainer_dir.iterdir()}


def test_rotation_keeps_the_last_and_the_best(tmp_path: Path) -> None:
    folders = [write_checkpoint(tmp_path, step) for step in range(10, 70, 10)]
    rotate(tmp_path, 2, Path("moved/trainer/checkpoint-20"))
    assert names(tmp_path) == {20, 50, 60}
    rotate(tmp_path, 5, None)
    assert names(tmp_path) == {20, 50, 60}
    rotate(tmp_path, 1, folders[-1])
    assert names(tmp_path) == {60}


def test_rotation_keeps_the_best_of_each_that_it_keeps(tmp_path: Path) -> None:
    for step, best in ((10, 10), (20, 10), (30, 30)):
        write_checkpoint(tmp_path, step, best)
    rotate(tmp_path, 2, tmp_path / "checkpoint-30")
    assert names(tmp_path) == {10, 20, 30}
    halve(tmp_path / "checkpoint-30" / "optimizer.pt")
    assert last_complete(tmp_path)[0] == tmp_path / "checkpoint-20"


@pytest.mark.parametrize("damage", [Path.unlink, halve, empty])
@pytest.mark.parametrize("name", [*FILES, COMPLETE])
def test_incomplete_checkpoints_do_not_count_as_kept(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    folders = [write_checkpoint(tmp_path, step) for step in (10, 20, 30, 40, 50)]
    damage(folders[1] / name)
    damage(folders[3] / name)
    rotate(tmp_path, 2, None)
    assert names(tmp_path) == {30, 50}
    damage(folders[4] / name)
    rotate(tmp_path, 1, None)
    assert names(tmp_path) == {30, 50}  # the newest may be just being written


def test_rotation_deletes_nothing_where_nothing_is_complete(tmp_path: Path) -> None:
    for step in (10, 20):
        (write_checkpoint(tmp_path, step) / COMPLETE).unlink()
    rotate(tmp_path, 1, None)
    assert names(tmp_path) == {10, 20}


def test_rotation_survives_a_state_that_is_no_json(tmp_path: Path) -> None:
    folders = [write_checkpoint(tmp_path, step) for step in (10, 20, 30)]
    state = folders[2] / "trainer_state.json"
    state.write_bytes(b"{" * state.stat().st_size)
    rotate(tmp_path, 1, None)
    assert names(tmp_path) == {30}
