"""Who may write into a folder of predictions: one run, or several parts of one run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.archive.atomic import output_errors
from model.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows has no such locks: there the user minds that
    fcntl = None  # type: ignore[assignment]


@contextmanager
def hold(path: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold the lock file; the system lets go of it when the process ends, however it ends.

    OutputError where somebody else holds it, unless `wait`. Several may hold it `shared`.
    """
    with output_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if fcntl is not None:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            try:
                fcntl.flock(handle, kind if wait else kind | fcntl.LOCK_NB)
            except BlockingIOError:
                what = "another run writes here"
                fix = "wait for its end, or choose another --output"
                raise OutputError(path.parent, what, fix) from None
        yield
    finally:
        os.close(handle)
