"""The shards by whichever engine was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from model.archive.engines.crew import Crew, Engine
from model.archive.engines.local import Load, fit_workers, run_here, run_in_processes
from model.archive.shards.done import Done
from model.archive.shards.plan import Plan
from model.stopwatch import Stopwatch, unwatched


def run_shards(
    crew: Crew,
    output_dir: Path,
    plan: Plan,
    numbers: Sequence[int],
    load: Load,
    advance: Callable[[int], None],
    stopwatch: Stopwatch | None = None,
) -> Iterator[Done]:
    """The shards with these numbers, in any order; `advance` is told how many records were read.

    Each engine runs the same `ShardRunner`: which one it is changes no byte. `stopwatch` is told
    of the time by the local one.
    """
    given = (output_dir, plan, numbers, load, advance)
    if crew.address is None and crew.workers is None:
        crew = replace(crew, workers=_fitting(plan, len(numbers)))
    if crew.engine == Engine.RAY:
        from model.archive.engines.on_ray import run_on_ray

        return run_on_ray(*given, crew)
    if crew.engine == Engine.SPARK:
        from model.archive.engines.on_spark import run_on_spark

        return run_on_spark(*given, crew)
    assert crew.workers is not None, "an address without its engine is misuse"
    if crew.workers == 1:
        watch = stopwatch or unwatched
        with watch("loading"):
            classifier = load(plan.checkpoint, crew.threads)
        return run_here(output_dir, plan, numbers, classifier, partial(advance, 1), watch)
    return run_in_processes(
        *given, num_workers=crew.workers, num_threads=crew.threads, watch=stopwatch
    )


def _fitting(plan: Plan, num_shards: int) -> int:
    """How many workers this machine holds; one where a GPU computes."""
    import torch

    from model.net.checkpoint import network_bytes

    if torch.cuda.is_available():
        return 1
    return fit_workers(num_shards, network_bytes(Path(plan.checkpoint)))
