"""What every engine for many machines shares: the work that it carries, and what comes back.

The engine knows numbers of shards alone. A worker finds the plan, the inputs and the checkpoint on
a file system that all machines see, and writes there too.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from model.archive.engines.local import Load
from model.archive.manifest import versions
from model.archive.shards.done import Done
from model.archive.shards.plan import PLAN, Plan, code_hash, differences, read_plan
from model.archive.shards.process import ShardRunner
from model.errors import NabraError

Outcome = dict[str, str]
"""What becomes of a shard, in columns that any engine can carry: `done` or `fault`, as JSON."""
SHARED = "put inputs, checkpoint and --output on a file system that all machines see"


@dataclass(frozen=True, slots=True)
class Work:
    """All that a worker has to be told. `folder`: from where relative paths of the plan count."""

    output_dir: str
    folder: str
    fingerprint: str
    num_threads: int
    load: Load = field(compare=False)

    @classmethod
    def of(cls, output_dir: Path, plan: Plan, load: Load, num_threads: int) -> Work:
        """The work of a plan, as the process that schedules it sees its paths."""
        output = str(output_dir.resolve())
        return cls(output, os.getcwd(), plan.fingerprint, num_threads, load)


class Worker:
    """Predicts shards of one plan, with a classifier that is loaded once; it ends with its process.

    An exception is an outcome, with the machine's name: raised, engines would wrap it or try again.
    """

    def __init__(self, work: Work) -> None:
        self._fault: NabraError | None = None
        try:
            self._runner = _open(work)
        except Exception as error:
            self._fault = _as_fault("a worker", error)

    def run(self, number: int) -> Outcome:
        """The outcome of the shard with this number."""
        fault = self._fault
        if fault is None:
            shard = self._runner.plan.shards[number]
            try:
                done = self._runner.run(shard)
                return {"done": json.dumps(done.to_dict()), "fault": ""}
            except Exception as error:
                fault = _as_fault(shard.name, error)
        where = f"on {socket.gethostname()}, {fault.where}"
        return {"done": "", "fault": json.dumps([where, fault.what, fault.fix])}

    def close(self) -> None:
        """Let go of the file that it reads on from, for one whose process lives longer."""
        if self._fault is None:
            self._runner.__exit__(None, None, None)


def read_outcome(outcome: Mapping[str, Any]) -> Done:
    """The completion that a worker sent; NabraError where it sent a fault."""
    if outcome["fault"]:
        raise NabraError(*json.loads(outcome["fault"]))
    return Done.from_dict(json.loads(outcome["done"]))


def _as_fault(where: str, error: Exception) -> NabraError:
    if isinstance(error, NabraError):
        return error
    traceback.print_exc()  # for the logs of the engine
    what = f"{type(error).__name__}: {error}"
    return NabraError(where, what, "see the engine's logs there; run it again: what is done stays")


def _open(work: Work) -> ShardRunner:
    """The plan as this machine sees it; NabraError unless all is as where the run was started."""
    from model.net.checkpoint import check_files, checkpoint_hash

    with suppress(OSError):  # a plan whose paths are absolute needs no folder
        os.chdir(work.folder)
    output_dir = Path(work.output_dir)
    plan = read_plan(output_dir)
    if plan is None:
        raise NabraError(output_dir / PLAN, "this machine does not see it", SHARED)
    if plan.fingerprint != work.fingerprint:
        raise NabraError(output_dir / PLAN, "this machine sees another plan", SHARED)
    check_files(Path(plan.checkpoint))
    here = replace(
        plan,
        checkpoint_hash=checkpoint_hash(Path(plan.checkpoint)),
        code=code_hash(),
        versions=versions(Path(plan.checkpoint)),
    )
    if changes := differences(plan, here):
        what = f"this machine would write other bytes: {'; '.join(changes)}"
        raise NabraError("nabra", what, "give all machines the same environment and checkpoint")
    return ShardRunner(output_dir, plan, work.load(plan.checkpoint, work.num_threads)).__enter__()


def start_apart(thread: Executor, start: Callable[[], None]) -> None:
    """Start an engine in a thread, and keep the handlers of Ctrl-C and SIGTERM as they are.

    A signal that comes meanwhile takes effect behind it, as half a start can be neither used nor
    ended. The thread has to live as long as the engine, whose processes may end with it.
    """
    starting = thread.submit(start)
    try:
        starting.result()
    finally:
        wait([starting])
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                # An engine's C code puts its own in their place, and Python does not know.
                signal.signal(number, signal.getsignal(number))


@contextmanager
def stderr_in(path: str) -> Iterator[None]:
    """What is written to standard error meanwhile goes to a file; processes started go on so."""
    kept = os.dup(2)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.dup2(file, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(file)
        os.close(kept)
