"""ModernBERT for prediction alone, with as few passes over memory as torch's operators allow.

In a small network products of matrices are a third of the time or less: what lies between counts.

Tokens have much of their states in common, and of the few digits of bf16 that would take its share.
So each product takes what is left when the mean over many tokens is taken away, and its bias, in
fp32, gives back what the product makes of that mean.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention
from transformers.models.modernbert.modeling_modernbert import ModernBertEncoderLayer

from model.net.packed import PackedLinear, is_exact_gelu

_SAMPLE = (64, 16)  # lines and tokens that centres are taken from: tens of milliseconds


def take_light_layers(encoder: Any) -> None:
    """Give a ModernBertModel in fp32 layers that compute the same in bf16, but for rounding."""
    centres = _find_centres(encoder)
    for layer in encoder.layers:
        attention, gated = layer.attn, layer.mlp
        layer.__class__ = LightLayer
        layer.attn = LightAttention(attention, centres[attention.Wqkv])
        layer.mlp = LightGatedLayer(gated, centres[gated.Wi], centres[gated.Wo])
        layer.attn_norm = _centred(layer.attn_norm, centres[attention.Wqkv])
        layer.mlp_norm = _centred(layer.mlp_norm, centres[gated.Wi])


class LightLayer(ModernBertEncoderLayer):  # type: ignore[misc]
    """Adds to the sum of all layers where it lies."""

    def forward(self, hidden_states: Tensor, **kwargs: Any) -> Tensor:
        """(batch, length, width) → the same tensor."""
        hidden_states += self.attn(self.attn_norm(hidden_states), **kwargs)
        hidden_states += self.mlp(self.mlp_norm(hidden_states))
        return hidden_states


class LightAttention(nn.Module):
    """Turns queries and keys by their places as complex numbers, in fp32.

    transformers pairs the halves of a head. With the weight's rows in another order the two of a
    pair lie side by side, and products of queries and keys stay the same. Values come centred: a
    mean of them, whatever its weights, is centred too.
    """

    def __init__(self, attention: Any, centre: Tensor) -> None:
        super().__init__()
        self._head_dim: int = attention.head_dim
        layer = attention.Wqkv
        order = torch.arange(layer.out_features).view(3, -1, 2, self._head_dim // 2)
        order = torch.cat([order[:2].transpose(2, 3).flatten(), order[2].flatten()])
        self._input = PackedLinear(layer.weight[order], None)
        query, key, value = _made_of(layer, centre)[order].chunk(3)
        self._common = torch.stack([query, key]).view(2, -1, self._head_dim)
        self._output = PackedLinear(attention.Wo.weight, _made_of(attention.Wo, value))

    def forward(
        self,
        hidden_states: Tensor,
        position_embeddings: tuple[Tensor, Tensor],
        attention_mask: Tensor | None = None,
        **_: Any,
    ) -> Tensor:
        """(batch, length, width) → the same."""
        batch, length, _width = hidden_states.shape
        parts = self._input(hidden_states).view(batch, length, 3, -1, self._head_dim)
        turned = parts[:, :, :2] + self._common  # in fp32
        pairs = torch.view_as_complex(turned.unflatten(-1, (-1, 2)))
        cos, sin = (part[..., : self._head_dim // 2] for part in position_embeddings)
        pairs *= torch.complex(cos, sin)[:, :, None, None]
        query, key = torch.view_as_real(pairs).flatten(-2).to(parts.dtype).unbind(2)
        attended = scaled_dot_product_attention(
            query.transpose(1, 2),
            key.transpose(1, 2),
            parts[:, :, 2].transpose(1, 2),
            attn_mask=attention_mask,
        )
        output: Tensor = self._output(attended.transpose(1, 2).reshape(batch, length, -1))
        return output


class LightGatedLayer(nn.Module):
    """Two products, one with GELU within, in place of one that is cut in two behind it."""

    def __init__(self, mlp: Any, centre: Tensor, inner_centre: Tensor) -> None:
        super().__init__()
        layer = mlp.Wi
        weights = layer.weight.chunk(2)
        biases = _made_of(layer, centre).chunk(2)
        has_gelu = is_exact_gelu(mlp.act)
        self._activation = nn.Identity() if has_gelu else mlp.act
        self._input = PackedLinear(weights[0], biases[0], with_gelu=has_gelu)
        self._gate = PackedLinear(weights[1], biases[1])
        self._output = PackedLinear(mlp.Wo.weight, _made_of(mlp.Wo, inner_centre))
        self._taken = -inner_centre.bfloat16()

    def forward(self, hidden_states: Tensor) -> Tensor:
        """(batch, length, width) → the same."""
        opened = self._activation(self._input(hidden_states))
        opened = torch.addcmul(self._taken, opened, self._gate(hidden_states))
        output: Tensor = self._output(opened)
        return output


class Centred(nn.Module):
    """In the place of a norm that leaves all as it is: the first layer's."""

    def __init__(self, centre: Tensor) -> None:
        super().__init__()
        self._centre = centre

    def forward(self, hidden_states: Tensor) -> Tensor:
        """(batch, length, width) → the same."""
        return hidden_states - self._centre


def _centred(norm: nn.Module, centre: Tensor) -> nn.Module:
    """The norm, which then gives what it gave less the centre."""
    if isinstance(norm, nn.Identity):
        return Centred(centre)
    assert isinstance(norm, nn.LayerNorm)
    bias = -centre if norm.bias is None else norm.bias.detach() - centre
    norm.bias = nn.Parameter(bias, requires_grad=False)
    return norm


@torch.no_grad()
def _made_of(layer: nn.Linear, centre: Tensor) -> Tensor:
    """What the layer makes of the centre: its bias once the centre is taken from its input."""
    bias = None if layer.bias is None else layer.bias.double()
    return linear(centre.double(), layer.weight.double(), bias).float()


@torch.no_grad()
def _find_centres(encoder: Any) -> dict[nn.Module, Tensor]:
    """Of each linear layer the mean of what it takes, over pieces from all of the vocabulary.

    Rounded, so that it is the same however many threads compute it.
    """
    found: dict[nn.Module, Tensor] = {}

    def keep(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        found[layer] = inputs[0].flatten(0, -2).mean(0).bfloat16().float()

    layers = [layer for layer in encoder.layers.modules() if isinstance(layer, nn.Linear)]
    hooks = [layer.register_forward_pre_hook(keep) for layer in layers]
    lines, length = _SAMPLE
    pieces = torch.linspace(0, encoder.config.vocab_size - 1, lines * length).long()
    encoder(input_ids=pieces.view(length, lines).T)
    for hook in hooks:
        hook.remove()
    return found
