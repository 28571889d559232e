"""DOOR: from articles to predictions on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.console import STATUS_QUARANTINED, Quiet, follow, hush_libraries, new_app, run_app, say

if TYPE_CHECKING:
    from model.archive.write import PredictionWriter
    from model.net.classifier import Classifier
    from model.records import Article, Dropped, Prediction

app = new_app()


class Format(StrEnum):
    """How predictions are written."""

    JSONL = "jsonl"
    PARQUET = "parquet"
    CSV = "csv"


@app.command()
def predict(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint's folder.")],
    inputs: Annotated[
        list[str],
        typer.Argument(help=".txt .html .jsonl(.gz) .csv .parquet files, or folders of them."),
    ],
    output: Annotated[Path, typer.Option(help="Folder for predictions and quarantine.")],
    format: Annotated[Format, typer.Option(help="How to write predictions.")] = Format.JSONL,
    outlet: Annotated[str | None, typer.Option(help="For articles that name none.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD=COLUMN", help="Where an article field stands: text=body."),
    ] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace predictions of an earlier run.")] = False,
    strict: Annotated[bool, typer.Option(help="Status 3 if any record was quarantined.")] = False,
    quiet: Quiet = False,
) -> None:
    """Predict stances and loaded terms for every sentence of every article."""
    hush_libraries()
    from model.archive.manifest import write_manifest
    from model.archive.read import read_records
    from model.archive.write import PredictionWriter
    from model.net.classifier import load

    # Read the inputs' names first: a wrong path should not cost the loading of a network.
    records = read_records(inputs, outlet=outlet, columns=_columns(column or ()))
    classifier = load(checkpoint)
    with PredictionWriter(output, format.value, overwrite=overwrite) as writer:
        drafts = _Drafts(follow(records, unit=" articles", quiet=quiet), classifier, writer)
        for prediction in classifier.complete_stream(drafts):
            writer.write(prediction)
    write_manifest(
        output,
        inputs=inputs,
        num_articles=drafts.num_articles,
        num_sentences=writer.rows,
        num_quarantined=writer.quarantined,
        checkpoint=classifier.checkpoint,
    )
    say(
        f"{drafts.num_articles + writer.quarantined} articles in: {drafts.num_articles} predicted "
        f"({writer.rows} sentences), {writer.quarantined} quarantined",
        quiet=quiet,
    )
    say(f"predictions: {output / 'predictions'}", quiet=quiet)
    for task in _unasked(classifier):
        say(
            f"note: task {task} reads a text beside a second one, and an archive has none",
            quiet=quiet,
        )
    if writer.quarantined:
        say(f"quarantine, with reasons: {output / 'quarantine'}", quiet=quiet)
    if strict and writer.quarantined:
        raise typer.Exit(STATUS_QUARANTINED)


def _unasked(classifier: Classifier) -> list[str]:
    """The tasks that no sentence is asked for: of pairs only stance makes its own, by targets."""
    from model.tasks import STANCE

    has_targets = bool(classifier.checkpoint.targets.targets)
    tasks = classifier.checkpoint.network.tasks
    return [task.name for task in tasks if task.pair and not (task == STANCE and has_targets)]


class _Drafts:
    """The sentences of the articles among records; what is no article goes to quarantine."""

    def __init__(
        self, records: Iterable[Article | Dropped], classifier: Classifier, writer: PredictionWriter
    ) -> None:
        self.num_articles = 0
        self._records = records
        self._classifier = classifier
        self._writer = writer

    def __iter__(self) -> Iterator[Prediction]:
        from model.records import Dropped

        for record in self._records:
            if isinstance(record, Dropped):
                self._writer.quarantine(record)
                continue
            try:
                drafts = self._classifier.draft(record)
            except Exception as error:  # text that nobody thought of may cost its article, no more
                reason = f"cannot be read as sentences: {type(error).__name__}: {error}"
                self._writer.quarantine(Dropped(record.source, reason))
                continue
            if drafts:
                self.num_articles += 1
                yield from drafts
            else:
                self._writer.quarantine(Dropped(record.source, "holds no sentence"))


def _columns(pairs: Iterable[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise typer.BadParameter(f"--column {pair}: write it as FIELD=COLUMN")
    return dict(pair.split("=", 1) for pair in pairs)


if __name__ == "__main__":
    run_app(app)
