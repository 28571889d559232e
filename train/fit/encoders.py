"""The encoder that a run starts from: embedded, a directory, or a hub id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model.errors import InputError
from model.net.encoding import register_placeholders

EMBEDDED = "embedded"
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def start_encoder(
    name: str,
    *,
    embedded: Any,
    views: Sequence[str],
    max_length: int,
    dropout: float,
) -> tuple[Any, Any]:
    """The (tokenizer, encoder) named in the config, its placeholders registered as single tokens.

    `embedded` is the config's part of that name and is read for the compact encoder only, whose
    vocabulary comes from `views`: give it normalised training text alone. InputError where the
    name leads nowhere.
    """
    if name == EMBEDDED:
        tokenizer = train_tokenizer(views, embedded.vocabulary)
        register_placeholders(tokenizer)
        encoder = _compact_bert(tokenizer, embedded, max_length, dropout)
    else:
        tokenizer, encoder = _pretrained(name)
        register_placeholders(tokenizer)
        most = getattr(encoder.config, "max_position_embeddings", max_length)
        if max_length > most:
            raise InputError(
                f"encoder: {name}",
                f"reads {most} tokens, training.max_length asks for {max_length}",
                f"set training.max_length to {most} or less",
            )
        if len(tokenizer) > encoder.config.vocab_size:
            encoder.resize_token_embeddings(len(tokenizer))
    return tokenizer, encoder


def train_tokenizer(views: Sequence[str], vocabulary: int) -> Any:
    """A WordPiece tokenizer over normalised texts; the same texts give the same vocabulary."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from transformers import BertTokenizerFast

    def build(vocab: dict[str, int] | None) -> Any:
        tokenizer = Tokenizer(models.WordPiece(vocab=vocab or {}, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False
        )
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        return tokenizer

    # The trainer numbers the pieces ##x in the order of a hash table, and breaks ties by number: to
    # have one vocabulary, they are numbered here, as special tokens that the result forgets.
    continuations = sorted({f"##{letter}" for view in views for letter in view if letter != " "})
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[*_SPECIAL, *continuations],
        show_progress=False,
    )
    trained = build(None)
    trained.train_from_iterator(views, trainer)
    return BertTokenizerFast(
        tokenizer_object=build(trained.get_vocab()),
        do_lower_case=False,
        strip_accents=False,
        clean_text=True,
    )


def _compact_bert(tokenizer: Any, embedded: Any, max_length: int, dropout: float) -> Any:
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=embedded.width,
        num_hidden_layers=embedded.layers,
        num_attention_heads=embedded.heads,
        intermediate_size=embedded.feed_forward,
        max_position_embeddings=max_length,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=0.0,  # costs a third of a step on a CPU, and gains nothing
        pad_token_id=tokenizer.pad_token_id,
    )
    return BertModel(config, add_pooling_layer=False)


def _pretrained(name: str) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    if Path(name).is_dir() is False and ("/" not in name or name.startswith((".", "/"))):
        raise InputError(
            f"encoder: {name}",
            "is no directory",
            "name a directory, a hub id such as aubmindlab/bert-base-arabertv02, or embedded",
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True)
        encoder = AutoModel.from_pretrained(name)
    except (OSError, ValueError) as error:
        first_line = str(error).strip().splitlines()[0]
        raise InputError(
            f"encoder: {name}",
            f"cannot be loaded ({first_line})",
            "check the name and the connection, or name a local directory",
        ) from None
    if not tokenizer.is_fast:
        raise InputError(f"encoder: {name}", "has no fast tokenizer", "nabra needs one")
    return tokenizer, encoder
