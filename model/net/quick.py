"""What every layer that computes in another way has in common."""

from __future__ import annotations

import torch


class Quick:
    """Its plain class is the first base that is none of these; the parameters are those of it."""

    compute_dtype: torch.dtype
