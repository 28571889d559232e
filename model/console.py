"""What every command shares: exit statuses, one-line errors, progress on a terminal."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, TypeVar

import typer

from model.errors import NabraError
from model.interrupts import Interrupted, raise_interrupted_on

T = TypeVar("T")

STATUS_FAILED = 1
STATUS_QUARANTINED = 3
STATUS_INTERRUPTED = 130

Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors.")]


Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a config key: training.seed=3."),
]


Restart = Annotated[
    bool,
    typer.Option("--restart", help="Begin anew where an unfinished training of another kind lies."),
]


def new_app(**settings: Any) -> typer.Typer:
    """A command-line application in the house's manner."""
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        **settings,
    )


def run_app(app: typer.Typer) -> None:
    """Run an application and leave with its status: 0, 1 failed, 2 wrong usage, 130 interrupted."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    raise_interrupted_on(signal.SIGINT, signal.SIGTERM)
    try:
        app()
    except NabraError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(STATUS_FAILED)
    except Interrupted:
        sys.stderr.write("interrupted\n")
        sys.exit(STATUS_INTERRUPTED)


def say(message: str, *, quiet: bool) -> None:
    """A line on standard output, unless the user wants silence."""
    if not quiet:
        sys.stdout.write(f"{message}\n")
        sys.stdout.flush()


def follow(items: Iterable[T], *, unit: str, quiet: bool) -> Iterator[T]:
    """The items, with a progress bar on standard error where that is a terminal."""
    from tqdm import tqdm

    is_hidden = quiet or not sys.stderr.isatty()
    yield from tqdm(items, unit=unit, disable=is_hidden, delay=2, dynamic_ncols=True)


class Progress:
    """Articles a second, sentences a second, what lies in quarantine and the time left.

    A context manager; it shows itself on standard error where that is a terminal.
    """

    def __init__(self, num_articles: int, *, quiet: bool) -> None:
        from tqdm import tqdm

        is_hidden = quiet or not sys.stderr.isatty()
        self._bar = tqdm(
            total=num_articles, unit=" articles", disable=is_hidden, delay=2, dynamic_ncols=True
        )
        self._start = time.monotonic()
        self.num_articles = 0
        self.num_sentences = 0
        self.num_quarantined = 0
        self._tell()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._start

    def advance(self, articles: int) -> None:
        """So many more have been read."""
        self.num_articles += articles
        self._bar.update(articles)

    def add(self, sentences: int, quarantined: int) -> None:
        """So much more has been written."""
        self.num_sentences += sentences
        self.num_quarantined += quarantined
        self._tell()

    def summary(self) -> str:
        """How long it took, and how fast it was."""
        seconds = max(self.seconds, 1e-9)
        return (
            f"{seconds:.1f} s: {self.num_articles / seconds:.1f} articles/s, "
            f"{self.num_sentences / seconds:.1f} sentences/s"
        )

    def _tell(self) -> None:
        rate = self.num_sentences / max(self.seconds, 1e-9)
        told = f"{rate:.0f} sentences/s, {self.num_quarantined} quarantined"
        self._bar.set_postfix_str(told, refresh=False)


def hush_libraries() -> None:
    """Keep the libraries' own bars and warnings off the screen; call before importing them."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
