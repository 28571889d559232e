"""The encoder that a run starts from: one made from scratch, a directory, or a hub id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.errors import InputError
from model.net.encoding import register_placeholders
from train.fit.encoder.compact import compact_config, train_tokenizer
from train.fit.encoder.hub import load_pretrained
from train.fit.encoder.names import SCRATCH
from train.fit.encoder.pretrained import hushed_libraries
from train.fit.encoder.vocabulary import measure_vocabulary, warning
from train.settings import ScratchConfig


@dataclass(frozen=True, slots=True)
class StartedEncoder:
    """What a run starts from; `revision` is the hub's commit, None for what is no hub's.

    `warning` says that the tokenizer does not fit the training texts, where it does not.
    """

    tokenizer: Any
    encoder: Any
    revision: str | None
    warning: str | None


def start_encoder(
    name: str,
    *,
    revision: str | None = None,
    scratch: ScratchConfig,
    views: Sequence[str],
    max_length: int,
    dropout: float,
) -> StartedEncoder:
    """The encoder named in the config, its placeholders registered as single tokens.

    `scratch` is the config's part of that name and is read for that encoder only, whose vocabulary
    comes from `views`: give it normalised training text alone. InputError where the name leads
    nowhere.
    """
    if name == SCRATCH:
        tokenizer = train_tokenizer(views, scratch.vocabulary)
        register_placeholders(tokenizer)
        config = compact_config(tokenizer, scratch, max_length, dropout)
        return StartedEncoder(tokenizer, _network(config), None, None)
    loaded = load_pretrained(name, revision)
    tokenizer, encoder = loaded.tokenizer, loaded.encoder
    register_placeholders(tokenizer)
    check_length(name, encoder.config, max_length, key="training.max_length")
    if len(tokenizer) > encoder.config.vocab_size:
        with hushed_libraries():
            encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    return StartedEncoder(
        tokenizer, encoder, loaded.revision, warning(measure_vocabulary(tokenizer, views))
    )


def _network(config: Any) -> Any:
    from transformers import BertModel, ModernBertModel

    is_bert = config.model_type == "bert"
    return BertModel(config, add_pooling_layer=False) if is_bert else ModernBertModel(config)


def check_length(name: str, config: Any, asked: int, *, key: str) -> None:
    """InputError where the encoder reads fewer tokens than the config's `key` asks for."""
    most = _longest(config, asked)
    if asked > most:
        raise InputError(
            f"encoder: {name}",
            f"reads {most} tokens, {key} asks for {asked}",
            f"set {key} to {most} or less",
        )


def _longest(config: Any, otherwise: int) -> int:
    """How many tokens an encoder reads; RoBERTa counts its positions from behind the padding id."""
    most = int(getattr(config, "max_position_embeddings", otherwise))
    is_roberta = "roberta" in str(getattr(config, "model_type", ""))
    return most - config.pad_token_id - 1 if is_roberta else most
