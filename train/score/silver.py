"""How well labelling rules and their combined votes agree with gold: lists in, records out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_NUM_BINS = 5


@dataclass(frozen=True, slots=True)
class RuleScore:
    """One rule: how many items it voted on, the share of all, and the share of votes right."""

    name: str
    num_votes: int
    coverage: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label: precision, recall and F1 of what was decided, and its support in gold."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Bin:
    """Decisions of about one confidence: their mean confidence and the share that is right."""

    num_items: int
    confidence: float
    accuracy: float


def score_rules(votes: Sequence[Mapping[str, str]], gold: Sequence[str]) -> list[RuleScore]:
    """One score for each rule that voted, the most busy first."""
    cast, right = Counter[str](), Counter[str]()
    for item, true in zip(votes, gold, strict=True):
        for rule, vote in item.items():
            cast[rule] += 1
            right[rule] += vote == true
    return [
        RuleScore(rule, count, count / max(1, len(gold)), right[rule] / count)
        for rule, count in sorted(cast.items(), key=lambda item: (-item[1], item[0]))
    ]


def score_labels(decided: Sequence[str | None], gold: Sequence[str]) -> list[LabelScore]:
    """Scores by label of gold; an item without a decision is missed by its label."""
    scores = []
    for label in sorted(set(gold)):
        right = sum(d == label == g for d, g in zip(decided, gold, strict=True))
        found, support = sum(d == label for d in decided), gold.count(label)
        scores.append(
            LabelScore(
                label,
                right / max(1, found),
                right / max(1, support),
                2 * right / max(1, found + support),
                support,
            )
        )
    return scores


def macro_f1(scores: Sequence[LabelScore]) -> float:
    """The mean F1 of the labels; 0 without any."""
    return sum(score.f1 for score in scores) / max(1, len(scores))


def calibrate(confidences: Sequence[float], is_right: Sequence[bool]) -> list[Bin]:
    """Decisions in five bins of like confidence, the least sure first."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in zip(confidences, is_right, strict=True):
        number = min(_NUM_BINS - 1, int(confidence * _NUM_BINS))
        bins.setdefault(number, []).append((confidence, right))
    return [
        Bin(
            len(items),
            sum(confidence for confidence, _ in items) / len(items),
            sum(right for _, right in items) / len(items),
        )
        for _, items in sorted(bins.items())
    ]
