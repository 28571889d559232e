"""ModernBERT for prediction alone, with as few passes over memory as torch's operators allow.

In a small network products of matrices are a third of the time or less: what lies between counts.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention
from transformers.models.modernbert.modeling_modernbert import ModernBertEncoderLayer

from model.net.packed import PackedLinear, is_exact_gelu


def take_light_layers(encoder: Any) -> None:
    """Give a ModernBertModel layers that compute the same in bf16, but for rounding."""
    for layer in encoder.layers:
        layer.__class__ = LightLayer
        layer.attn = LightAttention(layer.attn)
        layer.mlp = LightGatedLayer(layer.mlp)


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
    pair lie side by side, and products of queries and keys stay the same.
    """

    def __init__(self, attention: Any) -> None:
        super().__init__()
        self._head_dim: int = attention.head_dim
        layer = attention.Wqkv
        order = torch.arange(layer.out_features).view(3, -1, 2, self._head_dim // 2)
        order = torch.cat([order[:2].transpose(2, 3).flatten(), order[2].flatten()])
        bias = None if layer.bias is None else layer.bias[order]
        self._input = PackedLinear(layer.weight[order], bias)
        self._output = PackedLinear(attention.Wo.weight, attention.Wo.bias)

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
        pairs = torch.view_as_complex(parts[:, :, :2].float().unflatten(-1, (-1, 2)))
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

    def __init__(self, mlp: Any) -> None:
        super().__init__()
        layer = mlp.Wi
        weights = layer.weight.chunk(2)
        biases = (None, None) if layer.bias is None else layer.bias.chunk(2)
        has_gelu = is_exact_gelu(mlp.act)
        self._activation = nn.Identity() if has_gelu else mlp.act
        self._input = PackedLinear(weights[0], biases[0], with_gelu=has_gelu)
        self._gate = PackedLinear(weights[1], biases[1])
        self._output = PackedLinear(mlp.Wo.weight, mlp.Wo.bias)

    def forward(self, hidden_states: Tensor) -> Tensor:
        """(batch, length, width) → the same."""
        opened = self._activation(self._input(hidden_states))
        opened *= self._gate(hidden_states)
        output: Tensor = self._output(opened)
        return output
