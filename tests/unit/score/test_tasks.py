"""The scores of every task, against cases worked by hand and against plain loops."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from model.errors import RecordError
from model.records import ClassLabel, LabelledSentence, TaskSpan
from model.tasks import DEFAULT_TASKS, LOADED_TERMS, STANCE, Task
from train.score.labels import StanceScores, score_stances
from train.score.outputs import SystemOutput
from train.score.spans import SpanScores, score_spans
from train.score.tasks import (
    labelled_tasks,
    main_figure,
    main_figures,
    score_tasks,
    scores_record,
)

MakeSentence = Callable[..., LabelledSentence]
Answer = Callable[[LabelledSentence], SystemOutput]

TEXT = "قصفت مليشيا قسد البلدة في هجوم سافر"
TOPIC = Task("topic", "classify", ("war", "trade", "sport"))
CLAIMS = Task("claims", "tag", ("claim", "denial"))


def span(words: str, label: str, task: str = "claims") -> TaskSpan:
    start = TEXT.index(words)
    return TaskSpan(task, start, start + len(words), words, label)


@pytest.fixture
def own(make_sentence: MakeSentence) -> LabelledSentence:
    """A sentence of the run's own: one stance and two loaded terms."""
    return make_sentence(
        TEXT,
        stances=[("sdf", "against", "قسد", "neutral")],
        terms=[("مليشيا", "label"), ("سافر", "emotive", True)],
    )


@pytest.fixture
def make_foreign(make_sentence: MakeSentence) -> MakeSentence:
    """`make_foreign(tasks, classes, spans)`: a sentence from a set of other hands."""

    def make(
        tasks: tuple[str, ...],
        classes: tuple[ClassLabel, ...] = (),
        spans: tuple[TaskSpan, ...] = (),
    ) -> LabelledSentence:
        return replace(
            make_sentence(TEXT), dataset="theirs", tasks=tasks, classes=classes, spans=spans
        )

    return make


def test_labels_worked_by_hand(make_foreign: MakeSentence) -> None:
    """gold war war trade, found war trade trade: F1 2/3, 2/3 and, never seen, 0."""
    gold = [
        make_foreign(("topic",), (ClassLabel("topic", None, label),))
        for label in ("war", "war", "trade")
    ]
    outputs = [SystemOutput((), (), (label,)) for label in ("war", "trade", "trade")]
    scores = score_tasks(gold, outputs, [TOPIC])["topic"]
    assert isinstance(scores, StanceScores)
    assert scores.macro_f1 == pytest.approx(4 / 9)
    assert main_figure(scores) == scores.macro_f1
    assert scores.support == 3
    assert [one.support for one in scores.per_label.values()] == [2, 1, 0]
    assert scores.per_label["war"].precision == 1.0
    assert scores.per_label["war"].recall == 0.5


def test_spans_worked_by_hand(make_foreign: MakeSentence) -> None:
    """Three gold spans; one found exactly, one by a part of it, one with another label."""
    gold = [
        make_foreign(("claims",), spans=(span("مليشيا قسد", "claim"), span("سافر", "denial"))),
        make_foreign(("claims",), spans=(span("البلدة", "claim"),)),
    ]
    outputs = [
        SystemOutput((), (), (), (span("مليشيا", "claim"), span("سافر", "denial"))),
        SystemOutput((), (), (), (span("البلدة", "denial"),)),
    ]
    scores = score_tasks(gold, outputs, [CLAIMS])["claims"]
    assert isinstance(scores, SpanScores)
    assert scores.span_f1_exact.micro.f1 == pytest.approx(1 / 3)
    assert scores.span_f1_overlap.micro.f1 == pytest.approx(2 / 3)
    assert main_figure(scores) == scores.span_f1_exact.micro.f1
    assert scores.span_f1_exact.micro.support == 3
    assert scores.span_f1_exact.per_category["claim"].support == 2


def test_nabras_own_tasks_score_as_the_readings_do(own: LabelledSentence, perfect: Answer) -> None:
    wrong = SystemOutput(("favor",), own.loaded_terms[:1])
    scores = score_tasks([own, own], [perfect(own), wrong], DEFAULT_TASKS)
    assert scores["stance"] == score_stances(["against"] * 2, ["against", "favor"])
    keys = [{(term.start, term.end, term.category) for term in own.loaded_terms}] * 2
    assert scores["loaded_terms"] == score_spans(
        keys, [keys[0], {key for key in keys[0] if key[2] == "label"}]
    )


def test_a_sentence_counts_only_for_what_it_is_labelled_for(
    own: LabelledSentence, make_foreign: MakeSentence, perfect: Answer
) -> None:
    """What a system marks elsewhere is no false alarm: nobody looked for it there."""
    foreign = make_foreign(("topic",), (ClassLabel("topic", None, "war"),))
    loud = SystemOutput((), own.loaded_terms, ("war",), (span("البلدة", "claim"),))
    tasks = [*DEFAULT_TASKS, TOPIC, CLAIMS]
    assert labelled_tasks(own) == ("stance", "loaded_terms")
    assert labelled_tasks(foreign) == ("topic",)
    both = score_tasks([own, foreign], [perfect(own), loud], tasks)
    assert both == score_tasks([own], [perfect(own)], DEFAULT_TASKS) | score_tasks(
        [foreign], [loud], [TOPIC]
    )
    assert main_figures(both) == pytest.approx(
        {"stance": 1 / 3, "loaded_terms": 1.0, "topic": 1 / 3, "mean": 5 / 9}
    )


def test_a_labelled_sentence_without_spans_counts_what_is_marked_in_it(
    make_foreign: MakeSentence,
) -> None:
    plain = make_foreign(("claims",))
    quiet, loud = SystemOutput((), ()), SystemOutput((), (), (), (span("البلدة", "claim"),))
    for output, num_predicted in ((quiet, 0), (loud, 1)):
        scores = score_tasks([plain], [output], [CLAIMS])["claims"]
        assert isinstance(scores, SpanScores)
        assert scores.span_f1_exact.micro.support == 0
        assert scores.span_f1_exact.micro.num_predicted == num_predicted


def test_a_task_without_a_sentence_is_left_out(own: LabelledSentence, perfect: Answer) -> None:
    tasks = [TOPIC, *DEFAULT_TASKS, CLAIMS]
    assert list(score_tasks([own], [perfect(own)], tasks)) == ["stance", "loaded_terms"]
    assert score_tasks([], [], tasks) == {}
    assert main_figures({}) == {}
    named_nobody = replace(own, stances=())
    assert list(score_tasks([named_nobody], [SystemOutput((), ())], tasks)) == ["loaded_terms"]


def test_sets_of_other_hands_add_to_nabras_own_tasks(
    own: LabelledSentence, make_foreign: MakeSentence, perfect: Answer
) -> None:
    classes = (ClassLabel("stance", "التطبيع", "favor"), ClassLabel("stance", "اللقاح", "none"))
    stances = make_foreign(("stance",), classes)
    spans = make_foreign(("loaded_terms",), spans=(span("سافر", "emotive", "loaded_terms"),))
    outputs = [
        perfect(own),
        SystemOutput((), (), ("favor", "against")),
        SystemOutput((), (), (), spans.spans),
    ]
    scores = score_tasks([own, stances, spans], outputs, DEFAULT_TASKS)
    gold, found = ["favor", "none", "against"], ["favor", "against", "against"]
    assert scores["stance"] == score_stances(gold, found)
    assert isinstance(scores["loaded_terms"], SpanScores)
    assert scores["loaded_terms"].span_f1_exact.micro.support == 3
    assert scores["loaded_terms"].span_f1_exact.micro.f1 == 1.0


def test_another_task_of_the_same_name_does_not_take_nabras_labels(
    own: LabelledSentence, perfect: Answer
) -> None:
    theirs = Task("stance", "classify", ("agree", "disagree"), pair=True)
    assert score_tasks([own], [perfect(own)], [theirs]) == {}
    marks = Task("loaded_terms", "tag", ("label",))
    scores = score_tasks([own], [perfect(own)], [marks])["loaded_terms"]
    assert isinstance(scores, SpanScores)
    assert scores.span_f1_exact.micro.support == 0


def test_tasks_with_the_same_labels_keep_their_spans_apart(make_foreign: MakeSentence) -> None:
    twin = Task("quotes", "tag", CLAIMS.labels)
    spans = (span("قسد", "claim"), span("سافر", "claim", "quotes"))
    gold = [make_foreign(("claims", "quotes"), spans=spans)]
    scores = score_tasks(gold, [SystemOutput((), (), (), spans[:1])], [CLAIMS, twin])
    assert [main_figure(scores[name]) for name in ("claims", "quotes")] == [1.0, 0.0]


def test_a_span_whose_label_the_task_does_not_name_is_not_of_it(
    make_foreign: MakeSentence,
) -> None:
    narrow = Task("claims", "tag", ("claim",))
    spans = (span("قسد", "claim"), span("سافر", "denial"))
    gold = [make_foreign(("claims",), spans=spans)]
    for found in (spans, spans[:1]):
        scores = score_tasks(gold, [SystemOutput((), (), (), found)], [narrow])["claims"]
        assert isinstance(scores, SpanScores)
        assert (scores.span_f1_exact.micro.f1, scores.span_f1_exact.micro.support) == (1.0, 1)


def test_a_silver_label_counts_as_any_other(
    own: LabelledSentence, make_foreign: MakeSentence, perfect: Answer
) -> None:
    """Who wants gold alone gives gold alone, as the splits do."""
    by_rule = {"origin": "silver", "rules": ("a rule",), "confidence": 0.6}
    silver = replace(
        own,
        stances=tuple(replace(stance, **by_rule) for stance in own.stances),
        loaded_terms=tuple(replace(term, **by_rule) for term in own.loaded_terms),
    )
    output = perfect(own)
    assert score_tasks([silver], [output], DEFAULT_TASKS) == score_tasks(
        [own], [output], DEFAULT_TASKS
    )
    sure, unsure = (
        make_foreign(("topic",), (ClassLabel("topic", None, "war", confidence),))
        for confidence in (1.0, 0.2)
    )
    answer = SystemOutput((), (), ("war",))
    assert score_tasks([sure], [answer], [TOPIC]) == score_tasks([unsure], [answer], [TOPIC])


def test_an_answer_that_does_not_fit_is_refused(own: LabelledSentence, perfect: Answer) -> None:
    with pytest.raises(ValueError, match="zip"):
        score_tasks([own, own], [perfect(own)], DEFAULT_TASKS)
    with pytest.raises(ValueError, match="zip"):
        score_tasks([own], [SystemOutput((), own.loaded_terms)], [STANCE])
    with pytest.raises(RecordError, match="unknown label maybe"):
        score_tasks([own], [SystemOutput(("maybe",), ())], [STANCE])


def test_against_plain_loops(own: LabelledSentence, make_foreign: MakeSentence) -> None:
    """A hundred sentences of four kinds, answered by chance."""
    chance = random.Random(4)
    words = TEXT.split()
    gold: list[LabelledSentence] = []
    outputs: list[SystemOutput] = []

    def draw_spans() -> tuple[TaskSpan, ...]:
        chosen = chance.sample(words, chance.randrange(4))
        return tuple(span(word, chance.choice(CLAIMS.labels)) for word in chosen)

    for _ in range(100):
        kind = chance.choice(["own", "topic", "claims", "both"])
        if kind == "own":
            gold.append(own)
            terms = tuple(term for term in own.loaded_terms if chance.random() < 0.5)
            outputs.append(SystemOutput((chance.choice(STANCE.labels),), terms))
            continue
        tasks = ("topic", "claims") if kind == "both" else (kind,)
        labels = [chance.choice(TOPIC.labels) for _ in range(2)] if "topic" in tasks else []
        classes = tuple(ClassLabel("topic", None, label) for label in labels)
        gold.append(make_foreign(tasks, classes, draw_spans() if "claims" in tasks else ()))
        answers = tuple(chance.choice(TOPIC.labels) for _ in classes)
        outputs.append(SystemOutput((), (), answers, draw_spans()))

    scores = score_tasks(gold, outputs, [*DEFAULT_TASKS, TOPIC, CLAIMS])
    stance, topic = scores["stance"], scores["topic"]
    terms_, claims = scores["loaded_terms"], scores["claims"]
    assert isinstance(stance, StanceScores)
    assert isinstance(topic, StanceScores)
    assert isinstance(terms_, SpanScores)
    assert isinstance(claims, SpanScores)

    num_own = sum(sentence.dataset is None for sentence in gold)
    num_right = sum("against" in output.stances for output in outputs)
    assert stance.support == num_own
    assert stance.per_label["against"].recall == num_right / num_own
    found = sum(len(output.loaded_terms) for output in outputs)
    assert terms_.span_f1_exact.micro.recall == found / (2 * num_own)
    assert terms_.span_f1_exact.micro.precision == 1.0

    for label in TOPIC.labels:
        hits = num_gold = num_found = 0
        for sentence, output in zip(gold, outputs, strict=True):
            for given, answer in zip(sentence.classes, output.classes, strict=True):
                hits += given.label == answer == label
                num_gold += given.label == label
                num_found += answer == label
        one = topic.per_label[label]
        assert (one.support, one.num_predicted) == (num_gold, num_found)
        assert one.f1 == pytest.approx(2 * hits / (num_gold + num_found))
    hits = num_gold = num_found = 0
    for sentence, output in zip(gold, outputs, strict=True):
        if "claims" in (sentence.tasks or ()):
            hits += len(set(sentence.spans) & set(output.spans))
            num_gold += len(sentence.spans)
            num_found += len(output.spans)
    assert claims.span_f1_exact.micro.f1 == pytest.approx(2 * hits / (num_gold + num_found))
    assert claims.span_f1_exact.micro.support == num_gold


def test_the_record_is_plain_and_names_its_figures(
    own: LabelledSentence, make_foreign: MakeSentence, perfect: Answer
) -> None:
    claims = make_foreign(("claims",), spans=(span("سافر", "claim"), span("البلدة", "claim")))
    found = SystemOutput((), (), (), (span("سافر", "claim"),))
    record = scores_record(
        score_tasks([own, claims], [perfect(own), found], [STANCE, LOADED_TERMS, CLAIMS])
    )
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert list(record) == ["stance", "loaded_terms", "claims"]
    assert record["stance"]["kind"] == "classify"
    assert record["stance"]["measure"] == "macro_f1"
    assert record["stance"]["value"] == 0.3333
    assert record["stance"]["support"] == 1
    assert list(record["stance"]["labels"]) == list(STANCE.labels)
    assert record["claims"] == {
        "kind": "tag",
        "measure": "span_f1_exact",
        "value": 0.6667,
        "support": 2,
        "labels": {
            "claim": {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2},
            "denial": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        },
    }
    assert scores_record({}) == {}
