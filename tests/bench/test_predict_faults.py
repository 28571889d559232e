"""What a prediction survives: kills at every change of a file, full disks, damaged files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write_tiny_checkpoint
from tests.predict_full_disk import small_disk

ROOT = Path(__file__).parents[2]
TEXTS = ("التحالف الدولي يدعم قسد. قال الناطق: «نعم».", "خبر آخر عن مليشيا قسد الانفصالية.")


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "checkpoint")


def write_archive(folder: Path, num: int) -> Path:
    """So many articles of some sentences, with a broken line in every ten; and one text file."""
    folder.mkdir()
    lines = [
        "{broken" if n % 10 == 7 else json.dumps({"id": str(n), "text": TEXTS[n % 2] * (n % 5 + 1)})
        for n in range(num)
    ]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "b.txt").write_text(TEXTS[0], encoding="utf-8")
    return folder


def run_module(name: str, form: str, checkpoint: Path, folder: Path, *more: object) -> Any:
    """What a module of tests prints, in a process whose threads do not outlive its forks."""
    archive = write_archive(folder / "archive", int(str(more[0])))
    (folder / "runs").mkdir()
    command = [sys.executable, "-m", f"tests.{name}", form, checkpoint, archive, folder / "runs"]
    result = subprocess.run(
        [*map(str, command), *map(str, more[1:])],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(result.stdout)


@pytest.mark.parametrize("form", ["jsonl", "parquet", "naive"])
def test_killed_everywhere(checkpoint: Path, tmp_path: Path, form: str) -> None:
    """SIGKILL before every open, write, sync, rename, and half-way through every write."""
    found = run_module("predict_kills", form, checkpoint, tmp_path, 8, 1)
    print(
        f"\n{form}: {found['operations']}; {found['kills']} kills, {len(found['unequal'])} went on "
        f"to other bytes; {found['lost']} rows lost, {found['doubled']} doubled or broken"
    )
    if form == "naive":
        assert found["unequal"]  # the control: what these kills can find
    else:
        assert (found["unequal"], found["lost"], found["doubled"]) == ([], 0, 0)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_disk_that_fills_up(checkpoint: Path, tmp_path: Path, form: str) -> None:
    """At twenty sizes: one plain line, nothing half under a final name; with room it goes on."""
    try:
        with small_disk(tmp_path / "try", 1 << 20):
            pass
    except (OSError, subprocess.CalledProcessError) as fault:
        pytest.skip(f"no small disk can be mounted here: {fault}")
    levels = run_module("predict_full_disk", form, checkpoint, tmp_path, 100, 20)
    for level in levels:
        print(f"{form}: {level['bytes']:7} bytes: {level['shards_done']:2} shards done")
        assert level["status"] == 1
        assert level["err"].startswith("error: ")
        assert "cannot be written: No space left on device; make room" in level["err"]
        assert level["err"].count("\n") == 1
        assert level["broken"] == []
        assert level["resumed"] == [0, ""]
        assert level["is_equal"]
    assert len({level["shards_done"] for level in levels}) > 5


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_damaged_files(checkpoint: Path, tmp_path: Path, form: str) -> None:
    """Two hundred: each is found by --verify, and only its shard is made again, to the same."""
    found = run_module("predict_damage", form, checkpoint, tmp_path, 30, 100)
    print(f"\n{form}: {found['damages']} damages, {len(found['wrong'])} not mended")
    for kind, count in sorted(Counter(found["done"]).items()):
        print(f"{kind:24} {count:3}")
    assert found["wrong"] == []
