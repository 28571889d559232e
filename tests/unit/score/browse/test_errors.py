"""Each error has one kind, by one rule, and none is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.records import LOADED_CATEGORIES, LabelledSentence, LoadedTerm
from tests.sentences import labelled
from train.score.browse.errors import (
    ERROR_KINDS,
    StanceError,
    TermError,
    count_kinds,
    find_errors,
    make_example,
)
from train.score.outputs import SystemOutput

MakeSentence = Callable[..., LabelledSentence]
TEXT = "اقتحمت مليشيا قسد البلدة في هجوم سافر"


def term(start: int, end: int, category: str, confidence: float | None = None) -> LoadedTerm:
    text = "x" * (end - start)
    return LoadedTerm(start, end, text, text, category, False, "own", None, None, confidence)


def sentence_with(make: MakeSentence, *terms: LoadedTerm) -> LabelledSentence:
    plain = make(TEXT)
    return LabelledSentence.from_dict(
        {**plain.to_dict(), "loaded_terms": [one.to_dict() for one in terms]}
    )


def find(
    make: MakeSentence, gold: list[LoadedTerm], predicted: list[LoadedTerm]
) -> list[tuple[str, tuple[int, int] | None, tuple[int, int] | None]]:
    """Kind, gold and predicted borders of each error."""
    output = SystemOutput(stances=(), loaded_terms=tuple(predicted))
    errors = find_errors([sentence_with(make, *gold)], [output])
    found = []
    for error in errors:
        assert isinstance(error, TermError)
        sides = (error.gold, error.predicted)
        found.append((error.kind, *((s.start, s.end) if s else None for s in sides)))
    return found


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ([(0, 4, "label")], [(0, 4, "label")], []),
        ([(0, 4, "label")], [], [("missed", (0, 4), None)]),
        ([], [(0, 4, "label")], [("spurious", None, (0, 4))]),
        ([(0, 4, "label")], [(0, 4, "doubt")], [("category", (0, 4), (0, 4))]),
        ([(0, 4, "label")], [(0, 6, "label")], [("boundary", (0, 4), (0, 6))]),
        ([(0, 4, "label")], [(2, 6, "doubt")], [("category", (0, 4), (2, 6))]),
        # Touching is not sharing.
        (
            [(0, 4, "label")],
            [(4, 6, "label")],
            [("missed", (0, 4), None), ("spurious", None, (4, 6))],
        ),
        # The exact pair is taken before a longer overlap can use its spans up.
        (
            [(0, 4, "label")],
            [(0, 9, "label"), (0, 4, "label")],
            [("spurious", None, (0, 9))],
        ),
        # The same borders outweigh the same category.
        (
            [(0, 4, "label")],
            [(0, 4, "doubt"), (0, 5, "label")],
            [("category", (0, 4), (0, 4)), ("spurious", None, (0, 5))],
        ),
        # One prediction over two gold spans: the longer share is its pair, the other is missed.
        (
            [(0, 2, "label"), (3, 9, "label")],
            [(0, 9, "label")],
            [("boundary", (3, 9), (0, 9)), ("missed", (0, 2), None)],
        ),
        # The same category outweighs a larger share of another.
        (
            [(0, 3, "label"), (0, 8, "doubt")],
            [(1, 9, "label")],
            [("boundary", (0, 3), (1, 9)), ("missed", (0, 8), None)],
        ),
        # With equal shares the first one is taken.
        (
            [(0, 2, "label"), (4, 6, "label")],
            [(1, 5, "label")],
            [("boundary", (0, 2), (1, 5)), ("missed", (4, 6), None)],
        ),
    ],
)
def test_the_rule_of_pairing(
    gold: list[tuple[int, int, str]],
    predicted: list[tuple[int, int, str]],
    expected: list[tuple[str, tuple[int, int] | None, tuple[int, int] | None]],
    make_sentence: MakeSentence,
) -> None:
    found = find(make_sentence, [term(*one) for one in gold], [term(*one) for one in predicted])
    assert found == expected


SPANS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 5), st.sampled_from(LOADED_CATEGORIES[:3])).map(
        lambda drawn: term(drawn[0], drawn[0] + drawn[1], drawn[2])
    ),
    max_size=6,
)


@given(SPANS, SPANS)
def test_every_span_is_right_or_in_one_error(
    gold: list[LoadedTerm], predicted: list[LoadedTerm]
) -> None:
    sentence = labelled("x" * 20, loaded_terms=tuple(gold))
    output = SystemOutput((), tuple(predicted))
    errors = find_errors([sentence], [output])
    right = {(t.start, t.end, t.category) for t in gold} & {
        (t.start, t.end, t.category) for t in predicted
    }
    for given_terms, sides in (
        (gold, [e.gold for e in errors if isinstance(e, TermError)]),
        (predicted, [e.predicted for e in errors if isinstance(e, TermError)]),
    ):
        in_errors = [(t.start, t.end, t.category) for t in sides if t]
        assert sorted([*in_errors, *right]) == sorted(
            {(t.start, t.end, t.category) for t in given_terms}
        )
    # The order in which spans are listed changes nothing.
    other = SystemOutput((), tuple(reversed(predicted)))
    assert find_errors([sentence], [other]) == errors


@pytest.fixture
def stances(make_sentence: MakeSentence) -> tuple[list[LabelledSentence], list[SystemOutput]]:
    labels = ("against", "none", "favor")
    gold = [
        make_sentence(TEXT, story=str(i), stances=[("sdf", label, "قسد", "neutral")])
        for i, label in enumerate(labels)
    ]
    outputs = [
        SystemOutput(("none",), (), scores=({"against": 0.3, "none": 0.6, "favor": 0.1},)),
        SystemOutput(("none",), ()),
        SystemOutput(("against",), (term(0, 4, "label", 0.9),)),
    ]
    return gold, outputs


def test_stances_err_from_gold_to_predicted_and_the_surest_come_first(
    stances: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    gold, outputs = stances
    errors = find_errors(gold, outputs)
    assert [(error.kind, error.confidence) for error in errors] == [
        ("spurious", 0.9),
        ("against → none", 0.6),
        ("favor → against", None),
    ]
    assert errors[1] == StanceError(0, 0, "against", "none", 0.6)
    assert count_kinds(errors) == dict.fromkeys(ERROR_KINDS, 0) | {
        "spurious": 1,
        "against → none": 1,
        "favor → against": 1,
    }


def test_probabilities_of_some_stances_alone_are_nobodys(make_sentence: MakeSentence) -> None:
    """They could be those of another stance of the sentence."""
    stance = ("sdf", "against", "قسد", "neutral")
    scores = ({"none": 0.9, "against": 0.1},)
    output = SystemOutput(("none", "none"), (), scores=scores)
    errors = find_errors([make_sentence(TEXT, stances=[stance, stance])], [output])
    assert [error.confidence for error in errors] == [None, None]


def test_a_confidence_of_zero_is_one(
    stances: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    """It stands before the errors of which nothing is known."""
    gold, _ = stances
    outputs = [
        SystemOutput(("favor",), ()),
        SystemOutput(("none",), (term(0, 4, "label", 0.0),)),
    ]
    assert [e.confidence for e in find_errors(gold[:2], outputs)] == [0.0, None]


def test_an_example_says_of_itself_what_it_is(
    stances: tuple[list[LabelledSentence], list[SystemOutput]],
) -> None:
    gold, outputs = stances
    spurious, stance, _ = (make_example(error, gold) for error in find_errors(gold, outputs))
    assert (stance.text, stance.story, stance.gold, stance.predicted) == (
        TEXT,
        "0",
        "against",
        "none",
    )
    assert stance.subject == "sdf, in the words of the newsroom"
    assert (spurious.gold, spurious.predicted, spurious.subject) == (None, "label: xxxx", "")
