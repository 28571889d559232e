"""Two processes train the very network that one with twice the batch would, and go on as one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.killable import KILLED, Ending, Trainer, as_processes
from tests.small_run import CONFIG, SmallRun

STEADY = {"precision": "fp32", "dropout": 0.0, "token_dropout": 0.0, "log_steps": 1}
WEIGHTED = {"precision": "bf16", "class_weights": "balanced"}


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainer]:
    with Trainer(tmp_path_factory.mktemp("trainer")) as trainer:
        yield trainer


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return SmallRun.write(tmp_path_factory.mktemp("two"))


@pytest.fixture
def run(written: SmallRun) -> SmallRun:
    written.clear()
    return written


def train_in_two(trainer: Trainer, run: SmallRun, **options: Any) -> list[Ending]:
    return trainer.train_together(as_processes(2, *run.settings, **options))


def assert_done(endings: list[Ending]) -> None:
    assert [ending.status for ending in endings] == [0, 0], endings


def curve(run: SmallRun, key: str = "loss") -> dict[int, float]:
    lines = (run.dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return {line["step"]: line[key] for line in map(json.loads, lines) if key in line}


CURVES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "fp32": ({"batch_tokens": 200}, {"batch_tokens": 400}),
    "accumulation": ({"gradient_accumulation": 2}, {"gradient_accumulation": 4}),
    "bf16": (
        {"batch_tokens": 200, "precision": "bf16"},
        {"batch_tokens": 400, "precision": "bf16"},
    ),
    "bf16, class weights": (
        {"gradient_accumulation": 2, **WEIGHTED},
        {"gradient_accumulation": 4, **WEIGHTED},
    ),
}
"""Settings of two processes, and of one."""
BY_ROWS = {"model.net.fast_layers:MANY_ROWS": 50}  # one process alone, and in bf16


@pytest.mark.parametrize("name", CURVES)
def test_the_curve_is_that_of_one_process(trainer: Trainer, run: SmallRun, name: str) -> None:
    two, one = CURVES[name]
    base = run.but(**STEADY, batch_tokens=100, save_steps=None)
    alone = base.but(**one)
    assert trainer.train(*alone.settings, patches=BY_ROWS).status == 0
    expected, expected_scores = curve(alone), curve(alone, "eval_loss")
    run.clear()
    assert_done(train_in_two(trainer, base.but(**two), patches=BY_ROWS))
    assert len(expected) > 4
    rounding = 1e-4 if "bf16" in name else 0.0  # beside what fp32 is held to
    assert curve(run) == pytest.approx(expected, abs=1e-4, rel=rounding)
    assert curve(run, "eval_loss") == pytest.approx(expected_scores, abs=1e-3)


def test_one_of_them_speaks_and_writes(trainer: Trainer, run: SmallRun) -> None:
    first, second = train_in_two(trainer, run, trace=True)
    assert_done([first, second])
    assert first.out.count("checkpoint: ") == first.out.count("stance: ") == 1
    assert (second.out, first.err, second.err) == ("", "", "")
    written = {(o.name, o.path) for o in second.operations if o.name not in ("mkdir", "fsync")}
    steps = (path.name for path in run.checkpoints())
    assert written >= {("save", f"trainer/{step}/rng_state_1.pth") for step in steps}
    assert all(path.endswith("/rng_state_1.pth") for _, path in written)


# Where two processes are killed: one at its operation, the other with it.
KILLS = {
    "the second, before it saves": (1, "save trainer/checkpoint-6/rng_state_1.pth", "before"),
    "the second, half-way": (1, "save trainer/checkpoint-3/rng_state_1.pth", "half"),
    "the main one, in its seal": (0, "open trainer/checkpoint-6/.complete.json.tmp", "half"),
    "the main one, in the end": (0, "rename .checkpoint.building", "before"),
}


def test_killed(trainer: Trainer, run: SmallRun) -> None:
    """Chance is on: each process goes on with its own."""
    assert_done(train_in_two(trainer, run))
    expected = run.result()
    for name, (victim, at, how) in KILLS.items():
        run.clear()
        orders = as_processes(2, *run.settings)
        orders[victim] = as_processes(2, *run.settings, kill=at, how=how)[victim]
        orders[victim].environment.update(orders[1 - victim].environment | rank(victim))
        killed = trainer.train_together(orders)
        assert killed[victim].status == KILLED, name
        assert killed[1 - victim].status != 0 or "in the end" in name
        endings = train_in_two(trainer, run)
        assert_done(endings)
        assert run.result() == expected, name
        assert endings[0].err.count("goes on from") == ("checkpoint-3/" not in at), name
        assert endings[1].err == ""


def rank(number: int) -> dict[str, str]:
    return {"RANK": str(number), "LOCAL_RANK": str(number)}


def test_a_damaged_state_of_chance(trainer: Trainer, run: SmallRun) -> None:
    assert_done(train_in_two(trainer, run))
    expected = run.result()
    newest = run.checkpoints()[-1]
    os.truncate(newest / "rng_state_1.pth", 100)
    endings = train_in_two(trainer, run)
    assert_done(endings)
    assert f"{newest.name}: rng_state_1.pth is cut short (100 of " in endings[0].err
    assert run.result() == expected


def test_another_number_of_processes_is_refused(trainer: Trainer, run: SmallRun) -> None:
    orders = as_processes(2, *run.settings, kill="mkdir trainer/checkpoint-6")
    trainer.train_together(orders)
    ending = trainer.train(*run.settings)
    assert ending.status == 1
    assert "an unfinished training lies here, and 1 thing differs: 2 processes then, 1 now" in (
        ending.err
    )
    assert len(run.checkpoints()) > 0


def test_several_seeds_and_the_best_epoch(trainer: Trainer, run: SmallRun) -> None:
    """One training after another in the same processes."""
    seeds = run.but(seeds="[1, 2]", best_by="loss", early_stopping=1, epochs=3)
    endings = train_in_two(trainer, seeds)
    assert_done(endings)
    expected = run.result()
    assert endings[1].out == endings[1].err == ""
    for seed in (1, 2):
        assert (run.dir / f"seeds/{seed}/checkpoint/model.safetensors").is_file()
    assert_done(train_in_two(trainer, seeds))
    assert run.result() == expected


def test_torchrun(trainer: Trainer, run: SmallRun) -> None:
    """The command itself, on the same config: the bytes of the processes above."""
    assert_done(train_in_two(trainer, run))
    expected = run.result()
    run.clear()
    launch = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2"]
    command = [*launch, "-m", "train.finetune", CONFIG]
    options = [part for setting in run.settings for part in ("--set", setting)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, *options],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("checkpoint: ") == done.stdout.count("stance: ") == 1
    assert run.result() == expected
