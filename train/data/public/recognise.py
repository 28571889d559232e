"""Which public set a file or folder is, told by its columns."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from model.errors import InputError
from train.data.public import FORMATS, Reader

_HEAD_BYTES = 1 << 20


def recognise(path: Path) -> str | None:
    """The format whose columns the file has, or a file of the folder; None where none fits.

    InputError where it cannot be read, or several formats fit.
    """
    fitting = [
        name
        for name, reader in FORMATS.items()
        if any(set(reader.columns) <= _columns(file, reader) for file in _files(path, reader))
    ]
    if len(fitting) > 1:
        raise InputError(path, f"may be {' or '.join(fitting)}", "say which: --format")
    return fitting[0] if fitting else None


def _files(path: Path, reader: Reader) -> list[Path]:
    if not path.is_dir():
        return [path]
    names = [name for known in reader.files.values() for name in known]
    return [path / name for name in names if (path / name).is_file()]


def _columns(path: Path, reader: Reader) -> set[str]:
    """The names in the header, or the fields of the first line of JSON."""
    head = read_head(path)
    if reader.delimiter is None:
        try:
            values = json.loads(head)
        except (ValueError, RecursionError):
            return set()
        return set(values) if isinstance(values, dict) else set()
    try:
        header = next(csv.reader([head], delimiter=reader.delimiter), [])
    except csv.Error:
        return set()
    return {name.strip() for name in header}


def read_head(path: Path) -> str:
    """The first line that is not blank. InputError where the file cannot be read."""
    try:
        with path.open("rb") as file:
            text = file.read(_HEAD_BYTES).decode("utf-8-sig", "replace")
    except OSError as fault:
        raise InputError(path, f"cannot be read ({fault.strerror})", "check the path") from None
    return next((line for line in text.splitlines() if line.strip()), "")
