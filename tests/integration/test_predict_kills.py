"""Killed anywhere, a prediction goes on to the very same bytes; the bench kills everywhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def kill(kind: str, checkpoint: Path, folder: Path, every: int) -> dict[str, object]:
    archive = folder / "archive"
    archive.mkdir()
    texts = ["التحالف الدولي يدعم قسد. قال الناطق: «نعم».", "خبر آخر عن مليشيا قسد الانفصالية."]
    lines = [json.dumps({"id": str(n), "text": texts[n % 2]}) for n in range(7)]
    (archive / "a.jsonl").write_text("\n".join([*lines, "{broken", ""]), encoding="utf-8")
    (archive / "b.txt").write_text(texts[0], encoding="utf-8")
    command = [kind, checkpoint, archive, folder / "runs", every]
    (folder / "runs").mkdir()
    result = subprocess.run(
        [sys.executable, "-m", "tests.predict_kills", *map(str, command)],
        cwd=ROOT,
        # Threads that were started before a fork do not live behind it.
        env={**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(("form", "every"), [("jsonl", 9), ("parquet", 37)])
def test_killed_at_many_operations(
    tiny_checkpoint: Path, tmp_path: Path, form: str, every: int
) -> None:
    found = kill(form, tiny_checkpoint, tmp_path, every)
    assert found["unequal"] == []
    assert int(str(found["kills"])) > 10


def test_a_writer_that_appends_does_not_pass(tiny_checkpoint: Path, tmp_path: Path) -> None:
    """The control: what these kills can find."""
    found = kill("naive", tiny_checkpoint, tmp_path, every=1)
    assert len(found["unequal"]) > 3  # type: ignore[arg-type]
