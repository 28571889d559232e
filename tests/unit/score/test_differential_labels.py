"""Scores of labels and of presence on 5,000 random cases, beside scikit-learn and plain loops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from model.records import STANCE_LABELS
from train.score.counts import LabelScores
from train.score.labels import (
    accuracy,
    count_stances,
    favor_against_f1,
    macro_f1,
    score_stances,
    score_targets,
)
from train.score.presence import count_levels, roc_auc, score_presence

NUM_CASES = 5000
LabelCases = list[tuple[list[str], list[str]]]


@pytest.fixture(scope="module")
def label_cases() -> LabelCases:
    """Sets of 1 to 15 labels; in some a label is never gold, or never predicted."""
    rng = np.random.default_rng(12)
    cases = []
    for _ in range(NUM_CASES):
        size = int(rng.integers(1, 16))
        gold = rng.integers(0, rng.integers(1, 4), size)
        predicted = np.where(rng.random(size) < 0.6, gold, rng.integers(0, 3, size))
        cases.append(tuple([STANCE_LABELS[i] for i in labels] for labels in (gold, predicted)))
    return cases


def test_labels_are_scored_as_by_scikit_learn(
    label_cases: LabelCases,
) -> None:
    """In one call: a column for each case and label says of each item whether it is the label."""
    longest = max(len(gold) for gold, _ in label_cases)
    shape = longest, len(label_cases), len(STANCE_LABELS)
    gold_is, predicted_is = np.zeros(shape, dtype=int), np.zeros(shape, dtype=int)
    for case, pair in enumerate(label_cases):
        for is_label, labels in zip((gold_is, predicted_is), pair, strict=True):
            for item, label in enumerate(labels):
                is_label[item, case, STANCE_LABELS.index(label)] = 1
    theirs = precision_recall_fscore_support(
        gold_is.reshape(longest, -1), predicted_is.reshape(longest, -1), zero_division=0
    )
    precision, recall, f1, support = (np.reshape(column, shape[1:]) for column in theirs)
    for case, (gold, predicted) in enumerate(label_cases):
        ours = score_stances(gold, predicted)
        for i, label in enumerate(STANCE_LABELS):
            ratios = precision[case, i], recall[case, i], f1[case, i]
            _check(ours.per_label[label], ratios, support[case, i], predicted.count(label))
        assert abs(ours.macro_f1 - f1[case].mean()) <= 1e-12
        sides = [STANCE_LABELS.index("favor"), STANCE_LABELS.index("against")]
        assert abs((ours.favor_against_f1 or 0) - f1[case, sides].mean()) <= 1e-12
        assert abs(ours.accuracy - np.mean(np.equal(gold, predicted))) <= 1e-12
        counts = count_stances(gold, predicted)
        assert abs(ours.macro_f1 - macro_f1(counts)) <= 1e-12
        assert abs((ours.favor_against_f1 or 0) - favor_against_f1(counts)) <= 1e-12
        assert abs(ours.accuracy - accuracy(counts)) <= 1e-12


def test_averages_and_confusion_are_those_of_scikit_learn(
    label_cases: LabelCases,
) -> None:
    """The library's own averages, case by case; it takes its time, so on fewer of them."""
    for gold, predicted in label_cases[:100]:
        ours = score_stances(gold, predicted)
        for labels, figure in (
            (STANCE_LABELS, ours.macro_f1),
            (("favor", "against"), ours.favor_against_f1),
        ):
            theirs = f1_score(gold, predicted, labels=labels, average="macro", zero_division=0)
            assert figure == pytest.approx(theirs, abs=1e-12)
        assert ours.accuracy == pytest.approx(accuracy_score(gold, predicted), abs=1e-12)
        theirs = confusion_matrix(gold, predicted, labels=STANCE_LABELS).tolist()
        assert [list(row) for row in ours.confusion] == theirs


def test_targets_are_scored_as_by_a_plain_loop(
    label_cases: LabelCases,
) -> None:
    rng = np.random.default_rng(13)
    for number, (gold, predicted) in enumerate(label_cases):
        targets = [f"target {i}" for i in rng.integers(0, 3, len(gold))]
        ours = score_targets(gold, predicted, targets)
        theirs = {}
        for target in targets:
            pairs = [
                (a, b) for a, b, t in zip(gold, predicted, targets, strict=True) if t == target
            ]
            theirs[target] = _plain_supported_macro_f1(pairs)
            if number < 30:
                right, found = zip(*pairs, strict=True)
                by_library = f1_score(
                    right, found, labels=sorted(set(right)), average="macro", zero_division=0
                )
                assert theirs[target] == pytest.approx(by_library, abs=1e-12)
        assert set(ours.per_target) == set(theirs)
        for target, figure in theirs.items():
            assert abs(ours.per_target[target].macro_f1 - figure) <= 1e-12
        assert abs(ours.macro_f1 - sum(theirs.values()) / len(theirs)) <= 1e-12


def test_presence_is_scored_as_by_a_plain_loop() -> None:
    """The area is the share of pairs in the right order, ties half; scikit-learn's too."""
    rng = np.random.default_rng(14)
    for number in range(NUM_CASES):
        gold, luck = rng.random(12) < 0.5, rng.random(12)
        gold[:2] = True, False
        predicted = np.where(luck < 0.7, gold, ~gold)
        scores = np.round(0.3 * gold + luck, 1)
        counts = count_levels(gold.tolist(), scores.tolist(), [0, 1, 2] * 4, 3)
        pairs = [
            (a > b) + (a == b) / 2 for a in scores[gold].tolist() for b in scores[~gold].tolist()
        ]
        assert abs(roc_auc(counts.sum(axis=0)) - sum(pairs) / len(pairs)) <= 1e-12
        with_area = number < 100  # scikit-learn takes its time
        ours = score_presence(gold.tolist(), predicted.tolist(), scores if with_area else None)
        hits, found, held = int(sum(gold & predicted)), int(sum(predicted)), int(sum(gold))
        _check(ours.held, _plain_ratios(hits, found, held), held, found)
        if with_area:
            assert ours.roc_auc == pytest.approx(roc_auc_score(gold, scores), abs=1e-12)
            assert ours.roc_auc == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)
            assert ours.held.f1 == pytest.approx(f1_score(gold, predicted), abs=1e-12)


def _check(ours: LabelScores, ratios: Iterable[float], support: int, num_predicted: int) -> None:
    found = (ours.precision, ours.recall, ours.f1)
    assert max(abs(a - b) for a, b in zip(found, ratios, strict=True)) <= 1e-12
    assert (ours.support, ours.num_predicted) == (support, num_predicted)


def _plain_ratios(hits: int, num_predicted: int, support: int) -> tuple[float, float, float]:
    precision = hits / num_predicted if num_predicted else 0.0
    recall = hits / support if support else 0.0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def _plain_supported_macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    figures = []
    for label in {gold for gold, _ in pairs}:
        right = sum(gold == predicted == label for gold, predicted in pairs)
        found = sum(predicted == label for _, predicted in pairs)
        figures.append(_plain_ratios(right, found, sum(gold == label for gold, _ in pairs)))
    return sum(f1 for _, _, f1 in figures) / len(figures)
