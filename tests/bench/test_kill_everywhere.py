"""A training killed at every operation on its files ends, run again, with the very same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.killable import CUT, KILLED, Trainer
from tests.small_run import SmallRun

# The second keeps a best epoch and stops early; the third accumulates.
RUNS: dict[str, dict[str, object]] = {
    "accumulation 1": {},
    "accumulation 3": {"gradient_accumulation": 3, "batch_tokens": 100},
    "best epoch, early stopping": {"best_by": "loss", "early_stopping": 1, "epochs": 6},
}


@pytest.mark.parametrize("name", RUNS)
def test_killed_at_every_operation(tmp_path: Path, name: str) -> None:
    run = SmallRun.write(tmp_path, **RUNS[name])
    with Trainer(tmp_path) as trainer:
        whole = trainer.train(*run.settings, trace=True)
        assert whole.status == 0, whole.err
        expected = run.result()
        kills = [(number, "before") for number in range(len(whole.operations))]
        kills += [(n, "half") for n, done in enumerate(whole.operations) if done.name in CUT]
        unequal = []
        for number, how in kills:
            run.clear()
            killed = trainer.train(*run.settings, kill=number, how=how)
            assert killed.status == KILLED, killed.err
            again = trainer.train(*run.settings)
            if again.status or run.result() != expected:
                unequal.append(
                    (number, how, whole.operations[number], again.status, again.err[-500:])
                )
    print(
        f"\n{name}: killed at {len(kills)} points, {len(kills) - len(unequal)} of {len(kills)} equal"
    )
    for line in unequal:
        print(line)
    assert not unequal
