"""The same seed gives the same weights."""

from __future__ import annotations

import random

import numpy as np
import torch


def prepare_torch(seed: int) -> None:
    """One seed for every source of chance, and deterministic kernels."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True, warn_only=True)
    # It would also fill all new memory, which nothing here reads before it is written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
