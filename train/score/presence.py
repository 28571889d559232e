"""A reading without targets or borders: does the sentence hold any loaded term?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from model.errors import RecordError
from train.score.bootstrap import Interval, story_interval
from train.score.counts import FloatArray, IntArray, LabelScores, check_alike, ratio

MAX_LEVELS = 256
"""Scores are told apart in so many steps when their AUC is resampled."""


@dataclass(frozen=True, slots=True)
class PresenceScores:
    """`held` scores the sentences that hold a term; `roc_auc` is how well scores rank them.

    It is None without scores, and where all sentences hold a term or none does; its interval is
    over stories, None where none were given.
    """

    held: LabelScores
    roc_auc: float | None
    roc_auc_interval: Interval | None
    num_sentences: int


def score_presence(
    gold: Sequence[bool],
    predicted: Sequence[bool],
    scores: Sequence[float] | None = None,
    *,
    stories: Sequence[str] | None = None,
    num_resamples: int = 1000,
    seed: int = 0,
) -> PresenceScores:
    """Item i says whether sentence i holds a term; `scores` are the higher the surer of one."""
    counts = count_presence(gold, predicted).sum(axis=0)
    area, interval = None, None
    if scores is not None:
        _check_scores(gold, scores)
        if 0 < counts[2] < len(gold):
            area = float(roc_auc_score(gold, scores))
            if stories is not None:
                check_alike("stories of sentences", gold, stories)
                position = {story: i for i, story in enumerate(dict.fromkeys(stories))}
                owners = [position[story] for story in stories]
                levels = count_levels(gold, scores, owners, len(position))
                interval = story_interval(roc_auc, levels, num_resamples=num_resamples, seed=seed)
    return PresenceScores(LabelScores.of(counts), area, interval, len(gold))


def count_presence(gold: Sequence[bool], predicted: Sequence[bool]) -> IntArray:
    """(sentences, 3): found and there, found, there. `counts.f1` takes their sums."""
    check_alike("presence of terms", gold, predicted)
    held, found = np.asarray(gold, dtype=bool), np.asarray(predicted, dtype=bool)
    return np.stack([held & found, found, held], axis=-1).astype(np.int64)


def count_levels(
    gold: Sequence[bool],
    scores: Sequence[float],
    groups: Sequence[int],
    num_groups: int,
    max_levels: int = MAX_LEVELS,
) -> IntArray:
    """(groups, levels, 2): sentences without and with a term, by story and level of score.

    Levels rise with the score: one for each score that occurs, or where there are more than
    `max_levels` so many with as many sentences each. Scores of one level count as equal.
    """
    check_alike("groups of sentences", gold, groups)
    values = _check_scores(gold, scores)
    distinct, level = np.unique(values, return_inverse=True)
    num_levels = len(distinct)
    if num_levels > max_levels:
        shares = np.arange(1, max_levels) / max_levels
        borders = np.unique(np.quantile(values, shares, method="higher"))
        level, num_levels = np.searchsorted(borders, values, side="right"), len(borders) + 1
    cells = (np.asarray(groups, dtype=np.int64) * num_levels + level) * 2 + np.asarray(gold, int)
    return np.bincount(cells, minlength=num_groups * num_levels * 2).reshape(
        num_groups, num_levels, 2
    )


def roc_auc(counts: NDArray[Any]) -> FloatArray:
    """Area under the ROC curve, (…, levels, 2) → (…); ½ where one of the two kinds is missing.

    The chance that a sentence with a term scores above one without, ties counting half (Hanley and
    McNeil, 1982).
    """
    without, held = counts[..., 0], counts[..., 1]
    below = np.cumsum(without, axis=-1) - without
    wins = (held * (below + without / 2)).sum(axis=-1)
    pairs = held.sum(axis=-1) * without.sum(axis=-1)
    return np.where(pairs > 0, ratio(wins, pairs), 0.5)


def _check_scores(gold: Sequence[bool], scores: Sequence[float]) -> FloatArray:
    check_alike("scores of sentences", gold, scores)
    values = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(values).all():
        raise RecordError("scores of sentences", "a score is no finite number")
    return values
