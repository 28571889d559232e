"""Text that nobody wrote: time grows with its length, and not with the square of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from model.records import Article
from model.text.normalize import normalize
from model.text.sentences import segment, split_sentences

TICK = 0.02  # seconds; some systems count the processor's time no finer


def seconds(work: Callable[[str], object], texts: list[str]) -> float:
    """Of the processor, the least of two."""
    taken = []
    for _ in range(2):
        begin = time.process_time()
        for text in texts:
            work(text)
        taken.append(time.process_time() - begin)
    return max(TICK, min(taken))


def as_article(text: str) -> object:
    return segment(Article("a", "o", None, None, "", text, "s"))


@pytest.mark.parametrize(
    ("work", "text", "num"),
    [
        pytest.param(normalize, "ال", 500, id="letters without a digit"),
        pytest.param(normalize, "12", 500, id="digits without a letter"),
        pytest.param(split_sentences, '"؟"\n', 500, id="a quotation in each line"),
        pytest.param(split_sentences, "1.  ", 3_000, id="numbers of list items in one line"),
        pytest.param(as_article, "قال «نعم نحن هنا معكم» ", 50, id="speech in one sentence"),
    ],
)
def test_time_grows_with_the_length(work: Callable[[str], object], text: str, num: int) -> None:
    apart, joined = seconds(work, [text * num] * 20), seconds(work, [text * num * 20])
    assert joined < 4 * apart, f"{joined:.2f} s for a text that takes {apart:.2f} s in pieces"


@pytest.mark.parametrize("word", ["خبر ", "ب", "قال «نعم نحن هنا معكم» "])
def test_no_sentence_is_without_end(word: str) -> None:
    text = word * (100_000 // len(word))
    spans = split_sentences(text)
    assert max(end - start for start, end in spans) <= 20_000
    assert len(spans) < 12
    kept = "".join(text[start:end] for start, end in spans)
    assert kept.replace(" ", "") == text.replace(" ", "")
    assert all(text[start:end] == text[start:end].strip() for start, end in spans)
    if " " in word:
        starts = [text[start - 1] for start, _ in spans[1:]]
        assert set(starts) == {" "}, "words stay whole"


def test_a_long_sentence_of_real_news_stays_whole() -> None:
    text = "خبر " * 1_700
    assert split_sentences(text) == [(0, len(text) - 1)]
