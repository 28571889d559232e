"""Shards on a Spark cluster: a thin second adapter, by `mapInArrow` over their numbers."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from model.archive.engines.crew import Crew
from model.archive.engines.local import Load
from model.archive.engines.remote import Work, Worker, read_outcome, start_apart, stderr_in
from model.archive.shards.done import Done
from model.archive.shards.plan import Plan
from model.errors import NabraError

_TRIES = 4  # of one shard whose executor dies; a plain local[N] has one
_POLL_SECONDS = 0.5


def run_on_spark(
    output_dir: Path,
    plan: Plan,
    numbers: Sequence[int],
    load: Load,
    advance: Callable[[int], None],
    crew: Crew,
) -> Iterator[Done]:
    """The shards, when all are done; `advance` hears of them meanwhile.

    The address is a master's; without it there are so many workers on this machine. NabraError for
    what Spark cannot do.
    """
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise NabraError("spark", "no Java is found here", "install a JDK of version 17 or newer")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    from pyspark.errors import PySparkException

    sessions: list[Any] = []
    thread = ThreadPoolExecutor(1)
    handle, log = tempfile.mkstemp(prefix="nabra-spark-", suffix=".log")
    os.close(handle)
    is_wanted = False
    try:
        with stderr_in(log):
            start_apart(thread, lambda: sessions.append(_connect(crew)))
        (spark,) = sessions
        work = Work.of(output_dir, plan, load, crew.threads)
        # A shard is a partition: what is lost with an executor, and what another one takes up.
        outcomes = spark.range(0, len(numbers), 1, len(numbers)).mapInArrow(
            partial(_run_batches, work, tuple(numbers)), "done string, fault string"
        )
        running = thread.submit(outcomes.collect)
        num_records = sum(plan.shards[number].num_records for number in numbers)
        told = 0
        while wait([running], _POLL_SECONDS).not_done:
            so_far = num_records * _num_done(spark) // len(numbers)
            advance(max(0, so_far - told))
            told = max(told, so_far)
        rows = running.result()
        advance(num_records - told)
        for row in rows:
            yield read_outcome(row.asDict())
    except (PySparkException, OSError) as error:
        what = str(error).strip().splitlines()
        is_wanted = True
        fix = f"run it again: what is done stays; {log} holds what Spark said"
        raise NabraError("spark", what[0] if what else type(error).__name__, fix) from None
    finally:
        for session in sessions:
            session.stop()
        thread.shutdown(wait=False)
        if not is_wanted:
            Path(log).unlink(missing_ok=True)


def _connect(crew: Crew) -> Any:
    from pyspark.sql import SparkSession

    cores = (crew.workers or 1) * crew.threads
    builder = SparkSession.builder.appName("nabra predict")
    builder = builder.master(crew.address or f"local[{cores},{_TRIES}]")
    if crew.address and crew.workers:
        builder = builder.config("spark.cores.max", cores)
    settings = {
        "spark.task.cpus": crew.threads,
        "spark.task.maxFailures": _TRIES,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _num_done(spark: Any) -> int:
    """How many shards are done, as far as Spark knows."""
    tracker = spark.sparkContext.statusTracker()
    stages = map(tracker.getStageInfo, tracker.getActiveStageIds())
    return sum(stage.numCompletedTasks for stage in stages if stage)


def _run_batches(
    work: Work, numbers: Sequence[int], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """In a worker: from indices of numbers to outcomes."""
    worker = _worker(work)
    for batch in batches:
        outcomes = [worker.run(numbers[index]) for index in batch.column("id").to_pylist()]
        yield pa.RecordBatch.from_pylist(outcomes)


@cache
def _worker(work: Work) -> Worker:
    """One for a process, which Spark uses for one task after the other."""
    return Worker(work)
