"""DOOR: from a checkpoint to a folder that predicts without torch's weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from model.console import Quiet, follow, hush_libraries, new_app, run_app, say
from model.errors import NabraError

if TYPE_CHECKING:
    from model.net.checkpoint import Checkpoint

app = new_app()


class ExportFormat(StrEnum):
    """What a network can be exported to."""

    ONNX = "onnx"


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint's folder.")],
    format: Annotated[ExportFormat, typer.Option(help="What to make.")] = ExportFormat.ONNX,
    output: Annotated[
        Path | None, typer.Option(help="The new folder; else the checkpoint's name with -onnx.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Products in int8, for processors without bf16.")
    ] = False,
    articles: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Articles on which labels and spans are compared."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Export even if labels or spans differ there.")
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace an earlier export.")] = False,
    quiet: Quiet = False,
) -> None:
    """Make a folder that nabra predict and load read, with the network as an ONNX graph.

    The graph is compared with torch first; with --articles, so are its labels and spans there.
    """
    if int8 and not articles and not force:
        raise typer.BadParameter("--int8 is checked on articles: name some with --articles FILE")
    hush_libraries()
    from model.net.checkpoint import load_checkpoint
    from model.net.exporting import (
        build_export,
        check_exporter,
        check_place,
        commit_export,
        quantize_graph,
    )
    from model.net.graph import GRAPH

    made = f"{checkpoint.resolve().name}-{format.value}{'-int8' if int8 else ''}"
    output = output or checkpoint.resolve().with_name(made)
    check_exporter(output)
    check_place(checkpoint, output, overwrite=overwrite)
    given = load_checkpoint(checkpoint, "torch")
    say("export …", quiet=quiet)
    exported = build_export(given, output)
    say(f"probabilities differ from torch by {exported.largest_difference:.1g}", quiet=quiet)
    if int8:
        say("int8 …", quiet=quiet)
        quantize_graph(given.trained, exported.building / GRAPH)
    checked = _check(given, exported.building, articles or (), force=force, quiet=quiet)
    precision = "int8" if int8 else "fp32"
    commit_export(exported, checkpoint, output, precision=precision, checked=checked)
    say(f"exported: {output}", quiet=quiet)


def _check(
    checkpoint: Checkpoint, building: Path, articles: Sequence[str], *, force: bool, quiet: bool
) -> dict[str, Any]:
    """What labels and spans of articles agree in, by task. NabraError where they do not enough."""
    from model.archive.read import read_articles
    from model.net.agreement import FEWEST, LEAST, compare
    from model.net.classifier import Classifier
    from model.net.graph import GRAPH, GraphNetwork

    if not articles:
        return {}
    network = checkpoint.trained
    ours = Classifier(checkpoint)
    theirs = Classifier(replace(checkpoint, network=GraphNetwork(building / GRAPH, network.tasks)))
    drafts = [
        draft
        for article in follow(read_articles(articles), unit=" articles", quiet=quiet)
        for draft in ours.draft(article)
    ]
    found = compare(network.tasks, ours.complete(drafts), theirs.complete(drafts))
    for agreement in found:
        say(f"{agreement}", quiet=quiet)
    if failed := [agreement for agreement in found if not agreement.is_enough]:
        what = f"differs too much, or too little is compared: {'; '.join(map(str, failed))}"
        fix = f"it takes {LEAST} of {FEWEST} or more: give more --articles, or add --force"
        if not force:
            raise NabraError(checkpoint.path, what, fix)
        say(f"forced: {what}", quiet=quiet)
    return {
        agreement.task: {"compared": agreement.num_compared, "share": round(agreement.share, 6)}
        for agreement in found
    }


if __name__ == "__main__":
    run_app(app)
