"""DOOR: from a fine-tuned checkpoint and articles without labels to a small checkpoint."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.console import Overrides, Quiet, Restart, follow, hush_libraries, new_app, run_app, say
from model.errors import InputError
from model.records import LabelledSentence
from train.coherence import broken_learning_rules
from train.config import expand_path, read_config
from train.distill_settings import DistillConfig

if TYPE_CHECKING:
    from train.fit.distill.teacher import Teacher

app = new_app()


@app.command()
def distill(
    config: Annotated[Path, typer.Argument(help="The config of a distillation.")],
    overrides: Overrides = None,
    restart: Restart = False,
    quiet: Quiet = False,
) -> None:
    """Train a small classifier on what a fine-tuned one says of articles: RUN/checkpoint/."""
    settings = read_config(config, overrides or (), DistillConfig, broken_learning_rules)
    hush_libraries()
    from model.archive.read import read_records
    from train.calibrating import calibrate_checkpoint, describe
    from train.data.dataset import read_dataset
    from train.data.split import SPLITS
    from train.fit.checkpoints import Folders, Inputs
    from train.fit.distill.distilling import Gold, distill_checkpoint
    from train.fit.distill.teacher import Teacher
    from train.fit.encoder.names import check_name
    from train.fit.processes import is_main_process
    from train.fit.records.curves import plot_curves
    from train.steps import code_hash, encoder_hash, hash_files
    from train.trackers import refuse_missing

    refuse_missing(settings.training.report_to)
    check_name(settings.encoder)
    folder = Path(settings.output_dir or Path("runs") / config.stem)
    quiet = quiet or not is_main_process()
    teacher = Teacher.read(expand_path(settings.teacher))
    splits: dict[str, list[LabelledSentence]] = {name: [] for name in SPLITS}
    if settings.dataset:
        splits = read_dataset(expand_path(settings.dataset.path))
        _refuse_foreign(settings.dataset.path, teacher, splits["train"] + splits["validation"])
    paths = [expand_path(given) for given in settings.corpus.articles]
    records = read_records(paths, columns=settings.corpus.columns)
    folders = Folders.under(folder)
    record = distill_checkpoint(
        settings,
        teacher,
        folders,
        lambda: follow(records, unit=" articles", quiet=quiet),
        Gold(**splits),
        inputs=Inputs(
            code_hash(), {"articles": hash_files(paths), **encoder_hash(settings.encoder)}
        ),
        on_change="restart" if restart else "refuse",
        show_progress=sys.stderr.isatty() and not quiet,
        tell=partial(say, quiet=quiet),
    )
    if record is None:
        return
    plot_curves(folders.metrics, folder / "curves.png")
    if splits["validation"]:
        for task, known in calibrate_checkpoint(folders.checkpoint, splits["validation"]).items():
            say(describe(task, known), quiet=quiet)
    for warning in record["warnings"]:
        say(f"note: {warning}", quiet=quiet)
    size = record["num_parameters"] / 1e6
    say(f"checkpoint: {folders.checkpoint} ({size:.1f} million weights)", quiet=quiet)


def _refuse_foreign(path: str, teacher: Teacher, sentences: Iterable[LabelledSentence]) -> None:
    """InputError where the dataset asks what the teacher does not know."""
    labels = {task.name: task.labels for task in teacher.tasks}
    fix = "name the dataset that the teacher was trained on"
    for sentence in sentences:
        for stance in sentence.stances:
            if stance.target not in teacher.names:
                what = f"names the target {stance.target}, which the teacher does not know"
                raise InputError(path, what, fix)
        for label in sentence.classes:
            if label.label not in labels.get(label.task, (label.label,)):
                what = f"has the label {label.label} of {label.task}, which the teacher has not"
                raise InputError(path, what, fix)


if __name__ == "__main__":
    run_app(app)
