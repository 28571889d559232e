"""Slices count what they say, and a leaning system is seen to lean."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from sklearn.metrics import f1_score

from model.records import LabelledSentence, LoadedTerm
from train.score.bootstrap import story_interval
from train.score.labels import count_stances_by, supported_macro_f1
from train.score.outputs import SystemOutput
from train.score.slices import FEWEST, side_tilts, slice_stances, slice_terms

MakeSentence = Callable[..., LabelledSentence]
LABELS = ("favor", "against", "none")
SIDES = {"sdf": ("syria", "one"), "army": ("syria", "other"), "hts": ("syria", "third")}


@pytest.fixture
def gold(make_sentence: MakeSentence) -> list[LabelledSentence]:
    chance = random.Random(3)
    sentences = []
    for n in range(300):
        target = chance.choice(["sdf", "sdf", "army"])
        made = make_sentence(
            f"دخلت مليشيا قسد البلدة في هجوم سافر {n}",
            story=f"story {n // 4}",
            stances=[(target, chance.choice(LABELS), "قسد", "neutral")],
            terms=[("مليشيا", "label"), ("سافر", "emotive")][: chance.randrange(3)],
        )
        sentences.append(replace(made, outlet=chance.choice(["a", "b"])))
    return sentences


def noisy(gold: list[LabelledSentence], seed: int) -> list[SystemOutput]:
    chance = random.Random(seed)
    return [
        SystemOutput(
            tuple(
                chance.choice(LABELS) if chance.random() < 0.4 else str(stance.label)
                for stance in sentence.stances
            ),
            tuple(term for term in sentence.loaded_terms if chance.random() < 0.7),
        )
        for sentence in gold
    ]


def test_stance_slices_against_scikit_learn(gold: list[LabelledSentence]) -> None:
    outputs = noisy(gold, 1)
    facets = {"outlet": lambda sentence, _: sentence.outlet, "target": lambda _, s: s.target}
    found = slice_stances(gold, outputs, facets, num_resamples=50)
    assert [(made.facet, made.value) for made in found if made.facet == "target"] == sorted(
        {("target", s.target) for g in gold for s in g.stances},
        key=lambda pair: next(m.figure for m in found if m.value == pair[1]),
    )
    for made in found:
        chosen = [
            (str(g.stances[0].label), output.stances[0])
            for g, output in zip(gold, outputs, strict=True)
            if made.value in (g.outlet, g.stances[0].target)
        ]
        right, given = zip(*chosen, strict=True)
        expected = f1_score(right, given, labels=sorted(set(right)), average="macro")
        assert made.figure == pytest.approx(expected, abs=1e-12)
        assert made.support == len(chosen)
        assert made.interval.low <= made.figure <= made.interval.high


def test_intervals_of_slices_rest_on_their_stories(gold: list[LabelledSentence]) -> None:
    outputs = noisy(gold, 1)
    facets = {"outlet": lambda sentence, _: sentence.outlet}
    for made in slice_stances(gold, outputs, facets, num_resamples=50):
        chosen = [(g, o) for g, o in zip(gold, outputs, strict=True) if g.outlet == made.value]
        stories = [g.story for g, _ in chosen]
        counts = count_stances_by(
            stories,
            list(dict.fromkeys(stories)),
            [str(g.stances[0].label) for g, _ in chosen],
            [o.stances[0] for _, o in chosen],
        )
        assert made.interval == story_interval(supported_macro_f1, counts, num_resamples=50)
        assert made.interval.low < made.interval.high


def test_a_label_that_a_slice_lacks_costs_it_nothing(make_sentence: MakeSentence) -> None:
    gold = [make_sentence("قسد", story=str(n), stances=[("sdf", "none", "قسد", "neutral")])
            for n in range(FEWEST - 1)]  # fmt: skip
    outputs = [SystemOutput(("none",), ())] * len(gold)
    (made,) = slice_stances(gold, outputs, {"all": lambda *_: "x"}, num_resamples=50)
    assert made.figure == 1.0
    assert made.is_small


def test_what_has_no_value_is_in_no_slice(gold: list[LabelledSentence]) -> None:
    facets = {"some": lambda sentence, _: "b" if sentence.outlet == "b" else None}
    (made,) = slice_stances(gold, noisy(gold, 1), facets, num_resamples=50)
    assert made.support == sum(sentence.outlet == "b" for sentence in gold)


def test_term_slices_against_a_plain_count(
    gold: list[LabelledSentence], make_term: Callable[..., LoadedTerm]
) -> None:
    outputs = noisy(gold, 2)
    false = [make_term(sentence.text, "هجوم", "emotive") for sentence in gold]
    outputs = [
        replace(output, loaded_terms=(*output.loaded_terms, term) if n % 5 == 0 else
                output.loaded_terms)
        for n, (output, term) in enumerate(zip(outputs, false, strict=True))
    ]  # fmt: skip
    found = slice_terms(gold, outputs, {"category": lambda _, t: t.category}, num_resamples=50)
    for made in found:
        right = [{t for t in g.loaded_terms if t.category == made.value} for g in gold]
        given = [{t for t in o.loaded_terms if t.category == made.value} for o in outputs]
        hits = sum(len(one & other) for one, other in zip(right, given, strict=True))
        total = sum(map(len, right)) + sum(map(len, given))
        assert made.figure == pytest.approx(2 * hits / total, abs=1e-12)
        assert made.support == sum(map(len, right))
    assert {made.value for made in found} == {"label", "emotive"}


def leaning(gold: list[LabelledSentence], against: str, share: float) -> list[SystemOutput]:
    chance = random.Random(5)
    return [
        SystemOutput(
            tuple(
                "against" if s.target == against and chance.random() < share else str(s.label)
                for s in sentence.stances
            ),
            (),
        )
        for sentence in gold
    ]


def test_errors_that_lean_against_a_side_are_seen(gold: list[LabelledSentence]) -> None:
    tilts, (gap,) = side_tilts(gold, leaning(gold, "sdf", 0.3), SIDES.get)
    by_side = {tilt.side: tilt for tilt in tilts}
    assert by_side["one"].figure < 0 == by_side["other"].figure
    assert by_side["one"].interval.high < 0
    assert (gap.side, gap.other, gap.is_uneven) == ("one", "other", True)
    assert gap.figure == by_side["one"].figure - by_side["other"].figure


def test_errors_that_fall_evenly_are_no_lean(gold: list[LabelledSentence]) -> None:
    _, (gap,) = side_tilts(gold, noisy(gold, 4), SIDES.get)
    assert not gap.is_uneven


def test_sides_of_a_few_are_not_compared(gold: list[LabelledSentence]) -> None:
    few = [sentence for sentence in gold if sentence.stances[0].target == "army"][: FEWEST - 1]
    chosen = [s for s in gold if s.stances[0].target == "sdf"] + few
    tilts, gaps = side_tilts(chosen, noisy(chosen, 4), SIDES.get)
    assert (len(tilts), gaps) == (2, [])


def test_stories_without_a_side_say_nothing_of_it(gold: list[LabelledSentence]) -> None:
    """A side of one story leans by what that story says, whatever else is drawn."""
    story = [s for s in gold if s.story == gold[0].story]
    others = [s for s in gold if s.stances[0].target == "army" and s.story != gold[0].story]
    chosen = [replace(s, stances=(replace(s.stances[0], target="sdf"),)) for s in story] + others
    tilts, _ = side_tilts(chosen, leaning(chosen, "sdf", 1.0), SIDES.get)
    (one,) = [tilt for tilt in tilts if tilt.side == "one"]
    assert one.figure == one.interval.low == one.interval.high
    assert one.interval.num_stories == 1
