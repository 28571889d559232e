"""DOOR: from articles to predictions on disk."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.archive.engines.crew import Crew, Engine
from model.archive.memory import keep_freed_memory
from model.console import STATUS_QUARANTINED, Progress, Quiet, hush_libraries, new_app, run_app, say
from model.errors import OutputError
from model.stopwatch import Stopwatch, unwatched

if TYPE_CHECKING:
    from model.archive.shards.plan import Plan, Settings
    from model.archive.shards.run import Job, Totals
    from model.net.classifier import Classifier

app = new_app()


class Format(StrEnum):
    """How predictions are written."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    CSV = "csv"


class Partition(StrEnum):
    """By what predictions are laid into folders."""

    OUTLET = "outlet"
    MONTH = "month"


class Backend(StrEnum):
    """What computes: a checkpoint is torch's, an export of one is onnxruntime's."""

    TORCH = "torch"
    ONNX = "onnx"


@app.command()
def predict(
    checkpoint: Annotated[
        Path | None, typer.Argument(help="A checkpoint's folder.", show_default=False)
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Argument(
            help=".txt .html .jsonl(.gz) .csv .parquet files, folders or patterns of them; "
            "- for lines of JSON on standard input.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for predictions and quarantine.")
    ] = None,
    format: Annotated[Format, typer.Option(help="How to write predictions.")] = Format.JSONL,
    partition: Annotated[
        Partition | None, typer.Option(help="A folder of predictions for each outlet or month.")
    ] = None,
    outlet: Annotated[str | None, typer.Option(help="For articles that name none.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=COLUMN", help="Where an article field stands: text=body."),
    ] = None,
    shard_articles: Annotated[
        int, typer.Option(min=1, help="Articles of a shard: what a kill can cost.")
    ] = 1_000,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Processes here; as many as cores and memory allow.", show_default=False
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, help="Threads of each; the same number gives the same bytes.")
    ] = 1,
    engine: Annotated[
        Engine, typer.Option(help="What runs the shards: this machine, or a cluster of many.")
    ] = Engine.LOCAL,
    address: Annotated[
        str | None,
        typer.Option(help="The cluster of --engine; without it this machine.", show_default=False),
    ] = None,
    backend: Annotated[
        Backend | None, typer.Option(help="Refuse a folder that holds another one's network.")
    ] = None,
    shard_index: Annotated[
        int | None, typer.Option(min=0, help="This job's number among --num-shards, from 0.")
    ] = None,
    num_shards: Annotated[
        int | None, typer.Option(min=1, help="How many jobs of a queue share the archive.")
    ] = None,
    article_seconds: Annotated[
        float, typer.Option(min=0.001, help="What reading one article may take; more: quarantine.")
    ] = 60.0,
    profile: Annotated[bool, typer.Option(help="Say at the end where the time went.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace predictions of an earlier run.")] = False,
    strict: Annotated[bool, typer.Option(help="Status 3 if any record was quarantined.")] = False,
    verify: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Check a finished folder; predict nothing.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Predict stances and loaded terms for every sentence of every article.

    Killed at any point, the same command goes on where it stopped.
    """
    if verify is not None:
        verify_folder(verify, quiet=quiet)
        return
    if checkpoint is None or not inputs or output is None:
        raise typer.BadParameter("give CHECKPOINT INPUT… --output DIR, or --verify DIR")
    if (shard_index is None) != (num_shards is None):
        raise typer.BadParameter("--shard-index and --num-shards belong together")
    if num_shards is not None and overwrite:
        raise typer.BadParameter("--overwrite with --num-shards: a job would delete others' work")
    crew = Crew(engine, address, workers, threads)
    if fault := crew.misuse(is_queue=num_shards is not None, is_profiled=profile):
        raise typer.BadParameter(fault)
    hush_libraries()
    from model.archive.given import check_given, expand
    from model.archive.shards.plan import Settings
    from model.archive.shards.run import Job, claim
    from model.net.checkpoint import check_files

    settings = Settings(
        outlet, _columns(column or ()), format.value, partition, shard_articles, article_seconds
    )
    job = Job(shard_index or 0, num_shards or 1)
    if job.index >= job.count:
        raise typer.BadParameter(f"--shard-index {job.index}: the last of them is {job.count - 1}")
    # Before anything is made: a wrong path should cost nothing.
    crew.check_installed()
    inputs = expand(inputs)
    check_given(inputs)
    check_files(checkpoint, backend.value if backend else None)
    with claim(output, job):
        num_quarantined = predict_archive(
            checkpoint,
            inputs,
            output,
            settings,
            job,
            crew,
            overwrite=overwrite,
            quiet=quiet,
            profile=profile,
        )
    if strict and num_quarantined:
        raise typer.Exit(STATUS_QUARANTINED)


def predict_archive(
    checkpoint: Path,
    inputs: Iterable[str],
    output: Path,
    settings: Settings,
    job: Job,
    crew: Crew,
    *,
    overwrite: bool = False,
    quiet: bool = False,
    profile: bool = False,
) -> int:
    """Predict what is not done yet; how many records lie in quarantine as far as it has come."""
    from model.archive.engines.run import run_shards
    from model.archive.given import spooled
    from model.archive.manifest import versions
    from model.archive.shards.run import pending, prepare, totals
    from model.net.checkpoint import checkpoint_hash

    stopwatch = Stopwatch() if profile else None
    with (stopwatch or unwatched)("planning"):
        plan = prepare(
            output,
            [spooled(output, given, sys.stdin.buffer) for given in inputs],
            settings,
            checkpoint=checkpoint,
            checkpoint_hash=checkpoint_hash(checkpoint),
            versions=versions(checkpoint),
            overwrite=overwrite,
        )
        todo = pending(output, plan, job, lambda line: say(line, quiet=quiet))
    num_owned = sum(map(job.owns, plan.shards))
    if len(todo) < num_owned:
        say(f"{num_owned - len(todo)} of {num_owned} shards are done already", quiet=quiet)
    if todo:
        with Progress(sum(shard.num_records for shard in todo), quiet=quiet) as progress:
            numbers = [shard.number for shard in todo]
            for done in run_shards(
                crew, output, plan, numbers, load_with_threads, progress.advance, stopwatch
            ):
                progress.add(done.rows, done.quarantined)
            say(progress.summary(), quiet=quiet)
    if stopwatch is not None:
        for line in stopwatch.table():
            say(line, quiet=quiet)
    found = totals(output, plan)
    if found is None:
        say(f"this job is done; others are at work for {output}", quiet=quiet)
        return 0
    _finish(output, plan, found, quiet=quiet)
    return found.quarantined


def load_with_threads(checkpoint: str, num_threads: int) -> Classifier:
    """The classifier of a checkpoint, in a process that computes with so many threads."""
    hush_libraries()
    import torch

    from model.net.classifier import load

    keep_freed_memory()
    torch.set_num_threads(num_threads)
    return load(checkpoint)


def _finish(output: Path, plan: Plan, found: Totals, *, quiet: bool) -> None:
    """The manifest, and a summary for the user."""
    from model.archive.manifest import write_manifest

    write_manifest(
        output,
        inputs=plan.inputs,
        num_articles=found.articles,
        num_sentences=found.rows,
        num_quarantined=found.quarantined,
        num_shards=len(plan.shards),
        checkpoint=Path(plan.checkpoint),
    )
    say(
        f"{found.articles + found.quarantined} articles in: {found.articles} predicted "
        f"({found.rows} sentences), {found.quarantined} quarantined",
        quiet=quiet,
    )
    say(f"predictions: {output / 'predictions'}", quiet=quiet)
    for task in _unasked(Path(plan.checkpoint)):
        say(
            f"note: task {task} reads a text beside a second one, and an archive has none",
            quiet=quiet,
        )
    if found.quarantined:
        say(f"quarantine, with reasons: {output / 'quarantine'}", quiet=quiet)


def verify_folder(output: Path, *, quiet: bool) -> None:
    """Check that every shard of a folder is done and is what was written; NabraError if not."""
    from model.archive.shards.run import totals, verify

    plan, faults = verify(output)
    for fault in faults:
        say(fault, quiet=quiet)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        fix = "run the same nabra predict again: only what is wrong is made anew"
        raise OutputError(output, f"{count}, the first: {faults[0]}", fix)
    found = totals(output, plan)
    assert found is not None, "every shard is done"
    say(f"{len(plan.shards)} shards, {found.rows} sentences: all as they were written", quiet=quiet)


def _unasked(checkpoint: Path) -> list[str]:
    """The tasks that no sentence is asked for: of pairs only stance makes its own, by targets."""
    from model.net.checkpoint import read_record, read_targets, read_tasks
    from model.tasks import STANCE

    tasks = read_tasks(read_record(checkpoint), checkpoint)
    has_targets = bool(read_targets(checkpoint))
    return [task.name for task in tasks if task.pair and not (task == STANCE and has_targets)]


def _columns(pairs: Iterable[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise typer.BadParameter(f"--column {pair}: write it as FIELD=COLUMN")
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    run_app(app)
