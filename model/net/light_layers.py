"""bf16 for prediction alone: weights packed once for the processor, activation within the product.

What `fast_layers` does for training, taken further: nothing here has a gradient or can be saved.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from model.net.fast_layers import ShadowLinear, is_worthwhile, quicken
from model.net.packed import PackedLinear, can_pack_weights, is_exact_gelu

# Where BERT and its kin keep what follows `dense`, and their feed-forward part.
_ACTIVATION, _FEED_FORWARD = "intermediate_act_fn", "feed_forward_chunk"
_PIECE = 512  # tokens: what the wide product gives is still in the cache when the narrow one reads


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
    can_pack = can_pack_weights()
    is_modern = network.encoder.config.model_type == "modernbert"
    if is_modern and can_pack:
        from model.net.light_modernbert import take_light_layers  # a costly import, for it alone

        take_light_layers(network.encoder)
    quicken(network, row_gradients=False, own_attention=False)
    if is_modern:
        # Its layers add to one sum that no norm rounds off: it is kept in fp32. In bf16 each
        # layer's part would be rounded to an eighth of a percent of all those before.
        for norm in (network.encoder.embeddings.norm, network.encoder.final_norm):
            norm.compute_dtype = torch.float32
    for parent in list(network.modules()):
        if can_pack and hasattr(parent, _FEED_FORWARD):
            setattr(parent, _FEED_FORWARD, partial(_in_pieces, getattr(parent, _FEED_FORWARD)))
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


def _in_pieces(feed_forward: Callable[[Tensor], Tensor], hidden_states: Tensor) -> Tensor:
    """What it makes of (lines, length, width), a few lines at a time."""
    pieces = torch.split(hidden_states, max(1, _PIECE // hidden_states.shape[1]))
    return torch.cat([feed_forward(piece) for piece in pieces])


def _is_on_cpu(network: nn.Module) -> bool:
    return next(network.parameters()).device.type == "cpu"
