"""How many processes train together, as torchrun or accelerate started them."""

from __future__ import annotations

import os


def num_processes() -> int:
    """1 where nobody started more."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main_process() -> bool:
    """Whether this is the one that speaks and writes."""
    return int(os.environ.get("RANK", "0")) == 0
