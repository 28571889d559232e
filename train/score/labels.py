"""Scores of labels, stance first of all: by label, over all, and by target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import RecordError
from model.records import STANCE_LABELS
from train.score.counts import (
    FloatArray,
    IntArray,
    LabelScores,
    check_alike,
    mean_where,
    ratio,
)


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
class TargetScores:
    """Scores of one target: `macro_f1` averages the labels that gold gives this target.

    A label that it never has cannot be got right, so it does not count; calling it wrongly costs
    the recall of the label that was there. `support` counts the gold labels, each of them.
    """

    macro_f1: float
    support: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TargetMeans:
    """`macro_f1` is the mean over the targets with at least one gold label, each alike."""

    macro_f1: float
    per_target: Mapping[str, TargetScores]


def score_stances(
    gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str] = STANCE_LABELS
) -> StanceScores:
    """Scores of stance labels, or of another label set; no item at all scores 0 throughout."""
    confusion = count_stances(gold, predicted, labels)
    hits = np.stack([np.diagonal(confusion), confusion.sum(axis=0), confusion.sum(axis=1)], axis=-1)
    per_label = {label: LabelScores.of(hits[i]) for i, label in enumerate(labels)}
    has_sides = "favor" in per_label and "against" in per_label
    return StanceScores(
        macro_f1=float(macro_f1(confusion)),
        favor_against_f1=(per_label["favor"].f1 + per_label["against"].f1) / 2
        if has_sides
        else None,
        accuracy=float(accuracy(confusion)),
        support=len(gold),
        per_label=per_label,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


def score_targets(
    gold: Sequence[str],
    predicted: Sequence[str],
    targets: Sequence[str],
    labels: Sequence[str] = STANCE_LABELS,
) -> TargetMeans:
    """Scores by target, in order of first appearance; item i is about `targets[i]`."""
    names = list(dict.fromkeys(targets))
    confusions = count_stances_by(targets, names, gold, predicted, labels)
    figures = supported_macro_f1(confusions)
    return TargetMeans(
        macro_f1=float(target_macro_f1(confusions)),
        per_target={
            name: TargetScores(
                macro_f1=float(figures[i]),
                support=dict(zip(labels, confusions[i].sum(axis=-1).tolist(), strict=True)),
            )
            for i, name in enumerate(names)
        },
    )


def count_stances(
    gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str] = STANCE_LABELS
) -> IntArray:
    """The confusion matrix, gold by predicted. RecordError: unknown label or unequal lengths."""
    check_alike("stances", gold, predicted)
    confusion: IntArray = _tabulate(np.zeros(len(gold), np.int64), 1, gold, predicted, labels)[0]
    return confusion


def count_stances_of_each(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    labels: Sequence[str] = STANCE_LABELS,
) -> IntArray:
    """Confusion matrices by sentence, (sentences, labels, labels); item i holds its labels."""
    check_alike("sentences with stances", gold, predicted)
    sizes = [len(one) for one in gold]
    for i, (size, one) in enumerate(zip(sizes, predicted, strict=True)):
        if len(one) != size:
            check_alike(f"stances of sentence {i}", gold[i], one)
    rows = np.repeat(np.arange(len(gold)), sizes)
    return _tabulate(
        rows, len(gold), chain.from_iterable(gold), chain.from_iterable(predicted), labels
    )


def count_stances_by(
    keys: Sequence[str],
    names: Sequence[str],
    gold: Sequence[str],
    predicted: Sequence[str],
    labels: Sequence[str] = STANCE_LABELS,
) -> IntArray:
    """Confusion matrices by story, target or the like, (names, labels, labels).

    Item i belongs to `keys[i]`; a name without any item has zeros. RecordError for a key that is
    no name.
    """
    check_alike("stances", gold, predicted)
    check_alike("keys of stances", gold, keys)
    rows = np.fromiter(_positions("key", keys, names), dtype=np.int64, count=len(keys))
    return _tabulate(rows, len(names), gold, predicted, labels)


def count_targets_by_story(
    stories: Sequence[str],
    targets: Sequence[str],
    gold: Sequence[str],
    predicted: Sequence[str],
    *,
    story_names: Sequence[str],
    target_names: Sequence[str],
    labels: Sequence[str] = STANCE_LABELS,
) -> IntArray:
    """(stories, targets, labels, labels): what `target_macro_f1` takes once stories are summed."""
    check_alike("stances", gold, predicted)
    check_alike("stories of stances", gold, stories)
    check_alike("targets of stances", gold, targets)
    story_rows = np.fromiter(_positions("story", stories, story_names), np.int64, len(gold))
    target_rows = np.fromiter(_positions("target", targets, target_names), np.int64, len(gold))
    num_rows = len(story_names) * len(target_names)
    rows = story_rows * len(target_names) + target_rows
    counts = _tabulate(rows, num_rows, gold, predicted, labels)
    return counts.reshape(len(story_names), len(target_names), len(labels), len(labels))


def label_f1(confusions: NDArray[Any]) -> FloatArray:
    """F1 of each label, (…, labels, labels) → (…, labels)."""
    hits = np.diagonal(confusions, axis1=-2, axis2=-1)
    return ratio(2 * hits, confusions.sum(axis=-1) + confusions.sum(axis=-2))


def macro_f1(confusions: NDArray[Any]) -> FloatArray:
    """Macro-F1 of confusion matrices, (…, labels, labels) → (…)."""
    return np.asarray(label_f1(confusions).mean(axis=-1))


def favor_against_f1(confusions: NDArray[Any]) -> FloatArray:
    """Mean F1 of favor and against (SemEval-2016 task 6) of matrices over `STANCE_LABELS`."""
    sides = [STANCE_LABELS.index("favor"), STANCE_LABELS.index("against")]
    return np.asarray(label_f1(confusions)[..., sides].mean(axis=-1))


def accuracy(confusions: NDArray[Any]) -> FloatArray:
    """The share of right labels, (…, labels, labels) → (…)."""
    hits = np.trace(confusions, axis1=-2, axis2=-1)
    return ratio(hits, confusions.sum(axis=(-2, -1)))


def supported_macro_f1(confusions: NDArray[Any]) -> FloatArray:
    """Macro-F1 over the labels that gold holds, (…, labels, labels) → (…); see `TargetScores`."""
    return mean_where(label_f1(confusions), confusions.sum(axis=-1) > 0)


def target_macro_f1(confusions: NDArray[Any]) -> FloatArray:
    """Mean of `supported_macro_f1` over targets with gold, (…, targets, labels, labels) → (…)."""
    return mean_where(supported_macro_f1(confusions), confusions.sum(axis=(-2, -1)) > 0)


def _tabulate(
    rows: IntArray,
    num_rows: int,
    gold: Iterable[str],
    predicted: Iterable[str],
    labels: Sequence[str],
) -> IntArray:
    """(rows, labels, labels): item i falls into `rows[i]`."""
    num_labels = len(labels)
    gold_at = np.fromiter(_positions("label", gold, labels), np.int64, len(rows))
    predicted_at = np.fromiter(_positions("label", predicted, labels), np.int64, len(rows))
    cells = (rows * num_labels + gold_at) * num_labels + predicted_at
    counts = np.bincount(cells, minlength=num_rows * num_labels**2)
    return counts.reshape(num_rows, num_labels, num_labels)


def _positions(what: str, items: Iterable[str], names: Sequence[str]) -> Iterator[int]:
    """The place of each item among the names."""
    place = {name: i for i, name in enumerate(names)}
    for item in items:
        if item not in place:
            known = f"known are {', '.join(names[:10])}{' …' * (len(names) > 10)}"
            raise RecordError("stances", f"unknown {what} {item}", known)
        yield place[item]
