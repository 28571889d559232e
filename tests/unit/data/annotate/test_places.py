from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.data.annotate.marks import Mark
from train.data.annotate.places import Unit, align, place_marks, utf16_offsets

CHARS = st.text(alphabet="اب \r\n😀\u064e", max_size=30)


def mark(start: int | None, end: int | None, quote: str | None) -> Mark:
    return Mark("term", start, end, quote, {})


@given(CHARS)
def test_line_ends_align(text: str) -> None:
    assert align(text, text) == list(range(len(text) + 1))
    assert align(text, text.replace("\r", " ")) == list(range(len(text) + 1))
    shorter = text.replace("\r\n", "\n")
    places = align(text, shorter)
    assert places is not None
    for place, char in enumerate(shorter):
        assert text[places[place]] == char or text[places[place]] == "\r"
    assert align(text, text + "x") is None


@pytest.mark.parametrize("unit", ["code points", "UTF-16"])
@given(text=CHARS, edges=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_either_unit_returns(unit: Unit, text: str, edges: tuple[int, int]) -> None:
    start, end = sorted(min(edge, len(text)) for edge in edges)
    if start == end:
        return
    offsets = utf16_offsets(text) if unit == "UTF-16" else range(len(text) + 1)
    unquoted = mark(offsets[start], offsets[end], None)
    assert place_marks(text, text, [unquoted], unit) == [(start, end)]


@pytest.mark.parametrize(
    ("marked", "place"),
    [
        (mark(0, 3, "قسد"), (0, 3)),
        (mark(2, 5, "قسد"), (0, 3)),  # the only one near
        (mark(30, 33, "قسد"), (31, 34)),
        (mark(17, 20, "قسد"), None),  # both are near: none is taken
        (mark(None, None, "قسد"), None),
        (mark(None, None, "جاء"), (4, 7)),
        (mark(4, 7, "ذهب"), None),
        (mark(-1, 7, None), None),
        (mark(7, 7, None), None),
        (mark(5, 10**30, None), None),
    ],
)
def test_no_place_is_guessed(marked: Mark, place: tuple[int, int] | None) -> None:
    text = "قسد جاء " + "." * 22 + " قسد"
    assert place_marks(text, text, [marked], "code points") == [place]


def test_a_crlf_counted_as_one_among_repeated_words() -> None:
    text = "قسد\r\nقسد قسد قسد"
    marks = [mark(0, 3, "قسد"), mark(8, 11, "قسد"), mark(4, 11, "قسد قسد")]
    assert place_marks(text, text, marks, "code points") == [(0, 3), (9, 12), (5, 12)]
