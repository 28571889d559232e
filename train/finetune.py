"""DOOR: from a labelled dataset to a checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.console import Overrides, Quiet, hush_libraries, new_app, run_app, say
from model.errors import NabraError
from train.config import Run, read_run

app = new_app()


@app.command()
def finetune(
    config: Annotated[Path, typer.Argument(help="The run's config.")],
    overrides: Overrides = None,
    quiet: Quiet = False,
) -> None:
    """Train the classifier on RUN/dataset/: RUN/checkpoint/."""
    finetune_run(read_run(config, overrides or ()), quiet=quiet)


def finetune_run(run: Run, *, quiet: bool) -> None:
    """Train on the run's training split and write the checkpoint."""
    hush_libraries()
    from train.data.dataset import read_dataset
    from train.fit.checkpoints import fit_checkpoint
    from train.steps import training_inputs

    splits = read_dataset(run.dataset_dir)
    if not splits["train"]:
        raise NabraError(run.dataset_dir, "the training split is empty", "lower split.test")
    num_parameters = fit_checkpoint(
        run,
        splits["train"],
        splits["validation"],
        checkpoint_dir=run.checkpoint_dir,
        trainer_dir=run.dir / "trainer",
        metrics_path=run.dir / "metrics.jsonl",
        inputs=training_inputs(run.config),
        quiet=quiet,
    )
    say(
        f"checkpoint: {run.checkpoint_dir} ({num_parameters / 1e6:.1f} million weights, "
        f"{len(splits['train'])} sentences)",
        quiet=quiet,
    )


if __name__ == "__main__":
    run_app(app)
