"""DOOR: from predictions to one page: `nabra report DIR --output report.html`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.console import Quiet, follow, new_app, run_app, say

app = new_app()


@app.command()
def report(
    directory: Annotated[Path, typer.Argument(help="A folder that nabra predict wrote.")],
    output: Annotated[Path, typer.Option(help="The page to write.")],
    title: Annotated[str, typer.Option(help="The page's heading.")] = "How the news is framed",
    articles: Annotated[int, typer.Option(min=0, help="Articles shown sentence by sentence.")] = 60,
    quiet: Quiet = False,
) -> None:
    """Show who is named how, by which outlet, in whose voice: one self-contained page."""
    from model.archive.manifest import read_manifest
    from model.archive.write import read_predictions, write_text
    from model.report.aggregate import TargetName, aggregate
    from model.report.page import render_page

    manifest = read_manifest(directory)
    targets = {entry["id"]: TargetName(**entry) for entry in manifest.get("targets", ())}
    predictions = follow(read_predictions(directory), unit=" sentences", quiet=quiet)
    framing = aggregate(predictions, targets, max_articles=articles)
    write_text(output, render_page(framing, title=title, manifest=manifest))
    say(
        f"{framing.num_articles} articles, {framing.num_sentences} sentences, "
        f"{len(framing.outlets)} outlets",
        quiet=quiet,
    )
    say(f"report: {output}", quiet=quiet)


if __name__ == "__main__":
    run_app(app)
