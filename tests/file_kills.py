"""Ends a process at a chosen change of a file, before it or half-way through a writing."""

from __future__ import annotations

import builtins
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

KILLED = -signal.SIGKILL
_CHANGES = ("mkdir", "rename", "replace", "rmdir", "unlink", "fsync")


class FileKills:
    """Counts every open for writing, write, sync, rename and removal under a folder.

    `kill`: the number of the operation to die at, None for none; `half`: a write leaves half of its
    bytes behind. It dies of SIGKILL, which takes what Python has not yet given to the system.
    """

    def __init__(self, folder: Path, kill: int | None, *, half: bool = False) -> None:
        self.operations: list[str] = []
        self._folder = str(folder)
        self._kill = kill
        self._half = half

    def start(self) -> None:
        """From now on, for the rest of this process."""
        for name in _CHANGES:
            self._wrap(name)
        for module in (builtins, io):
            self._wrap_open(module)
        opens = os.open

        def opened(path: Any, flags: int, *args: Any, **options: Any) -> int:
            if flags & os.O_CREAT and str(path).startswith(self._folder):
                self.reach("open")
            return opens(path, flags, *args, **options)

        os.open = opened

    def reach(self, name: str, data: bytes = b"", write: Callable[[bytes], Any] = len) -> None:
        """An operation is about to happen."""
        self.operations.append(name)
        if len(self.operations) - 1 == self._kill:
            if self._half:
                write(bytes(data)[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)

    def _wrap(self, name: str) -> None:
        function = getattr(os, name)

        def wrapped(path: Any, *args: Any, **options: Any) -> Any:
            place = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else str(path)
            if place.startswith(self._folder):
                self.reach(name)
            return function(path, *args, **options)

        setattr(os, name, wrapped)

    def _wrap_open(self, module: Any) -> None:
        opens = module.open

        def wrapped(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            if set(mode) & set("wax+") and str(file).startswith(self._folder):
                self.reach("open")
                return _Watched(opens(file, mode, *args, **options), self)
            return opens(file, mode, *args, **options)

        module.open = wrapped


class _Watched:
    """A file whose writes are counted; they reach the system at once, whole or by half."""

    def __init__(self, file: Any, kills: FileKills) -> None:
        self._file = file
        self._kills = kills

    def write(self, data: Any) -> int:
        def write_now(part: bytes) -> None:
            self._file.write(part)
            self._file.flush()

        self._kills.reach("write", data if isinstance(data, bytes) else data.encode(), write_now)
        self._file.write(data)
        self._file.flush()
        return len(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
