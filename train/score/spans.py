"""Scores of spans: same borders, one character in common, and character by character."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import RecordError
from model.records import LOADED_CATEGORIES
from train.score.counts import FloatArray, IntArray, LabelScores, check_alike, f1, mean_where

SpanKey = tuple[int, int, str]
"""A span as the scores see it: start, end, category. A repeated span counts once."""

MatchSpans = Callable[[Collection[SpanKey], Collection[SpanKey]], int]
"""How many gold and predicted spans of one category and sentence pair up, each used once."""

CountRow = Callable[[list[SpanKey], list[SpanKey]], tuple[float, ...]]
"""From the gold and predicted spans of one category and sentence to a row of counts."""


@dataclass(frozen=True, slots=True)
class SpanMatchScores:
    """`micro` pools all categories; `macro_f1` averages the categories that have gold support."""

    micro: LabelScores
    macro_f1: float
    per_category: Mapping[str, LabelScores]


@dataclass(frozen=True, slots=True)
class SpanScores:
    """The two ways of pairing spans: same borders, or at least one character in common."""

    span_f1_exact: SpanMatchScores
    span_f1_overlap: SpanMatchScores


def score_spans(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    categories: Sequence[str] = LOADED_CATEGORIES,
) -> SpanScores:
    """Exact and overlap scores; item i of each sequence holds the spans of sentence i."""
    return SpanScores(
        span_f1_exact=_match_scores(
            count_spans(gold, predicted, match_exact, categories), categories
        ),
        span_f1_overlap=_match_scores(
            count_spans(gold, predicted, match_overlap, categories), categories
        ),
    )


def score_characters(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    categories: Sequence[str] = LOADED_CATEGORIES,
) -> SpanMatchScores:
    """Character scores: support and num_predicted count characters, see `count_characters`."""
    return _match_scores(count_characters(gold, predicted, categories), categories)


def without_weak(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    weak: Sequence[AbstractSet[SpanKey]],
) -> tuple[list[set[SpanKey]], list[set[SpanKey]]]:
    """Gold and predicted spans with the weak ones neither rewarded nor punished.

    `weak` holds the gold spans that are weak. They are left out, and so is a prediction that
    overlaps a weak span and no other gold span of its category.
    """
    firm = [set(spans) - weak_spans for spans, weak_spans in zip(gold, weak, strict=True)]
    kept = [
        {
            span
            for span in spans
            if not _overlaps_any(span, weak_spans) or _overlaps_any(span, firm_spans)
        }
        for spans, firm_spans, weak_spans in zip(predicted, firm, weak, strict=True)
    ]
    return firm, kept


def count_spans(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    match: MatchSpans,
    categories: Sequence[str] = LOADED_CATEGORIES,
) -> IntArray:
    """(sentences, categories, 3): pairs matched, spans predicted, gold spans.

    RecordError for an unknown category, a span without a character, or unequal lengths.
    """

    def row(theirs: list[SpanKey], ours: list[SpanKey]) -> tuple[int, int, int]:
        return match(theirs, ours) if theirs and ours else 0, len(ours), len(theirs)

    return tabulate(gold, predicted, categories, row, width=3).astype(np.int64)


def count_characters(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    categories: Sequence[str] = LOADED_CATEGORIES,
) -> IntArray:
    """(sentences, categories, 3): characters that both mark, characters predicted, gold ones.

    A character counts once for each category that has it in some span, however many of its spans
    hold it.
    """

    def row(theirs: list[SpanKey], ours: list[SpanKey]) -> tuple[int, int, int]:
        marked, found = merge_spans(theirs), merge_spans(ours)
        shared = sum(overlap(one, other) for one in found for other in marked)
        return shared, sum(map(_length, found)), sum(map(_length, marked))

    return tabulate(gold, predicted, categories, row, width=3).astype(np.int64)


def tabulate(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    categories: Sequence[str],
    row: CountRow,
    *,
    width: int,
) -> FloatArray:
    """(sentences, categories, width): `row` of every sentence and category that has a span."""
    check_alike("sentences with spans", gold, predicted)
    place = {category: i for i, category in enumerate(categories)}
    cells, rows = [], []
    for number, (gold_spans, predicted_spans) in enumerate(zip(gold, predicted, strict=True)):
        if not gold_spans and not predicted_spans:
            continue
        theirs, ours = _by_category(gold_spans), _by_category(predicted_spans)
        for category in theirs.keys() | ours.keys():
            if category not in place:
                raise RecordError(
                    f"spans of sentence {number}",
                    f"unknown category {category}",
                    f"categories are {', '.join(categories)}",
                )
            cells.append((number, place[category]))
            rows.append(row(theirs.get(category, []), ours.get(category, [])))
    counts = np.zeros((len(gold), len(categories), width))
    if rows:
        sentences, places = np.array(cells).T
        counts[sentences, places] = rows
    return counts


def match_exact(gold: Collection[SpanKey], predicted: Collection[SpanKey]) -> int:
    """Pairs with the same borders."""
    return len(set(gold) & set(predicted))


def match_overlap(gold: Collection[SpanKey], predicted: Collection[SpanKey]) -> int:
    """The most pairs that share a character, each span used at most once.

    One long prediction over two gold spans finds one of them, and two predictions inside one gold
    span are one hit and one false alarm. Taking the span that ends first and pairing it with the
    overlapping one of the other side that ends first is a maximum matching: all its partners hold
    its last character, so one that ends later overlaps everything that this one still could.
    """
    ends_first = sorted(
        [(span, 0) for span in gold] + [(span, 1) for span in predicted],
        key=lambda item: (item[0][1], item[0][0]),
    )
    num_pairs = 0
    while ends_first:
        span, side = ends_first.pop(0)
        for i, (other, other_side) in enumerate(ends_first):
            if other_side != side and overlap(span, other):
                del ends_first[i]
                num_pairs += 1
                break
    return num_pairs


def micro_f1(counts: NDArray[Any]) -> FloatArray:
    """F1 over all categories of span or character counts, (…, categories, 3) → (…)."""
    return f1(counts.sum(axis=-2))


def category_macro_f1(counts: NDArray[Any]) -> FloatArray:
    """Mean F1 of the categories with gold support, (…, categories, 3) → (…)."""
    return mean_where(f1(counts), counts[..., 2] > 0)


def merge_spans(spans: Iterable[SpanKey]) -> list[SpanKey]:
    """Spans of one category with those that share a character made one; touching ones stay two."""
    merged: list[SpanKey] = []
    for start, end, category in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]), category)
        else:
            merged.append((start, end, category))
    return merged


def overlap(one: SpanKey, other: SpanKey) -> int:
    """The number of characters that two spans share."""
    return max(0, min(one[1], other[1]) - max(one[0], other[0]))


def _match_scores(counts: IntArray, categories: Sequence[str]) -> SpanMatchScores:
    totals = counts.sum(axis=0)
    return SpanMatchScores(
        micro=LabelScores.of(totals.sum(axis=0)),
        macro_f1=float(category_macro_f1(totals)),
        per_category={category: LabelScores.of(totals[i]) for i, category in enumerate(categories)},
    )


def _by_category(spans: Iterable[SpanKey]) -> dict[str, list[SpanKey]]:
    grouped: dict[str, list[SpanKey]] = {}
    for span in spans:
        if span[0] >= span[1]:
            raise RecordError(f"span {span}", "it holds no character", "give start < end")
        grouped.setdefault(span[2], []).append(span)
    return grouped


def _length(span: SpanKey) -> int:
    return span[1] - span[0]


def _overlaps_any(span: SpanKey, others: Iterable[SpanKey]) -> bool:
    """Whether the span shares a character with one of its own category."""
    return any(span[2] == other[2] and overlap(span, other) for other in others)
