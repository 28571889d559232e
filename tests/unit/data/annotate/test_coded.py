"""Codings back to the units they were drawn as: whose label counts, and for which stance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from model.records import LabelledSentence, Prediction, Stance
from tests.audit_predictions import make_predictions
from train.data.annotate.coded import ALL, collect, to_code
from train.data.annotate.draw import Digest, Plan, draw_sample, make_plan

WHERE = Path("archive")


def draw_all(predictions: list[Prediction]) -> tuple[Plan, list[LabelledSentence]]:
    digest = Digest()
    drawn = draw_sample(digest.follow(predictions), 10, subject="stance", least=2)
    plan = make_plan(
        drawn, lambda task: True, subject="stance", by=("label",), seed=0, least=2, shown=False,
        digest=digest, checkpoint_hash=None,
    )  # fmt: skip
    return plan, to_code(drawn, "stance", shown=False)


def relabel(sentence: LabelledSentence, **labels: str) -> LabelledSentence:
    stances = [replace(one, label=labels[one.target]) for one in sentence.stances]
    return replace(sentence, stances=tuple(stances))


def shares(coded: LabelledSentence, predictions: list[Prediction], trait: str) -> dict[str, str]:
    """Value of the trait → the label that was coded there."""
    plan, _ = draw_all(predictions)
    found = collect(predictions, plan, [coded], {}, WHERE)
    return {
        value: ("favor", "against", "none", "absent")[int(gold.argmax())]
        for (name, value), strata in found.cells.items()
        if name == trait
        for cell in strata.values()
        for gold in cell.gold
    }


@pytest.fixture
def shared_words() -> list[Prediction]:
    """One sentence in which the same words name both targets."""
    (one,), *_ = make_predictions(1)
    mentions = one.stances[0].mentions
    return [replace(one, stances=tuple(replace(s, mentions=mentions) for s in one.stances))]


def test_each_target_gets_its_own_label(shared_words: list[Prediction]) -> None:
    _, (sentence,) = draw_all(shared_words)
    for sdf, turkey in (("favor", "against"), ("against", "favor")):
        coded = relabel(sentence, sdf=sdf, turkey=turkey)
        assert shares(coded, shared_words, "target") == {"sdf": sdf, "turkey": turkey}


def test_a_moved_voice_changes_no_unit() -> None:
    predictions, *_ = make_predictions(1)
    _, (sentence,) = draw_all(predictions)
    coded = relabel(sentence, sdf="favor", turkey="none")
    moved = [replace(one, holder="source", speaker="ناطق") for one in coded.stances]
    given = shares(replace(coded, stances=tuple(moved)), predictions, "target")
    assert given == {"sdf": "favor", "turkey": "none"}
    # Where a coder gives the words to both, the holder that was asked for counts.
    both: list[Stance] = []
    for one, other in zip(coded.stances, moved, strict=True):
        both += [replace(other, label="against"), one]
    given = shares(replace(coded, stances=tuple(both)), predictions, "target")
    assert given == {"sdf": "favor", "turkey": "none"}


def test_sizes_are_those_of_the_archive() -> None:
    predictions, *_ = make_predictions(40)
    plan, coded = draw_all(predictions)
    answers = [relabel(one, sdf="none", turkey="none") for one in coded]
    found = collect(predictions, plan, answers, {}, WHERE)
    assert (found.num_drawn, found.num_coded) == (10, 10)
    for trait in ("outlet", "target", "holder"):
        cells = [c for (name, _), s in found.cells.items() if name == trait for c in s.values()]
        assert sum(cell.size for cell in cells) == 80
        assert sum(len(cell.gold) for cell in cells) == 10
    whole = found.cells[ALL]
    assert [whole[n].size for n in sorted(whole)] == [one.size for one in plan.strata]
    assert sum(cell.hard.sum() for cell in whole.values()) == 80
    assert sum(cell.soft.sum() for cell in whole.values()) == pytest.approx(80)


def test_two_articles_under_one_id() -> None:
    """Only one of them can be a task; the other stays uncoded instead of taking its coding."""
    first, *_ = make_predictions(1)
    predictions = [*first, replace(first[0], text=first[0].text + "!")]
    plan, sentences = draw_all(predictions)
    shown = {item.row for item in plan.items if item.exported}
    assert (len(plan.items), len(shown)) == (4, 1)
    (one,) = [s for s in sentences if s.text == predictions[min(shown)].text]
    coded = [relabel(one, sdf="none", turkey="none")]
    assert collect(predictions, plan, coded, {}, WHERE).num_coded == 2
