"""Baselines of other sets' tasks learn as those of nabra's own two, from the same window."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from model.errors import RecordError
from model.records import LabelledSentence
from model.tasks import STANCE, Task
from tests.unit.score.test_task_reading import SPANS, THEIRS, answer_as_theirs, as_theirs, own_gold
from train.score.baselines import Baseline, MajorityBaseline, MemoryBaseline
from train.score.findings import task_findings
from train.score.outputs import SystemOutput
from train.score.probes import OUTLET_ONLY, TARGET_BLIND, TEXT_BLIND, label_probes
from train.score.task_reading import TaskReading, build_task_reading
from train.score.tfidf import Model, TfidfBaseline, TfidfFeatures
from train.score.views import OwnView, TaskView, View

MakeSentence = Callable[..., LabelledSentence]
MODELS: tuple[Model, ...] = ("logistic", "svm")


def baselines(view: View) -> dict[str, Baseline]:
    features = TfidfFeatures(view)
    return {
        **{model: TfidfBaseline(features, model) for model in MODELS},
        "majority": MajorityBaseline(view),
        **(label_probes(view) if view.asked else {}),
        **({"memory": MemoryBaseline(view)} if view.categories else {}),
    }


@pytest.mark.parametrize("task", [THEIRS, SPANS], ids=["labels", "spans"])
def test_they_answer_as_on_nabras_own_tasks(make_sentence: MakeSentence, task: Task) -> None:
    train, test = own_gold(make_sentence, 1), own_gold(make_sentence, 2)
    own = baselines(OwnView())
    for name, theirs in baselines(TaskView(task)).items():
        own[name].fit(train)
        theirs.fit([as_theirs(s) for s in train])
        found = theirs.predict([as_theirs(s) for s in test])
        expected = [answer_as_theirs(output) for output in own[name].predict(test)]
        if task is THEIRS:
            assert [o.classes for o in found] == [o.classes for o in expected], name
            assert not any(o.spans for o in found)
            assert name == "majority" or len({o.classes for o in found}) > 1, name
        else:
            assert [set(o.spans) for o in found] == [set(o.spans) for o in expected], name
            assert any(o.spans for o in found) == (name != "majority")


@pytest.mark.parametrize(
    "view", [OwnView(categories=()), OwnView(asked="")], ids=["stances alone", "terms alone"]
)
def test_one_of_nabras_tasks_alone_is_learnt_as_beside_the_other(
    make_sentence: MakeSentence, view: View
) -> None:
    train, test = own_gold(make_sentence, 1), own_gold(make_sentence, 2)
    both = baselines(OwnView())
    for name, alone in baselines(view).items():
        both[name].fit(train)
        alone.fit(train)
        for one, other in zip(both[name].predict(test), alone.predict(test), strict=True):
            assert other.stances == (one.stances if view.asked else ())
            assert other.loaded_terms == (one.loaded_terms if view.categories else ())


@pytest.mark.parametrize("task", [THEIRS, SPANS], ids=["labels", "spans"])
def test_none_sees_the_answer(make_sentence: MakeSentence, task: Task) -> None:
    train = [as_theirs(s) for s in own_gold(make_sentence, 1)]
    blank = [
        replace(s, spans=(), classes=tuple(replace(c, label="") for c in s.classes)) for s in train
    ]
    for name, baseline in baselines(TaskView(task)).items():
        baseline.fit(train)
        assert baseline.predict(blank) == baseline.predict(train), name


def test_labels_of_other_tasks_are_left_open(make_sentence: MakeSentence) -> None:
    train = [as_theirs(s) for s in own_gold(make_sentence, 1)]
    mixed = [replace(s, classes=(*s.classes, replace(s.classes[0], task="other"))) for s in train]
    for baseline in baselines(TaskView(THEIRS)).values():
        baseline.fit(mixed)
        for output in baseline.predict(mixed):
            assert output.classes[0] in THEIRS.labels
            assert output.classes[1] == ""


def test_a_task_without_pairs_reads_the_text_alone(make_sentence: MakeSentence) -> None:
    alone = Task("view", "classify", STANCE.labels)
    train = [
        replace(s, classes=(replace(s.classes[0], pair=None),))
        for s in map(as_theirs, own_gold(make_sentence, 1))
    ]
    for model in MODELS:
        baseline = TfidfBaseline(TfidfFeatures(TaskView(alone)), model)
        baseline.fit(train)
        right = [o.classes[0] == s.classes[0].label for o, s in zip(
            baseline.predict(train), train, strict=True
        )]  # fmt: skip
        assert sum(right) > 0.95 * len(right)


def test_titles_are_read_word_by_word(make_sentence: MakeSentence) -> None:
    """A title that was never seen says something by its words; a name as a whole does not."""
    train = [
        replace(s, classes=(replace(s.classes[0], pair=f"{s.classes[0].label} {n}"),))
        for n, s in enumerate(map(as_theirs, own_gold(make_sentence, 1)))
    ]
    test = [replace(s, classes=(replace(s.classes[0], pair=f"{s.classes[0].label} x"),))
            for s in train]  # fmt: skip
    gold = [s.classes[0].label for s in test]
    found = {}
    for reads_pairs in (True, False):
        probe = label_probes(TaskView(THEIRS), reads_pairs=reads_pairs)[TEXT_BLIND]
        probe.fit(train)
        found[reads_pairs] = [output.classes[0] for output in probe.predict(test)]
    assert found[True] == gold
    assert len(set(found[False])) == 1


def test_nothing_labelled_is_refused(make_sentence: MakeSentence) -> None:
    unlabelled = [replace(as_theirs(s), classes=()) for s in own_gold(make_sentence, 1)]
    for name, baseline in baselines(TaskView(THEIRS)).items():
        with pytest.raises(RecordError, match="no text of view has a label"):
            baseline.fit(unlabelled)
        assert name


# Shortcuts: the label goes mostly with the second text or the outlet, and the wording tells it too.


def planted(make_sentence: MakeSentence, by: str, seed: int) -> list[LabelledSentence]:
    chance = random.Random(seed)
    made = []
    for sentence in map(as_theirs, own_gold(make_sentence, seed, count=300)):
        label = sentence.classes[0].label
        shown = label if chance.random() < 0.9 else chance.choice(STANCE.labels)
        told = {"pair": f"title of {shown}", "outlet": "one"} | (
            {"pair": "title", "outlet": f"outlet {shown}"} if by == "outlet" else {}
        )
        pair = told["pair"] if by != "wording" else "title"
        classes = (replace(sentence.classes[0], pair=pair),)
        made.append(replace(sentence, outlet=told["outlet"], classes=classes))
    return made


def with_probes(make_sentence: MakeSentence, by: str, share: float) -> TaskReading:
    """A system that is right in a share of the sentences, beside the probes."""
    train, gold = planted(make_sentence, by, 1), planted(make_sentence, by, 2)
    chance = random.Random(5)
    ours = [
        SystemOutput((), (), (s.classes[0].label if chance.random() < share else "none",))
        for s in gold
    ]
    outputs = {"ours": ours}
    for name, probe in label_probes(TaskView(THEIRS), reads_pairs=True).items():
        probe.fit(train)
        outputs[name] = probe.predict(gold)
    return build_task_reading("test", "theirs", THEIRS, gold, outputs)


@pytest.mark.parametrize(
    ("by", "probe", "seen"),
    [
        ("pair", TEXT_BLIND, "the second text of each pair alone"),
        ("outlet", OUTLET_ONLY, "the outlet alone"),
    ],
)
def test_a_planted_shortcut_is_named(
    make_sentence: MakeSentence, by: str, probe: str, seen: str
) -> None:
    reading = with_probes(make_sentence, by, share=0.9)
    (line,) = task_findings(reading)
    assert line.startswith("No evidence that ours uses the wording")
    assert seen in line
    assert "view macro-F1" in line
    assert probe in {each.other for each in reading.differences}


def test_where_only_the_wording_tells_nobody_is_accused(make_sentence: MakeSentence) -> None:
    reading = with_probes(make_sentence, "wording", share=0.9)
    assert task_findings(reading) == []
    assert {each.other for each in reading.differences} == {TARGET_BLIND, TEXT_BLIND, OUTLET_ONLY}
