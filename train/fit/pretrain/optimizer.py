"""The optimizers of a pre-training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from train.pretrain_settings import PretrainingConfig

_BETAS, _EPS = (0.9, 0.98), 1e-6  # as RoBERTa: the default forgets too slowly


def make_optimizer(network: nn.Module, settings: PretrainingConfig) -> torch.optim.Optimizer:
    """AdamW; or Muon for the matrices of the layers, and AdamW for tables, biases and norms.

    Biases and the weights of norms do not decay. What wants no gradient is left out.
    """
    layers: list[nn.Parameter] = []
    decaying: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    tables = {m.weight for m in network.modules() if isinstance(m, nn.Embedding)}
    for parameter in network.parameters():
        if not parameter.requires_grad:
            continue
        is_layer = parameter.ndim == 2 and parameter not in tables
        if is_layer and settings.optimizer == "muon":
            layers.append(parameter)
        else:
            (decaying if parameter.ndim > 1 else others).append(parameter)
    adamw = torch.optim.AdamW(
        [
            {"params": decaying, "weight_decay": settings.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=settings.learning_rate,
        betas=_BETAS,
        eps=_EPS,
        fused=True,
    )
    if settings.optimizer == "adamw":
        return adamw
    muon = torch.optim.Muon(
        layers,
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )
    return TwoOptimizers(muon, adamw)


class TwoOptimizers(torch.optim.Optimizer):
    """Two optimizers, each with parameters of its own, that step as one."""

    def __init__(self, first: torch.optim.Optimizer, second: torch.optim.Optimizer) -> None:
        self._both = (first, second)
        super().__init__([*first.param_groups, *second.param_groups], {})
        self._share_groups()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of both."""
        assert closure is None, "neither Muon nor the Trainer has one"
        for one in self._both:
            one.step()

    def state_dict(self) -> dict[str, Any]:
        """Those of both."""
        return {"both": [one.state_dict() for one in self._both]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What `state_dict` gave."""
        for one, state in zip(self._both, state_dict["both"], strict=True):
            one.load_state_dict(state)
        self._share_groups()

    def _share_groups(self) -> None:
        """A schedule sets the rate in these groups: they have to be those that step."""
        self.param_groups = [group for one in self._both for group in one.param_groups]
