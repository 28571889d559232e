"""One encoder, two heads: stance of a sentence pair, loaded terms of a sentence."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.records import LOADED_CATEGORIES, STANCE_LABELS

TAGS = ("O", "B", "I")
IGNORED = -100


class FramingNetwork(nn.Module):
    """A transformers encoder with a classification head and a tagging head.

    The tagging head holds one BIO layer for each category, so that categories may overlap.
    """

    def __init__(self, encoder: Any, dropout: float) -> None:
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None  # BERT's own summary of [CLS], which neither head reads
        self.encoder = encoder
        width = encoder.config.hidden_size
        self.dropout = nn.Dropout(dropout)
        self.stance_head = nn.Linear(width, len(STANCE_LABELS))
        self.tag_head = nn.Linear(width, len(LOADED_CATEGORIES) * len(TAGS))
        self._takes_token_types = getattr(encoder.config, "type_vocab_size", 0) > 1

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        stance_labels: Tensor | None = None,
        stance_weights: Tensor | None = None,
        tag_labels: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Logits of both heads, and the loss where labels are given.

        Shapes: ids, mask and types (batch, length); `stance_labels` and `stance_weights` (batch);
        `tag_labels` (batch, length, categories). IGNORED marks what a row has no label for.
        Returns `stance_logits` (batch, labels) and `tag_logits` (batch, length, categories, tags).
        """
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        if self._takes_token_types:
            inputs["token_type_ids"] = token_type_ids
        hidden = self.dropout(self.encoder(**inputs).last_hidden_state)
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(1) / mask.sum(1)
        stance_logits = self.stance_head(pooled)
        tag_logits = self.tag_head(hidden).unflatten(-1, (len(LOADED_CATEGORIES), len(TAGS)))
        outputs = {"stance_logits": stance_logits, "tag_logits": tag_logits}
        if stance_labels is not None and tag_labels is not None:
            outputs["loss"] = _stance_loss(
                stance_logits, stance_labels, stance_weights
            ) + _tag_loss(tag_logits, tag_labels)
        return outputs


def _stance_loss(logits: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:
    """Mean cross-entropy over the rows that have a label, weighted; 0 where none has one."""
    losses = functional.cross_entropy(
        logits.float(), labels, ignore_index=IGNORED, reduction="none"
    )
    weight = (labels != IGNORED).to(losses.dtype) * (1.0 if weights is None else weights)
    return (losses * weight).sum() / weight.sum().clamp(min=1e-6)


def _tag_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the tags, summed over categories and averaged over labelled words."""
    losses = functional.cross_entropy(
        logits.float().flatten(0, 2), labels.flatten(), ignore_index=IGNORED, reduction="sum"
    )
    num_words = (labels[..., 0] != IGNORED).sum().clamp(min=1)
    return losses / num_words


def split_state(network: FramingNetwork) -> dict[str, Tensor]:
    """The weights under the names that transformers looks for, so that AutoModel reads them."""
    prefix = f"{network.encoder.base_model_prefix}."
    state = {f"{prefix}{name}": value for name, value in network.encoder.state_dict().items()}
    for head in ("stance_head", "tag_head"):
        for name, value in getattr(network, head).state_dict().items():
            state[f"{head}.{name}"] = value
    return {name: value.detach().to("cpu").contiguous() for name, value in state.items()}


def load_state(network: FramingNetwork, state: dict[str, Tensor]) -> None:
    """Fill a network from `split_state`. RuntimeError where a weight is missing or misshapen."""
    prefix = f"{network.encoder.base_model_prefix}."
    network.load_state_dict(
        {
            (f"encoder.{name.removeprefix(prefix)}" if name.startswith(prefix) else name): value
            for name, value in state.items()
        }
    )


def count_parameters(network: nn.Module) -> int:
    """How many weights a network has."""
    return sum(parameter.numel() for parameter in network.parameters())


def stance_probabilities(logits: Tensor) -> Tensor:
    """Softmax over the labels, in float64 so that three probabilities sum to 1."""
    return torch.softmax(logits.double(), dim=-1)
