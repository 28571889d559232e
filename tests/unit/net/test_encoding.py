from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import CheckpointError
from model.net.checkpoint import load_checkpoint
from model.net.encoding import TextEncoder
from model.text.normalize import PLACEHOLDERS
from tests.conftest import TEXTS
from train.fit.encoders import train_tokenizer


@pytest.fixture(scope="module")
def encoder(tiny_checkpoint: Path) -> TextEncoder:
    return load_checkpoint(tiny_checkpoint).encoder


def test_a_window_knows_where_its_words_stand(encoder: TextEncoder) -> None:
    text = "يدعم مليشيا «قسد» أمس"
    ((window,),) = encoder.windows([text])
    assert [text[a:b] for a, b in window.word_spans] == ["يدعم", "مليشيا", "«", "قسد", "»", "أمس"]
    assert window.first_tokens[0] == 1
    assert len(window.input_ids) == len(window.token_type_ids)


def test_a_long_sentence_loses_no_word(encoder: TextEncoder) -> None:
    text = " ".join(TEXTS * 4)
    (windows,) = encoder.windows([text])
    assert len(windows) > 1
    assert all(len(window.input_ids) <= encoder.max_length for window in windows)
    spans = [span for window in windows for span in window.word_spans]
    ((whole,),) = TextEncoder(encoder.tokenizer, 4096).windows([text])
    assert spans == whole.word_spans


def test_no_words_no_window(encoder: TextEncoder) -> None:
    assert encoder.windows(["😀", ""]) == [[], []]


def test_a_pair_keeps_the_whole_name_and_says_what_it_lost(encoder: TextEncoder) -> None:
    name = "قوات سوريا الديمقراطية"
    short, long = encoder.pairs([("التحالف يدعم", name, ""), (" ".join(TEXTS * 4), name, "")])
    assert short.num_lost == 0
    assert long.num_lost > 0
    assert len(long.input_ids) <= encoder.max_length
    num_name = long.token_type_ids.count(1)
    assert long.input_ids[-num_name:] == short.input_ids[-num_name:]


def test_placeholders_are_single_tokens(encoder: TextEncoder) -> None:
    for placeholder in PLACEHOLDERS:
        assert len(encoder.tokenizer.tokenize(placeholder)) == 1


def test_refuses_a_tokenizer_that_splits_placeholders() -> None:
    tokenizer = train_tokenizer(TEXTS, 300)  # registers none
    with pytest.raises(CheckpointError, match="is not one token"):
        TextEncoder(tokenizer, 32)


def test_a_long_pair_keeps_what_stands_around_the_mention(encoder: TextEncoder) -> None:
    filler, name = "زار الوزير المدينة أمس " * 20, "قوات سوريا"
    texts = [f"{filler}{word} قسد {filler}" for word in ("التحالف", "الناطق")]
    one, other = encoder.pairs([(text, name, "قسد") for text in texts])
    assert one.num_lost > 0
    assert one.input_ids != other.input_ids
