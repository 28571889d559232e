"""The real command with two workers, its whole process group killed at random times, goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.conftest import write_tiny_checkpoint
from tests.predict_kills import digest

ROOT = Path(__file__).parents[2]
NUM_KILLS = 200
NUM_ARTICLES = 6_000
TEXT = "التحالف الدولي يدعم قسد. قال الناطق: «نعم». خبر آخر عن مليشيا قسد الانفصالية. "
IN_SHARDS = 2.0  # seconds behind the first writing of a run, in which every second kill strikes


def write_archive(folder: Path) -> Path:
    folder.mkdir()
    for part in range(3):
        numbers = range(part, NUM_ARTICLES, 3)
        lines = [
            "{broken"
            if number % 50 == 7
            else json.dumps({"id": str(number), "text": TEXT * (number % 4 + 1)})
            for number in numbers
        ]
        (folder / f"{part}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def start(checkpoint: Path, archive: Path, output: Path) -> subprocess.Popen[bytes]:
    """The command, the leader of a process group of its own."""
    given = [checkpoint, archive, "--output", output, "--shard-articles", "20", "--workers", "2"]
    return subprocess.Popen(
        [sys.executable, "-m", "model.predict", *map(str, given)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def unfinished(output: Path) -> set[Path]:
    """What is being written, or was when it was killed."""
    return set(output.rglob("*.tmp"))


def finish(process: subprocess.Popen[bytes]) -> None:
    _, err = process.communicate(timeout=600)
    assert process.returncode == 0, err.decode()


def check_counts(output: Path) -> None:
    manifest = json.loads((output / "manifest.json").read_bytes())
    assert manifest["articles_in"] == NUM_ARTICLES
    assert manifest["rows_quarantined"] == len([n for n in range(NUM_ARTICLES) if n % 50 == 7])
    assert manifest["articles_predicted"] + manifest["rows_quarantined"] == NUM_ARTICLES


def test_two_hundred_kills_of_the_group(tmp_path: Path) -> None:
    checkpoint = write_tiny_checkpoint(tmp_path / "checkpoint")
    archive = write_archive(tmp_path / "archive")
    whole, output = tmp_path / "whole", tmp_path / "out"
    begin = time.monotonic()
    process = start(checkpoint, archive, whole)
    while not list(whole.glob("done/*.done")):
        time.sleep(0.02)
        assert process.poll() is None
    first_shard = time.monotonic() - begin
    finish(process)
    seconds = time.monotonic() - begin
    expected = digest(whole)
    check_counts(whole)
    print(f"\nfirst shard after {first_shard:.1f} s, {seconds:.1f} s in all")

    chance = random.Random(1)
    hit: Counter[str] = Counter()
    ends = 0
    while hit.total() < NUM_KILLS:
        before = unfinished(output)
        process = start(checkpoint, archive, output)
        if hit.total() % 2:
            wait_for_writing(process, output, before)
            delay = chance.uniform(0, IN_SHARDS)
        else:
            delay = chance.uniform(0, first_shard)
        try:
            process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            hit[place_of(output, before)] += 1
        else:
            # It came to its end before it was to be killed: the next one begins anew.
            assert process.returncode == 0
            assert digest(output) == expected
            ends += 1
            shutil.rmtree(output)
    num_done = len(list(output.glob("done/*.done")))
    finish(start(checkpoint, archive, output))
    assert digest(output) == expected
    check_counts(output)
    print(f"{hit.total()} kills: {dict(hit)}; {ends + 1} runs came to an end with equal bytes")
    print(f"{num_done} shards were done when the last run began")
    assert hit["in a shard"] > NUM_KILLS / 4


def wait_for_writing(process: subprocess.Popen[bytes], output: Path, before: set[Path]) -> None:
    """Until a worker writes, or the run has ended."""
    while process.poll() is None and not unfinished(output) - before:
        time.sleep(0.01)


def place_of(output: Path, before: set[Path]) -> str:
    """Where a kill struck, by what it left behind."""
    if not (output / "plan.json").exists():
        return "before the plan"
    # Those of the attempt before are cleared away first.
    return "in a shard" if unfinished(output) - before else "start-up or between shards"
