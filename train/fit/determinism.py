"""How torch is to work for a training: the same seed gives the same weights."""

from __future__ import annotations

import random

import numpy as np
import torch

from model.archive.memory import keep_freed_memory


def prepare_torch(seed: int) -> None:
    """One seed for every source of chance, deterministic kernels, and memory that is kept."""
    keep_freed_memory()
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # It would also fill all new memory, which nothing here reads before it is written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
