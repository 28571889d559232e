from __future__ import annotations

from pathlib import Path

import pytest
from transformers import BertConfig, BertModel

from model.errors import InputError
from model.net.encoding import TextEncoder
from model.text.normalize import PLACEHOLDERS
from tests.conftest import TEXTS, TINY
from train.fit.encoders import start_encoder, train_tokenizer


def start(name: str) -> tuple[object, object]:
    return start_encoder(name, embedded=TINY, texts=TEXTS, max_length=32, dropout=0.0)


@pytest.mark.parametrize("name", ["nowhere", "./nowhere", "/nowhere/model"])
def test_says_that_there_is_no_such_directory(name: str) -> None:
    with pytest.raises(InputError, match="is no directory"):
        start(name)


def test_says_what_to_do_offline() -> None:
    with pytest.raises(InputError, match="check the name and the connection"):
        start("nobody/no-such-model")


def test_a_directory_of_arabert_s_architecture(tmp_path: Path) -> None:
    """A checkpoint as a hub would give it: its tokenizer knows no placeholder."""
    tokenizer = train_tokenizer(TEXTS, 300)
    size = len(tokenizer)
    config = BertConfig(
        vocab_size=size,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    loaded, encoder = start(str(tmp_path))
    TextEncoder(loaded, 32)  # asserts that each placeholder is one token
    assert encoder.config.vocab_size == size + len(PLACEHOLDERS)  # type: ignore[attr-defined]
