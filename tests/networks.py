"""Small networks with weights by chance: AraBERT's architecture, and a newer one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    BertConfig,
    BertModel,
    ElectraConfig,
    ElectraModel,
    ModernBertConfig,
    ModernBertModel,
    PreTrainedModel,
)

WIDTH, VOCABULARY = 64, 50


def make_bert(dropout: float = 0.0) -> BertModel:
    return BertModel(
        BertConfig(
            vocab_size=VOCABULARY,
            hidden_size=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=32,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        ),
        add_pooling_layer=False,
    )


def make_electra() -> ElectraModel:
    return ElectraModel(
        ElectraConfig(
            vocab_size=VOCABULARY,
            embedding_size=32,
            hidden_size=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            max_position_embeddings=32,
        )
    )


def make_modernbert(dropout: float = 0.0, **others: Any) -> ModernBertModel:
    return ModernBertModel(
        ModernBertConfig(
            vocab_size=VOCABULARY,
            hidden_size=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=4,
            intermediate_size=128,
            attention_dropout=dropout,
            mlp_dropout=dropout,
            embedding_dropout=dropout,
            pad_token_id=0,
            bos_token_id=1,
            cls_token_id=1,
            eos_token_id=2,
            sep_token_id=2,
            **others,
        )
    )


class Network(nn.Module):
    """An encoder and a head, as a network that is fine-tuned has them."""

    def __init__(self, encoder: PreTrainedModel) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.head(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state)


def make_network(make: Callable[[], PreTrainedModel]) -> Network:
    torch.manual_seed(0)
    network = Network(make())
    for module in network.modules():  # weights far from zero, so that errors would show
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.1)
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.1)
    return network.train()
