"""DOOR: from a checkpoint to a folder that predicts without torch's weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from model.console import Quiet, follow, hush_libraries, new_app, run_app, say
from model.errors import NabraError

if TYPE_CHECKING:
    from model.net.agreement import Agreement
    from model.net.checkpoint import Checkpoint

    Compare = Callable[[str, Path], Sequence[Agreement]]

app = new_app()
INT8 = {"int8": False, "int8, wide products in fp32": True}
"""Precisions of a graph, the fastest first; the value: whether wide products are spared."""


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
    from model.archive.atomic import output_errors
    from model.archive.read import check_input
    from model.net.checkpoint import load_checkpoint
    from model.net.exporting import build_export, check_exporter, check_place, commit_export
    from model.net.graph import GRAPH

    made = f"{checkpoint.resolve().name}-{format.value}{'-int8' if int8 else ''}"
    output = output or checkpoint.resolve().with_name(made)
    # Before anything is made: a wrong path should cost nothing.
    check_exporter(output)
    check_place(checkpoint, output, overwrite=overwrite)
    for path in articles or ():
        check_input(Path(path))
    given = load_checkpoint(checkpoint, "torch")
    say("export …", quiet=quiet)
    with output_errors(output), build_export(given, output) as exported:
        say(f"probabilities differ from torch by {exported.largest_difference:.1g}", quiet=quiet)
        compare_with = _comparison(given, articles or (), quiet=quiet)
        if int8:
            precision, found = _quantize(given, exported.building, compare_with, force=force)
        else:
            precision, found = "fp32", compare_with("fp32", exported.building / GRAPH)
            _judge(given, found, force=force)
        commit_export(exported, checkpoint, output, precision=precision, checked=found)
    say(f"exported: {output}", quiet=quiet)


def _quantize(
    checkpoint: Checkpoint, building: Path, compare_with: Compare, *, force: bool
) -> tuple[str, Sequence[Agreement]]:
    """Put a graph in int8 into the folder: the fastest one that agrees with torch."""
    from model.net.quantizing import quantize_graph, take_graph

    for precision in INT8:
        graph = quantize_graph(checkpoint.trained, building, spares_wide=INT8[precision])
        found = compare_with(precision, graph)
        if force or all(agreement.is_enough for agreement in found):
            break
    _judge(checkpoint, found, force=force)
    take_graph(building, graph)
    return precision, found


def _comparison(checkpoint: Checkpoint, articles: Sequence[str], *, quiet: bool) -> Compare:
    """What says of a graph how far its labels and spans are those of torch in these articles."""
    from model.archive.read import read_articles
    from model.net.agreement import compare
    from model.net.classifier import Classifier
    from model.net.graph import GraphNetwork

    ours, tasks = Classifier(checkpoint), checkpoint.trained.tasks
    drafts = [
        draft
        for article in follow(read_articles(articles), unit=" articles", quiet=quiet)
        for draft in ours.draft(article)
    ]
    expected = ours.complete(drafts)

    def compare_with(precision: str, graph: Path) -> list[Agreement]:
        if not articles:
            return []
        theirs = Classifier(replace(checkpoint, network=GraphNetwork(graph, tasks)))
        found = compare(tasks, expected, theirs.complete(drafts))
        for agreement in found:
            say(f"{precision}: {agreement}", quiet=quiet)
        return found

    return compare_with


def _judge(checkpoint: Checkpoint, found: Sequence[Agreement], *, force: bool) -> None:
    """NabraError where a graph does not agree with torch enough, unless it is forced."""
    from model.net.agreement import FEWEST, LEAST

    failed = [agreement for agreement in found if not agreement.is_enough]
    if failed and not force:
        what = f"its graph does not say what torch says: {'; '.join(map(str, failed))}"
        fix = f"it takes {LEAST} of {FEWEST} or more: give more --articles, or add --force"
        raise NabraError(checkpoint.path, what, fix)


if __name__ == "__main__":
    run_app(app)
