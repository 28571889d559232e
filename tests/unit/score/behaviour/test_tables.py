from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from model.records import LabelledSentence
from train.score.behaviour.cases import Case, sentences_of
from train.score.behaviour.judge import judge_behaviour, keep_failures
from train.score.behaviour.tables import behaviour_tables, failure_lines
from train.score.outputs import SystemOutput

MakeSentence = Callable[..., LabelledSentence]


def cases(make_sentence: MakeSentence, count: int) -> list[Case]:
    """The same sentence about two sides, of many stories."""
    found = []
    for n in range(count):
        pair = [
            replace(
                make_sentence(f"دخل {name} البلدة {n}", stances=[(target, None, name, "neutral")]),
                article_id=f"{target} {n}",
            )
            for target, name in (("a", "الفريق"), ("b", "الحزب"))
        ]
        found.append(
            Case("another side", "symmetry", f"s{n}", "war", "a", pair[0], pair[1], other="b")
        )
    return found


def test_rates_sides_and_failures_are_shown(make_sentence: MakeSentence) -> None:
    made = cases(make_sentence, 12)
    outputs = [
        SystemOutput(("against",) if s.stances[0].target == "b" else ("none",), ())
        for s in sentences_of(made)
    ]
    scores = judge_behaviour(made, outputs)
    rates, sides = behaviour_tables(scores)
    assert [row[:3] for row in rates.rows] == [
        ("all of symmetry", "", "12"),
        ("another side", "symmetry", "12"),
    ]
    assert rates.rows[1][3].startswith("0.000 [0.000, ")
    assert [row[:3] for row in sides.rows] == [
        ("war: a", "12", "-1.000"),
        ("war: b", "12", "+1.000"),
    ]
    lines = failure_lines(scores)
    assert len(lines) == 3
    assert (lines[0].before, lines[0].after) == ("دخل الفريق البلدة 0", "دخل الحزب البلدة 0")
    assert lines[0].fault == "b (newsroom): none → against"
    assert len(keep_failures(scores, 5).failures) == 5
    assert keep_failures(scores, 5).tests == scores.tests
