"""The two offset laws and the law of the view, on text that nobody would write."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.records import Article, check_sentence_law
from model.text.normalize import Parity, normalize
from model.text.sentences import segment
from model.text.words import find_words

# Arabic letters, marks, punctuation, the words that rules look for, and anything else.
_NEWS = st.lists(
    st.one_of(
        st.sampled_from("ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأإؤئىة"),
        st.sampled_from(' \n\t.,،؛:!؟?…"«»“”‘’()-–/@&<>[]#0123456789٠١٢٣ًٌَُِّْـ'),
        st.sampled_from(["قال ", "إن ", "أكد ", "بحسب ", "http://", "www.", ".com", "&amp;"]),
        st.characters(),
    )
).map("".join)
_MANY = settings(max_examples=300, deadline=None)


@_MANY
@given(_NEWS)
def test_the_view_maps_back_to_the_source(text: str) -> None:
    view = normalize(text)
    assert len(view.text) == len(view.starts) == len(view.ends)
    assert list(view.starts) == sorted(view.starts)
    assert list(view.ends) == sorted(view.ends)
    for place in range(len(view.text)):
        start, end = view.to_source(place, place + 1)
        assert 0 <= start <= end <= len(text)
        if view.text[place] != " ":
            assert start < end


@_MANY
@given(_NEWS, _NEWS)
def test_sentences_are_slices_that_cover_all_letters(headline: str, text: str) -> None:
    article = Article("a", "o", None, None, headline, text, "f")
    sentences = segment(article)
    for sentence in sentences:
        check_sentence_law(article, sentence)
        assert sentence.text == sentence.text.strip()
        for voice in sentence.voices:
            assert 0 <= voice.start < voice.end <= len(sentence.text)
    body = [(s.start, s.end) for s in sentences if s.section == "body"]
    assert all(left[1] <= right[0] for left, right in pairwise(body))
    assert [s.index for s in sentences] == list(range(len(sentences)))


@_MANY
@given(_NEWS)
def test_words_are_slices_in_order(text: str) -> None:
    words = find_words(text)
    assert all(left.end <= right.start for left, right in pairwise(words))
    assert all(text[word.start : word.end].strip() for word in words)


@_MANY
@given(_NEWS)
def test_voices_of_a_kind_never_overlap(text: str) -> None:
    for sentence in segment(Article("a", "o", None, None, "", text, "f")):
        direct = sorted((v.start, v.end) for v in sentence.voices if v.kind == "direct")
        assert all(left[1] <= right[0] for left, right in pairwise(direct))


_POOLS = (
    range(0x20, 0x7F),
    range(0x600, 0x700),
    range(0xFB50, 0x10000 - 2),
    range(0x2000, 0x2070),
    range(0xD800, 0xE000),
    range(0x300, 0x370),
    range(0x110000),
)


@pytest.mark.parametrize("parity", ["strict", "repaired"])
def test_ten_thousand_random_strings_break_no_law(parity: Parity) -> None:
    draw = random.Random(20_261)
    for _ in range(10_000):
        pools = draw.sample(_POOLS, 3)
        text = "".join(chr(draw.choice(draw.choice(pools))) for _ in range(draw.randrange(60)))
        view = normalize(text, parity)
        assert len(view.text) == len(view.starts) == len(view.ends), ascii(text)
        assert all(a <= b for a, b in pairwise(view.starts)), ascii(text)
        assert all(a <= b for a, b in pairwise(view.ends)), ascii(text)
        for character, start, end in zip(view.text, view.starts, view.ends, strict=True):
            assert 0 <= start <= end <= len(text), ascii(text)
            assert start < end or character == " ", ascii(text)
        for sentence in segment(Article("a", "o", None, None, "", text, "f")):
            assert text[sentence.start : sentence.end] == sentence.text, ascii(text)
