"""Which weights learn at which rate, and the optimizer that moves them."""

from __future__ import annotations

import re

from torch import nn

from model.net.network import FramingNetwork
from train.fit.quick.row_adamw import RowAdamW
from train.settings import LearningConfig

_LAYER = re.compile(r"(?:^|\.)(?:layer|layers|h|block)\.(\d+)\.")


def make_optimizer(network: FramingNetwork, settings: LearningConfig) -> RowAdamW:
    """AdamW over groups of like rate and decay.

    Biases and the weights of norms do not decay. With `layer_decay` d, the layer n below the heads
    learns at the rate times d to the n.
    """
    layers = [
        int(found[1]) for name, _ in network.named_parameters() if (found := _LAYER.search(name))
    ]
    num_layers = max(layers, default=-1) + 1
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            key = (_num_above(name, num_layers), parameter.ndim > 1)
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


def _num_above(name: str, num_layers: int) -> int:
    """How far below the heads a weight stands: layers in turn, the embeddings lowest."""
    if found := _LAYER.search(name):
        return num_layers - int(found[1])
    return num_layers + 1 if "embeddings" in name else 0
