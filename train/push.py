"""DOOR: from a checkpoint to a repository on the model hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from model.console import Quiet, hush_libraries, new_app, run_app, say

app = new_app()


@app.command()
def push(
    checkpoint: Annotated[Path, typer.Argument(help="The checkpoint's directory.")],
    repo: Annotated[str, typer.Argument(help="Where it goes on the hub: owner/name.")],
    private: Annotated[
        bool, typer.Option("--private", help="Make a new repository private.")
    ] = False,
    revision: Annotated[
        str | None,
        typer.Option(metavar="BRANCH", help="A branch, made where there is none; else main."),
    ] = None,
    message: Annotated[str | None, typer.Option(help="The commit's message.")] = None,
    quiet: Quiet = False,
) -> None:
    """Upload a checkpoint to the model hub, in one commit."""
    hush_libraries()
    from train.fit.encoder.hub import push_checkpoint

    pushed = push_checkpoint(checkpoint, repo, private=private, revision=revision, message=message)
    state = "commit" if pushed.is_new else "there already, commit"
    say(f"pushed: {pushed.url} ({state} {pushed.commit})", quiet=quiet)


if __name__ == "__main__":
    run_app(app)
