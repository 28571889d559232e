"""How the C library keeps memory that training frees and asks for again in every step."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # M_… in malloc.h
_LARGEST_KEPT = 32 * 2**20  # bytes; glibc takes no more


def keep_freed_memory() -> bool:
    """Let glibc keep freed activations and gradients for the next step.

    It would hand them back to the kernel, which clears every page once more: some 4% of a step of
    a 12-layer network on a CPU. Holds for the whole process. False, and nothing done, elsewhere.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    kept = library.mallopt(_MMAP_THRESHOLD, _LARGEST_KEPT)
    never_trimmed = library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    return bool(kept and never_trimmed)
