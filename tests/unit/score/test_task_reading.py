"""A reading of any task, against scikit-learn and against the reading of nabra's own two tasks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, f1_score

from model.errors import RecordError
from model.records import ClassLabel, LabelledSentence, TaskSpan
from model.tasks import LOADED_TERMS, STANCE, Task
from train.score.bootstrap import sum_by_story
from train.score.labels import StanceScores
from train.score.outputs import SystemOutput
from train.score.partial import score_partial
from train.score.permutation import holm, permutation_test
from train.score.reading import build_reading
from train.score.scorecard import MEASURES
from train.score.spans import count_spans, match_exact
from train.score.task_reading import MOST_PAIRS, TaskReading, build_task_reading
from train.score.tasks import label_pairs, task_spans

MakeSentence = Callable[..., LabelledSentence]
WORDS = {"against": "مرتزقة", "favor": "الأبطال", "none": "مقاتلو"}
TARGETS = ("sdf", "army", "hts")
THEIRS = Task("view", "classify", STANCE.labels, pair=True)
SPANS = Task("marks", "tag", LOADED_TERMS.labels)


def own_gold(make_sentence: MakeSentence, seed: int, count: int = 60) -> list[LabelledSentence]:
    chance = random.Random(seed)
    sentences = []
    for number in range(count):
        label = chance.choice(list(WORDS))
        target = chance.choice(TARGETS)
        made = make_sentence(
            f"دخل {WORDS[label]} قسد البلدة {number} بعد هجوم سافر",
            story=f"{seed} {number // 4}",
            stances=[(target, label, "قسد", "neutral")],
            terms=[(WORDS[label], "label"), ("سافر", "emotive")][: chance.randrange(3)],
        )
        outlet = chance.choice(["one", "two"])
        sentences.append(replace(made, outlet=outlet, article_id=f"a{number}"))
    return sentences


def as_theirs(sentence: LabelledSentence) -> LabelledSentence:
    """The same labels as those of a set of other hands."""
    return replace(
        sentence,
        dataset="theirs",
        tasks=(THEIRS.name, SPANS.name),
        stances=(),
        loaded_terms=(),
        classes=tuple(ClassLabel(THEIRS.name, s.target, str(s.label)) for s in sentence.stances),
        spans=tuple(
            TaskSpan(SPANS.name, t.start, t.end, t.text, t.category) for t in sentence.loaded_terms
        ),
    )


def answer_as_theirs(output: SystemOutput) -> SystemOutput:
    spans = [TaskSpan(SPANS.name, t.start, t.end, t.text, t.category) for t in output.loaded_terms]
    return SystemOutput((), (), output.stances, tuple(spans))


def noisy(gold: list[LabelledSentence], share: float, seed: int) -> list[SystemOutput]:
    """Right but for a share of the sentences, in which nothing is found and one label is given."""
    chance = random.Random(seed)
    return [
        SystemOutput(("none",), g.loaded_terms[1:])
        if chance.random() < share
        else SystemOutput(tuple(str(s.label) for s in g.stances), g.loaded_terms)
        for g in gold
    ]


@pytest.fixture
def gold(make_sentence: MakeSentence) -> list[LabelledSentence]:
    return own_gold(make_sentence, 1)


SYSTEMS = {"first": 0.3, "second": 0.5, "third": 0.35}


def read(gold: list[LabelledSentence], task: Task) -> TaskReading:
    outputs = {
        name: [answer_as_theirs(output) for output in noisy(gold, share, seed)]
        for seed, (name, share) in enumerate(SYSTEMS.items())
    }
    return build_task_reading("test", "theirs", task, [as_theirs(g) for g in gold], outputs)


@pytest.mark.parametrize("task", [THEIRS, SPANS], ids=["labels", "spans"])
def test_the_same_data_as_nabras_own_gives_the_same_figures(
    gold: list[LabelledSentence], task: Task
) -> None:
    own_outputs = {
        name: noisy(gold, share, seed) for seed, (name, share) in enumerate(SYSTEMS.items())
    }
    own = build_reading("test", gold, own_outputs)
    theirs = read(gold, task)
    shared = [measure for measure in MEASURES if measure in theirs.measures]
    assert len(shared) == (1 if task is THEIRS else 2)
    assert (theirs.num_sentences, theirs.num_stories) == (own.num_sentences, own.num_stories)
    for one, other in zip(own.systems, theirs.systems, strict=True):
        assert one.name == other.name
        assert other.scores == (one.stances if task is THEIRS else one.spans)
        assert other.pairs == (one.targets if task is THEIRS else None)
        assert other.partial == (None if task is THEIRS else one.partial)
        for measure in shared:
            assert one.value(measure) == other.value(measure)
            assert one.intervals[measure] == other.intervals[measure]
    found = {(each.other, each.measure): each for each in theirs.differences}
    for each in own.differences:
        if each.measure in shared:
            there = found[each.other, each.measure]
            assert (each.value, each.interval) == (there.value, there.interval)
            assert each.system == there.system == "first"


def test_p_is_that_of_the_permutation_test_over_this_readings_comparisons(
    gold: list[LabelledSentence],
) -> None:
    reading = read(gold, THEIRS)
    stories = [sentence.story for sentence in gold]
    counts = []
    for seed, share in enumerate(SYSTEMS.values()):
        rows = [
            confusion_matrix(
                [str(s.label) for s in sentence.stances], output.stances, labels=STANCE.labels
            )
            for sentence, output in zip(gold, noisy(gold, share, seed), strict=True)
        ]
        counts.append(sum_by_story(np.array(rows), stories))
    first, *others = counts
    raw = [permutation_test(MEASURES["macro_f1"], first, other).p for other in others]
    assert [each.p for each in reading.differences] == list(holm(raw))
    assert 0 < min(raw) < 0.5


def test_labels_beside_scikit_learn(make_sentence: MakeSentence) -> None:
    """More labels than three, texts with two labels of the task, and those of another task."""
    chance = random.Random(3)
    task = Task("topic", "classify", ("a", "b", "c", "d", "e"), pair=True)
    gold, outputs = [], []
    for number in range(80):
        classes = [
            ClassLabel("topic", f"p{chance.randrange(3)}", chance.choice("abcd"))
            for _ in range(chance.randrange(1, 3))
        ] + [ClassLabel("other", None, "x")]
        sentence = replace(make_sentence("نص", story=str(number // 3)), dataset="d")
        gold.append(replace(sentence, tasks=("topic", "other"), classes=tuple(classes)))
        found = tuple(chance.choice("abcde") for _ in classes[:-1])
        outputs.append(SystemOutput((), (), (*found, "")))
    reading = build_task_reading("test", "d", task, gold, {"one": outputs})
    pairs = [p for g, o in zip(gold, outputs, strict=True) for p in label_pairs(g, o, task)]
    right, given = zip(*pairs, strict=True)
    (system,) = reading.systems
    assert isinstance(system.scores, StanceScores)
    expected = f1_score(right, given, labels=list("abcde"), average="macro", zero_division=0)
    assert system.value("macro_f1") == pytest.approx(expected)
    matrix = confusion_matrix(right, given, labels=list("abcde"))
    assert [list(row) for row in system.scores.confusion] == matrix.tolist()
    assert reading.num_labels == len(right) > reading.num_sentences
    assert reading.differences == ()
    seconds = [c.pair for g in gold for c in g.classes if c.task == "topic"]
    assert system.pairs is not None
    for second, scores in system.pairs.per_target.items():
        at = [n for n, one in enumerate(seconds) if one == second]
        held = sorted({right[n] for n in at})
        assert scores.macro_f1 == pytest.approx(
            f1_score(
                [right[n] for n in at],
                [given[n] for n in at],
                labels=held,
                average="macro",
                zero_division=0,
            )
        )


def test_spans_beside_their_own_functions(gold: list[LabelledSentence]) -> None:
    reading = read(gold, SPANS)
    marked = [task_spans(as_theirs(g), SPANS) for g in gold]
    found = [task_spans(answer_as_theirs(o), SPANS) for o in noisy(gold, 0.3, 0)]
    first = reading.systems[0]
    assert first.partial == score_partial(marked, found, SPANS.labels)
    assert first.value("span_f1_partial") == first.partial.merged.micro.f1
    counts = count_spans(marked, found, match_exact, SPANS.labels).sum(axis=(0, 1))
    assert first.value("span_f1_exact") == pytest.approx(2 * counts[0] / (counts[1] + counts[2]))
    assert reading.num_labels == counts[2]
    interval = first.intervals["span_f1_partial"]
    assert interval.low < first.value("span_f1_partial") < interval.high
    measures = ["span_f1_exact", "span_f1_overlap", "span_f1_partial"]
    assert [each.measure for each in reading.differences] == measures * 2


def test_a_lead_is_the_difference_of_the_figures_where_spans_overlap(
    gold: list[LabelledSentence],
) -> None:
    """Intervals and tests rest on the counts of the very figures that the tables show."""
    theirs = [as_theirs(g) for g in gold]
    crossing = [
        SystemOutput(
            (),
            (),
            (),
            tuple(
                TaskSpan(SPANS.name, start, end, g.text[start:end], "label")
                for start, end in ((4, 9), (6, 14), (6, 20))
            ),
        )
        for g in theirs
    ]
    plain = [answer_as_theirs(output) for output in noisy(gold, 0.3, 0)]
    reading = build_task_reading("test", "d", SPANS, theirs, {"one": crossing, "two": plain})
    one, two = reading.systems
    assert one.partial is not None
    assert one.partial.merged != one.partial.unmerged
    for each in reading.differences:
        assert each.value == pytest.approx(one.value(each.measure) - two.value(each.measure))
        assert one.intervals[each.measure].low <= one.value(each.measure)
        assert one.intervals[each.measure].high >= one.value(each.measure)


def test_sentences_that_are_not_labelled_for_the_task_do_not_count(
    gold: list[LabelledSentence],
) -> None:
    theirs = [as_theirs(g) for g in gold]
    others = [replace(g, tasks=("other",), classes=(), story="x") for g in theirs[:5]]
    outputs = [answer_as_theirs(output) for output in noisy(gold, 0.3, 0)]
    alone = build_task_reading("test", "d", SPANS, theirs, {"one": outputs})
    loud = build_task_reading(
        "test", "d", SPANS, [*others, *theirs], {"one": [*outputs[:5], *outputs]}
    )
    assert loud == alone


def test_one_label_no_span_and_few_stories_are_scored(gold: list[LabelledSentence]) -> None:
    few = [
        replace(s, classes=tuple(replace(c, label="favor") for c in s.classes), spans=())
        for s in map(as_theirs, gold[:8])
    ]
    outputs = {
        name: [SystemOutput((), (), (label,)) for _ in few]
        for name, label in {"right": "favor", "wrong": "none"}.items()
    }
    labels = build_task_reading("test", "d", THEIRS, few, outputs)
    assert [system.value("macro_f1") for system in labels.systems] == [pytest.approx(1 / 3), 0]
    assert [each.verdict for each in labels.differences] == ["no evidence of a difference"]
    spans = build_task_reading("test", "d", SPANS, few, outputs)
    assert spans.num_labels == 0
    assert all(spans.systems[0].value(measure) == 0 for measure in spans.measures)
    assert {each.p for each in spans.differences} == {1.0}


def test_titles_by_the_thousand_get_no_row_each(gold: list[LabelledSentence]) -> None:
    def with_pairs(count: int) -> TaskReading:
        theirs = [
            replace(s, classes=(replace(s.classes[0], pair=f"title {n % count}"),))
            for n, s in enumerate(map(as_theirs, gold))
        ]
        outputs = [answer_as_theirs(output) for output in noisy(gold, 0.3, 0)]
        return build_task_reading("test", "d", THEIRS, theirs, {"one": outputs})

    pairs = with_pairs(MOST_PAIRS).systems[0].pairs
    assert pairs is not None
    assert len(pairs.per_target) == MOST_PAIRS
    assert with_pairs(MOST_PAIRS + 1).systems[0].pairs is None


def test_what_cannot_be_scored_is_refused(gold: list[LabelledSentence]) -> None:
    theirs = [as_theirs(g) for g in gold]
    outputs = [answer_as_theirs(output) for output in noisy(gold, 0.3, 0)]
    with pytest.raises(RecordError, match="reading test of d, task view: there is no sentence"):
        build_task_reading("test", "d", THEIRS, gold, {"one": outputs})
    with pytest.raises(RecordError, match="no sentence or no system"):
        build_task_reading("test", "d", THEIRS, theirs, {})
    with pytest.raises(RecordError, match="system one: 59 outputs for 60 sentences"):
        build_task_reading("test", "d", THEIRS, theirs, {"one": outputs[1:]})
    silent = [replace(output, classes=()) for output in outputs]
    with pytest.raises(RecordError, match="sentence a0:0: 0 class labels for 1"):
        build_task_reading("test", "d", THEIRS, theirs, {"one": silent})
    odd = [replace(output, classes=("maybe",)) for output in outputs]
    with pytest.raises(RecordError, match="unknown label maybe"):
        build_task_reading("test", "d", THEIRS, theirs, {"one": odd})
