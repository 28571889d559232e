"""ModernBERT's attention with fewer passes over memory, for a CPU.

transformers turns queries and keys by their places in fp32, half by half: some fifteen passes over
them. Here they are laid out for the products once, and turned in the dtype that they come in.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.modernbert.modeling_modernbert import (
    ModernBertAttention,
    eager_attention_forward,
)

from model.net.quick import Quick


class QuickModernBertAttention(Quick, ModernBertAttention):  # type: ignore[misc]
    """Computes what ModernBertAttention does, but for rounding; has the same parameters."""

    def forward(
        self,
        hidden_states: Tensor,
        position_embeddings: tuple[Tensor, Tensor] | None = None,
        attention_mask: Tensor | None = None,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """(batch, length, width) → the same."""
        assert position_embeddings is not None
        cos, sin = (part.to(self.compute_dtype) for part in position_embeddings)
        batch, length, _ = hidden_states.shape
        parts = self.Wqkv(hidden_states).view(batch, length, 3, -1, self.head_dim)
        turned, value = parts.permute(2, 0, 3, 1, 4).contiguous().split((2, 1))
        query, key = _Turn.apply(turned, cos, sin)  # type: ignore[no-untyped-call]
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, eager_attention_forward
        )
        output, weights = attend(
            self,
            query,
            key,
            value[0],
            attention_mask,
            dropout=self.attention_dropout if self.training else 0.0,
            scaling=self.head_dim**-0.5,
            sliding_window=self.sliding_window,
            **kwargs,
        )
        return self.out_drop(self.Wo(output.reshape(batch, length, -1))), weights


class _Turn(torch.autograd.Function):
    """x · cos + turn(x) · sin, where turn((a, b)) = (−b, a); cos and sin: (1, length, width)."""

    @staticmethod
    def forward(ctx: Any, input: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _halves(input).mul_(sin).addcmul_(input, cos)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        # The inverse of a turn is the turn the other way.
        return _halves(gradient).mul_(-sin).addcmul_(gradient, cos), None, None


def _halves(input: Tensor) -> Tensor:
    """(−b, a) of the last axis' halves (a, b)."""
    half = input.shape[-1] // 2
    output = torch.empty_like(input)
    torch.neg(input[..., half:], out=output[..., :half])
    output[..., half:] = input[..., :half]
    return output
