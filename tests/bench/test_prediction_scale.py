"""An archive predicted from start to end, small and large: time, memory, and how the cost grows."""

from __future__ import annotations

import gzip
import json
import math
import os
import subprocess
import sys
import time
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest

CHECKPOINT = Path(os.environ.get("NABRA_BENCH_CHECKPOINT", "runs/quickstart/checkpoint"))
SIZES = tuple(map(int, os.environ.get("NABRA_BENCH_SIZES", "1000,10000,45478").split(",")))
WATCH_SECONDS = 0.5


def write_archive(data: Path, folder: Path, num_articles: int) -> Path:
    """The first articles of the large corpus, as lines of JSON with ids and an outlet."""
    path = folder / f"archive-{num_articles}.jsonl"
    corpus = data / "corpora/sanad_alkhaleej.jsonl.gz"
    with gzip.open(corpus, "rt", encoding="utf-8") as lines, path.open("w", encoding="utf-8") as to:
        for number, line in enumerate(islice(lines, num_articles)):
            article = {"id": str(number), "outlet": "alkhaleej", "text": json.loads(line)["text"]}
            to.write(json.dumps(article, ensure_ascii=False) + "\n")
    return path


def memory_of(pid: int) -> dict[int, int]:
    """Resident bytes of a process and of all below it, by process."""
    found: dict[int, int] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        try:
            pages = int(Path(f"/proc/{one}/statm").read_text(encoding="ascii").split()[1])
            children = Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[one] = pages * os.sysconf("SC_PAGE_SIZE")
        waiting += map(int, children)
    return found


def predict(archive: Path, output: Path) -> dict[str, Any]:
    """Seconds by the clock and of the processors, and the most memory of any one process."""
    command = [sys.executable, "-m", "model.predict", str(CHECKPOINT), str(archive)]
    before = os.times()
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--output", str(output), "--quiet"])
    most: dict[int, int] = {}
    while process.poll() is None:
        for pid, size in memory_of(process.pid).items():
            most[pid] = max(most.get(pid, 0), size)
        time.sleep(WATCH_SECONDS)
    assert process.returncode == 0
    after = os.times()
    used = after.children_user + after.children_system
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    return {
        "clock": time.perf_counter() - start,
        "processor": used - before.children_user - before.children_system,
        "memory": max(most.values()),
        "all": sum(most.values()),
        "manifest": manifest,
    }


def test_the_cost_of_an_archive(data: Path, tmp_path: Path) -> None:
    if not CHECKPOINT.is_dir():
        pytest.skip(f"no checkpoint at {CHECKPOINT}: run make quickstart first")
    found = []
    for size in SIZES:
        archive = write_archive(data, tmp_path, size)
        taken = predict(archive, tmp_path / f"out-{size}")
        manifest = taken["manifest"]
        assert manifest["articles_in"] == size
        assert manifest["articles_predicted"] + manifest["rows_quarantined"] == size
        written = sum(
            f.stat().st_size for f in (tmp_path / f"out-{size}").rglob("*") if f.is_file()
        )
        plan = (tmp_path / f"out-{size}" / "plan.json").stat().st_size
        print(
            f"\n{size} articles ({archive.stat().st_size / 1e6:.0f} MB): {taken['clock']:.1f} s, "
            f"{taken['processor']:.1f} s of the processors; "
            f"{taken['memory'] / 2**20:.0f} MiB at most in one process, {taken['all'] / 2**20:.0f} "
            f"in all; {manifest['rows_out']} sentences, "
            f"{manifest['rows_quarantined']} quarantined; "
            f"{written / 1e6:.0f} MB written, plan {plan / 1e3:.1f} kB",
            flush=True,
        )
        found.append((archive.stat().st_size, taken["processor"]))
        archive.unlink()
    # By bytes: articles of one part of the corpus are longer than those of another. What starting
    # costs is no part of how the cost grows, so that the first run is taken from the others.
    for (few, less), (many, more) in pairwise(found):
        exponent = math.log(more / less) / math.log(many / few)
        print(f"exponent from {few / 1e6:.0f} to {many / 1e6:.0f} MB: {exponent:.3f}")
    if len(found) > 2:
        (a, x), (b, y), (c, z) = found[-3:]
        exponent = math.log((z - x) / (y - x)) / math.log((c - a) / (b - a))
        print(f"beyond the first {a / 1e6:.0f} MB: {exponent:.3f}")
