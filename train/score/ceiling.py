"""What annotators score against each other: as far as a system can be asked to come.

The measures are those of the systems, with one annotator's labels in the place of gold and
another's in that of a system. Each of them is the same both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import RecordError
from model.records import LabelledSentence
from train.score.bootstrap import Interval, Statistic, story_interval, sum_by_story
from train.score.counts import FloatArray, mean_where
from train.score.end_to_end import count_judged, judge_as_labelled, judged_macro_f1
from train.score.labels import count_stances_of_each, macro_f1
from train.score.spans import SpanKey, count_spans, match_exact, match_overlap, micro_f1

BARE = "bare_macro_f1"
"""Stances from the bare sentence, beside the measures that the systems are compared in."""

_STATISTICS: Mapping[str, Statistic] = {
    "macro_f1": macro_f1,
    BARE: judged_macro_f1,
    "span_f1_exact": micro_f1,
    "span_f1_overlap": micro_f1,
}
_Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class CeilingFigure:
    """The mean over the pairs of annotators that have anything to compare.

    `support` counts over all pairs the stances that both judged, those that either named, or the
    spans of the two together.
    """

    value: float
    interval: Interval
    support: int


@dataclass(frozen=True, slots=True)
class Ceiling:
    """On the sentences that two annotators or more labelled. A measure that nobody's label bears
    on has no figure."""

    annotators: tuple[str, ...]
    num_pairs: int
    num_sentences: int
    num_stories: int
    figures: Mapping[str, CeilingFigure]


def measure_ceiling(
    by_annotator: Mapping[str, Sequence[LabelledSentence]],
    *,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Ceiling | None:
    """The ceiling of annotators by name; None where no two of them share a sentence.

    RecordError where two were given different texts for one sentence.
    """
    found = {
        name: {(one.article_id, one.index): one for one in sentences}
        for name, sentences in by_annotator.items()
    }
    pairs = [(a, b) for a, b in combinations(found, 2) if found[a].keys() & found[b].keys()]
    if not pairs:
        return None
    places = sorted({place for a, b in pairs for place in found[a].keys() & found[b].keys()})
    first = {place: one for labelled in reversed(found.values()) for place, one in labelled.items()}
    stories = [first[place].story for place in places]
    by_measure: dict[str, list[NDArray[Any]]] = {}
    for a, b in pairs:
        for measure, counts in _count_pair(found[a], found[b], places):
            by_measure.setdefault(measure, []).append(counts)
    figures = {}
    for measure, listed in by_measure.items():
        counts = sum_by_story(np.stack(listed, axis=1), stories)
        support = _support(measure, counts)
        if support:
            statistic = _mean_over_pairs(_STATISTICS[measure])
            figures[measure] = CeilingFigure(
                value=float(statistic(counts.sum(axis=0))),
                interval=story_interval(statistic, counts, num_resamples=num_resamples, seed=seed),
                support=support,
            )
    return Ceiling(
        annotators=tuple(name for name in found if any(name in pair for pair in pairs)),
        num_pairs=len(pairs),
        num_sentences=len(places),
        num_stories=len(set(stories)),
        figures=figures,
    )


def _count_pair(
    ours: Mapping[_Place, LabelledSentence],
    theirs: Mapping[_Place, LabelledSentence],
    places: Sequence[_Place],
) -> Iterator[tuple[str, NDArray[Any]]]:
    """For each measure the counts of every place; zeros where not both labelled it."""
    shared = [place for place in places if place in ours and place in theirs]
    for place in shared:
        if ours[place].text != theirs[place].text:
            what = "was given to two annotators in different texts"
            raise RecordError(f"{place[0]}:{place[1]}", what, "import their labels anew")
    mine, other = ([judge_as_labelled(one[place]) for place in shared] for one in (ours, theirs))
    terms, found = ([_spans(one[place]) for place in shared] for one in (ours, theirs))
    both = [_judged_by_both(*pair) for pair in zip(mine, other, strict=True)]
    counts = {
        "macro_f1": count_stances_of_each([a for a, _ in both], [b for _, b in both]),
        BARE: count_judged(mine, other),
        "span_f1_exact": count_spans(terms, found, match_exact),
        "span_f1_overlap": count_spans(terms, found, match_overlap),
    }
    rows = [number for number, place in enumerate(places) if place in ours and place in theirs]
    for measure, of_shared in counts.items():
        every = np.zeros((len(places), *of_shared.shape[1:]), dtype=of_shared.dtype)
        every[rows] = of_shared
        yield measure, every


def _judged_by_both(
    ours: Mapping[Any, Sequence[str]], theirs: Mapping[Any, Sequence[str]]
) -> tuple[list[str], list[str]]:
    """The labels of the targets and holders that both named, in the same order."""
    labels = [
        pair for key in ours if key in theirs for pair in zip(ours[key], theirs[key], strict=False)
    ]
    return [a for a, _ in labels], [b for _, b in labels]


def _spans(sentence: LabelledSentence) -> set[SpanKey]:
    return {(term.start, term.end, term.category) for term in sentence.loaded_terms}


def _support(measure: str, counts: NDArray[Any]) -> int:
    """Of spans the last axis holds hits, those of one and those of the other."""
    return int(counts[..., 1:].sum() if measure.startswith("span") else counts.sum())


def _mean_over_pairs(statistic: Statistic) -> Statistic:
    """(…, pairs, *counts, *counts) → (…): over the pairs that have counts at all."""

    def mean(counts: NDArray[Any]) -> FloatArray:
        return mean_where(statistic(counts), counts.sum(axis=(-2, -1)) > 0)

    return mean
