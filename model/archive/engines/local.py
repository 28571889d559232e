"""Shards in this process, or in several on this machine."""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from model.archive.shards.done import Done
from model.archive.shards.plan import Plan, read_plan
from model.archive.shards.process import Predictor, ShardRunner
from model.errors import NabraError

_TELL_SECONDS = 0.5

Load = Callable[[str, int], Predictor]
"""A classifier from the folder of its checkpoint, for a process with so many threads."""


def run_here(
    output_dir: Path,
    plan: Plan,
    numbers: Sequence[int],
    classifier: Predictor,
    tick: Callable[[], None] = lambda: None,
) -> Iterator[Done]:
    """One shard after the other, in order; `tick` is called for each record that is read."""
    with ShardRunner(output_dir, plan, classifier, tick) as runner:
        for number in numbers:
            yield runner.run(plan.shards[number])


def run_in_processes(
    output_dir: Path,
    plan: Plan,
    numbers: Sequence[int],
    load: Load,
    advance: Callable[[int], None],
    *,
    num_workers: int,
    num_threads: int,
) -> Iterator[Done]:
    """The shards as they get done by so many processes, each with so many threads.

    `advance` is called now and then with the number of records that were read meanwhile. NabraError
    where a worker fails or is killed; the others end with it.
    """
    context = multiprocessing.get_context("spawn")
    ends: dict[Connection, SpawnProcess] = {}
    try:
        for index in range(min(num_workers, len(numbers))):
            ours, theirs = context.Pipe(duplex=False)
            given = (theirs, output_dir, plan.checkpoint, list(numbers[index::num_workers]), load)
            process = context.Process(target=_work, args=(*given, num_threads), daemon=True)
            process.start()
            theirs.close()
            ends[ours] = process
        while ends:
            for end in wait(list(ends)):
                assert isinstance(end, Connection)
                try:
                    message = end.recv()
                except EOFError:
                    _check_end(ends.pop(end))
                    continue
                if isinstance(message, NabraError):
                    raise message
                if isinstance(message, int):
                    advance(message)
                else:
                    yield message
    finally:
        for process in ends.values():
            process.terminate()
        for process in ends.values():
            process.join()


def _check_end(process: SpawnProcess) -> None:
    process.join()
    if process.exitcode:
        what = f"a worker ended with status {process.exitcode}"
        raise NabraError("predict", what, "run it again: what is done stays; see that memory fits")


def _work(
    end: Connection,
    output_dir: Path,
    checkpoint: str,
    numbers: Sequence[int],
    load: Load,
    num_threads: int,
) -> None:
    """In a worker: the shards in order, each told to the parent, without whom it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    try:
        plan = read_plan(output_dir)
        assert plan is not None, "the parent has settled it"
        ticks = _Ticks(end)
        for done in run_here(output_dir, plan, numbers, load(checkpoint, num_threads), ticks):
            ticks.flush()
            end.send(done)
    except BrokenPipeError:
        return
    except NabraError as error:
        end.send(error)


class _Ticks:
    """Counts records, and tells the parent now and then."""

    def __init__(self, end: Connection) -> None:
        self._end = end
        self._count = 0
        self._told = time.monotonic()

    def __call__(self) -> None:
        self._count += 1
        if time.monotonic() - self._told > _TELL_SECONDS:
            self.flush()

    def flush(self) -> None:
        self._end.send(self._count)
        self._count = 0
        self._told = time.monotonic()
