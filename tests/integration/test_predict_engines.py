"""One archive, however it is predicted: in one process, in several, by jobs of a queue."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model.stopwatch import STAGES
from tests.predict_kills import digest

ROOT = Path(__file__).parents[2]


def write_archive(folder: Path, num: int) -> Path:
    folder.mkdir()
    texts = ["التحالف الدولي يدعم قسد. قال الناطق: «نعم».", "خبر آخر عن مليشيا قسد الانفصالية."]
    lines = [json.dumps({"id": str(n), "text": texts[n % 2] * (n % 3 + 1)}) for n in range(num)]
    (folder / "a.jsonl").write_text("\n".join([*lines, "{broken"]), encoding="utf-8")
    return folder


def start(checkpoint: Path, archive: Path | str, output: Path, *more: str) -> subprocess.Popen[str]:
    arguments = [str(checkpoint), str(archive), "--output", str(output), *more]
    return subprocess.Popen(
        [sys.executable, "-m", "model.predict", *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(checkpoint: Path, archive: Path | str, output: Path, *more: str) -> str:
    process = start(checkpoint, archive, output, *more)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out


def check_profile(told: str) -> None:
    """The stages of a run, whose seconds and shares sum up to the whole."""
    table = re.findall(r"^(\w+(?: all)?) +([0-9.]+) s(?: +([0-9.]+)%)?$", told, re.MULTILINE)
    *stages, (name, whole, _) = table
    assert [stage for stage, *_ in stages] == list(STAGES)
    assert name == "in all"
    assert sum(float(taken) for _, taken, _ in stages) == pytest.approx(float(whole), abs=0.5)
    assert sum(float(share) for *_, share in stages) == pytest.approx(100, abs=0.5)
    assert float(whole) > 1
    assert re.search(r"^[0-9.]+ s: [0-9.]+ articles/s, [0-9.]+ sentences/s$", told, re.MULTILINE)


def wait_for_a_shard(process: subprocess.Popen[str], output: Path) -> None:
    while not list(output.glob("done/*.done")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)


def test_every_engine_gives_the_same_bytes(tiny_checkpoint: Path, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", 8)
    small = ("--shard-articles", "3")
    run(tiny_checkpoint, archive, tmp_path / "one", *small, "--workers", "1")
    told = run(tiny_checkpoint, archive, tmp_path / "two", *small, "--workers", "2", "--profile")
    check_profile(told)
    for index in ("1", "0"):
        jobs = ("--shard-index", index, "--num-shards", "2")
        out = run(tiny_checkpoint, archive, tmp_path / "jobs", *small, *jobs, "--workers", "1")
        assert ("others are at work" in out) == (index == "1")
    assert digest(tmp_path / "one") == digest(tmp_path / "two") == digest(tmp_path / "jobs")
    command = [sys.executable, "-m", "model.predict", "--verify", str(tmp_path / "two")]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "3 shards, " in told
    assert "all as they were written" in told
    again = run(tiny_checkpoint, archive, tmp_path / "two", *small)
    assert "3 of 3 shards are done already" in again


def test_a_killed_worker_ends_the_run_which_goes_on(tiny_checkpoint: Path, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", 600)
    small = ("--shard-articles", "50", "--workers", "2")
    process = start(tiny_checkpoint, archive, tmp_path / "killed", *small)
    wait_for_a_shard(process, tmp_path / "killed")
    listed = ["pgrep", "-P", str(process.pid), "-f", "spawn_main"]
    workers = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    os.kill(int(workers[0]), signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "a worker ended with status -9; run it again" in err
    run(tiny_checkpoint, archive, tmp_path / "killed", *small)
    run(tiny_checkpoint, archive, tmp_path / "whole", *small)
    assert digest(tmp_path / "killed") == digest(tmp_path / "whole")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_workers_within_seconds(
    tiny_checkpoint: Path, tmp_path: Path, number: signal.Signals
) -> None:
    archive = write_archive(tmp_path / "archive", 3000)
    output = tmp_path / "out"
    process = start(tiny_checkpoint, archive, output, "--shard-articles", "50", "--workers", "2")
    wait_for_a_shard(process, output)
    process.send_signal(number)
    begin = time.monotonic()
    _, err = process.communicate(timeout=60)
    # Python itself tells of a signal that strikes while a library clears an object away.
    assert (process.returncode, err.splitlines()[-1]) == (130, "interrupted")
    assert time.monotonic() - begin < 5
    assert not list(output.rglob("*.tmp"))


def test_a_second_run_is_refused(tiny_checkpoint: Path, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", 3000)
    output = tmp_path / "out"
    options = ("--workers", "1", "--shard-articles", "50")
    first = start(tiny_checkpoint, archive, output, *options)
    wait_for_a_shard(first, output)
    second = start(tiny_checkpoint, archive, output, *options)
    _, err = second.communicate(timeout=60)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert second.returncode == 1
    assert "another run writes here; wait for its end" in err


def test_standard_input_and_patterns(tiny_checkpoint: Path, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", 5)
    text = (archive / "a.jsonl").read_text(encoding="utf-8")
    command = [sys.executable, "-m", "model.predict", str(tiny_checkpoint), "-", "--output"]
    result = subprocess.run(
        [*command, str(tmp_path / "out")],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "6 articles in: 5 predicted" in result.stdout
    by_pattern = run(tiny_checkpoint, archive / "*.jsonl", tmp_path / "pattern")
    assert "6 articles in: 5 predicted" in by_pattern
    process = start(tiny_checkpoint, archive / "*.csv", tmp_path / "none")
    assert "no file matches; correct the pattern" in process.communicate(timeout=60)[1]
