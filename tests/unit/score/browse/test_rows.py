"""What the script of the page is given says what the records say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from model.records import STANCE_LABELS, LabelledSentence, LoadedTerm
from train.score.browse import rows as encoding
from train.score.browse.collect import Browse
from train.score.browse.errors import ERROR_KINDS, StanceError, TermError
from train.score.browse.label_errors import SuspectedLabels
from train.score.browse.page import embed, make_visible, script_policy
from train.score.browse.rows import count_units, encode_rows
from train.score.outputs import SystemOutput
from train.score.slices import Facets

MakeSentence = Callable[..., LabelledSentence]
MakeTerm = Callable[..., LoadedTerm]
TEXT = "🔥 اقتحمت مليشيا قسد 🔥 البلدة في هجوم سافر"


@pytest.fixture
def browse(make_sentence: MakeSentence, make_term: MakeTerm) -> Browse:
    """Two sentences; a stance and two spans wrong in the first, nothing in the second."""
    wrong = make_sentence(
        TEXT,
        story="one",
        stances=[("sdf", "against", "قسد", "neutral")],
        terms=[("سافر", "emotive", True), ("مليشيا", "label")],
    )
    right = make_sentence("وصل الوفد", story="two")
    found = (
        replace(make_term(TEXT, "هجوم سافر", "emotive"), confidence=0.75),
        make_term(TEXT, "البلدة", "praise"),
    )
    output = SystemOutput(
        ("none",), found, scores=({"against": 0.25, "none": 0.7004, "favor": 0.05},)
    )
    facets = Facets(
        stances={"target": lambda _, s: s.target, "outlet": lambda s, _: s.outlet},
        terms={
            "category": lambda _, t: t.category,
            "outlet": lambda s, _: s.outlet,
            "nothing": lambda s, t: None,
        },
        side_of=lambda _: None,
    )
    made = Browse.of([right, wrong], [SystemOutput((), ()), output], facets)
    return replace(made, suspected=SuspectedLabels(((1, 0),), 1))


def test_spans_are_cut_as_a_script_cuts_them(browse: Browse) -> None:
    encoded = encode_rows(browse)
    units = TEXT.encode("utf-16-le")

    def cut(start: int, end: int) -> str:
        return units[2 * start : 2 * end].decode("utf-16-le")

    flat = encoded["sentences"]["gold"][0]
    assert [(cut(*flat[i : i + 2]), encoded["categories"][flat[i + 2]]) for i in (0, 4)] == [
        ("مليشيا", "label"),
        ("سافر", "emotive"),
    ]
    assert (flat[3], flat[7]) == (0, 1), "the second is weak"
    flat = encoded["sentences"]["found"][0]
    assert [(cut(*flat[i : i + 2]), flat[i + 3]) for i in (0, 4)] == [
        ("البلدة", -1),
        ("هجوم سافر", 750),
    ]
    stance = next(about for about in encoded["rows"]["about"] if len(about) == 5)
    assert cut(*stance[3]) == "قسد"


def test_each_row_says_what_its_error_says(browse: Browse) -> None:
    encoded = encode_rows(browse)
    rows, sentences = encoded["rows"], encoded["sentences"]
    assert sentences["text"] == [TEXT], "only sentences with errors are carried"
    assert (sentences["place"], sentences["stories"]) == (["a:0"], ["one"])
    assert [ERROR_KINDS[kind] for kind in rows["kind"]] == [e.kind for e in browse.errors]
    assert rows["confidence"] == [750, 700, -1, -1]
    assert rows["sentence"] == [0] * 4
    for error, about in zip(browse.errors, rows["about"], strict=True):
        if isinstance(error, StanceError):
            assert encoded["targets"][about[0]] == "sdf"
            assert about[1:3] == ["newsroom", None]
            scores = dict(zip(STANCE_LABELS, about[4], strict=True))
            assert scores == {"against": 250, "none": 700, "favor": 50}
        else:
            flats = sentences["gold"][0], sentences["found"][0]
            for side, number, flat in zip((error.gold, error.predicted), about, flats, strict=True):
                category = None if number < 0 else encoded["categories"][flat[4 * number + 2]]
                assert category == (side.category if side else None)


def test_facets_give_stances_and_terms_their_values(browse: Browse) -> None:
    encoded = encode_rows(browse)
    facets = {facet["name"]: facet for facet in encoded["facets"]}
    assert list(facets) == ["target", "outlet", "category"], "one without a value is left out"

    def values(name: str) -> list[str | None]:
        facet = facets[name]
        return [None if number < 0 else facet["values"][number] for number in facet["rows"]]

    assert values("outlet") == ["outlet"] * 4
    expected = [
        ("sdf", None) if isinstance(error, StanceError) else (None, error.term.category)
        for error in browse.errors
    ]
    assert list(zip(values("target"), values("category"), strict=True)) == expected


def test_suspects_are_rows(browse: Browse) -> None:
    (row,) = encode_rows(browse)["suspects"]
    assert isinstance(browse.errors[row], StanceError)
    assert browse.summary().num_suspects == 1
    assert [example.gold for example in browse.summary().suspects] == ["against"]


def test_of_each_kind_the_surest_are_kept(browse: Browse) -> None:
    (boundary,) = (e for e in browse.errors if isinstance(e, TermError) and e.kind == "boundary")
    many = replace(browse, errors=(boundary, *browse.errors), suspected=SuspectedLabels((), 1))
    assert len(encode_rows(many)["rows"]["kind"]) == 5
    capped = encode_rows(many, max_of_kind=1)
    assert len(capped["rows"]["kind"]) == 4
    assert encode_rows(browse, max_of_kind=0)["rows"]["kind"] == []
    assert encode_rows(browse, max_of_kind=0)["suspects"] == []
    assert encoding.MAX_OF_KIND * len(ERROR_KINDS) >= 100_000


def test_offsets_count_utf_16_units() -> None:
    text = "a🔥b🔥"
    at = count_units(text)
    assert [at(offset) for offset in range(5)] == [0, 1, 3, 4, 6]


HOSTILE = "</script><!--<script>\u2028\u2029&\ud800\u202e\"'\\</SCRIPT"


def test_embedded_data_ends_no_element_and_comes_back_whole() -> None:
    payload: Any = {HOSTILE: [HOSTILE, 1, None]}
    text = str(embed(payload))
    assert not set(text) & set("<>&\u2028\u2029\ud800")
    assert json.loads(text) == payload
    text.encode("utf-8")


def test_what_reorders_a_line_is_spelled_out() -> None:
    assert make_visible("قسد\u202eabc\u2069\ud800\x00") == "قسد[U+202E]abc[U+2069][U+D800][U+0000]"
    assert make_visible("لا\u200cشيء\n") == "لا\u200cشيء\n", "what words are made of stays"
    markup = embed({"a": 1})
    assert make_visible(markup) is markup


def test_the_policy_lets_one_script_run_or_none() -> None:
    assert "script-src 'none'" in script_policy(None)
    policy = script_policy("alert(1)")
    # openssl: printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    assert "script-src 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='" in policy
    assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "")
