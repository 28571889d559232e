"""The inputs of a command as a user names them: files, folders, patterns, standard input."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from model.archive.atomic import AtomicFile, output_errors
from model.archive.read import check_input
from model.archive.remote import RemotePath, is_remote, place_of
from model.errors import InputError

STANDARD_INPUT = "-"


def expand(inputs: Iterable[str]) -> list[str]:
    """Patterns as the files that they match, by name; InputError for one that matches none."""
    found = []
    for given in inputs:
        if is_remote(given):
            remote = [str(place) for place in RemotePath(given).matches()]
            if not remote:
                raise InputError(given, "no file matches", "correct the pattern")
            found += remote
            continue
        if given == STANDARD_INPUT or os.path.exists(given) or not glob.has_magic(given):
            found.append(given)
            continue
        matches = sorted(glob.glob(given, recursive=True))
        if not matches:
            raise InputError(given, "no file matches", "correct the pattern")
        found += matches
    return found


def check_given(inputs: Iterable[str]) -> None:
    """InputError for an input that is missing, empty or of no known kind."""
    for given in inputs:
        if given != STANDARD_INPUT:
            check_input(place_of(given))


def spooled(output: Path, given: str, stream: IO[bytes]) -> str:
    """An input by its name; what comes by standard input is laid into the output folder first.

    OutputError where the disk has no room for it; then nothing of it stays.
    """
    if given != STANDARD_INPUT:
        return given
    path = output / "standard-input.jsonl"
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = AtomicFile(path)
        try:
            shutil.copyfileobj(stream, file.stream)
            file.commit()
        except BaseException:
            file.discard()
            raise
    return str(path)
