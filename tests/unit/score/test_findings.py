"""Planted shortcuts and leaks are caught, and named."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from model.records import LabelledSentence, Stance
from train.score.findings import findings
from train.score.leaks import find_leaks, leak_notes
from train.score.outputs import SystemOutput
from train.score.probes import label_probes
from train.score.reading import build_reading
from train.score.scorecard import Reading
from train.score.views import OwnView

MakeSentence = Callable[..., LabelledSentence]
LABELS = ("against", "favor", "none")
WORDS = {"against": "مرتزقة", "favor": "الأبطال", "none": "مقاتلو"}
TARGETS = ("sdf", "army", "hts")
OUTLETS = ("first", "second", "third")


def drawn(make_sentence: MakeSentence, count: int, seed: int) -> list[LabelledSentence]:
    """Outlet, target and wording each go with the label in 80% of the sentences, as in an archive
    where one outlet writes of its enemies."""
    chance = random.Random(seed)

    def mostly(number: int) -> int:
        return number if chance.random() < 0.8 else chance.randrange(3)

    sentences = []
    for n in range(count):
        right = chance.randrange(3)
        word, target, outlet = mostly(right), TARGETS[mostly(right)], OUTLETS[mostly(right)]
        text = f"دخل {WORDS[LABELS[word]]} قسد البلدة {n}"
        made = make_sentence(
            text, story=f"{seed} {n // 3}", stances=[(target, LABELS[right], "قسد", "neutral")]
        )
        sentences.append(replace(made, outlet=outlet))
    return sentences


def by(choose: Callable[[LabelledSentence, Stance], str]) -> Callable[..., list[SystemOutput]]:
    return lambda gold: [SystemOutput(tuple(choose(g, s) for s in g.stances), ()) for g in gold]


def by_all(sentence: LabelledSentence, stance: Stance) -> str:
    """Counts what wording, target and outlet say."""
    wording = next(i for i, label in enumerate(LABELS) if WORDS[label] in sentence.text)
    votes = [wording, TARGETS.index(stance.target), OUTLETS.index(sentence.outlet)]
    return LABELS[max(votes, key=lambda number: (votes.count(number), number == wording))]


SYSTEMS = {
    "outlet": by(lambda sentence, _: LABELS[OUTLETS.index(sentence.outlet)]),
    "target": by(lambda _, stance: LABELS[TARGETS.index(stance.target)]),
    "wording and more": by(by_all),
}


def read(make_sentence: MakeSentence, system: str) -> Reading:
    train, gold = (drawn(make_sentence, 600, seed) for seed in (1, 2))
    outputs = {"ours": SYSTEMS[system](gold)}
    for name, probe in label_probes(OwnView()).items():
        probe.fit(train)
        outputs[name] = probe.predict(gold)
    return build_reading("test", gold, outputs)


@pytest.mark.parametrize(
    ("system", "seen"), [("outlet", "the outlet alone"), ("target", "the name of the target alone")]
)
def test_a_shortcut_is_named(make_sentence: MakeSentence, system: str, seen: str) -> None:
    found = findings(read(make_sentence, system))
    assert any(
        line.startswith("No evidence that ours uses the wording") and seen in line for line in found
    )


def test_a_system_that_reads_the_wording_is_not_accused(make_sentence: MakeSentence) -> None:
    assert findings(read(make_sentence, "wording and more")) == []


def test_shared_stories_and_copies_are_found(make_sentence: MakeSentence) -> None:
    train = drawn(make_sentence, 60, 1)
    clean = [
        replace(make_sentence(f"زار الوزير بلدة {n} مع وفد كبير أمس"), story=f"other {n}")
        for n in range(20)
    ]
    assert leak_notes(find_leaks(train, clean)) == []
    with_copy = [*clean, replace(train[5], story="other")]
    leaks = find_leaks(train, with_copy)
    assert (leaks.num_copies, leaks.shared_stories) == (1, ())
    assert leaks.examples == (train[5].text,)
    (line,) = leak_notes(leaks)
    assert line == "1 of 21 test sentences stand in training, nearly word for word."
    shared = [*clean, replace(clean[0], story=train[0].story)]
    (line,) = leak_notes(find_leaks(train, shared))
    assert line.startswith("The splits leak: stories that stand in training and in test: 1 (1 0).")


@pytest.mark.parametrize(
    ("changed", "is_copy"),
    [
        ("قصفت الطائرات مواقع قرب المدينة فجر أمس وأصيب مدنيون", True),
        ("قصفت الطائرات مواقع قرب المدينة فجر أمس وأصيب ثلاثة", True),  # the last word
        ("قصفت الطائرات مواقع عسكرية قرب البلدة فجر الجمعة وأصيب جنود", False),
        ("قصفت الطائرات مواقع", False),  # too short to tell
    ],
)
def test_nearly_word_for_word(make_sentence: MakeSentence, changed: str, is_copy: bool) -> None:
    train = [make_sentence("قصفت الطائرات مواقع قرب المدينة فجر أمس وأصيب مدنيون")]
    test = [replace(make_sentence(changed), story="other")]
    assert find_leaks(train, test).num_copies == is_copy
