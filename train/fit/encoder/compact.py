"""A compact encoder made here: a vocabulary from texts, and weights by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from train.settings import ScratchConfig

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


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
    letters = set().union(*map(set, views)) - {" "}
    continuations = sorted(f"##{letter}" for letter in letters)
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


def compact_config(tokenizer: Any, scratch: ScratchConfig, max_length: int, dropout: float) -> Any:
    """The configuration of a network of the size asked for, which reads `max_length` tokens."""
    from transformers import BertConfig, ModernBertConfig

    size = {
        "vocab_size": len(tokenizer),
        "hidden_size": scratch.width,
        "num_hidden_layers": scratch.layers,
        "num_attention_heads": scratch.heads,
        "intermediate_size": scratch.feed_forward,
        "max_position_embeddings": max_length,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if scratch.architecture == "bert":
        return BertConfig(
            **size,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=0.0,  # a third of a step on a CPU, and gains nothing
        )
    return ModernBertConfig(
        **size,
        global_attn_every_n_layers=1,  # a window would save nothing on texts this short
        mlp_dropout=dropout,
        embedding_dropout=dropout,
        bos_token_id=tokenizer.cls_token_id,
        cls_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        sep_token_id=tokenizer.sep_token_id,
    )
