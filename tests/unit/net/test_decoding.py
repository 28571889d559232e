from __future__ import annotations

import numpy as np

from model.net.decoding import decode_spans
from model.net.encoding import Window
from model.records import LOADED_CATEGORIES

TEXT = 'مليشيا "قسد" الانفصالية هنا'
PIECES = ["مليشيا", '"', "قسد", '"', "الانفصالية", "هنا"]


def window() -> Window:
    spans, cursor = [], 0
    for piece in PIECES:
        start = TEXT.index(piece, cursor)
        cursor = start + len(piece)
        spans.append((start, cursor))
    return Window([0] * 8, [0] * 8, list(range(1, 7)), spans)


def spans(**tags: str) -> list[tuple[str, str]]:
    """(category, text) of what is decoded from a string of O, B, I for some categories."""
    scores = np.zeros((len(PIECES), len(LOADED_CATEGORIES), 3))
    scores[:, :, 0] = 0.6
    for category, letters in tags.items():
        layer = LOADED_CATEGORIES.index(category)  # type: ignore[arg-type]
        for word, letter in enumerate(letters):
            scores[word, layer, "OBI".index(letter)] = 0.9
    found = decode_spans(TEXT, [window()], [scores])
    return [(span.category, TEXT[span.start : span.end]) for span in found]


def test_nothing_where_all_is_outside() -> None:
    assert spans() == []


def test_categories_may_overlap() -> None:
    assert spans(label="BOOOBO", scare_quotes="OBIIOO") == [
        ("label", "مليشيا"),
        ("scare_quotes", '"قسد"'),
        ("label", "الانفصالية"),
    ]


def test_an_inside_behind_an_outside_begins() -> None:
    assert spans(emotive="IIOOOO") == [("emotive", 'مليشيا "قسد'[:6])]


def test_two_begins_are_two_spans() -> None:
    assert spans(emotive="OOOOBB") == [("emotive", "الانفصالية"), ("emotive", "هنا")]


def test_marks_at_the_edge_belong_to_scare_quotes_only() -> None:
    assert spans(label="OBIIOO") == [("label", "قسد")]
    assert spans(label="OBOOOO") == []


def test_confidence_is_the_mean_of_the_tags() -> None:
    scores = np.zeros((len(PIECES), len(LOADED_CATEGORIES), 3))
    scores[:, :, 0] = 0.5
    scores[4, 0, 1], scores[5, 0, 2] = 0.9, 0.7
    (span,) = decode_spans(TEXT, [window()], [scores])
    assert round(span.confidence, 6) == 0.8


def test_a_span_runs_on_over_the_border_of_two_windows() -> None:
    whole = window()
    halves = [
        Window([0] * 4, [0] * 4, [1, 2], whole.word_spans[:2]),
        Window([0] * 6, [0] * 6, [1, 2, 3, 4], whole.word_spans[2:]),
    ]
    scores = np.zeros((len(PIECES), len(LOADED_CATEGORIES), 3))
    layer = LOADED_CATEGORIES.index("scare_quotes")
    scores[:, :, 0] = 0.1
    scores[1, layer, 1] = scores[2, layer, 2] = scores[3, layer, 2] = 0.9
    found = decode_spans(TEXT, halves, [scores[:2], scores[2:]])
    assert [TEXT[span.start : span.end] for span in found] == ['"قسد"']


def test_other_labels_by_their_own_layers() -> None:
    scores = np.zeros((len(PIECES), 2, 3))
    scores[:, :, 0] = 0.1
    scores[0, 1, 1] = 0.9
    (span,) = decode_spans(TEXT, [window()], [scores], ("Doubt", "Slogans"))
    assert (span.category, TEXT[span.start : span.end]) == ("Slogans", "مليشيا")
