"""Which weights learn at which rate, and the optimizer that moves them."""

from __future__ import annotations

import re

import torch
from torch import nn

from model.net.network import FramingNetwork
from train.fit.quick.row_adamw import RowAdamW
from train.settings import TrainingConfig

_LAYER = re.compile(r"(?:^|\.)(?:layer|layers|h|block)\.(\d+)\.")


def make_optimizer(network: FramingNetwork, settings: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW over groups of like rate and decay; with `embeddings: rows`, by the rows that are read.

    Biases and the weights of norms do not decay. With `layer_decay` d, the layer n below the heads
    learns at the rate times d to the n.
    """
    layers = [
        int(found[1]) for name, _ in network.named_parameters() if (found := _LAYER.search(name))
    ]
    num_layers = max(layers, default=-1) + 1
    table = network.encoder.get_input_embeddings().weight
    groups: dict[tuple[int, bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            by_rows = parameter is table and settings.embeddings == "rows"
            key = (_num_above(name, num_layers), parameter.ndim > 1, by_rows)
            groups.setdefault(key, []).append(parameter)
    return RowAdamW(
        [
            {
                "params": parameters,
                "lr": settings.learning_rate * settings.layer_decay**below,
                "weight_decay": settings.weight_decay if decays else 0.0,
                "rows": by_rows,
            }
            for (below, decays, by_rows), parameters in sorted(groups.items())
        ],
        lr=settings.learning_rate,
    )


def _num_above(name: str, num_layers: int) -> int:
    """How far below the heads a weight stands: layers in turn, the embeddings lowest."""
    if found := _LAYER.search(name):
        return num_layers - int(found[1])
    return num_layers + 1 if "embeddings" in name else 0
