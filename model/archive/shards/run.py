"""A run over an archive: planned once, its shards scheduled, summed up when all are done.

An engine is a function that predicts the shards with the numbers that it is given, in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.archive.atomic import output_errors, remove_leftovers
from model.archive.shards.done import Done, check_shard, named_plan, read_done
from model.archive.shards.lock import hold
from model.archive.shards.plan import (
    PLAN,
    Plan,
    Settings,
    Shard,
    make_plan,
    read_plan,
    settle_plan,
    write_plan,
)
from model.archive.write import OWN_DIRS, list_parts, make_room
from model.errors import OutputError

_LOCK, _PLANNING = ".lock", ".planning"


@dataclass(frozen=True, slots=True)
class Job:
    """Which shards one process of several has to see to: those with number % count == index."""

    index: int = 0
    count: int = 1

    def owns(self, shard: Shard) -> bool:
        """Whether the shard is one of this job's."""
        return shard.number % self.count == self.index


@dataclass(frozen=True, slots=True)
class Totals:
    """What all shards of a finished run hold."""

    articles: int
    rows: int
    quarantined: int


@contextmanager
def claim(output_dir: Path, job: Job) -> Iterator[None]:
    """The folder for this run alone; jobs of one run share it. OutputError if another holds it."""
    is_shared = job.count > 1
    own = output_dir / (f"{_LOCK}-{job.index}-of-{job.count}" if is_shared else _LOCK)
    with hold(output_dir / _LOCK, shared=True) if is_shared else hold(own):
        if not is_shared:
            clear_leftovers(output_dir)
            try:
                yield
            finally:
                clear_leftovers(output_dir)  # of workers that had to be killed
            return
        with hold(own):
            yield


def prepare(
    output_dir: Path,
    inputs: Sequence[str],
    settings: Settings,
    *,
    checkpoint: Path,
    checkpoint_hash: str,
    versions: dict[str, str],
    overwrite: bool,
) -> Plan:
    """The plan of the run, written or found there. Errors as of `make_plan` and `settle_plan`.

    A plan that is damaged or gone is written again where the shards that are done name it.
    """
    with hold(output_dir / _PLANNING, wait=True):
        if overwrite:
            with output_errors(output_dir):
                (output_dir / PLAN).unlink(missing_ok=True)
        then, damage = _plan_there(output_dir)
        named = None if then or overwrite else named_plan(output_dir)
        if then is None and named is None:
            if damage:
                raise damage
            make_room(output_dir, overwrite=overwrite)
        plan = make_plan(
            inputs,
            settings,
            checkpoint=str(checkpoint),
            checkpoint_hash=checkpoint_hash,
            versions=versions,
            known=then.files if then else (),
            shards=then.shards if then else (),
        )
        if named is None:
            settle_plan(output_dir, plan)
        elif named == plan.fingerprint:
            write_plan(output_dir, plan)
        else:
            raise damage or OutputError(
                output_dir,
                "holds shards of another run, whose plan.json is gone",
                "choose another --output, or replace them with --overwrite",
            )
    return plan


def _plan_there(output_dir: Path) -> tuple[Plan | None, OutputError | None]:
    try:
        return read_plan(output_dir), None
    except OutputError as damage:
        return None, damage


def pending(output_dir: Path, plan: Plan, job: Job, tell: Callable[[str], None]) -> list[Shard]:
    """The job's shards that are not done; `tell` hears why one that was done has to be made again.

    Every file is read, so that what has been damaged since is found.
    """
    found = []
    for shard in plan.shards:
        if job.owns(shard):
            done = check_shard(output_dir, plan, shard)
            if isinstance(done, str):
                found.append(shard)
                if done != "not done":
                    tell(f"{shard.name} is made again: {done}")
    return found


def totals(output_dir: Path, plan: Plan) -> Totals | None:
    """The sums over all shards; None as long as one is not done."""
    found = [read_done(output_dir, plan, shard) for shard in plan.shards]
    done = [each for each in found if isinstance(each, Done)]
    if len(done) < len(found):
        return None
    return Totals(
        articles=sum(each.articles for each in done),
        rows=sum(each.rows for each in done),
        quarantined=sum(each.quarantined for each in done),
    )


def verify(output_dir: Path) -> tuple[Plan, list[str]]:
    """The plan of a folder, and one line for each fault: a shard not done or damaged, a stranger.

    OutputError where no plan lies there.
    """
    plan = read_plan(output_dir)
    if plan is None:
        raise OutputError(output_dir, "holds no run of nabra predict", "name its --output folder")
    faults = []
    known = set()
    damaged = set()
    for shard in plan.shards:
        done = check_shard(output_dir, plan, shard)
        if isinstance(done, str):
            faults.append(f"{shard.name}: {done}")
            damaged.add(shard.name)
        else:
            known |= {output_dir / file.path for file in done.files}
    faults += [
        f"{path.relative_to(output_dir)} belongs to no shard"
        for folder in ("predictions", "quarantine")
        for path in list_parts(output_dir / folder)
        if path not in known and path.name.partition(".")[0] not in damaged
    ]
    return plan, faults


def clear_leftovers(output_dir: Path) -> None:
    """Delete what killed attempts left behind; for one who holds the folder alone."""
    with output_errors(output_dir):
        for folder in OWN_DIRS:
            remove_leftovers(output_dir / folder, "part-")
