from __future__ import annotations

from pathlib import Path

from train.steps import fingerprint, hash_files, is_done, mark_done


def test_a_step_is_done_for_its_own_inputs_only(tmp_path: Path) -> None:
    assert not is_done(tmp_path, "prepare", "a")
    mark_done(tmp_path, "prepare", "a")
    mark_done(tmp_path, "finetune", "b")
    assert is_done(tmp_path, "prepare", "a")
    assert not is_done(tmp_path, "prepare", "b")


def test_a_hash_follows_names_and_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_text("1")
    before = hash_files([tmp_path])
    assert hash_files([tmp_path]) == before
    (tmp_path / "a" / "x").write_text("2")
    changed = hash_files([tmp_path])
    (tmp_path / "a" / "x").rename(tmp_path / "a" / "y")
    assert len({before, changed, hash_files([tmp_path])}) == 3


def test_a_fingerprint_follows_each_part() -> None:
    assert fingerprint("a", "b") != fingerprint("a", "c") != fingerprint("ab", "")


def test_a_half_written_record_means_that_nothing_is_done(tmp_path: Path) -> None:
    mark_done(tmp_path, "prepare", "a")
    (tmp_path / "steps.json").write_text('{"prepare": ')
    assert not is_done(tmp_path, "prepare", "a")
