from __future__ import annotations

from pathlib import Path

import pytest
from transformers import BertConfig, BertModel

from model.errors import InputError
from model.net.encoding import TextEncoder
from model.text.normalize import PLACEHOLDERS
from tests.conftest import TEXTS, TINY
from train.fit.encoder.compact import train_tokenizer
from train.fit.encoder.names import SCRATCH
from train.fit.encoder.start import StartedEncoder, start_encoder


def start(name: str) -> StartedEncoder:
    return start_encoder(name, scratch=TINY, views=TEXTS, max_length=32, dropout=0.0)


@pytest.mark.parametrize("name", ["nowhere", "./nowhere", "/nowhere/model"])
def test_says_that_there_is_no_such_directory(name: str) -> None:
    with pytest.raises(InputError, match="is no directory"):
        start(name)


def test_says_what_to_do_offline() -> None:
    with pytest.raises(InputError, match="the cache has no whole copy; connect once"):
        start("nobody/no-such-model")


def write_encoder(path: Path) -> int:
    """A checkpoint as a hub would give it: its tokenizer knows no placeholder; its size."""
    tokenizer = train_tokenizer(TEXTS, 300)
    size = len(tokenizer)
    config = BertConfig(
        vocab_size=size,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
    )
    BertModel(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return size


def test_a_directory_of_arabert_s_architecture(tmp_path: Path) -> None:
    size = write_encoder(tmp_path)
    started = start(str(tmp_path))
    TextEncoder(started.tokenizer, 32)  # asserts that each placeholder is one token
    assert started.encoder.config.vocab_size == size + len(PLACEHOLDERS)
    assert started.revision is None


def test_says_how_many_tokens_an_encoder_reads(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    with pytest.raises(InputError, match=r"reads 40 tokens.*set training.max_length to 40"):
        start_encoder(str(tmp_path), scratch=TINY, views=TEXTS, max_length=64, dropout=0.0)


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_a_compact_network_is_made_here(architecture: str) -> None:
    scratch = TINY.model_copy(update={"architecture": architecture})
    started = start_encoder(SCRATCH, scratch=scratch, views=TEXTS, max_length=32, dropout=0.0)
    TextEncoder(started.tokenizer, 32)
    config = started.encoder.config
    assert config.model_type == architecture
    assert (config.hidden_size, config.num_hidden_layers) == (16, 1)
    assert config.vocab_size == len(started.tokenizer)
    assert started.warning is None
