"""The files that a tool gave out: named one by one, in a folder, or in the archive it packs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from model.errors import InputError
from model.records import Dropped

MAX_FILE = 1 << 30  # bytes of one file, unpacked
_MAX_DEPTH = 2  # INCEpTION packs the archive of each annotator into that of the project


def read_files(
    paths: Iterable[Path], suffixes: Sequence[str]
) -> Iterator[tuple[str, bytes] | Dropped]:
    """(name, content) of every file with such a suffix, by name; archives are read in memory.

    InputError for a path that is missing or holds no such file; a Dropped for a file that is too
    large or cannot be read.
    """
    for path in paths:
        if path.is_dir():
            files = sorted(
                file
                for file in path.rglob("*")
                if file.is_file() and file.suffix.lower() in (*suffixes, ".zip")
            )
        elif path.is_file():
            files = [path]
        else:
            raise InputError(path, "no such file or folder", "correct the path")
        is_empty = True
        for file in files:
            for item in _read(file, suffixes):
                is_empty = False
                yield item
        if is_empty:
            raise InputError(path, f"holds no {' or '.join(suffixes)} file", "export it anew")


def _read(file: Path, suffixes: Sequence[str]) -> Iterator[tuple[str, bytes] | Dropped]:
    try:
        if file.stat().st_size > MAX_FILE:
            yield Dropped(str(file), f"is larger than {MAX_FILE} bytes")
            return
        content = file.read_bytes()
    except OSError as error:
        raise InputError(file, f"cannot be read ({error.strerror})", "check the path") from None
    if file.suffix.lower() == ".zip":
        yield from _unpack(str(file), content, suffixes, _MAX_DEPTH)
    else:
        yield str(file), content


def _unpack(
    name: str, content: bytes, suffixes: Sequence[str], depth: int
) -> Iterator[tuple[str, bytes] | Dropped]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in sorted(archive.infolist(), key=lambda member: member.filename):
                kind = Path(member.filename).suffix.lower()
                where = f"{name}/{member.filename}"
                if member.is_dir() or kind not in (*suffixes, ".zip"):
                    continue
                if member.file_size > MAX_FILE or (kind == ".zip" and depth == 1):
                    yield Dropped(where, "is too large, or an archive too deep in archives")
                    continue
                inner = archive.read(member)
                if kind == ".zip":
                    yield from _unpack(where, inner, suffixes, depth - 1)
                else:
                    yield where, inner
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as error:
        yield Dropped(name, f"is no archive that can be read ({error})")
