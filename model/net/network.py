"""One encoder with a head for each task."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from model.net.encoding import MENTION, SECOND
from model.net.lines import keep_apart
from model.tasks import DEFAULT_TASKS, Task

TAGS = ("O", "B", "I")
NO_ROW = -1  # the number of what is padding
_HEADS = "heads."
# Encoders that can be told which places read each other, and whether they count these, so that
# each row's have to be counted from its beginning; others look at distances alone.
_COUNTS_POSITIONS = {"bert": True, "electra": True, "modernbert": False}


class FramingNetwork(nn.Module):
    """A transformers encoder with a head for each task.

    A classifying head reads the mean of the last states; that of a pair reads beside it the mean
    of those that the pair asks about: the target's mentions, or, where the text has none, the
    second text. A tagging head holds one BIO layer for each label, so that spans of different
    labels may overlap.
    """

    def __init__(
        self,
        encoder: Any,
        dropout: float,
        tasks: Sequence[Task] = DEFAULT_TASKS,
        token_dropout: TokenDropout | None = None,
    ) -> None:
        super().__init__()
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None  # BERT's own summary of [CLS], which no head reads
        self.encoder = encoder
        self.tasks = tuple(tasks)
        self.dropout = nn.Dropout(dropout)
        self.token_dropout = token_dropout
        self.heads = nn.ModuleDict(
            {
                task.name: nn.Linear(
                    encoder.config.hidden_size * (2 if task.pair else 1), _num_outputs(task)
                )
                for task in tasks
            }
        )
        self._takes_token_types = getattr(encoder.config, "type_vocab_size", 0) > 1

    @property
    def device(self) -> torch.device:
        """Where it computes, and takes its inputs from."""
        return next(self.parameters()).device

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> dict[str, Tensor]:
        """The logits of every task, from ids, mask and types of the shape (batch, length).

        The types are those of `TextEncoder`. A classifying task has (batch, labels), a tagging
        task (batch, length, labels, tags).
        """
        hidden = self._read(input_ids, attention_mask, token_type_ids)
        asked = _asked_about(token_type_ids, True)
        return self._answer(hidden, masked_mean(hidden, attention_mask), masked_mean(hidden, asked))

    def read_lines(
        self, input_ids: Tensor, token_type_ids: Tensor, rows: Tensor, position_ids: Tensor
    ) -> dict[str, Tensor]:
        """`forward` of rows that share lines, each of which is read as if it were alone.

        All inputs have the shape (lines, length). `rows` holds for each place the number of its row
        in the batch, `NO_ROW` where there is none, `position_ids` the place within the row. A
        classifying task has (rows, labels), a tagging task (lines, length, labels, tags).
        """
        hidden = self._read(input_ids, self._masks(rows), token_type_ids, position_ids)
        belongs = rows.flatten() == torch.arange(int(rows.max()) + 1, device=rows.device)[:, None]
        asked = _asked_about(token_type_ids.flatten(), belongs)
        whole, about = (_means(hidden.flatten(0, 1), places) for places in (belongs, asked))
        return self._answer(hidden, whole, about)

    @property
    def can_share_lines(self) -> bool:
        """Whether `read_lines` knows how this encoder is told which places read each other."""
        return self.encoder.config.model_type in _COUNTS_POSITIONS

    def _masks(self, rows: Tensor) -> Any:
        """Which places read each other, as the encoder takes it: for each kind of its layers."""
        config, dtype = self.encoder.config, self.encoder.dtype
        kinds = getattr(config, "layer_types", None)
        if kinds is None:
            return keep_apart(rows).to(dtype)
        farthest = {"full_attention": None, "sliding_attention": config.sliding_window}
        return {kind: keep_apart(rows, farthest[kind]).to(dtype) for kind in set(kinds)}

    def _answer(self, hidden: Tensor, whole: Tensor, about: Tensor) -> dict[str, Tensor]:
        """The logits of every task, from all states, their means, and those of what is asked."""
        of_pair = torch.cat([whole, about], dim=-1)
        return {
            task.name: self.heads[task.name](of_pair if task.pair else whole)
            if task.kind == "classify"
            else self.heads[task.name](hidden).unflatten(-1, (len(task.labels), len(TAGS)))
            for task in self.tasks
        }

    def represent(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> Tensor:
        """The mean of the last states, (batch, width)."""
        hidden = self._read(input_ids, attention_mask, token_type_ids)
        return masked_mean(hidden, attention_mask)

    def _read(
        self,
        input_ids: Tensor,
        attention_mask: Any,
        token_type_ids: Tensor,
        position_ids: Tensor | None = None,
    ) -> Tensor:
        """The last states, (batch, length, width)."""
        if self.training and self.token_dropout is not None:
            input_ids = self.token_dropout(input_ids)
        inputs = {"input_ids": input_ids, "attention_mask": attention_mask}
        if self._takes_token_types:
            inputs["token_type_ids"] = (token_type_ids == SECOND).long()
        if position_ids is not None and _COUNTS_POSITIONS[self.encoder.config.model_type]:
            inputs["position_ids"] = position_ids
        hidden: Tensor = self.dropout(self.encoder(**inputs).last_hidden_state).float()
        return hidden


class TokenDropout(nn.Module):
    """Some tokens become the unknown one, so that the words around a word are read, too.

    Special tokens stay. Chance comes from torch, whose state a resumed training restores.
    """

    def __init__(self, probability: float, unknown_id: int, special_ids: Collection[int]) -> None:
        super().__init__()
        self.probability = probability
        self.unknown_id = unknown_id
        self.special_ids: Tensor
        self.register_buffer("special_ids", torch.tensor(sorted(special_ids)), persistent=False)

    def forward(self, input_ids: Tensor) -> Tensor:
        """Ids of the same shape."""
        drops = torch.rand(input_ids.shape, device=input_ids.device) < self.probability
        drops &= ~torch.isin(input_ids, self.special_ids)
        return torch.where(drops, self.unknown_id, input_ids)


def _asked_about(token_type_ids: Tensor, belongs: Tensor | bool) -> Tensor:
    """Where, among the places that belong to a row, what its pair asks about stands."""
    named = belongs & (token_type_ids == MENTION)
    return named | belongs & (token_type_ids == SECOND) & ~named.any(-1, keepdim=True)


def _means(hidden: Tensor, places: Tensor) -> Tensor:
    """The mean of (states, width) at the places (rows, states) of each row; 0 where none is."""
    weights = places.to(hidden.dtype)
    return weights @ hidden / weights.sum(1, keepdim=True).clamp(min=1)


def masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean of states (batch, length, width) where the mask, (batch, length), is not 0; 0 where
    it is throughout: (batch, width)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


def _num_outputs(task: Task) -> int:
    return len(task.labels) * (1 if task.kind == "classify" else len(TAGS))


def split_state(network: FramingNetwork) -> dict[str, Tensor]:
    """The weights under the names that transformers looks for, so that AutoModel reads them."""
    prefix = f"{network.encoder.base_model_prefix}."
    state = {f"{prefix}{name}": value for name, value in network.encoder.state_dict().items()}
    state |= {f"{_HEADS}{name}": value for name, value in network.heads.state_dict().items()}
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


def probabilities(logits: Tensor) -> Tensor:
    """Softmax over the last axis, in float64 so that probabilities sum to 1."""
    return torch.softmax(logits.double(), dim=-1)
