"""What planning an archive of a million articles costs, and how it grows: time, memory, the plan.

The articles are real; their files stand in the archive many times, under other names.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.test_prediction_scale import write_archive

NUM_ARTICLES = 45_478
COPIES = tuple(map(int, os.environ.get("NABRA_BENCH_COPIES", "1,11,22").split(",")))

PLAN = """
import json, resource, sys, time
from pathlib import Path
from model.archive.shards.plan import Settings, read_plan
from model.archive.shards.run import prepare

def run():
    start = time.perf_counter()
    plan = prepare(
        Path(sys.argv[2]), [sys.argv[1]], Settings(outlet="alkhaleej"),
        checkpoint=Path("checkpoint"), checkpoint_hash="", versions={}, overwrite=False,
    )
    return time.perf_counter() - start, plan

first, plan = run()
again, plan = run()
print(json.dumps({
    "first": first, "again": again, "shards": len(plan.shards), "records": plan.num_records,
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
}))
"""


def test_a_million_articles(data: Path, tmp_path: Path) -> None:
    if not hasattr(os, "link"):
        pytest.skip("no hard links here")
    source = write_archive(data, tmp_path, NUM_ARTICLES)
    for copies in COPIES:
        archive = tmp_path / f"archive-{copies}"
        archive.mkdir()
        for number in range(copies):
            os.link(source, archive / f"{number:04}.jsonl")
        output = tmp_path / f"out-{copies}"
        command = [sys.executable, "-c", PLAN, str(archive), str(output)]
        told = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        found = json.loads(told)
        assert found["records"] == copies * NUM_ARTICLES
        size = (output / "plan.json").stat().st_size
        print(
            f"\n{found['records']} articles, {copies * source.stat().st_size / 1e9:.1f} GB: "
            f"planned in {found['first']:.1f} s, found again in {found['again']:.1f} s; "
            f"{found['shards']} shards, plan of {size / 1e3:.0f} kB; "
            f"{found['memory'] / 2**20:.0f} MiB at most"
        )
