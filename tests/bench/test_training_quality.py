"""Is what trains fast as good? The fast path beside a plain fp32 Trainer, three seeds each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.trainings import prepared, train_and_count

SEEDS = (1, 2, 3)
PLAIN = ["training.precision=fp32", "training.attention=sdpa"]


@pytest.mark.parametrize("config", ["quickstart", "mawqif", "armpro"])
def test_the_fast_path_loses_nothing(
    config: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NABRA_DATA", str(data))
    changes = os.environ.get("NABRA_BENCH_SET", "").split()
    path = f"configs/{config}.yaml"
    fast = train_and_count(prepared(path, tmp_path, changes), SEEDS)
    plain = train_and_count(prepared(path, tmp_path, [*changes, *PLAIN]), SEEDS, plain=True)
    ratio = sum(plain.seconds) / sum(fast.seconds)
    print(f"\n{config}, seeds {SEEDS}: fast path in 1/{ratio:.1f} of the plain Trainer's CPU time")
    for measure in fast.counts:
        lead, interval = fast.lead_over(plain, measure)
        print(
            f"  {measure:28} plain {plain.figure(measure):.3f}  fast {fast.figure(measure):.3f}  "
            f"{lead:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}], "
            f"{interval.num_stories} stories"
        )
