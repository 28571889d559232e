"""The encoder that a run starts from: embedded, a directory, or a hub id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from model.errors import InputError
from model.net.encoding import register_placeholders
from train.fit.encoder.hub import load_pretrained
from train.fit.encoder.pretrained import hushed_libraries
from train.fit.encoder.vocabulary import measure_vocabulary, warning

EMBEDDED = "embedded"
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


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
    embedded: Any,
    views: Sequence[str],
    max_length: int,
    dropout: float,
) -> StartedEncoder:
    """The encoder named in the config, its placeholders registered as single tokens.

    `embedded` is the config's part of that name and is read for the compact encoder only, whose
    vocabulary comes from `views`: give it normalised training text alone. InputError where the
    name leads nowhere.
    """
    if name == EMBEDDED:
        tokenizer = train_tokenizer(views, embedded.vocabulary)
        register_placeholders(tokenizer)
        return StartedEncoder(
            tokenizer, _compact_bert(tokenizer, embedded, max_length, dropout), None, None
        )
    loaded = load_pretrained(name, revision)
    tokenizer, encoder = loaded.tokenizer, loaded.encoder
    register_placeholders(tokenizer)
    most = _longest(encoder.config, max_length)
    if max_length > most:
        raise InputError(
            f"encoder: {name}",
            f"reads {most} tokens, training.max_length asks for {max_length}",
            f"set training.max_length to {most} or less",
        )
    if len(tokenizer) > encoder.config.vocab_size:
        with hushed_libraries():
            encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    return StartedEncoder(
        tokenizer, encoder, loaded.revision, warning(measure_vocabulary(tokenizer, views))
    )


def _longest(config: Any, otherwise: int) -> int:
    """How many tokens an encoder reads; RoBERTa counts its positions from behind the padding id."""
    most = int(getattr(config, "max_position_embeddings", otherwise))
    is_roberta = "roberta" in str(getattr(config, "model_type", ""))
    return most - config.pad_token_id - 1 if is_roberta else most


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
