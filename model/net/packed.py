"""Weights in the order in which the processor multiplies, and what can be done within a product."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers.activations import GELUActivation


def can_pack_weights() -> bool:
    """Whether this torch has oneDNN's products by packed weights, which inductor uses, too."""
    operators = torch.ops.mkldnn
    return hasattr(operators, "_linear_pointwise") and bool(operators._is_mkldnn_bf16_supported())


def is_exact_gelu(activation: object) -> bool:
    """Whether `PackedLinear` can do this within its product."""
    if isinstance(activation, GELUActivation):
        return True
    return isinstance(activation, nn.GELU) and activation.approximate == "none"


class PackedLinear(nn.Module):
    """A linear layer with its weight in the order in which the processor multiplies.

    Without it each product begins with putting the weight in order, and the bias and GELU go over
    the whole output once more each.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, *, with_gelu: bool = False) -> None:
        super().__init__()
        weight = weight.detach().bfloat16().contiguous()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        self._bias = None if bias is None else bias.detach().float()  # added before rounding
        self._after: tuple[str, list[float], str] = (
            ("gelu", [], "none") if with_gelu else ("none", [], "")
        )

    def forward(self, input: Tensor) -> Tensor:
        """(…, inputs) → (…, outputs), both bf16."""
        output: Tensor = torch.ops.mkldnn._linear_pointwise(
            input.bfloat16(), self._weight, self._bias, *self._after
        )
        return output
