"""How many processes train together, as torchrun or accelerate started them."""

from __future__ import annotations

import atexit
import os


def num_processes() -> int:
    """1 where nobody started more."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this is the one that speaks and writes."""
    return int(os.environ.get("RANK", "0")) == 0


def leave_at_exit() -> None:
    """Has this process leave the others in good order when it ends: a thread that still serves them
    then would abort it, all its work done."""
    atexit.register(_leave)


def _leave() -> None:
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        distributed.destroy_process_group()
