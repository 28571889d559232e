"""Shards in this process, or in several on this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from model.archive.shards.done import Done
from model.archive.shards.plan import Plan, read_plan
from model.archive.shards.process import Predictor, ShardRunner
from model.errors import NabraError
from model.interrupts import Interrupted, raise_interrupted_on
from model.stopwatch import Stopwatch, Watch, unwatched

_TELL_SECONDS = 0.5
_WORKER_BYTES = 1_500_000_000  # of one process beside its network: BENCHMARKS, Scale
_GRACE_SECONDS = 2.0  # for a worker to clear away what it has begun
_ENDED = 143
_HAS_SYSCONF = hasattr(os, "sysconf")  # Windows has none, and there one process does it

Load = Callable[[str, int], Predictor]
"""A classifier from the folder of its checkpoint, for a process with so many threads."""


def fit_workers(num_shards: int, weight_bytes: int) -> int:
    """How many processes this machine has cores, memory and work for; 1 at least."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if _HAS_SYSCONF else 0
    room = memory // 2 // (_WORKER_BYTES + 2 * weight_bytes) if memory else 1
    return max(1, min(cores or 1, num_shards, room))


def run_here(
    output_dir: Path,
    plan: Plan,
    numbers: Iterable[int],
    classifier: Predictor,
    tick: Callable[[], None] = lambda: None,
    watch: Watch = unwatched,
) -> Iterator[Done]:
    """One shard after the other, in order; `tick` is called for each record that is read, `watch`
    is told of the stages."""
    with ShardRunner(output_dir, plan, classifier, tick, watch) as runner:
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
    watch: Stopwatch | None = None,
) -> Iterator[Done]:
    """The shards as they get done by so many processes, each with so many threads.

    Who is done with one is given the next: shards differ in size, and cores in speed. `advance` is
    called now and then with the number of records that were read meanwhile; to `watch` is added how
    each has spent its time. NabraError where a worker fails or is killed; the others end with it.
    """
    context = multiprocessing.get_context("spawn")
    left = iter(numbers)
    workers: dict[Connection, _Worker] = {}
    try:
        for _ in range(min(num_workers, len(numbers))):
            answers, answering = context.Pipe(duplex=False)
            asked, asking = context.Pipe(duplex=False)
            given = (asked, answering, output_dir, plan.checkpoint, load)
            more = (num_threads, watch is not None)
            process = context.Process(target=_work, args=(*given, *more), daemon=True)
            process.start()
            asked.close()
            answering.close()
            workers[answers] = _Worker(process, asking)
            workers[answers].give(next(left))
        while workers:
            for end in wait(list(workers)):
                assert isinstance(end, Connection)
                try:
                    message = end.recv()
                except EOFError:
                    workers.pop(end).check_end()
                    continue
                if isinstance(message, NabraError):
                    raise message
                if isinstance(message, int):
                    advance(message)
                elif isinstance(message, dict):
                    assert watch is not None
                    watch.add(message)
                else:
                    workers[end].give(next(left, None))
                    yield message
    finally:
        for worker in workers.values():
            worker.process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for worker in workers.values():
            worker.process.join(max(0.0, deadline - time.monotonic()))
            worker.process.kill()
            worker.process.join()


@dataclass(frozen=True, slots=True)
class _Worker:
    process: SpawnProcess
    asking: Connection

    def give(self, number: int | None) -> None:
        """The number of its next shard, or that there is none."""
        with suppress(BrokenPipeError):  # it has ended, which is seen where it answers
            self.asking.send(number)

    def check_end(self) -> None:
        """NabraError if it ended in any other way than with its work."""
        self.process.join()
        if self.process.exitcode:
            what = f"a worker ended with status {self.process.exitcode}"
            fix = "run it again: what is done stays; see that memory fits"
            raise NabraError("predict", what, fix)


def _given(asked: Connection) -> Iterator[int]:
    """In a worker: numbers of shards as the parent gives them; none when it is gone."""
    with suppress(EOFError):
        while (number := asked.recv()) is not None:
            yield number


def _work(
    asked: Connection,
    answering: Connection,
    output_dir: Path,
    checkpoint: str,
    load: Load,
    num_threads: int,
    is_watched: bool,
) -> None:
    """In a worker: shards as they are given, each told to the parent, without whom it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the parent decides
    try:
        raise_interrupted_on(signal.SIGTERM)  # so that no half file is left
        plan = read_plan(output_dir)
        assert plan is not None, "the parent has settled it"
        ticks = _Ticks(answering)
        stopwatch = Stopwatch() if is_watched else None
        watch = stopwatch or unwatched
        with watch("loading"):
            classifier = load(checkpoint, num_threads)
        for done in run_here(output_dir, plan, _given(asked), classifier, ticks, watch):
            ticks.flush()
            answering.send(done)
        if stopwatch is not None:
            answering.send(stopwatch.seconds)
    except BrokenPipeError:
        return
    except Interrupted:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # one more would be told as a fault
        sys.exit(_ENDED)
    except NabraError as error:
        answering.send(error)


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
