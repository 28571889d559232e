"""bf16 for prediction alone: weights packed once for the processor, activation within the product.

What `fast_layers` does for training, taken further: nothing here has a gradient or can be saved.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from model.net.fast_layers import ShadowLinear, is_worthwhile, quicken, take_attention
from model.net.packed import PackedLinear, can_pack_weights, is_exact_gelu

LIGHT_ATTENTION = "nabra_light"
_ACTIVATION = "intermediate_act_fn"  # where BERT and its kin keep what follows `dense`


def is_fast_in_bf16() -> bool:
    """Whether this machine, by its GPU or its CPU, multiplies bf16 matrices in hardware."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return is_worthwhile()


def lighten(network: Any) -> None:
    """Make a trained network predict in bf16, with weights of half the size.

    It can be trained no more, and is not to be saved.
    """
    if not _is_on_cpu(network):
        network.encoder.to(torch.bfloat16)  # the kernels of a GPU are good as they are
        return
    quicken(network, row_gradients=False, own_attention=False)
    take_attention(network, LIGHT_ATTENTION, light_attention)
    can_pack = can_pack_weights()
    if can_pack and network.encoder.config.model_type == "modernbert":
        from model.net.light_modernbert import lighten_modernbert

        lighten_modernbert(network.encoder)
    for parent in list(network.modules()):
        for name, layer in list(parent.named_children()):
            if not isinstance(layer, ShadowLinear):
                continue
            if not can_pack:
                layer.to(torch.bfloat16)
                continue
            has_gelu = name == "dense" and is_exact_gelu(getattr(parent, _ACTIVATION, None))
            setattr(parent, name, PackedLinear(layer.weight, layer.bias, with_gelu=has_gelu))
            if has_gelu:
                setattr(parent, _ACTIVATION, nn.Identity())


def _is_on_cpu(network: nn.Module) -> bool:
    return next(network.parameters()).device.type == "cpu"


def light_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention by torch's own kernel, which never writes the scores to memory.

    For transformers' interface: takes (batch, heads, length, width), gives (batch, length, heads,
    width).
    """
    mask = None if attention_mask is None else attention_mask.to(query.dtype)
    output = scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scaling)
    return output.transpose(1, 2).contiguous(), None
