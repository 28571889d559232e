"""What is measured: labels or spans in, a frozen record of scores out. Rendering stands elsewhere.

The `count_*` functions give the counts of each sentence from which every F1 follows; the bootstrap
adds them up by story, and `macro_f1` and `micro_f1` take whole stacks of such sums at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_fscore_support

from model.errors import RecordError
from model.records import LOADED_CATEGORIES, STANCE_LABELS

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
SpanKey = tuple[int, int, str]
"""A span as the scores see it: start, end, category. A repeated span counts once."""

MatchSpans = Callable[[Collection[SpanKey], Collection[SpanKey]], int]
"""How many gold and predicted spans of one category and sentence pair up, each used once."""


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Scores of one label or category; a ratio with nothing below the line is 0."""

    precision: float
    recall: float
    f1: float
    support: int
    num_predicted: int


@dataclass(frozen=True, slots=True)
class StanceScores:
    """`macro_f1` averages all labels of the set, those without support too (their F1 is 0).

    `favor_against_f1` is the mean of these two labels' F1 (SemEval-2016 task 6), None where the
    label set lacks them. `confusion` has a row for each gold and a column for each predicted
    label.
    """

    macro_f1: float
    favor_against_f1: float | None
    accuracy: float
    support: int
    per_label: Mapping[str, LabelScores]
    confusion: tuple[tuple[int, ...], ...]


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


def score_stances(
    gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str] = STANCE_LABELS
) -> StanceScores:
    """Scores of stance labels by scikit-learn; no item at all scores 0 throughout."""
    confusion = count_stances(gold, predicted, labels)
    num_labels = len(labels)
    precision, recall, f1 = np.zeros(num_labels), np.zeros(num_labels), np.zeros(num_labels)
    if gold:  # scikit-learn refuses empty input
        precision, recall, f1, _ = precision_recall_fscore_support(
            gold, predicted, labels=list(labels), zero_division=0
        )
    per_label = {
        label: LabelScores(
            precision=float(precision[i]),
            recall=float(recall[i]),
            f1=float(f1[i]),
            support=int(confusion[i].sum()),
            num_predicted=int(confusion[:, i].sum()),
        )
        for i, label in enumerate(labels)
    }
    has_sides = "favor" in per_label and "against" in per_label
    return StanceScores(
        macro_f1=float(np.mean(f1)),
        favor_against_f1=(per_label["favor"].f1 + per_label["against"].f1) / 2
        if has_sides
        else None,
        accuracy=int(np.trace(confusion)) / max(len(gold), 1),
        support=len(gold),
        per_label=per_label,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def count_stances(
    gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str] = STANCE_LABELS
) -> IntArray:
    """The confusion matrix, gold by predicted. RecordError: unknown label or unequal lengths."""
    if len(gold) != len(predicted):
        raise RecordError("stances", f"{len(predicted)} predicted labels for {len(gold)} gold ones")
    if unknown := sorted({*map(str, gold), *map(str, predicted)} - set(labels)):
        raise RecordError(
            "stances", f"unknown label {', '.join(unknown)}", f"labels are {', '.join(labels)}"
        )
    position = {label: i for i, label in enumerate(labels)}
    confusion = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for gold_label, predicted_label in zip(gold, predicted, strict=True):
        confusion[position[gold_label], position[predicted_label]] += 1
    return confusion


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
            if _overlaps_any(span, firm_spans) or not _overlaps_any(span, weak_spans)
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

    RecordError for an unknown category or unequal lengths.
    """
    if len(gold) != len(predicted):
        raise RecordError(
            "spans", f"{len(predicted)} predicted sentences for {len(gold)} gold ones"
        )
    counts = np.zeros((len(gold), len(categories), 3), dtype=np.int64)
    for row, gold_spans, predicted_spans in zip(counts, gold, predicted, strict=True):
        gold_of, predicted_of = _by_category(gold_spans), _by_category(predicted_spans)
        if unknown := sorted((gold_of.keys() | predicted_of.keys()) - set(categories)):
            raise RecordError(
                "spans",
                f"unknown category {', '.join(unknown)}",
                f"categories are {', '.join(categories)}",
            )
        for i, category in enumerate(categories):
            theirs, ours = gold_of.get(category, []), predicted_of.get(category, [])
            row[i] = match(theirs, ours), len(ours), len(theirs)
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
            if other_side != side and _overlaps(span, other):
                del ends_first[i]
                num_pairs += 1
                break
    return num_pairs


def macro_f1(confusions: NDArray[Any]) -> FloatArray:
    """Macro-F1 of confusion matrices, (…, labels, labels) → (…)."""
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    f1 = _ratio(2 * hits, confusions.sum(axis=-1) + confusions.sum(axis=-2))
    return np.asarray(f1.mean(axis=-1))


def micro_f1(counts: NDArray[Any]) -> FloatArray:
    """F1 over all categories of span counts, (…, categories, 3) → (…)."""
    totals = counts.sum(axis=-2)
    return _ratio(2 * totals[..., 0], totals[..., 1] + totals[..., 2])


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> FloatArray:
    """Division with 0 where nothing stands below the line."""
    return np.asarray(above / np.maximum(below, 1), dtype=np.float64)


def _match_scores(counts: IntArray, categories: Sequence[str]) -> SpanMatchScores:
    totals = counts.sum(axis=0)
    per_category = {category: _label_scores(totals[i]) for i, category in enumerate(categories)}
    supported = [scores.f1 for scores in per_category.values() if scores.support]
    return SpanMatchScores(
        micro=_label_scores(totals.sum(axis=0)),
        macro_f1=sum(supported) / max(len(supported), 1),
        per_category=per_category,
    )


def _label_scores(counts: IntArray) -> LabelScores:
    hits, num_predicted, support = (int(count) for count in counts)
    return LabelScores(
        precision=hits / max(num_predicted, 1),
        recall=hits / max(support, 1),
        f1=2 * hits / max(num_predicted + support, 1),
        support=support,
        num_predicted=num_predicted,
    )


def _by_category(spans: Iterable[SpanKey]) -> dict[str, list[SpanKey]]:
    grouped: dict[str, list[SpanKey]] = {}
    for span in spans:
        grouped.setdefault(span[2], []).append(span)
    return grouped


def _overlaps(one: SpanKey, other: SpanKey) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _overlaps_any(span: SpanKey, others: Iterable[SpanKey]) -> bool:
    """Whether the span shares a character with one of its own category."""
    return any(span[2] == other[2] and _overlaps(span, other) for other in others)
