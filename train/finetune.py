"""DOOR: from a labelled dataset to a checkpoint."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from model.console import Overrides, Quiet, Restart, hush_libraries, new_app, run_app, say
from model.errors import NabraError
from train.config import Run, read_run

app = new_app()


@app.command()
def finetune(
    config: Annotated[Path, typer.Argument(help="The run's config.")],
    overrides: Overrides = None,
    restart: Restart = False,
    quiet: Quiet = False,
) -> None:
    """Train the classifier on RUN/dataset/: RUN/checkpoint/."""
    finetune_run(read_run(config, overrides or ()), restart=restart, quiet=quiet)


def finetune_run(run: Run, *, restart: bool = False, quiet: bool) -> None:
    """Train on the run's training split and write the checkpoint; with folds and seeds, if set."""
    hush_libraries()
    from model.net.checkpoint import RECORD
    from train.calibrating import calibrate_checkpoint, describe
    from train.data.dataset import read_dataset, read_manifest
    from train.fit.checkpoints import Folders
    from train.fit.processes import is_main_process
    from train.fit.records.curves import plot_curves
    from train.repeats import Training, cross_validate, fit_seeds
    from train.steps import training_inputs
    from train.trackers import refuse_missing

    settings = run.config.training
    refuse_missing(settings.report_to)
    splits = read_dataset(run.dataset_dir)
    if not splits["train"]:
        raise NabraError(run.dataset_dir, "the training split is empty", "lower split.test")
    quiet = quiet or not is_main_process()
    training = Training(
        run,
        inputs=training_inputs(run.config),
        on_change="restart" if restart else "refuse",
        quiet=quiet,
        tell=partial(say, quiet=quiet),
    )
    if settings.folds:
        cross_validate(training, splits, read_manifest(run.dataset_dir)["silver_articles"])
    if settings.seeds:
        warnings = fit_seeds(training, splits)
    else:
        warnings = training.fit(
            Folders.under(run.dir),
            splits["train"],
            splits["validation"],
            seed=settings.seed,
            report_to=settings.report_to,
        )
    for warning in warnings:
        say(f"note: {warning}", quiet=quiet)
    if not is_main_process():
        return
    plot_curves(run.dir / "metrics.jsonl", run.dir / "curves.png", best_by=settings.best_by)
    if splits["validation"]:
        for task, known in calibrate_checkpoint(run.checkpoint_dir, splits["validation"]).items():
            say(describe(task, known), quiet=quiet)
    record = json.loads((run.checkpoint_dir / RECORD).read_text(encoding="utf-8"))
    say(
        f"checkpoint: {run.checkpoint_dir} "
        f"({record['num_parameters'] / 1e6:.1f} million weights, "
        f"{len(splits['train'])} sentences"
        + (f", seed {record['seed']}: the first named, not the best)" if settings.seeds else ")"),
        quiet=quiet,
    )


if __name__ == "__main__":
    run_app(app)
