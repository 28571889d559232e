"""Killed between any two operations, what is left is judged rightly and can be mended."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.fit.resume.test_sealed import FILES, flip, halve, names, write_checkpoint
from train.fit.resume.sealed import COMPLETE, flaw, last_complete, remove_incomplete, rotate, seal


class Killed(BaseException):
    pass


OPERATIONS = ((io, "open"), (os, "open"), (os, "fsync"), (os, "replace"), (os, "unlink"),
              (os, "rmdir"))  # fmt: skip


def killed_at(count: int, action: Callable[[], None]) -> bool:
    """Run; from the operation of this number on each one fails, as no process is left to do it."""
    done = 0

    def count_down(function: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **options: object) -> object:
            nonlocal done
            done += 1
            if done > count:
                raise Killed
            return function(*args, **options)

        return counted

    with pytest.MonkeyPatch.context() as patch:
        for module, name in OPERATIONS:
            patch.setattr(module, name, count_down(getattr(module, name)))
        try:
            action()
        except Killed:
            return True
    return False


def test_sealing_killed_anywhere(tmp_path: Path) -> None:
    whole = write_checkpoint(tmp_path, 1)
    (whole / COMPLETE).unlink()
    older = write_checkpoint(tmp_path / "trainer", 10)
    folder = older.parent / "checkpoint-20"
    for count in range(100):
        shutil.copytree(whole, folder)
        killed = killed_at(count, lambda: seal(folder))
        fault = flaw(folder)
        assert fault in ((None, f"{COMPLETE} is missing") if killed else (None,))
        assert last_complete(older.parent)[0] == (older if fault else folder)
        seal(folder)
        assert flaw(folder) is None
        shutil.rmtree(folder)
        if not killed:
            break
    assert 15 < count < 99  # each file is opened and made durable


def test_sealing_anew_killed_anywhere(tmp_path: Path) -> None:
    """An older seal of the folder never vouches for newer files."""
    whole = write_checkpoint(tmp_path, 1)
    for count in range(100):
        folder = shutil.copytree(whole, tmp_path / "checkpoint-2")
        flip(folder / "optimizer.pt")
        killed = killed_at(count, lambda folder=folder: seal(folder))  # type: ignore[misc]
        assert flaw(folder) in ((None, "optimizer.pt has other contents") if killed else (None,))
        shutil.rmtree(folder)
        if not killed:
            break
    assert 15 < count < 99


def test_all_is_durable_before_the_seal_stands(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path, 20)
    (folder / COMPLETE).unlink()
    synced: set[int] = set()
    fsync, replace = os.fsync, os.replace

    def note_fsync(handle: int) -> None:
        fsync(handle)
        synced.add(os.fstat(handle).st_ino)

    def check_replace(source: Path, target: Path) -> None:
        needed = [folder.parent, folder, source, *(folder / name for name in FILES)]
        assert {path.stat().st_ino for path in needed} <= synced
        synced.clear()
        replace(source, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", note_fsync)
        patch.setattr(os, "replace", check_replace)
        seal(folder)
    assert synced == {folder.stat().st_ino}
    assert flaw(folder) is None


def test_rotation_killed_anywhere(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    for step in range(10, 60, 10):
        write_checkpoint(whole, step)
    for count in range(200):
        trainer_dir = shutil.copytree(whole, tmp_path / "trainer")
        best = trainer_dir / "checkpoint-10"
        killed = killed_at(count, lambda at=trainer_dir, best=best: rotate(at, 2, best))  # type: ignore[misc]
        assert last_complete(trainer_dir) == (trainer_dir / "checkpoint-50", [])
        for step in (10, 40, 50):
            assert flaw(trainer_dir / f"checkpoint-{step}") is None
        for step in names(trainer_dir) - {10, 40, 50}:
            left = sorted(path.name for path in (trainer_dir / f"checkpoint-{step}").iterdir())
            is_whole = left == sorted([*FILES, COMPLETE])
            assert (flaw(trainer_dir / f"checkpoint-{step}") is None) == is_whole
            assert is_whole or COMPLETE not in left
        rotate(trainer_dir, 2, best)
        assert names(trainer_dir) == {10, 40, 50}
        shutil.rmtree(trainer_dir)
        if not killed:
            break
    assert 20 < count < 199


def test_removal_killed_anywhere(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    for step in (10, 20, 30):
        write_checkpoint(whole, step)
    halve(whole / "checkpoint-20" / "optimizer.pt")
    halve(whole / "checkpoint-30" / "optimizer.pt")
    for count in range(100):
        trainer_dir = shutil.copytree(whole, tmp_path / "trainer")
        chosen = trainer_dir / "checkpoint-10"
        killed = killed_at(count, lambda at=trainer_dir, to=chosen: remove_incomplete(at, to))  # type: ignore[misc]
        assert last_complete(trainer_dir)[0] == chosen
        shutil.rmtree(trainer_dir)
        if not killed:
            break
    assert 10 < count < 99
