"""How the C library deals with memory that this process asks for again and again."""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_… in malloc.h
_LARGEST_KEPT = 32 * 2**20  # bytes; glibc takes no more


def keep_freed_memory() -> bool:
    """Let glibc keep what torch frees for the next pass, in pages of 2 MiB where Linux has them.

    It would hand activations back to the kernel, which clears every page once more, and products
    would look for their operands in a thousand small pages: together a tenth of a pass of a network
    of AraBERT's size. Holds for the whole process; pages are large only if no tensor was made
    before. False, and nothing done, elsewhere.
    """
    if (library := _glibc()) is None:
        return False
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")  # torch looks once, at its first tensor
    kept = library.mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
    never_trimmed = library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    return bool(kept and never_trimmed)


def return_memory() -> None:
    """Give back what is free; does nothing where the C library is not glibc.

    glibc keeps what lies between pieces still in use, and the gaps grow from shard to shard.
    """
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> Any:
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if hasattr(library, "malloc_trim") else None
