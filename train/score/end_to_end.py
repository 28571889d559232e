"""Stances from the bare sentence: who is named, in whose words, and how, all of it found.

A gold stance whose target and holder were not found is an error, and so is a stance of a target or
holder that the gold lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import RecordError
from model.records import STANCE_LABELS, LabelledSentence
from train.score.bootstrap import Interval, story_interval, sum_by_story
from train.score.counts import FloatArray, IntArray, LabelScores

StanceKey = tuple[str, str]
"""Target and holder."""
Judged = Mapping[StanceKey, Sequence[str]]
"""The labels of one sentence by target and holder; several where speakers differ."""

_ABSENT = len(STANCE_LABELS)  # the row of what the gold lacks, the column of what was not found


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """`macro_f1` over the three labels; `num_missed` gold stances were not found at all, and
    `num_spurious` were found where the gold has none."""

    macro_f1: float
    interval: Interval
    per_label: Mapping[str, LabelScores]
    support: int
    num_missed: int
    num_spurious: int


def score_end_to_end(
    gold: Sequence[Judged],
    found: Sequence[Judged],
    stories: Sequence[str],
    *,
    num_resamples: int = 1000,
) -> EndToEnd:
    """Item i of each sequence is sentence i. RecordError for unequal lengths or no gold stance."""
    if not len(gold) == len(found) == len(stories):
        raise RecordError("end to end", f"{len(found)} sentences found for {len(gold)} gold ones")
    by_sentence = count_judged(gold, found)
    total = by_sentence.sum(axis=0)
    support = int(total[:_ABSENT].sum())
    if not support:
        raise RecordError("end to end", "no gold sentence has a stance")
    return EndToEnd(
        macro_f1=float(judged_macro_f1(total)),
        interval=story_interval(
            judged_macro_f1, sum_by_story(by_sentence, stories), num_resamples=num_resamples
        ),
        per_label={label: _scores(total, n) for n, label in enumerate(STANCE_LABELS)},
        support=support,
        num_missed=int(total[:_ABSENT, _ABSENT].sum()),
        num_spurious=int(total[_ABSENT, :_ABSENT].sum()),
    )


def count_judged(gold: Sequence[Judged], found: Sequence[Judged]) -> IntArray:
    """(sentences, labels and absent, the same): gold by found. `judged_macro_f1` takes the sums."""
    by_sentence = np.zeros((len(gold), _ABSENT + 1, _ABSENT + 1), np.int64)
    for counts, right, given in zip(by_sentence, gold, found, strict=True):
        for key in right.keys() | given.keys():
            _count(counts, right.get(key, ()), given.get(key, ()))
    return by_sentence


def judge_as_labelled(sentence: LabelledSentence) -> dict[StanceKey, list[str]]:
    """The labels of a labelled sentence, in this form; a stance without one is left out."""
    judged: dict[StanceKey, list[str]] = {}
    for stance in sentence.stances:
        if stance.label is not None:
            judged.setdefault((stance.target, stance.holder), []).append(stance.label)
    return judged


def _count(counts: IntArray, right: Sequence[str], given: Sequence[str]) -> None:
    for n in range(max(len(right), len(given))):
        row = STANCE_LABELS.index(right[n]) if n < len(right) else _ABSENT
        column = STANCE_LABELS.index(given[n]) if n < len(given) else _ABSENT
        counts[row, column] += 1


def judged_macro_f1(confusions: NDArray[Any]) -> FloatArray:
    """Macro-F1 over the three labels, (…, labels and absent, the same) → (…)."""
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)[..., :_ABSENT]
    total = (confusions.sum(axis=-1) + confusions.sum(axis=-2))[..., :_ABSENT]
    return np.asarray((2 * hits / np.maximum(total, 1)).mean(axis=-1))


def _scores(total: IntArray, label: int) -> LabelScores:
    hits, given, support = (int(total[label, label]), int(total[:, label].sum()),
                            int(total[label].sum()))  # fmt: skip
    return LabelScores(
        precision=hits / max(given, 1),
        recall=hits / max(support, 1),
        f1=2 * hits / max(given + support, 1),
        support=support,
        num_predicted=given,
    )
