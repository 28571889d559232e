"""Memory that a long run is done with goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import cache


def return_memory() -> None:
    """Give back what is free; does nothing where the C library is not glibc.

    glibc keeps what lies between pieces still in use, and the gaps grow from shard to shard.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)
