"""A reading scores what its systems said, beside one another, with intervals over stories."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from model.errors import RecordError
from model.records import LabelledSentence, Stance
from train.score.browse.collect import MAX_EXAMPLES
from train.score.labels import score_stances
from train.score.outputs import SystemOutput
from train.score.reading import build_reading
from train.score.scorecard import (
    MEASURES,
    DatasetFacts,
    Scorecard,
    SplitFacts,
    count_split,
)
from train.score.spans import score_spans

MakeSentence = Callable[..., LabelledSentence]
Answer = Callable[[LabelledSentence], SystemOutput]
LABELS = ("against", "favor", "none")


def _silent(sentence: LabelledSentence) -> SystemOutput:
    return SystemOutput(stances=("none",) * len(sentence.stances), loaded_terms=())


@pytest.fixture
def gold(make_sentence: MakeSentence) -> list[LabelledSentence]:
    return [
        make_sentence(
            f"اقتحمت مليشيا قسد البلدة {i}",
            story=f"story {i // 3}",
            stances=[("sdf", LABELS[i % 3], "قسد", "neutral")],
            terms=[("مليشيا", "label", i % 2 == 0)],
        )
        for i in range(30)
    ]


def test_a_perfect_system_beside_a_silent_one(
    gold: list[LabelledSentence], perfect: Answer
) -> None:
    reading = build_reading(
        "test", gold, {"ours": [perfect(s) for s in gold], "silent": [_silent(s) for s in gold]}
    )
    ours, silent = reading.systems
    assert (reading.num_sentences, reading.num_stories) == (30, 10)
    assert [system.name for system in reading.systems] == ["ours", "silent"]
    for measure in MEASURES:
        assert ours.value(measure) == 1.0
        assert (ours.intervals[measure].low, ours.intervals[measure].high) == (1.0, 1.0)
    assert silent.value("macro_f1") == pytest.approx(0.5 / 3)
    assert silent.value("span_f1_overlap") == 0
    assert ours.spans.span_f1_exact.micro.support == 30
    assert ours.spans_without_weak.span_f1_exact.micro.support == 15
    assert ours.spans_without_weak.span_f1_exact.micro.f1 == 1.0
    assert [(each.measure, each.other, each.verdict) for each in reading.differences] == [
        (measure, "silent", "ahead") for measure in MEASURES
    ]
    assert reading.differences[0].value == pytest.approx(1 - 0.5 / 3)
    assert not any(reading.errors.kinds.values())
    assert reading.errors.examples == ()


def test_the_order_decides_who_is_compared(gold: list[LabelledSentence], perfect: Answer) -> None:
    outputs = {"silent": [_silent(s) for s in gold], "ours": [perfect(s) for s in gold]}
    reading = build_reading("test", gold, outputs)
    assert {each.verdict for each in reading.differences} == {"behind"}
    assert {each.system for each in reading.differences} == {"silent"}


def test_stances_are_scored_as_one_list_over_all_sentences(gold: list[LabelledSentence]) -> None:
    """Several stances in a sentence keep their order, and the interval holds the point."""
    double = [replace(s, stances=s.stances * 2) for s in gold]
    outputs = [
        SystemOutput(stances=(str(s.stances[0].label), LABELS[i % 2]), loaded_terms=())
        for i, s in enumerate(double)
    ]
    system = build_reading("test", double, {"x": outputs}).systems[0]
    labels = [str(stance.label) for s in double for stance in s.stances]
    assert system.stances == score_stances(labels, [one for o in outputs for one in o.stances])
    for measure in MEASURES:
        interval = system.intervals[measure]
        assert interval.low <= system.value(measure) <= interval.high


def test_presence_is_ranked_where_every_sentence_has_a_score(
    gold: list[LabelledSentence], perfect: Answer
) -> None:
    """Of 15 plain sentences, one scores above ten of the 15 that hold a term."""
    mixed = [replace(s, loaded_terms=()) if i % 2 else s for i, s in enumerate(gold)]
    scored = [
        replace(perfect(s), presence=0.05 * (i // 2) + (0 if i % 2 else 1))
        for i, s in enumerate(mixed)
    ]
    scored[1] = replace(scored[1], presence=1.475)
    unscored = [*scored[:-1], replace(scored[-1], presence=None)]
    reading = build_reading(
        "test", mixed, {"scored": scored, "unscored": unscored}, num_resamples=200
    )
    ours, other = (system.presence for system in reading.systems)
    assert ours.roc_auc == pytest.approx(1 - 10 / 15**2)
    assert ours.roc_auc_interval is not None
    assert ours.roc_auc_interval.num_stories == 10
    assert ours.held.f1 == other.held.f1 == 1
    assert (other.roc_auc, other.roc_auc_interval) == (None, None)


def test_too_few_stories_give_no_verdict(gold: list[LabelledSentence], perfect: Answer) -> None:
    few = gold[:15]
    reading = build_reading(
        "test", few, {"ours": [perfect(s) for s in few], "silent": [_silent(s) for s in few]}
    )
    assert reading.num_stories == 5
    assert {each.verdict for each in reading.differences} == {"no evidence of a difference"}


def test_errors_are_counted_by_kind_and_a_few_are_kept(
    gold: list[LabelledSentence], perfect: Answer
) -> None:
    """Of the first system alone."""
    outputs = {"silent": [_silent(s) for s in gold], "ours": [perfect(s) for s in gold]}
    reading = build_reading("test", gold, outputs)
    errors = reading.errors
    assert {kind: n for kind, n in errors.kinds.items() if n} == {
        "missed": 30,
        "against → none": 10,
        "favor → none": 10,
    }
    assert len(errors.examples) == MAX_EXAMPLES
    first = errors.examples[0]
    assert (first.text, first.gold, first.predicted) == (gold[0].text, "label: مليشيا", None)
    assert errors.num_suspects is None
    assert reading.browse is not None
    assert len(reading.browse.errors) == 50


def test_sentences_without_stances_or_terms_can_be_scored(make_sentence: MakeSentence) -> None:
    plain = [make_sentence("وصل الوفد", story=str(i)) for i in range(3)]
    system = build_reading("test", plain, {"silent": [_silent(s) for s in plain]}).systems[0]
    assert system.stances.support == 0
    assert system.value("macro_f1") == 0


def test_what_cannot_be_scored_is_refused(gold: list[LabelledSentence], perfect: Answer) -> None:
    outputs = [perfect(s) for s in gold]
    with pytest.raises(RecordError, match="29 outputs for 30 sentences"):
        build_reading("test", gold, {"ours": outputs[:-1]})
    wrong = SystemOutput(stances=("none", "none"), loaded_terms=())
    with pytest.raises(RecordError, match="ours, sentence a:0: 2 stance labels for 1 stance"):
        build_reading("test", gold, {"ours": [wrong, *outputs[1:]]})
    with pytest.raises(RecordError, match="no sentence or no system"):
        build_reading("test", [], {"ours": []})
    with pytest.raises(RecordError, match="no sentence or no system"):
        build_reading("test", gold, {})
    stance = Stance("sdf", "newsroom", None, (), None)
    with pytest.raises(RecordError, match="a gold stance has no label"):
        build_reading("test", [replace(gold[0], stances=(stance,))], {"ours": outputs[:1]})


def test_split_facts_count(gold: list[LabelledSentence]) -> None:
    assert count_split("test", gold) == SplitFacts("test", 30, 10, 30, 30)


def test_a_scorecard_is_plain_json(gold: list[LabelledSentence], perfect: Answer) -> None:
    reading = build_reading("test", gold, {"ours": [perfect(s) for s in gold]})
    card = Scorecard(DatasetFacts("d1", (count_split("test", gold),)), {"ours": "c1"}, (reading,))
    plain = card.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["schema_version"] == 3
    assert plain["dataset"]["splits"][0]["num_stories"] == 10
    system = plain["readings"][0]["systems"][0]
    assert system["spans"]["span_f1_exact"]["per_category"]["label"]["support"] == 30
    assert system["intervals"]["macro_f1"]["level"] == 0.95
    assert "browse" not in plain["readings"][0], "the page alone carries every error"
    assert plain["readings"][0]["errors"]["kinds"]["missed"] == 0


def test_a_scorecard_may_hold_tasks_and_no_reading(gold: list[LabelledSentence]) -> None:
    """As after a run on sets of other hands alone."""
    tasks = {
        "subjectivity": score_stances(["objective"], ["objective"], ["objective", "subjective"]),
        "claims": score_spans([{(0, 4, "claim")}], [{(0, 3, "claim")}], ["claim"]),
    }
    facts = DatasetFacts("d1", (count_split("test", gold),))
    plain = Scorecard(facts, {"ours": "c1"}, (), tasks=tasks).to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["readings"] == []
    assert list(plain["tasks"]) == ["subjectivity", "claims"]
    assert plain["tasks"]["subjectivity"]["per_label"]["objective"]["support"] == 1
    assert plain["tasks"]["claims"]["span_f1_exact"]["micro"]["f1"] == 0
    assert plain["tasks"]["claims"]["span_f1_overlap"]["micro"]["f1"] == 1
    assert Scorecard(facts, {}, ()).to_dict()["tasks"] == {}
