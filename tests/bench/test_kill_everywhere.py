"""A training cut short anywhere, by whatever, ends, run again, with the very same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.killable import CUT, KILLED, Trainer
from tests.small_run import CONFIG, SmallRun

ROOT = Path(__file__).parents[2]
RUNS: dict[str, dict[str, object]] = {
    "accumulation 1": {},
    "accumulation 3": {"gradient_accumulation": 3, "batch_tokens": 100},
    "best epoch, early stopping": {
        "best_by": "loss",
        "early_stopping": 2,
        "epochs": 6,
        "learning_rate": 0.3,
        "precision": "fp32",
        "save_steps": 5,
    },
}
TORCHRUN = ("-m", "torch.distributed.run", "--nproc_per_node", "2")
ACCELERATE = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2")


@pytest.mark.parametrize("name", RUNS)
def test_killed_at_every_operation(tmp_path: Path, name: str) -> None:
    """Before each change of a file, and half-way through each writing."""
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
                unequal.append((number, how, whole.operations[number], again.err[-500:]))
    count = len(kills) - len(unequal)
    print(f"\n{name}: killed at {len(kills)} points, {count} of {len(kills)} equal")
    assert not unequal


@pytest.mark.parametrize("name", RUNS)
def test_killed_again_and_again(tmp_path: Path, name: str) -> None:
    """Up to five times in a row, at operations by chance."""
    run = SmallRun.write(tmp_path, **RUNS[name])
    chance = random.Random(name)
    rounds, num_kills, num_equal = 30, 0, 0
    with Trainer(tmp_path) as trainer:
        whole = trainer.train(*run.settings, trace=True)
        expected = run.result()
        for _ in range(rounds):
            run.clear()
            for _ in range(chance.randint(2, 5)):
                number = int(chance.random() ** 2 * len(whole.operations))
                how = chance.choice(("before", "half"))
                num_kills += trainer.train(*run.settings, kill=number, how=how).status == KILLED
            ending = trainer.train(*run.settings)
            num_equal += ending.status == 0 and run.result() == expected
    print(f"\n{name}: {num_kills} kills in {rounds} runs, {num_equal} of {rounds} equal")
    assert num_equal == rounds


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_at_any_time(tmp_path: Path, number: signal.Signals) -> None:
    run = SmallRun.write(tmp_path)
    chance = random.Random(number.name)
    rounds, num_clean, num_equal = 60, 0, 0
    expected_status = -number if number == signal.SIGKILL else 130
    with Trainer(tmp_path) as trainer:
        trainer.train(*run.settings)  # the server itself has to start first
        run.clear()
        begin = time.monotonic()
        trainer.train(*run.settings)
        seconds = time.monotonic() - begin
        expected = run.result()
        statuses = []
        for _ in range(rounds):
            run.clear()
            later = (number, chance.uniform(0.15, seconds))  # before that, no handler may be set
            ending = trainer.train(*run.settings, later=later)
            statuses.append(ending.status)
            told = "" if ending.status != 130 else "interrupted\n"
            num_clean += ending.status in (0, expected_status) and ending.err == told
            if ending.err != told or ending.status not in (0, expected_status):
                print(ending)
            ending = trainer.train(*run.settings)
            num_equal += ending.status == 0 and run.result() == expected
    ended = statuses.count(expected_status)
    print(
        f"\n{number.name}: {ended} of {rounds} ended by it, {num_clean} cleanly, {num_equal} equal"
    )
    assert num_clean == num_equal == rounds


def start(run: SmallRun, *launch: str) -> subprocess.Popen[str]:
    """The command itself, in a session of its own."""
    settings = [part for setting in run.settings for part in ("--set", setting)]
    return subprocess.Popen(
        [sys.executable, *launch, "-m", "train.finetune", CONFIG, *settings],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(run: SmallRun, process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its status and what it said; nothing of it lives on."""
    out, err = process.communicate(timeout=300)
    deadline = time.monotonic() + 10
    while orphans := processes_of(run):
        assert time.monotonic() < deadline, orphans
        time.sleep(0.1)
    return process.returncode, out, err


def processes_of(run: SmallRun) -> list[int]:
    """The living processes that name the run's folder in their arguments, oldest first."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if str(run.dir) in path.read_text():
                found.append(int(path.parent.name))
    return sorted(set(found) - {os.getpid()})


def test_a_real_process(tmp_path: Path) -> None:
    """SIGKILL, SIGTERM and SIGINT to the command as a user starts it, imports included."""
    run = SmallRun.write(tmp_path, epochs=6)
    begin = time.monotonic()
    status, _, err = finish(run, start(run))
    seconds = time.monotonic() - begin
    assert status == 0, err
    expected = run.result()
    chance = random.Random(1)
    numbers = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
    num_equal = 0
    for number in numbers * 3:
        run.clear()
        for _ in range(2):
            process = start(run)
            time.sleep(chance.uniform(0.3, 1) * seconds)
            process.send_signal(number)
            status, _, err = finish(run, process)
            print(number.name, status, sorted(path.name for path in run.checkpoints()))
            assert "Traceback" not in err, err
            # At the interpreter's own start and end a signal has its plain meaning.
            assert status in (0, 130, -number)
        assert finish(run, start(run))[0] == 0
        num_equal += run.result() == expected
    print(f"\nreal processes: {num_equal} of {3 * len(numbers)} equal")
    assert num_equal == 3 * len(numbers)


@pytest.mark.parametrize("launch", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate"])
def test_one_of_two_processes(tmp_path: Path, launch: tuple[str, ...]) -> None:
    """Killed, or the launcher interrupted: the job ends, and goes on to the same bytes."""
    run = SmallRun.write(tmp_path, epochs=20)
    status, out, err = finish(run, start(run, *launch))
    assert (status, out.count("checkpoint: ")) == (0, 1), err
    expected = run.result()
    for victim in (0, 1, None):
        run.clear()
        process = start(run, *launch)
        while len(run.checkpoints()) < 2:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        workers = [number for number in processes_of(run) if number != process.pid]
        if victim is None:
            process.send_signal(signal.SIGTERM)
        else:
            os.kill(workers[victim], signal.SIGKILL)
        status, _, err = finish(run, process)
        print(f"{launch[1]}, victim {victim}: status {status}")
        assert status not in (0, 130 if victim is not None else 0), err
        assert finish(run, start(run, *launch))[0] == 0
        assert run.result() == expected
