"""The `nabra` command: the doors of both packages, and `run`, `check` over a whole config."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from model.console import Overrides, Quiet, new_app, run_app, say
from model.errors import ConfigError
from model.export import export
from model.predict import predict
from model.report.__main__ import report
from train.annotate import app as annotate_app
from train.audit import audit
from train.checking import check_other, refuse_faults
from train.config import Run, expand_path, missing_paths, read_run
from train.distill import distill
from train.evaluate import evaluate, evaluate_run
from train.finetune import finetune, finetune_run
from train.fit.encoder.names import check_name
from train.prepare import prepare, prepare_run
from train.pretrain import pretrain
from train.push import push
from train.reweigh import reweigh
from train.search import search

app = new_app(help="nabra (نبرة): how Arabic news is framed — who is named how, in whose voice.")
doors = (
    prepare,
    finetune,
    search,
    evaluate,
    predict,
    reweigh,
    report,
    audit,
    push,
    export,
    pretrain,
    distill,
)
for door in doors:
    app.command()(door)
app.add_typer(annotate_app, name="annotate")


@app.command()
def check(
    config: Annotated[Path, typer.Argument(help="The config, of a run or of another command.")],
    overrides: Overrides = None,
    quiet: Quiet = False,
) -> None:
    """Report every fault of a config and of what it names, at once; write nothing."""
    place = check_other(config, overrides or ())
    if place is None:
        run = _read_checked(config, overrides)
        _check_lists(run)
        place = str(run.dir)
    say(f"{config}: no fault found; results go to {place}", quiet=quiet)


@app.command(name="run")
def run_all(
    config: Annotated[Path, typer.Argument(help="The run's config.")],
    overrides: Overrides = None,
    quiet: Quiet = False,
) -> None:
    """prepare, finetune and evaluate in turn; a step whose inputs did not change is skipped."""
    from train.steps import (
        data_hashes,
        fingerprint,
        hash_files,
        is_done,
        mark_done,
        training_inputs,
    )

    run = _read_checked(config, overrides)
    lists = run.lists or ()
    steps: list[tuple[str, Callable[..., None], Path, Callable[[], str]]] = [
        (
            "prepare",
            prepare_run,
            run.dataset_dir,
            lambda: fingerprint(
                run.fingerprint("data", "datasets", "split", "silver", "tasks"),
                *data_hashes(run.config).values(),
            ),
        ),
        (
            "finetune",
            finetune_run,
            run.checkpoint_dir,
            lambda: fingerprint(
                run.fingerprint("encoder", "revision", "parity", "tasks", "scratch", "training"),
                *training_inputs(run.config).files.values(),
                hash_files([run.dataset_dir, *lists]),
            ),
        ),
        (
            "evaluate",
            evaluate_run,
            run.dir / "scorecard.json",
            lambda: fingerprint(
                run.fingerprint(),
                hash_files([run.dataset_dir, run.checkpoint_dir / "model.safetensors", *lists]),
            ),
        ),
    ]
    for name, act, result, current in steps:
        inputs = current()
        if result.exists() and is_done(run.dir, name, inputs):
            say(f"{name}: skipped, nothing that it reads has changed ({result})", quiet=quiet)
            continue
        say(f"{name} …", quiet=quiet)
        act(run, quiet=quiet)
        mark_done(run.dir, name, inputs)


def _read_checked(config: Path, overrides: list[str] | None) -> Run:
    run = read_run(config, overrides or ())
    if faults := missing_paths(run):
        raise ConfigError(config, faults)
    refuse_faults(config, [lambda: check_name(run.config.encoder)])
    return run


def _check_lists(run: Run) -> None:
    """ConfigError with a line for each thing that the config names and that cannot be read."""
    from model.archive.read import read_records
    from model.text.lexicon import Lexicon
    from model.text.targets import TargetList
    from train.data.annotations import read_annotations
    from train.data.public import read_public

    checks: list[Callable[[], object]] = []
    if data := run.config.data:
        checks += [
            lambda: read_records(data.articles, columns=data.columns),
            lambda: TargetList.read(Path(data.targets)),
            lambda: Lexicon.read(Path(data.lexicon)),
            lambda: read_annotations(Path(data.annotations)),
        ]
    tasks = {task.name: task for task in run.config.task_list}
    for name, dataset in run.config.datasets.items():
        path, task = expand_path(dataset.path), tasks[dataset.task]
        checks.append(
            partial(
                read_public,
                dataset.format,
                path,
                name=name,
                task=task,
                division=dataset.division,
            )
        )
    refuse_faults(run.path, checks)


def main() -> None:
    """The console script."""
    run_app(app)


if __name__ == "__main__":
    main()
