"""DOOR: from a labelled dataset to a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.console import Overrides, Quiet, hush_libraries, new_app, run_app, say
from model.errors import NabraError
from train.config import Run, read_run

app = new_app()

Restart = Annotated[
    bool,
    typer.Option("--restart", help="Begin anew where an unfinished training of another kind lies."),
]


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
    """Train on the run's training split and write the checkpoint."""
    hush_libraries()
    from model.net.network import count_parameters
    from train.data.dataset import read_dataset
    from train.fit.checkpoints import Folders, fit_checkpoint
    from train.fit.curves import plot_curves
    from train.fit.processes import is_main_process
    from train.judging import make_validation
    from train.steps import training_inputs

    splits = read_dataset(run.dataset_dir)
    if not splits["train"]:
        raise NabraError(run.dataset_dir, "the training split is empty", "lower split.test")
    quiet = quiet or not is_main_process()
    validation = splits["validation"]
    fit = fit_checkpoint(
        run,
        splits["train"],
        validation,
        folders=Folders.under(run.dir),
        inputs=training_inputs(run.config),
        score=make_validation(validation, run.lists, run.config.training.context)
        if validation
        else None,
        on_change="restart" if restart else "refuse",
        quiet=quiet,
    )
    for warning in fit.warnings:
        say(f"note: {warning}", quiet=quiet)
    if fit.is_main_process:
        plot_curves(
            run.dir / "metrics.jsonl", run.dir / "curves.png", best_by=run.config.training.best_by
        )
    say(
        f"checkpoint: {run.checkpoint_dir} "
        f"({count_parameters(fit.network) / 1e6:.1f} million weights, "
        f"{len(splits['train'])} sentences)",
        quiet=quiet,
    )


if __name__ == "__main__":
    run_app(app)
