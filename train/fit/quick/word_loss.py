"""The loss over a large vocabulary on a CPU: one pass over the logits, which stay in bf16."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn.functional import cross_entropy

_ROWS = 32  # rows of logits in fp32 at a time: they stay in the processor's cache


def word_loss(logits: Tensor, words: Tensor) -> Tensor:
    """The mean cross-entropy of logits (places, vocabulary) for words (places), in fp32.

    Same as torch's own, but that the gradient is rounded to the dtype of the logits: torch's makes
    four tables of that size in fp32.
    """
    if not (logits.requires_grad and torch.is_grad_enabled()) or logits.device.type != "cpu":
        return cross_entropy(logits.float(), words)
    loss: Tensor = _WordLoss.apply(logits, words)  # type: ignore[no-untyped-call]
    return loss


def draw_words(logits: Tensor, draws: Tensor) -> Tensor:
    """A word for each row of logits (places, vocabulary), each by its probability: (places).

    `draws`, even in [0, 1), decide: the same give the same words.
    """
    words = torch.empty(len(logits), dtype=torch.int64, device=logits.device)
    for first in range(0, len(logits), _ROWS):
        sums = logits[first : first + _ROWS].float().softmax(-1).cumsum_(-1)
        wanted = draws[first : first + _ROWS, None] * sums[:, -1:]
        words[first : first + _ROWS] = torch.searchsorted(sums, wanted, right=True).squeeze(-1)
    return words.clamp_(max=logits.shape[-1] - 1)


class _WordLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, words: Tensor) -> Tensor:
        gradient = torch.empty_like(logits)
        total = torch.zeros(())
        count = len(words)
        for first in range(0, count, _ROWS):
            chosen = words[first : first + _ROWS, None]
            part = logits[first : first + _ROWS].to(torch.float32, copy=True)
            norm = torch.logsumexp(part, -1, keepdim=True)
            total += (norm - part.gather(1, chosen)).sum()
            part.sub_(norm).exp_().scatter_add_(1, chosen, torch.full(chosen.shape, -1.0))
            torch.mul(part, 1 / count, out=part)
            gradient[first : first + _ROWS] = part
        ctx.save_for_backward(gradient)
        return total / count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return (gradient if float(upstream) == 1.0 else gradient * upstream), None
