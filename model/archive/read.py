"""Articles from files and folders, streaming.

`read_records` yields what could not be read beside what could; `read_articles` is for those who
want articles alone.
"""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from model.archive.article import BadRecordError, printable
from model.archive.documents import read_html, read_txt
from model.archive.extract import PageExtractor
from model.archive.remote import Place, place_of
from model.archive.rows import Columns, read_csv, read_jsonl, read_parquet
from model.errors import ConfigError, InputError
from model.records import Article, Dropped

SUFFIXES = (".txt", ".html", ".htm", ".jsonl", ".jsonl.gz", ".csv", ".parquet")
_FIELDS = ("id", "outlet", "published", "url", "headline", "text")


def read_articles(
    inputs: Iterable[str | Path] | str | Path,
    *,
    outlet: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Article]:
    """The articles of `read_records`; the logger `nabra` warns of every record that is none."""
    return _articles(read_records(inputs, outlet=outlet, columns=columns))


def _articles(records: Iterator[Article | Dropped]) -> Iterator[Article]:
    for record in records:
        if isinstance(record, Dropped):
            logging.getLogger("nabra").warning("%s: %s", record.source, record.reason)
        else:
            yield record


def read_records(
    inputs: Iterable[str | Path] | str | Path,
    *,
    outlet: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Iterator[Article | Dropped]:
    """Every article under `inputs` (files; folders by name), and a Dropped for each that failed.

    An input may be an address of an object store (`s3://…`); a fault of a store is an InputError.
    `outlet` serves records that name none; without it, the name of the folder that holds the file.
    `columns` maps an article field to its name in the files (`{"text": "body"}`). Before anything
    is read: InputError for an input that is missing or of no known kind, ConfigError for `columns`.
    """
    names = all_columns(columns or {})
    paths = [place_of(given) for given in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    for path in paths:
        check_input(path)
    return _read_all(paths, outlet, names)


def all_columns(columns: Mapping[str, str]) -> Columns:
    """Each article field with its name in the files. ConfigError for a field that there is not."""
    faults = []
    for field in columns:
        if field not in _FIELDS:
            near = difflib.get_close_matches(field, _FIELDS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(_FIELDS)}"
            faults.append(f"{field}: no field of an article ({hint})")
    if faults:
        raise ConfigError("columns", faults)
    return {field: columns.get(field, field) for field in _FIELDS}


def check_input(path: Place) -> None:
    """InputError for a path that is missing, empty or of no known kind."""
    kinds = ", ".join(SUFFIXES)
    if _is_folder(path):
        if next(list_files([path]), None) is None:
            raise InputError(path, "an empty archive", f"name a folder that holds {kinds} files")
    elif os.path.isfile(path) if isinstance(path, Path) else path.is_file():
        if kind_of(path) is None:
            raise InputError(path, "no kind of file that is read here", f"give one of {kinds}")
    else:
        raise InputError(path, "no such file or folder", "correct the path")


def _read_all(
    paths: Iterable[Place], outlet: str | None, columns: Columns
) -> Iterator[Article | Dropped]:
    with PageExtractor() as pages:
        for found in list_files(paths):
            if isinstance(found, Dropped):
                yield found
            else:
                yield from read_file(found, outlet, columns, pages)


def list_files(paths: Iterable[Place]) -> Iterator[Place | Dropped]:
    """The files under the paths, folders by name; a Dropped for what is not entered."""
    for path in paths:
        if not _is_folder(path):
            yield path
        elif isinstance(path, Path):
            yield from _walk(path, path)
        else:
            yield from filter(kind_of, path.walk())


def _is_folder(path: Place) -> bool:
    return os.path.isdir(path) if isinstance(path, Path) else path.is_dir()


def _walk(folder: Path, root: Path) -> Iterator[Path | Dropped]:
    """The readable files under `folder`, by name; a Dropped for what is not entered.

    Hidden entries and files of other kinds are passed over. A link is followed only to a file
    inside `root`: what lies outside was not named, and folders could form a circle.
    """
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)
    except OSError as fault:
        yield Dropped(source_name(folder), f"cannot be listed: {fault.strerror}")
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            if os.path.isdir(path):
                yield Dropped(source_name(path), "a link to a folder is not followed")
            elif kind_of(path) and _is_inside(path, root):
                yield path
            elif kind_of(path):
                yield Dropped(source_name(path), "a link out of the folder is not followed")
        elif entry.is_dir():
            yield from _walk(path, root)
        elif entry.is_file() and kind_of(path):
            yield path


def _is_inside(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def kind_of(path: Place) -> str | None:
    """Which of the `SUFFIXES` a file has."""
    name = path.name.lower()
    return next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)


def read_file(
    path: Place, outlet: str | None, columns: Columns, pages: PageExtractor
) -> Iterator[Article | Dropped]:
    """The articles of one file. A file without any record is one Dropped; no file is silent."""
    source = source_name(path)
    outlet = outlet or folder_name(path)
    is_empty = True
    try:
        if path.stat().st_size:
            for item in _items(path, source, outlet, columns, pages):
                is_empty = False
                yield item
    except BadRecordError as fault:
        is_empty = False
        yield fault.to_dropped(source)
    except OSError as fault:
        is_empty = False
        yield Dropped(source, f"cannot be read: {fault.strerror or fault}")
    if is_empty:
        yield Dropped(source, "empty file")


def _items(
    path: Place, source: str, outlet: str, columns: Columns, pages: PageExtractor
) -> Iterator[Article | Dropped]:
    match kind_of(path):
        case ".txt":
            yield read_txt(path, source, outlet)
        case ".html" | ".htm":
            yield read_html(path, source, outlet, pages)
        case ".jsonl" | ".jsonl.gz":
            yield from read_jsonl(path, source, outlet, columns)
        case ".csv":
            yield from read_csv(path, source, outlet, columns)
        case ".parquet":
            yield from read_parquet(path, source, outlet, columns)


def source_name(path: Place) -> str:
    """What records name as the file they come from."""
    return printable(str(path))


def folder_name(path: Place) -> str:
    """The outlet of a file that names none: its folder."""
    folder = Path(os.path.abspath(path)).parent if isinstance(path, Path) else path.parent
    return printable(folder.name) or "unknown"
