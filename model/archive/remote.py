"""The wall around fsspec: files of object stores, which are read like those of a Path.

Whatever goes wrong with a store is an InputError, which ends a run that can be gone on with; it
never counts as a broken record.
"""

from __future__ import annotations

import glob
import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

from model.errors import InputError, NabraError

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "http": "http", "https": "http"}
# What stores say about which version of a file it is.
_VERSIONS = ("ETag", "etag", "md5Hash", "generation", "mtime", "LastModified", "updated", "created")
_CREDENTIALS = ("credential", "forbidden", "access denied", "unauthorized", "401", "403")


def is_remote(given: object) -> bool:
    """Whether this is the address of a store (s3://…) rather than a path."""
    return isinstance(given, RemotePath) or _ADDRESS.match(str(given)) is not None


def place_of(given: str | Path) -> Place:
    """The file or folder with this name."""
    return RemotePath(str(given)) if is_remote(given) else Path(given)


class RemotePath:
    """A file or folder by its address. InputError where there is no way to it."""

    def __init__(self, address: str, *, opened: tuple[Any, str] | None = None) -> None:
        self._address = address
        self._store, self._path = opened or _open_store(address)

    def __str__(self) -> str:
        return self._address

    @property
    def name(self) -> str:
        """The last part of the address."""
        return PurePosixPath(self._path).name

    @property
    def suffix(self) -> str:
        """As of a Path: `.gz` of `a.jsonl.gz`."""
        return PurePosixPath(self._path).suffix

    @property
    def parent(self) -> PurePosixPath:
        """The folder's path in the store."""
        return PurePosixPath(self._path).parent

    def stat(self) -> Any:
        """`st_size`, and as `st_mtime_ns` a number that no other version has, 0 if unknown."""
        with _faults(self._address):
            info = self._store.info(self._path)
        version = [str(info[key]) for key in _VERSIONS if info.get(key)]
        digest = hashlib.sha256("\0".join(version).encode()).digest()
        number = int.from_bytes(digest[:6], "big") if version else 0
        return SimpleNamespace(st_size=int(info.get("size") or 0), st_mtime_ns=number)

    def is_dir(self) -> bool:
        """Whether it is a folder; a store has those that hold something."""
        if self._address.startswith("http"):
            return self._path.endswith("/")  # asking would fetch the whole file
        with _faults(self._address):
            return bool(self._store.isdir(self._path))

    def is_file(self) -> bool:
        """Whether such a file is there."""
        with _faults(self._address):
            return bool(self._store.isfile(self._path))

    def open(
        self,
        mode: str = "r",
        *,
        encoding: str | None = None,
        errors: str | None = None,
        newline: str | None = None,
    ) -> Any:
        """The file, to be read: bytes with `rb`, else text."""
        with _faults(self._address):
            raw = _Guarded(self._store.open(self._path, "rb"), self._address)
        stream = io.BufferedReader(raw, io.DEFAULT_BUFFER_SIZE * 8)
        if mode == "rb":
            return stream
        return io.TextIOWrapper(stream, encoding=encoding, errors=errors, newline=newline)

    def walk(self) -> Iterator[RemotePath]:
        """The files under a folder, by name as of a local one; hidden ones are passed over."""
        with _faults(self._address):
            found = self._store.find(self._path)
        root = PurePosixPath(self._path)
        parts = sorted(PurePosixPath(each).relative_to(root).parts for each in found)
        for each in parts:
            if not any(part.startswith(".") for part in each):
                yield self._at(str(root.joinpath(*each)))

    def matches(self) -> list[RemotePath]:
        """What it matches as a pattern, by name; itself where it is none, or is there."""
        if not glob.has_magic(self._path):
            return [self]
        with _faults(self._address):
            if self._store.exists(self._path):
                return [self]
            return [self._at(str(each)) for each in sorted(self._store.glob(self._path))]

    def _at(self, path: str) -> RemotePath:
        return RemotePath(self._store.unstrip_protocol(path), opened=(self._store, path))


Place = Path | RemotePath


class _Guarded(io.RawIOBase):
    """A file of a store whose faults are InputErrors."""

    def __init__(self, file: Any, address: str) -> None:
        self._file = file
        self._address = address

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def readinto(self, buffer: Any) -> int:
        with _faults(self._address):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _faults(self._address):
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _open_store(address: str) -> tuple[Any, str]:
    import fsspec  # Slow to import, and most archives are local.

    protocol = address.partition("://")[0]
    try:
        store, path = fsspec.core.url_to_fs(address)
        return store, path
    except ImportError as fault:
        extra = _EXTRAS.get(protocol)
        install = f'pip install "nabra[{extra}]"' if extra else "install what it names"
        raise InputError(address, f"no reader for {protocol} is here ({fault})", install) from None
    except ValueError as fault:
        fix = "give a path, or s3://, gs://, https://, file://"
        raise InputError(address, f"no store that is known: {_line(fault)}", fix) from None
    except Exception as fault:
        raise _as_input_error(address, fault) from fault


@contextmanager
def _faults(address: str) -> Iterator[None]:
    """Stores raise what their libraries have: all of it becomes an InputError of one line."""
    try:
        yield
    except NabraError:
        raise
    except Exception as fault:
        raise _as_input_error(address, fault) from fault


def _as_input_error(address: str, fault: Exception) -> InputError:
    told = _line(fault)
    if isinstance(fault, FileNotFoundError):
        return InputError(
            address, "no such file or folder", "correct the address, or bring it back"
        )
    about = f"{type(fault).__name__} {told}".lower()
    if isinstance(fault, PermissionError) or any(word in about for word in _CREDENTIALS):
        fix = "give credentials as the store's own tools take them, and mind the rights"
        return InputError(address, f"may not be read: {told}", fix)
    return InputError(address, f"cannot be read: {told}", "see to the store, and start again")


def _line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:200] or type(fault).__name__
