"""Judging of cases written by hand: what passes, what fails and why, counts and intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import RecordError
from model.records import LabelledSentence, LoadedTerm
from tests.sentences import labelled, stance_of
from train.score.behaviour.cases import Case, Edit, Expectation, LeftOut, sentences_of
from train.score.behaviour.judge import judge_behaviour
from train.score.behaviour.shift import Shift
from train.score.outputs import SystemOutput


def make_sentence(text: str, name: str, target: str) -> LabelledSentence:
    stances = (stance_of(text, target, name),)
    return labelled(text, article_id=f"{text} {target}", outlet="", story="", stances=stances)


def term(sentence: LabelledSentence, words: str, category: str = "label") -> LoadedTerm:
    start = sentence.text.index(words)
    end = start + len(words)
    return LoadedTerm(start, end, words, words, category, False, "own", None, None)  # type: ignore[arg-type]


BEFORE = make_sentence("انسحبت قسد من المدينة بعد غارة وحشية.", "قسد", "sdf")
AFTER = make_sentence("انسحبت عصابات قسد من المدينة بعد غارة وحشية.", "عصابات قسد", "sdf")
EDIT = Edit(7, 10, "عصابات قسد")
PLAIN = make_sentence("انسحبت قوات سوريا الديمقراطية من المدينة بعد غارة وحشية.",
                      "قوات سوريا الديمقراطية", "sdf")  # fmt: skip
DIRECTION = Case(
    test="loaded",
    kind="direction",
    source="a:1",
    conflict="syria",
    target="sdf",
    before=BEFORE,
    after=AFTER,
    edits=(EDIT,),
    expected=Expectation(stances=((0, ("against",)),), found=((7, 17, ("label",)),)),
)
INVARIANCE = Case(
    test="neutral",
    kind="invariance",
    source="a:1",
    conflict="syria",
    target="sdf",
    before=BEFORE,
    after=PLAIN,
    edits=(Edit(7, 10, "قوات سوريا الديمقراطية"),),
)
LABEL = term(AFTER, "عصابات")
EMOTIVE = term(BEFORE, "وحشية", "emotive"), term(PLAIN, "وحشية", "emotive")


def output(label: str, *terms: LoadedTerm, against: float | None = None) -> SystemOutput:
    scores = ()
    if against is not None:
        rest = (1 - against) / 2
        scores = ({"favor": rest, "against": against, "none": rest},)
    return SystemOutput((label,), terms, scores=scores)


@pytest.mark.parametrize(
    ("before", "after", "stances", "terms"),
    [
        (output("none"), output("against", LABEL), (), ()),
        (output("favor"), output("against", LABEL), (), ()),
        (output("none"), output("none", LABEL), ("sdf: none, not against",), ()),
        (output("none"), output("against"), (), ("no label at عصابات قسد",)),
        (output("against"), output("against", LABEL), ("sdf: against before and after",), ()),
        (output("against", against=0.5), output("against", LABEL, against=0.9), (), ()),
        (output("against", against=0.9), output("against", LABEL, against=0.5),
         ("sdf: against before and after",), ()),
    ],
)  # fmt: skip
def test_direction(
    before: SystemOutput, after: SystemOutput, stances: tuple[str, ...], terms: tuple[str, ...]
) -> None:
    scores = judge_behaviour([DIRECTION], [before, after])
    (rate,) = scores.tests
    if not stances and not terms:
        assert scores.failures == ()
        assert (rate.num_passed, rate.rate) == (1, 1.0)
    else:
        (failure,) = scores.failures
        assert (failure.stances, failure.terms) == (stances, terms)
        assert (rate.num_stance_failures, rate.num_term_failures) == (bool(stances), bool(terms))


def test_what_has_to_be_absent() -> None:
    expected = Expectation(absent=((7, 10, ("label",)),))
    case = Case("bare", "direction", "a:1", "syria", "sdf", AFTER, BEFORE, (), expected)
    name = term(BEFORE, "قسد")
    assert not judge_behaviour([case], [output("against"), output("none", EMOTIVE[0])]).failures
    (failure,) = judge_behaviour([case], [output("against"), output("none", name)]).failures
    assert failure.terms == ("label at قسد",)


def test_invariance_follows_moved_terms() -> None:
    passed = [output("none", EMOTIVE[0]), output("none", EMOTIVE[1])]
    assert judge_behaviour([INVARIANCE], passed).failures == ()
    lost = [output("none", EMOTIVE[0]), output("none")]
    assert judge_behaviour([INVARIANCE], lost).failures[0].terms == ("emotive at وحشية is lost",)
    new = [output("none"), output("none", EMOTIVE[1])]
    assert judge_behaviour([INVARIANCE], new).failures[0].terms == ("emotive at وحشية is new",)
    (failure,) = judge_behaviour([INVARIANCE], [output("none"), output("favor")]).failures
    assert failure.stances == ("sdf (newsroom): none → favor",)


def side(number: int, one: str = "army", other: str = "rsf") -> Case:
    text = "انسحب {} من الحي رقم {}."
    return Case(
        test="sides",
        kind="symmetry",
        source=f"t {number}",
        conflict="sudan",
        target=one,
        before=make_sentence(text.format("الجيش السوداني", number), "الجيش السوداني", one),
        after=make_sentence(text.format("الدعم السريع", number), "الدعم السريع", other),
        other=other,
    )


def test_balance_of_sides_by_label_and_by_probability() -> None:
    cases = [side(number) for number in range(4)]
    labels = ["none", "against", "none", "against", "against", "none", "none", "none"]
    scores = judge_behaviour(cases, [output(label) for label in labels])
    assert len(scores.failures) == 3
    army, rsf = scores.sides
    assert (army.target, rsf.target) == ("army", "rsf")
    assert army.mean_difference == pytest.approx(-0.25)  # (−1 −1 +1 +0) / 4
    assert rsf.mean_difference == pytest.approx(0.25)
    assert (rsf.num_pairs, rsf.num_more_against, rsf.num_less_against) == (4, 2, 1)
    assert rsf.p_value == 1.0
    assert not scores.has_scores

    even = [output("none", against=p) for p in (0.1, 0.3) * 4]
    scores = judge_behaviour(cases, even)
    assert scores.failures == ()
    assert scores.has_scores
    army, rsf = scores.sides
    assert rsf.mean_difference == pytest.approx(0.2)
    assert rsf.p_value == pytest.approx(2 * 0.5**4)


def test_rates_have_wilson_intervals_and_stand_by_kind() -> None:
    cases = [side(number) for number in range(10)]
    outputs = [output("none")] * 20
    outputs[1] = outputs[3] = output("against")
    scores = judge_behaviour([*cases, DIRECTION], [*outputs, output("none"), output("none")])
    by_kind = {rate.kind: rate for rate in scores.kinds}
    assert (by_kind["symmetry"].num_cases, by_kind["symmetry"].num_passed) == (10, 8)
    # Newcombe 1998, method 3, for 8 of 10.
    assert by_kind["symmetry"].low == pytest.approx(0.4902, abs=1e-4)
    assert by_kind["symmetry"].high == pytest.approx(0.9433, abs=1e-4)
    assert [rate.kind for rate in scores.tests] == ["direction", "symmetry"]


def test_what_was_left_out_is_passed_on() -> None:
    left_out = [LeftOut("sides", "no name", 3)]
    scores = judge_behaviour([side(1)], [output("none")] * 2, left_out)
    assert scores.left_out == tuple(left_out)


def test_a_sentence_of_two_cases_is_asked_once() -> None:
    assert sentences_of([DIRECTION, INVARIANCE]) == [BEFORE, AFTER, PLAIN]


def test_outputs_have_to_fit() -> None:
    with pytest.raises(RecordError, match="1 outputs for 2 sentences"):
        judge_behaviour([DIRECTION], [output("none")])
    with pytest.raises(RecordError, match="2 labels for 1 stances"):
        judge_behaviour([DIRECTION], [output("none"), SystemOutput(("none", "none"), ())])


def test_shift_moves_offsets() -> None:
    shift = Shift([Edit(4, 6, "xyz"), Edit(8, 8, "!"), Edit(9, 11, "")])
    text = "abcdefghijklm"
    assert shift.apply(text) == "abcdxyzgh!ilm"
    assert [shift.start(p) for p in (0, 4, 6, 7, 8, 11, 12)] == [0, 4, 7, 8, 9, 11, 12]
    assert [shift.end(p) for p in (4, 6, 8, 9, 11)] == [4, 7, 10, 11, 11]
    with pytest.raises(ValueError, match="crosses"):
        shift.start(5)
    assert shift.slice(5, 10) == (4, 11)


@given(st.data())
def test_shift_agrees_with_cutting_and_pasting(data: st.DataObject) -> None:
    borders = sorted(data.draw(st.sets(st.integers(0, 30), min_size=2, max_size=10)))
    pairs = list(zip(borders[::2], borders[1::2], strict=False))
    edits = [Edit(a, b, data.draw(st.text("xyz", max_size=4))) for a, b in pairs]
    text = "".join(chr(ord("A") + number) for number in range(31))
    free = [p for p in range(32) if not any(e.start < p < e.end for e in edits)]
    start, end = sorted(data.draw(st.lists(st.sampled_from(free), min_size=2, max_size=2)))
    pieces, cursor = [], start
    for edit in edits:
        if start <= edit.start and edit.end <= end:
            pieces += [text[cursor : edit.start], edit.text]
            cursor = edit.end
    pieces.append(text[cursor:end])
    shift = Shift(edits)
    assert shift.apply(text)[shift.start(start) : shift.end(end)] == "".join(pieces)


def test_overlapping_edits_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        Shift([Edit(1, 4, "a"), Edit(3, 5, "b")])
