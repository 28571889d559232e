"""The partial score of SemEval-2020 task 11 (Da San Martino et al., 2020) and of ArAIEval.

Precision is 1/|S| ∑ |s ∩ t| / |s| over all pairs of a predicted span s and a gold span t of the
same category, recall 1/|T| ∑ |s ∩ t| / |t|, F1 their harmonic mean. Credit is summed over pairs:
where spans of one category overlap a character is paid for more than once and a ratio can pass 1,
so the score is given merged (such spans made one first) and unmerged (as the shared tasks take
them, which ask for spans without overlaps).

Two departures from the tasks' scorers: with neither gold nor predicted spans F1 is 0 here, as of
every measure, and 1 there; and the recall of one category rests on recall credit, not on that of
precision.
"""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from model.records import LOADED_CATEGORIES
from train.score.counts import FloatArray, LabelScores, mean_where, ratio
from train.score.spans import SpanKey, SpanMatchScores, merge_spans, overlap, tabulate


@dataclass(frozen=True, slots=True)
class PartialScores:
    """The score with overlapping spans of a category merged first, and as they are."""

    merged: SpanMatchScores
    unmerged: SpanMatchScores


def score_partial(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    categories: Sequence[str] = LOADED_CATEGORIES,
) -> PartialScores:
    """Both scores; `support` and `num_predicted` count spans, after merging where it is done."""
    return PartialScores(
        merged=_scores(count_partial(gold, predicted, categories, merge=True), categories),
        unmerged=_scores(count_partial(gold, predicted, categories, merge=False), categories),
    )


def count_partial(
    gold: Sequence[AbstractSet[SpanKey]],
    predicted: Sequence[AbstractSet[SpanKey]],
    categories: Sequence[str] = LOADED_CATEGORIES,
    *,
    merge: bool,
) -> FloatArray:
    """(sentences, categories, 4): credit for precision, for recall, spans predicted, gold ones."""

    def row(theirs: list[SpanKey], ours: list[SpanKey]) -> tuple[float, ...]:
        if merge:
            theirs, ours = merge_spans(theirs), merge_spans(ours)
        precise = recalled = 0.0
        for one in ours:
            for other in theirs:
                shared = overlap(one, other)
                precise += shared / (one[1] - one[0])
                recalled += shared / (other[1] - other[0])
        return precise, recalled, len(ours), len(theirs)

    return tabulate(gold, predicted, categories, row, width=4)


def partial_f1(counts: NDArray[Any]) -> FloatArray:
    """F1 over all categories of partial counts, (…, categories, 4) → (…)."""
    return _ratios(counts.sum(axis=-2))[2]


def partial_macro_f1(counts: NDArray[Any]) -> FloatArray:
    """Mean F1 of the categories with gold support, (…, categories, 4) → (…)."""
    return mean_where(_ratios(counts)[2], counts[..., 3] > 0)


def _ratios(counts: NDArray[Any]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Precision, recall and F1, (…, 4) → (…) each."""
    precision = ratio(counts[..., 0], counts[..., 2])
    recall = ratio(counts[..., 1], counts[..., 3])
    return precision, recall, ratio(2 * precision * recall, precision + recall)


def _scores(counts: FloatArray, categories: Sequence[str]) -> SpanMatchScores:
    totals = counts.sum(axis=0)
    return SpanMatchScores(
        micro=_label_scores(totals.sum(axis=0)),
        macro_f1=float(partial_macro_f1(totals)),
        per_category={category: _label_scores(totals[i]) for i, category in enumerate(categories)},
    )


def _label_scores(counts: FloatArray) -> LabelScores:
    precision, recall, figure = _ratios(counts)
    return LabelScores(
        precision=float(precision),
        recall=float(recall),
        f1=float(figure),
        support=int(counts[3]),
        num_predicted=int(counts[2]),
    )
