"""The network that guesses masked words: one of transformers', its head asked at few places."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from model.errors import InputError
from model.net.encoding import register_placeholders
from train.fit.encoder.compact import compact_config
from train.fit.encoder.hub import load_pretrained
from train.fit.encoder.pretrained import hushed_libraries
from train.fit.encoder.start import check_length
from train.fit.quick.word_loss import word_loss
from train.settings import ScratchConfig

_HEADS = (
    ("cls",),  # BERT
    ("lm_head",),  # RoBERTa and its kin
    ("head", "decoder"),  # ModernBERT
    ("generator_predictions", "generator_lm_head"),  # ELECTRA
)


class MaskedWordNetwork(nn.Module):
    """A masked-language model of transformers, `network`, and its loss.

    Its head, whose table of words is the largest product of a small network, sees the states of
    masked places alone.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self._head = find_head(network)  # names: a module here would be saved twice

    def forward(self, input_ids: Tensor, places: Tensor, words: Tensor) -> Tensor:
        """The mean loss over the masked places, in fp32; see `MaskedRows`."""
        states = self.network.base_model(input_ids=input_ids).last_hidden_state
        logits = states.flatten(0, 1).index_select(0, places)
        for name in self._head:
            logits = getattr(self.network, name)(logits)
        return word_loss(logits, words)


def find_head(network: Any) -> tuple[str, ...]:
    """The parts of a masked-language model that lead from states to logits, in turn.

    InputError for one of unknown kind.
    """
    for names in _HEADS:
        if all(hasattr(network, name) for name in names):
            return names
    where = f"encoder: {network.config.model_type}"
    raise InputError(where, "has no head for masked words that nabra knows", "choose a BERT")


def new_network(tokenizer: Any, scratch: ScratchConfig, length: int, dropout: float) -> Any:
    """A masked-language model of the size asked for, with weights by chance."""
    from transformers import BertForMaskedLM, ModernBertForMaskedLM

    config = compact_config(tokenizer, scratch, length, dropout)
    return (BertForMaskedLM if config.model_type == "bert" else ModernBertForMaskedLM)(config)


def pretrained_network(name: str, revision: str | None, length: int) -> tuple[Any, Any, str | None]:
    """Tokenizer, masked-language model and revision of an encoder that goes on learning.

    The placeholders are single tokens. InputError as of `load_pretrained`, and where it cannot read
    `length` tokens.
    """
    loaded = load_pretrained(name, revision, with_head=True)
    check_length(name, loaded.encoder.config, length, key="training.length")
    register_placeholders(loaded.tokenizer)
    if len(loaded.tokenizer) > loaded.encoder.config.vocab_size:
        with hushed_libraries():
            loaded.encoder.resize_token_embeddings(len(loaded.tokenizer), mean_resizing=False)
    return loaded.tokenizer, loaded.encoder, loaded.revision
