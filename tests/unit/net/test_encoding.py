from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from model.errors import CheckpointError
from model.net.checkpoint import load_checkpoint
from model.net.encoding import MENTION, SECOND, TextEncoder
from model.text.normalize import PLACEHOLDERS, normalize
from tests.conftest import TEXTS
from train.fit.encoder.compact import train_tokenizer


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


def test_words_met_before_have_the_tokens_of_a_whole_sentence(
    encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when there are more words than are kept."""
    monkeypatch.setattr("model.net.encoding._MOST_WORDS", 5)
    tokenizer = encoder.tokenizer
    fresh = TextEncoder(tokenizer, 4096)
    for text in [*TEXTS, f"{PLACEHOLDERS[0]} {TEXTS[0]}", *TEXTS[::-1], "٪ é 好"]:
        words = normalize(text).text.split()
        whole = tokenizer(words, is_split_into_words=True, add_special_tokens=False)["input_ids"]
        for _ in range(2):
            ((window,),) = fresh.windows([text])
            assert window.input_ids == [tokenizer.cls_token_id, *whole, tokenizer.sep_token_id]


def test_a_text_is_normalised_once(encoder: TextEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """By itself and in all of its pairs, as long as there is room for it."""
    seen: list[str] = []
    monkeypatch.setattr(
        "model.net.encoding.normalize", lambda text, parity: seen.append(text) or normalize(text)
    )
    fresh = TextEncoder(encoder.tokenizer, 64)
    pairs = [(text, name, ()) for text in TEXTS for name in ("قسد", "الحوثيون")]
    windows, read = fresh.windows(TEXTS), fresh.pairs(pairs)
    assert seen == [*TEXTS, "قسد", "الحوثيون"]
    monkeypatch.setattr("model.net.encoding._MOST_CHARACTERS", 5)
    assert (fresh.windows(TEXTS), fresh.pairs(pairs)) == (windows, read)
    assert seen.count(TEXTS[0]) == 3


@pytest.mark.parametrize("stride", [0, 4, 11])
def test_windows_share_words_and_each_has_one_owner(encoder: TextEncoder, stride: int) -> None:
    text = " ".join(TEXTS * 4)
    sharing = TextEncoder(encoder.tokenizer, 32, stride=stride)
    (windows,) = sharing.windows([text])
    ((whole,),) = TextEncoder(encoder.tokenizer, 4096).windows([text])
    assert [span for window in windows for span in window.word_spans] == whole.word_spans
    for one, other in itertools.pairwise(windows):
        shared = next(
            size
            for size in range(stride, -1, -1)
            if one.input_ids[-1 - size : -1] == other.input_ids[1 : 1 + size]
        )
        # Some words stand in both, and the words that border on the other window are its own.
        assert (shared > 0) == (stride > 0)
        assert other.first_tokens[0] - 1 <= shared
    assert all(len(window.input_ids) <= 32 for window in windows)


def test_a_word_that_does_not_fit_is_counted(encoder: TextEncoder) -> None:
    word = "مليشياالدوليةالانفصالية"
    num_tokens = len(encoder.tokenizer.tokenize(word))
    assert num_tokens > 6
    (windows,) = TextEncoder(encoder.tokenizer, 8).windows([f"يدعم {word} أمس"])
    assert sum(window.num_lost for window in windows) == num_tokens - 6
    assert sum(len(window.word_spans) for window in windows) == 3


def test_no_words_no_word_of_its_own(encoder: TextEncoder) -> None:
    for (window,) in encoder.windows(["😀", ""]):
        assert (window.first_tokens, window.word_spans) == ([], [])
        assert len(window.input_ids) == 2


def test_a_context_is_another_segment(encoder: TextEncoder) -> None:
    text = "يدعم مليشيا قسد أمس"
    ((plain,),) = encoder.windows([text])
    ((with_context,), (without,)) = encoder.windows([text, text], ["زار الوزير المدينة", ""])
    assert without == plain
    assert with_context.first_tokens == plain.first_tokens
    assert with_context.input_ids[: len(plain.input_ids)] == plain.input_ids
    assert with_context.token_type_ids.count(1) == len(with_context.input_ids) - len(
        plain.input_ids
    )
    pair, plain_pair = encoder.pairs([(text, "قسد", ())] * 2, ["زار الوزير", ""])
    assert pair.input_ids[: len(plain_pair.input_ids)] == plain_pair.input_ids
    assert len(pair.input_ids) > len(plain_pair.input_ids)


def test_a_long_context_leaves_room_for_the_text(encoder: TextEncoder) -> None:
    text, context = " ".join(TEXTS * 2), " ".join(TEXTS * 9)
    (windows,) = encoder.windows([text], [context])
    ((whole,),) = TextEncoder(encoder.tokenizer, 4096).windows([text])
    assert [span for window in windows for span in window.word_spans] == whole.word_spans
    (pair,) = encoder.pairs([(text, "قسد", ())], [context])
    for encoded in (*windows, pair):
        assert len(encoded.input_ids) <= encoder.max_length
    for encoded in (windows[0], pair):
        assert encoded.token_type_ids.count(0) >= encoder.max_length // 2


def test_a_pair_keeps_the_whole_name_and_says_what_it_lost(encoder: TextEncoder) -> None:
    name = "قوات سوريا الديمقراطية"
    short, long = encoder.pairs([("التحالف يدعم", name, ()), (" ".join(TEXTS * 4), name, ())])
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
    asked = [(text, name, [find(text, "قسد")]) for text in texts]
    one, other = encoder.pairs(asked)
    assert one.num_lost > 0
    assert one.input_ids != other.input_ids
    assert len(one.input_ids) == len(one.token_type_ids) == encoder.max_length


def find(text: str, part: str) -> tuple[int, int]:
    return text.index(part), text.index(part) + len(part)


def test_a_pair_says_which_tokens_are_of_the_mentions(encoder: TextEncoder) -> None:
    """Of whole words, whatever marks the normalisation drops; BERT's own type for the rest."""
    text = "مع «قـسـد» الضعيفة و قِوات سوريا"
    clear, elsewhere = [find(text, "قـسـد"), find(text, "وات سوريا")], [find(text, "الضعيفة")]
    pairs = encoder.pairs([(text, "قسد", spans) for spans in (clear, elsewhere, ())])
    ids = pairs[0].input_ids
    assert all(pair.input_ids == ids for pair in pairs)
    words = [
        encoder.tokenizer.decode(np.array(ids)[np.array(pair.token_type_ids) == MENTION])
        for pair in pairs
    ]
    assert words == ["قسد قوات سوريا", "الضعيفة", ""]
    end = ids.index(encoder.tokenizer.sep_token_id) + 1
    for pair in pairs:
        assert SECOND not in pair.token_type_ids[:end]
        assert set(pair.token_type_ids[end:]) == {SECOND}
