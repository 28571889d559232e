"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from model.errors import OutputError

_SUFFIX = ".tmp"


class AtomicFile:
    """Bytes go to a hidden file beside `path`; `commit` makes them durable and names them.

    After `discard`, or a crash, nothing stands under the name; the next attempt overwrites what
    lies beside it. With a `token` of its own an attempt gets in nobody's way.
    """

    def __init__(self, path: Path, token: str = "") -> None:
        self.path = path
        self._temporary = path.with_name(f".{path.name}{token}{_SUFFIX}")
        self.stream = self._temporary.open("wb")

    def hash(self) -> tuple[int, str]:
        """(bytes, SHA-256) of what has been written so far."""
        self.stream.flush()
        return hash_file(self._temporary)

    def commit(self) -> None:
        """Flush, fsync, rename; then fsync of the folder, as a crash could undo the rename."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        os.replace(self._temporary, self.path)
        if hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder.
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """Leaves nothing behind; raises nothing, as it runs while another fault is on its way."""
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            self._temporary.unlink()


def remove_leftovers(folder: Path, stem: str) -> None:
    """Delete what killed attempts left beside the files whose names begin with `stem`."""
    for path in folder.rglob(f".{stem}*{_SUFFIX}"):
        path.unlink(missing_ok=True)


def hash_file(path: Path) -> tuple[int, str]:
    """(bytes, SHA-256) of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256")
        return stream.tell(), digest.hexdigest()


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turns a fault of the disk into an OutputError about `path`."""
    try:
        yield
    except OSError as fault:
        raise OutputError(
            path,
            f"cannot be written: {fault.strerror or fault}",
            "make room and mind the rights there, or choose another --output",
        ) from fault
