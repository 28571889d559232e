"""What annotators score against each other, by the measures of the systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import RecordError
from model.records import LabelledSentence
from train.score.bootstrap import Interval, story_interval
from train.score.ceiling import BARE, CeilingFigure, measure_ceiling
from train.score.ceiling_tables import ceiling_table
from train.score.counts import FloatArray, f1, mean_where
from train.score.labels import score_stances
from train.score.outputs import SystemOutput
from train.score.reading import build_reading
from train.score.scorecard import DatasetFacts, Scorecard

Make = Callable[..., LabelledSentence]
LABELS = ("against", "favor", "none")
TEXT = "اقتحمت مليشيا قسد البلدة"


def _labelled(
    make: Make, number: int, label: str | None, *, terms: bool = True
) -> LabelledSentence:
    """Sentence `number`, of a story of three."""
    made = make(
        TEXT,
        story=f"story {number // 3}",
        stances=[("sdf", label, "قسد", "neutral")] if label else [],
        terms=[("مليشيا", "label")] if terms else [],
    )
    return replace(made, article_id=f"a{number:02}")


@pytest.fixture
def ours(make_sentence: Make) -> list[LabelledSentence]:
    return [_labelled(make_sentence, n, LABELS[n % 3]) for n in range(30)]


@pytest.fixture
def theirs(make_sentence: Make) -> list[LabelledSentence]:
    """Every fifth label another one, every sixth term missing, some with another border."""
    found = [
        _labelled(make_sentence, n, LABELS[(n + (n % 5 == 0)) % 3], terms=n % 6 > 0)
        for n in range(30)
    ]
    longer = make_sentence(TEXT, terms=[("مليشيا قسد", "label")]).loaded_terms
    return [replace(s, loaded_terms=longer) if n % 7 == 1 else s for n, s in enumerate(found)]


def test_the_measures_are_those_of_the_systems(
    ours: list[LabelledSentence], theirs: list[LabelledSentence]
) -> None:
    """As if the second annotator were a system and the first were gold."""
    ceiling = measure_ceiling({"one": ours, "two": theirs}, num_resamples=300)
    outputs = [
        SystemOutput(tuple(str(s.label) for s in one.stances), one.loaded_terms) for one in theirs
    ]
    (system,) = build_reading("test", ours, {"two": outputs}, num_resamples=300).systems
    assert ceiling is not None
    for measure in ("macro_f1", "span_f1_exact", "span_f1_overlap"):
        assert ceiling.figures[measure].value == pytest.approx(system.value(measure))
        assert ceiling.figures[measure].interval == system.intervals[measure]
        assert 0.5 < ceiling.figures[measure].value < 1
    assert ceiling.figures["span_f1_overlap"].value > ceiling.figures["span_f1_exact"].value + 0.05
    assert ceiling.figures[BARE].value == pytest.approx(system.value("macro_f1"))
    assert {m: f.support for m, f in ceiling.figures.items()} == {
        "macro_f1": 30, BARE: 30, "span_f1_exact": 55, "span_f1_overlap": 55,
    }  # fmt: skip
    assert (ceiling.num_sentences, ceiling.num_stories, ceiling.num_pairs) == (30, 10, 1)
    assert ceiling.annotators == ("one", "two")


def test_it_is_the_same_both_ways(
    ours: list[LabelledSentence], theirs: list[LabelledSentence]
) -> None:
    one, other = (
        measure_ceiling(dict(named), num_resamples=50)
        for named in ([("a", ours), ("b", theirs)], [("b", theirs), ("a", ours)])
    )
    assert one is not None
    assert other is not None
    assert one.figures == other.figures


def test_three_annotators_are_the_mean_of_their_pairs(
    ours: list[LabelledSentence], theirs: list[LabelledSentence], make_sentence: Make
) -> None:
    """The third labelled eight of them, two others, and named no target in the first."""
    third = [_labelled(make_sentence, n, LABELS[n % 3] if n else None) for n in range(8)]
    third += [_labelled(make_sentence, n, "none") for n in (40, 41)]
    together = measure_ceiling({"a": ours, "b": theirs, "c": third}, num_resamples=50)
    assert together is not None
    assert together.num_pairs == 3
    assert together.num_sentences == 30, "the two others are labelled once"
    pairs = [
        measure_ceiling(dict(zip("xy", pair, strict=True)), num_resamples=50)
        for pair in ((ours, theirs), (ours, third), (theirs, third))
    ]
    for measure, figure in together.figures.items():
        values = [pair.figures[measure].value for pair in pairs if pair]
        assert figure.value == pytest.approx(np.mean(values))
        assert figure.support == sum(pair.figures[measure].support for pair in pairs if pair)
    assert together.figures["macro_f1"].support == 30 + 7 + 7
    assert together.figures[BARE].support == 30 + 8 + 8


def test_a_pair_with_nothing_to_compare_is_not_in_the_mean(
    ours: list[LabelledSentence], make_sentence: Make
) -> None:
    silent = [_labelled(make_sentence, n, None, terms=False) for n in range(30)]
    quiet = [replace(one, loaded_terms=()) for one in silent]
    ceiling = measure_ceiling({"a": ours, "b": ours, "c": silent, "d": quiet}, num_resamples=50)
    assert ceiling is not None
    assert ceiling.num_pairs == 6
    assert ceiling.figures["macro_f1"].value == 1, "five of the pairs judged nothing together"
    alone = measure_ceiling({"c": silent, "d": quiet}, num_resamples=50)
    assert alone is not None
    assert alone.figures == {}


def test_each_pair_is_drawn_with_its_own_stories(
    ours: list[LabelledSentence], make_sentence: Make
) -> None:
    """One shares the first half of the stories, in agreement; one the rest, with half the terms."""
    rest = [_labelled(make_sentence, n, None, terms=n % 2 > 0) for n in range(15, 30)]
    ceiling = measure_ceiling({"a": ours, "b": ours[:15], "c": rest}, num_resamples=200)
    counts = np.zeros((10, 2, 3))
    counts[:5, 0] = 3
    counts[5:, 1] = [(n, n, 3) for n in (2, 1, 2, 1, 2)]

    def mean(sums: NDArray[Any]) -> FloatArray:
        return mean_where(f1(sums), sums.sum(axis=-1) > 0)

    assert ceiling is not None
    figure = ceiling.figures["span_f1_exact"]
    assert figure.value == pytest.approx((1 + 16 / 23) / 2)
    assert figure.interval == story_interval(mean, counts, num_resamples=200)


def test_several_sources_of_one_target_go_by_their_order(ours: list[LabelledSentence]) -> None:
    (stance,) = ours[0].stances
    two = replace(stance, label="favor")
    first = [replace(ours[0], stances=(stance, two))]
    second = [replace(ours[0], stances=(stance,))]
    ceiling = measure_ceiling({"a": first, "b": second}, num_resamples=20)
    assert ceiling is not None
    assert ceiling.figures["macro_f1"].support == 1
    assert ceiling.figures["macro_f1"].value == score_stances(["against"], ["against"]).macro_f1
    assert ceiling.figures[BARE].support == 2


def test_without_two_of_one_sentence_there_is_none(ours: list[LabelledSentence]) -> None:
    assert measure_ceiling({}) is None
    assert measure_ceiling({"a": ours}) is None
    assert measure_ceiling({"a": ours[:9], "b": ours[9:]}) is None


def test_different_texts_are_refused(ours: list[LabelledSentence], make_sentence: Make) -> None:
    other = replace(make_sentence("نص آخر"), article_id="a00")
    with pytest.raises(RecordError, match="a00:0: was given to two annotators in different texts"):
        measure_ceiling({"a": ours, "b": [other]})


def test_it_stands_beside_the_system(
    ours: list[LabelledSentence], theirs: list[LabelledSentence]
) -> None:
    ceiling = measure_ceiling({"one": ours, "two": theirs}, num_resamples=50)
    assert ceiling is not None
    figures = {**ceiling.figures, "macro_f1": CeilingFigure(0.8, Interval(0.7, 0.9, 0.95, 10), 30)}
    outputs = [
        SystemOutput(tuple(str(s.label) for s in one.stances), one.loaded_terms) for one in ours
    ]
    reading = build_reading("test", ours, {"nabra": outputs}, num_resamples=50)
    card = Scorecard(
        DatasetFacts("d", ()), {}, (reading,), ceiling=replace(ceiling, figures=figures)
    )
    table = ceiling_table(card)
    assert table is not None
    assert table.header[-1] == "nabra, test"
    assert table.rows[0] == (
        "stance macro-F1", "0.800 [0.700, 0.900]", "30", "1.000 [1.000, 1.000]",
    )  # fmt: skip
    assert table.rows[1][0] == "stance macro-F1 from the bare sentence"
    assert table.rows[1][3] == "–"
    assert "one, two: 30 sentences of 10 stories" in table.note
    bare = ceiling_table(replace(card, readings=()))
    assert bare is not None
    assert {row[3] for row in bare.rows} == {"–"}
    assert ceiling_table(replace(card, ceiling=None)) is None
