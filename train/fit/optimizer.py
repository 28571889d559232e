"""Which weights learn at which rate, and the optimizer that moves them."""

from __future__ import annotations

import re

import torch
from torch import nn

from train.fit.row_adamw import RowAdamW
from train.settings import TrainingConfig

_LAYER = re.compile(r"(?:^|\.)(?:layer|layers|h|block)\.(\d+)\.")


def make_optimizer(network: nn.Module, settings: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW over groups of like rate and decay; with `embeddings: rows`, by the rows that are read.

    Biases and the weights of norms do not decay. With `layer_decay` d, the layer n below the heads
    learns at the rate times d to the n.
    """
    depths = {name: _depth(name) for name, p in network.named_parameters() if p.requires_grad}
    deepest = max(depths.values())
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            key = (deepest - depths[name], parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    return RowAdamW(
        [
            {
                "params": parameters,
                "lr": settings.learning_rate * settings.layer_decay**below,
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for (below, decays), parameters in sorted(groups.items())
        ],
        lr=settings.learning_rate,
    )


def _depth(name: str) -> int:
    """0 for the embeddings, then the layers in turn; the heads stand above the last layer."""
    if found := _LAYER.search(name):
        return int(found[1]) + 1
    return 10_000 if name.startswith("heads.") else 0
