"""Overlapping marks cut into segments: no letter lost, each covered by just what covers it."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from model.records import LOADED_CATEGORIES, LoadedTerm, Mention, Prediction, Stance, Voice
from model.report.marks import Segment, cut_into_runs

TEXT = "مليشيا قسد الانفصالية"


def _segments(sentence: Prediction) -> list[Segment]:
    return [segment for run in cut_into_runs(sentence) for segment in run.segments]


def test_nested_marks_share_a_segment(marked: Callable[..., Prediction]) -> None:
    sentence = marked(
        '{label:a|مليشيا "{scare_quotes:a|قسد}" الآن} {m:a:-|قسد}', ["a newsroom none 1"]
    )
    segments = _segments(sentence)
    assert [segment.text for segment in segments] == ['مليشيا "', "قسد", '" الآن', " ", "قسد"]
    assert [term.category for term in segments[1].terms] == ["label", "scare_quotes"]
    assert [term.category for term in segments[1].ends_terms] == ["scare_quotes"]
    assert [term.category for term in segments[2].ends_terms] == ["label"]
    assert segments[4].mention is not None
    assert segments[4].ends_mention
    assert segments[4].target == "a"


def test_a_quotation_is_one_run(marked: Callable[..., Prediction]) -> None:
    runs = cut_into_runs(marked("قال: {direct:س|هذه {label|العصابات} ترحل} اليوم"))
    assert [run.voice.kind if run.voice else None for run in runs] == [None, "direct", None]
    assert "".join(segment.text for segment in runs[1].segments) == "هذه العصابات ترحل"


def test_direct_words_inside_reported_ones_are_direct(marked: Callable[..., Prediction]) -> None:
    runs = cut_into_runs(marked("{reported:س|أن الوضع {direct:س|كارثي} جداً}"))
    assert [run.voice and run.voice.kind for run in runs] == ["reported", "direct", "reported"]


def test_a_quotation_inside_which_a_source_reports_stays_direct(
    marked: Callable[..., Prediction],
) -> None:
    runs = cut_into_runs(marked("{direct:س|قالوا {reported:ص|إن المعبر مغلق} أمس}"))
    assert {run.voice and run.voice.kind for run in runs} == {"direct"}


def test_a_mention_ends_once(marked: Callable[..., Prediction]) -> None:
    sentence = marked("{m:a:-|{label:a|الاحتلال} التركي}", ["a newsroom against 1"])
    ends = [(segment.text, segment.ends_mention) for segment in _segments(sentence)]
    assert ends == [("الاحتلال", False), (" التركي", True)]


def _spans() -> st.SearchStrategy[tuple[int, int]]:
    ends = st.integers(0, len(TEXT))
    return st.tuples(ends, ends).filter(lambda pair: pair[0] < pair[1])


@given(
    terms=st.lists(
        st.tuples(_spans(), st.sampled_from(LOADED_CATEGORIES), st.booleans()), max_size=5
    ),
    mentions=st.lists(_spans(), max_size=3),
    voices=st.lists(st.tuples(_spans(), st.sampled_from(["direct", "reported"])), max_size=3),
)
def test_every_letter_keeps_all_its_marks(terms, mentions, voices) -> None:  # type: ignore[no-untyped-def]
    found = tuple(Mention(a, b, TEXT[a:b], TEXT[a:b], "neutral") for a, b in mentions)
    sentence = Prediction(
        article_id="a", index=0, section="body", start=0, end=len(TEXT), text=TEXT,
        voices=tuple(Voice(a, b, kind, None, None) for (a, b), kind in voices),
        outlet="x", published=None, url=None,
        stances=(Stance("t", "newsroom", None, found, "none"),),
        loaded_terms=tuple(
            LoadedTerm(a, b, TEXT[a:b], TEXT[a:b], category, weak, "own", None, None)
            for (a, b), category, weak in terms
        ),
    )  # fmt: skip
    position = 0
    for segment in _segments(sentence):
        assert segment.text
        for here in range(position, position + len(segment.text)):
            covering = {t.category for t in sentence.loaded_terms if t.start <= here < t.end}
            assert {term.category for term in segment.terms} == covering
            assert (segment.mention is not None) == any(m.start <= here < m.end for m in found)
        position += len(segment.text)
    assert "".join(segment.text for segment in _segments(sentence)) == TEXT
