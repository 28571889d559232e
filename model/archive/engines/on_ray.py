"""Shards on a Ray cluster, by a pool of actors of Ray Data."""

from __future__ import annotations

import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from model.archive.engines.crew import Crew
from model.archive.engines.local import Load
from model.archive.engines.remote import (
    Outcome,
    Work,
    Worker,
    read_outcome,
    start_apart,
    stderr_in,
)
from model.archive.shards.done import Done
from model.archive.shards.plan import Plan
from model.errors import NabraError

_RETRIES = 3  # of one shard whose actor dies: a shard that kills every actor has to end
_STORE_BYTES = 100_000_000  # numbers of shards go through it, no articles
_ANSWER_SECONDS = 5.0
_SETTINGS = {
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a warning that it will be so
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # what fails is raised
}


def run_on_ray(
    output_dir: Path,
    plan: Plan,
    numbers: Sequence[int],
    load: Load,
    advance: Callable[[int], None],
    crew: Crew,
) -> Iterator[Done]:
    """The shards as they get done by actors: so many workers, or as many as the cluster holds.

    An actor that dies is started anew, and its shard predicted again. Without an address a cluster
    of this machine alone is started, and ended with the run. NabraError for what Ray cannot do.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is reported to anybody
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if crew.address is not None:
        _check_address(crew.address)
    import ray
    import ray.data
    from ray.exceptions import RayError

    thread = ThreadPoolExecutor(1)
    try:
        with stderr_in(os.devnull):
            start_apart(thread, partial(_connect, ray, crew))
        outcomes = _outcomes(ray, Work.of(output_dir, plan, load, crew.threads), numbers, crew)
        for batch in outcomes.iter_batches(
            batch_size=None, prefetch_batches=0, batch_format="pyarrow"
        ):
            for outcome in batch.to_pylist():
                done = read_outcome(outcome)
                advance(plan.shards[done.shard].num_records)
                yield done
    except (RayError, ConnectionError, TimeoutError) as error:
        what = str(error).strip().splitlines()
        fix = "run it again: what is done stays; see the logs of Ray on its machines"
        raise NabraError("ray", what[-1] if what else type(error).__name__, fix) from None
    finally:
        ray.shutdown()
        thread.shutdown()


def _check_address(address: str) -> None:
    """NabraError where nobody answers: Ray itself would wait for minutes, and end the process."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return  # "auto", for one
    try:
        socket.create_connection((host, int(port)), _ANSWER_SECONDS).close()
    except OSError as fault:
        what = f"no cluster answers there: {fault.strerror or fault}"
        fix = "start one with ray start, and name its head as HOST:6379"
        raise NabraError(f"--address {address}", what, fix) from None


def _connect(ray: Any, crew: Crew) -> None:
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if crew.address is None:
        num_cpus = (crew.workers or 1) * crew.threads
        settings |= {"num_cpus": num_cpus, "object_store_memory": _STORE_BYTES}
        # Any other word would attach to what a killed run may have left behind.
        ray.init("local", include_dashboard=False, **settings)
    else:
        ray.init(crew.address, **settings)
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # its errors are raised besides
    ray.data.DataContext.get_current().print_on_execution_start = False


def _outcomes(ray: Any, work: Work, numbers: Sequence[int], crew: Crew) -> Any:
    """A dataset of outcomes, which is computed as it is read."""
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if all(machine.get("CPU", 0) < crew.threads for machine in machines):
        what = f"no machine of the cluster has {crew.threads} processors"
        raise NabraError("--threads", what, "choose fewer, or add a machine")
    gpus = int(sum(machine.get("GPU", 0) for machine in machines))
    room = gpus or sum(int(machine.get("CPU", 0) // crew.threads) for machine in machines)
    size = min(crew.workers or room, len(numbers))
    numbered = ray.data.from_items(list(numbers), override_num_blocks=len(numbers))
    with warnings.catch_warnings():
        # Without a number of retries it would try a shard for ever; 2.64 drops the argument.
        warnings.simplefilter("ignore", ray.util.annotations.RayDeprecationWarning)
        return numbered.map_batches(
            Actor,
            fn_constructor_args=(work,),
            batch_size=1,
            batch_format="pyarrow",
            # One shard at a time: the next goes to whoever is free.
            compute=ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=1),
            num_cpus=crew.threads,
            num_gpus=1 if gpus else 0,
            max_restarts=-1,
            max_task_retries=_RETRIES,
        )


class Actor:
    """A worker as Ray Data calls it: a table of numbers in, a table of outcomes out."""

    def __init__(self, work: Work) -> None:
        self._worker = Worker(work)

    def __call__(self, numbers: pa.Table) -> pa.Table:
        outcomes: list[Outcome] = [self._worker.run(n) for n in numbers["item"].to_pylist()]
        return pa.Table.from_pylist(outcomes)
