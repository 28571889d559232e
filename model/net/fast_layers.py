"""bf16 where a processor multiplies such matrices: training with parameters in fp32.

`quicken` gives the layers of an encoder other methods, never other parameters: names, state_dict,
checkpoints and optimizers see what they saw before. Against autocast it saves the casts, the
generator of CPU dropout and the backward pass of CPU flash attention.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.optim.optimizer import register_optimizer_step_post_hook

from model.net.quick import Quick

PLAIN_ATTENTION = "nabra_plain"
_ATTENTION_BEFORE = "_attention_before"
FEW_OUTPUTS = 64  # a head: too small to gain from bf16, and logits are better in fp32
MANY_ROWS = 4096  # a table of words, not of positions or types: its gradient is worth being sparse


def is_worthwhile() -> bool:
    """Whether this machine computes on a CPU that multiplies bf16 matrices in hardware."""
    if torch.cuda.is_available():
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("amx_bf16") or capabilities.get("avx512_bf16"))


def is_wanted(precision: str) -> bool:
    """Whether a training with `precision` (auto, fp32, bf16) is to be quickened on this machine."""
    if torch.cuda.is_available() or precision == "fp32":
        return False
    return precision == "bf16" or is_worthwhile()


def quicken(
    network: nn.Module,
    *,
    dtype: torch.dtype = torch.bfloat16,
    row_gradients: bool = True,
    own_attention: bool = True,
) -> None:
    """Make a network compute in `dtype`; layers of kinds that it does not know stay as they are.

    Linear layers multiply in `dtype`, LayerNorm computes in fp32 and hands on `dtype`, layers with
    few outputs (heads) stay in fp32. With `row_gradients` large embedding tables give sparse
    gradients, which `RowAdamW` takes; `own_attention` puts `plain_attention` in the place of the
    encoder's. Undone by `restore`.
    """
    _count_fused_steps()
    for module in network.modules():
        if type(module) is nn.Linear:
            few = module.out_features < FEW_OUTPUTS
            module.__class__ = HeadLinear if few else ShadowLinear
        elif type(module) is nn.LayerNorm:
            module.__class__ = QuickLayerNorm
        elif type(module) is nn.Dropout:
            module.__class__ = QuickDropout
        elif type(module) is nn.Embedding:
            module.sparse = row_gradients and module.num_embeddings >= MANY_ROWS
        elif type(module).__name__ == "ModernBertAttention":
            quicken_attention(module)
        if isinstance(module, Quick):
            module.compute_dtype = dtype
    if own_attention:
        _take_plain_attention(network)


@cache
def _count_fused_steps() -> None:
    """Let fused optimizers raise the version of a parameter, as every other change in place does.

    torch 2.13 forgets it, and a shadow would never learn that its weight has changed.
    """

    def raise_versions(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        for group in optimizer.param_groups:
            if group.get("fused"):
                torch.autograd.graph.increment_version(group["params"])

    register_optimizer_step_post_hook(raise_versions)


def restore(network: nn.Module) -> None:
    """Give a network its own layers back; it computes in the dtype of its parameters again."""
    for module in network.modules():
        if isinstance(module, Quick):
            del module.compute_dtype
            module.__dict__.pop("_shadow", None)
            plain = next(base for base in type(module).__mro__ if not issubclass(base, Quick))
            module.__class__ = plain  # type: ignore[assignment]
        elif type(module) is nn.Embedding:
            module.sparse = False
        elif _ATTENTION_BEFORE in module.__dict__:
            encoder: Any = module
            encoder.set_attn_implementation(module.__dict__.pop(_ATTENTION_BEFORE))


def quicken_attention(module: nn.Module) -> None:
    """Give ModernBERT's attention its quicker method; the import costs those who have it alone."""
    from model.net.fast_modernbert import QuickModernBertAttention

    module.__class__ = QuickModernBertAttention


class ShadowLinear(Quick, nn.Linear):
    """Multiplies by a copy of its weight in `compute_dtype`, made anew when the weight changed."""

    def shadow(self) -> Tensor:
        """The copy; torch counts every change in place of a tensor, so that it cannot be stale."""
        weight = self.weight
        if weight.dtype == self.compute_dtype:
            return weight
        seen = (weight._version, weight.data_ptr())
        kept = self.__dict__.get("_shadow")
        if kept is None or kept[0] is not weight or kept[1] != seen:
            with torch.inference_mode(False), torch.no_grad():
                kept = (weight, seen, weight.to(self.compute_dtype, copy=True))
            self.__dict__["_shadow"] = kept
        copy: Tensor = kept[2]
        return copy

    def forward(self, input: Tensor) -> Tensor:
        output: Tensor = _ShadowProduct.apply(  # type: ignore[no-untyped-call]
            input.to(self.compute_dtype), self.weight, self.bias, self.shadow()
        )
        return output


class _ShadowProduct(torch.autograd.Function):
    """input · shadowᵀ + bias; the gradients of weight and bias come in the parameters' dtype."""

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor, bias: Tensor | None, shadow: Tensor
    ) -> Tensor:
        ctx.save_for_backward(input, shadow)
        ctx.parameter_dtype = weight.dtype
        return functional.linear(input, shadow, None if bias is None else bias.to(shadow.dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        input, shadow = ctx.saved_tensors
        rows = gradient.reshape(-1, gradient.shape[-1])
        needs_input, needs_weight, needs_bias, _ = ctx.needs_input_grad
        return (
            (rows @ shadow).view(input.shape) if needs_input else None,
            (rows.t() @ input.reshape(-1, input.shape[-1])).to(ctx.parameter_dtype)
            if needs_weight
            else None,
            rows.sum(0).to(ctx.parameter_dtype) if needs_bias else None,
            None,
        )


class HeadLinear(Quick, nn.Linear):
    """Takes what the layers hand on and computes in the dtype of its parameters."""

    def forward(self, input: Tensor) -> Tensor:
        return functional.linear(input.to(self.weight.dtype), self.weight, self.bias)


class QuickLayerNorm(Quick, nn.LayerNorm):
    """Computes inside in fp32 with fp32 parameters, as torch does, and hands on `compute_dtype`."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).to(self.compute_dtype)


class QuickDropout(Quick, nn.Dropout):
    """Dropout whose mask costs a tenth of torch's own on a CPU."""

    def forward(self, input: Tensor) -> Tensor:
        return drop(input, self.p) if self.training else input


def drop(input: Tensor, probability: float) -> Tensor:
    """Zero each element with this probability (in steps of 2⁻¹⁶), and scale up the others."""
    if probability == 0.0:
        return input
    return input * keep_mask(input.shape, probability, input.dtype) * (1 / (1 - probability))


def keep_mask(shape: torch.Size, probability: float, dtype: torch.dtype) -> Tensor:
    """Ones, and zeros with this probability, drawn from torch's global generator.

    Each word of 64 bits that the generator yields decides over four elements.
    """
    count = shape.numel()
    words = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    lanes = words.view(torch.int16)[:count].view(shape)
    threshold = round(probability * 2**16) - 2**15
    return torch.ge(lanes, threshold, out=torch.empty(shape, dtype=dtype))


def plain_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention by two batched products, with cheap dropout; for transformers' interface.

    Takes (batch, heads, length, width), gives (batch, length, heads, width).
    """
    probability = dropout if module.training else 0.0
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    scores = (query * scale) @ key.transpose(-1, -2)
    if attention_mask is not None:
        scores = scores + attention_mask.to(scores.dtype)
    weights = drop(torch.softmax(scores, -1), probability)
    return (weights @ value).transpose(1, 2).contiguous(), None


def _take_plain_attention(network: nn.Module) -> None:
    """Have the encoders in a network call `plain_attention`; see `restore`."""
    from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(PLAIN_ATTENTION, plain_attention)
    AttentionMaskInterface.register(PLAIN_ATTENTION, eager_mask)
    for module in network.modules():
        if isinstance(module, PreTrainedModel):
            before = module.config._attn_implementation
            if before != PLAIN_ATTENTION:  # an encoder inside another one shares its config
                module.__dict__[_ATTENTION_BEFORE] = before
                module.set_attn_implementation(PLAIN_ATTENTION)
