"""Where a system does well and where it does not: its scores by outlet, target, side, length, …

A facet gives each stance (or loaded term) the value that it is sliced by, or None: it is in none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.records import STANCE_LABELS, LabelledSentence, LoadedTerm, Stance
from train.score.bootstrap import (
    MIN_STORIES,
    Interval,
    Statistic,
    resample,
    story_interval,
    to_interval,
)
from train.score.counts import FloatArray, IntArray
from train.score.labels import supported_macro_f1
from train.score.outputs import SystemOutput
from train.score.spans import SpanKey, micro_f1

StanceFacet = Callable[[LabelledSentence, Stance], str | None]
TermFacet = Callable[[LabelledSentence, LoadedTerm], str | None]


@dataclass(frozen=True, slots=True)
class Facets:
    """The facets of stances and of loaded terms by name; conflict and side of a target, or None."""

    stances: Mapping[str, StanceFacet]
    terms: Mapping[str, TermFacet]
    side_of: Callable[[str], tuple[str, str] | None]


FEWEST = 20
"""Below so many gold stances or spans a slice is marked as small: its figure says little."""

_HIT, _PREDICTED, _GOLD = (0, 0), (0, 1), (0, 2)  # the columns of span counts
_POLARITY = {"against": -1, "none": 0, "favor": 1}


@dataclass(frozen=True, slots=True)
class Slice:
    """One value of one facet: macro-F1 over the stance labels that the slice has in gold, or the
    exact micro-F1 of loaded terms. `support`: gold stances or spans."""

    task: str
    facet: str
    value: str
    figure: float
    support: int
    interval: Interval

    @property
    def is_small(self) -> bool:
        """Whether the figure rests on too little to be read."""
        return self.support < FEWEST


@dataclass(frozen=True, slots=True)
class Tilt:
    """Errors that lean: the mean of predicted minus gold polarity (against −1, none 0, favor +1).

    Above 0 the side comes out better than it is written of. `support`: gold stances.
    """

    conflict: str
    side: str
    figure: float
    support: int
    interval: Interval


@dataclass(frozen=True, slots=True)
class SideGap:
    """How much more the errors lean toward `side` than toward `other`, on the same resamples."""

    conflict: str
    side: str
    other: str
    figure: float
    interval: Interval

    @property
    def is_uneven(self) -> bool:
        """Whether the interval leaves out 0, and rests on stories enough to say so."""
        has_stories = self.interval.num_stories >= MIN_STORIES
        return has_stories and (self.interval.low > 0 or self.interval.high < 0)


def slice_stances(
    gold: Sequence[LabelledSentence],
    outputs: Sequence[SystemOutput],
    facets: Mapping[str, StanceFacet],
    *,
    num_resamples: int = 1000,
) -> list[Slice]:
    """The stance slices of a system, the worst first within each facet."""
    shape = (len(STANCE_LABELS), len(STANCE_LABELS))
    found: list[Slice] = []
    for facet, value_of in facets.items():
        cells = (
            (value_of(sentence, stance), sentence.story, _cell(str(stance.label), label))
            for sentence, stance, label in _judged(gold, outputs)
        )
        counts = _count(cells, shape)
        found += _slices("stance", facet, counts, supported_macro_f1, num_resamples)
    return found


def slice_terms(
    gold: Sequence[LabelledSentence],
    outputs: Sequence[SystemOutput],
    facets: Mapping[str, TermFacet],
    *,
    num_resamples: int = 1000,
) -> list[Slice]:
    """The slices of loaded terms, gold and predicted ones alike by the facet's value."""
    found: list[Slice] = []
    for facet, value_of in facets.items():
        cells = (
            (value, sentence.story, cell)
            for sentence, output in zip(gold, outputs, strict=True)
            for value, cell in _term_cells(sentence, output, value_of)
        )
        found += _slices("loaded_terms", facet, _count(cells, (1, 3)), micro_f1, num_resamples)
    return found


def side_tilts(
    gold: Sequence[LabelledSentence],
    outputs: Sequence[SystemOutput],
    side_of: Callable[[str], tuple[str, str] | None],
    *,
    num_resamples: int = 1000,
) -> tuple[list[Tilt], list[SideGap]]:
    """How errors lean by side, and the gaps between the sides of each conflict.

    `side_of` a target gives its conflict and side, or None. Gaps take sides of `FEWEST` and more.
    """
    sums: dict[tuple[str, str], dict[str, IntArray]] = {}
    for sentence, stance, found in _judged(gold, outputs):
        if place := side_of(stance.target):
            by_story = sums.setdefault(place, {})
            held = by_story.setdefault(sentence.story, np.zeros(2, np.int64))
            held += (_POLARITY[found] - _POLARITY[str(stance.label)], 1)
    tilts = []
    for (conflict, side), by_story in sorted(sums.items()):
        held = np.stack(list(by_story.values()))
        total = held.sum(axis=0)
        interval = story_interval(_mean_lean, held, num_resamples=num_resamples)
        tilts.append(Tilt(conflict, side, float(_mean_lean(total)), int(total[1]), interval))
    gaps = [
        _gap(one, other, sums, num_resamples)
        for one, other in combinations(tilts, 2)
        if one.conflict == other.conflict and min(one.support, other.support) >= FEWEST
    ]
    return tilts, gaps


def _gap(
    one: Tilt, other: Tilt, sums: Mapping[tuple[str, str], Mapping[str, IntArray]], count: int
) -> SideGap:
    """Over the stories that name either side; a resample that lacks one tells of no gap."""
    places = [sums[tilt.conflict, tilt.side] for tilt in (one, other)]
    stories = list(dict.fromkeys(story for place in places for story in place))
    held = np.array([[place.get(s, np.zeros(2, np.int64)) for place in places] for s in stories])
    drawn = resample(held, num_resamples=count)
    drawn = drawn[(drawn[..., 1] > 0).all(axis=1)]
    leans = _mean_lean(drawn)
    return SideGap(
        one.conflict,
        one.side,
        other.side,
        one.figure - other.figure,
        to_interval(
            leans[:, 0] - leans[:, 1],
            num_stories=min(one.interval.num_stories, other.interval.num_stories),
        ),
    )


def _judged(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput]
) -> Iterator[tuple[LabelledSentence, Stance, str]]:
    for sentence, output in zip(gold, outputs, strict=True):
        for stance, found in zip(sentence.stances, output.stances, strict=True):
            yield sentence, stance, found


Cell = tuple[int, int]
Counts = dict[str, IntArray]
"""By value of the facet: (stories, …), in order of first appearance."""


def _count(items: Iterable[tuple[str | None, str, Cell]], shape: tuple[int, int]) -> Counts:
    """From value, story and cell of every item; those without a value are in no slice."""
    width, size = shape[1], shape[0] * shape[1]
    rows: dict[str, dict[str, int]] = {}
    places: dict[str, list[int]] = {}
    for value, story, (row, column) in items:
        if value is not None:
            by_story = rows.setdefault(value, {})
            place = by_story.setdefault(story, len(by_story))
            places.setdefault(value, []).append(place * size + row * width + column)
    return {
        value: np.bincount(places[value], minlength=len(by_story) * size).reshape(-1, *shape)
        for value, by_story in rows.items()
    }


def _slices(
    task: str, facet: str, counts: Counts, statistic: Statistic, num_resamples: int
) -> list[Slice]:
    found = []
    for value, held in counts.items():
        total = held.sum(axis=0)
        found.append(
            Slice(
                task,
                facet,
                value,
                figure=float(statistic(total)),
                support=int(total[_GOLD] if statistic is micro_f1 else total.sum()),
                interval=story_interval(statistic, held, num_resamples=num_resamples),
            )
        )
    return sorted(found, key=lambda made: (made.figure, made.value))


def _cell(gold: str, found: str) -> Cell:
    return STANCE_LABELS.index(gold), STANCE_LABELS.index(found)


def _term_cells(
    sentence: LabelledSentence, output: SystemOutput, value_of: TermFacet
) -> Iterator[tuple[str | None, Cell]]:
    gold = {_key(term): term for term in sentence.loaded_terms}
    found = {_key(term): term for term in output.loaded_terms}
    for key, term in gold.items():
        value = value_of(sentence, term)
        yield value, _GOLD
        if key in found:
            yield value, _HIT
            yield value, _PREDICTED  # a hit counts where the gold span does
    for key, term in found.items():
        if key not in gold:
            yield value_of(sentence, term), _PREDICTED


def _key(term: LoadedTerm) -> SpanKey:
    return term.start, term.end, term.category


def _mean_lean(sums: NDArray[Any]) -> FloatArray:
    """(…, 2): leans added up, stances counted."""
    return np.asarray(sums[..., 0] / np.maximum(sums[..., 1], 1))
