"""Whether a sentence holds a term: counts, and the area under the curve from levels of scores."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from model.errors import RecordError
from train.score.bootstrap import story_interval
from train.score.presence import (
    MAX_LEVELS,
    count_levels,
    count_presence,
    roc_auc,
    score_presence,
)


def test_a_case_worked_out_by_hand() -> None:
    scores = score_presence([True, True, False, False], [True, False, True, False], [9, 3, 5, 3])
    assert (scores.held.precision, scores.held.recall, scores.held.f1) == (0.5, 0.5, 0.5)
    assert scores.roc_auc == (1 + 1 + 0 + 0.5) / 4
    assert scores.num_sentences == 4
    assert count_presence([True, False], [True, True]).tolist() == [[1, 1, 1], [0, 1, 0]]


@pytest.mark.parametrize("gold", [[True, True], [False, False], []])
def test_without_both_kinds_there_is_no_area(gold: list[bool]) -> None:
    scores = score_presence(gold, gold, [0.5] * len(gold))
    assert scores.roc_auc is None
    assert scores.held.f1 == float(any(gold))


def test_without_scores_there_is_no_area() -> None:
    assert score_presence([True, False], [True, False]).roc_auc is None


def test_the_interval_of_the_area_is_that_over_stories() -> None:
    rng = np.random.default_rng(3)
    gold = (rng.random(400) < 0.4).tolist()
    scores = [held + rng.normal() for held in gold]
    stories = [f"s{i // 10}" for i in range(400)]
    found = score_presence(gold, gold, scores, stories=stories, num_resamples=300, seed=4)
    counts = count_levels(gold, scores, [i // 10 for i in range(400)], 40)
    assert found.roc_auc_interval == story_interval(roc_auc, counts, num_resamples=300, seed=4)
    assert found.roc_auc_interval.num_stories == 40
    assert found.roc_auc is not None
    assert found.roc_auc_interval.low < found.roc_auc < found.roc_auc_interval.high
    assert score_presence(gold, gold, scores).roc_auc_interval is None
    one_kind = score_presence([True] * 400, gold, scores, stories=stories)
    assert (one_kind.roc_auc, one_kind.roc_auc_interval) == (None, None)


def test_levels_keep_sentences_of_a_story_together() -> None:
    counts = count_levels([True, False, False], [0.2, 0.2, 0.9], [1, 0, 1], 3)
    assert counts.tolist() == [[[1, 0], [0, 0]], [[0, 1], [1, 0]], [[0, 0], [0, 0]]]


def test_many_scores_are_told_apart_well_enough() -> None:
    rng = np.random.default_rng(5)
    gold = rng.random(5000) < 0.3
    scores = np.where(gold, rng.beta(3, 2, 5000), rng.beta(2, 3, 5000))
    counts = count_levels(gold.tolist(), scores.tolist(), [i // 10 for i in range(5000)], 500)
    assert counts.shape == (500, MAX_LEVELS, 2)
    assert roc_auc(counts.sum(axis=0)) == pytest.approx(roc_auc_score(gold, scores), abs=1e-4)
    interval = story_interval(roc_auc, counts)
    assert interval.low < roc_auc_score(gold, scores) < interval.high
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * 0.0080, rel=0.25), (
        "Hanley and McNeil's deviation of this area"
    )


def test_a_resample_of_one_kind_is_undecided() -> None:
    assert roc_auc(np.array([[[3, 0], [2, 0]], [[0, 0], [0, 0]], [[1, 0], [0, 1]]])).tolist() == [
        0.5,
        0.5,
        1.0,
    ]


def test_what_cannot_be_scored_is_refused() -> None:
    with pytest.raises(RecordError, match="presence of terms: 1 items beside 2"):
        score_presence([True, False], [True])
    with pytest.raises(RecordError, match="scores of sentences: 1 items beside 2"):
        score_presence([True, False], [True, False], [0.5])
    with pytest.raises(RecordError, match="stories of sentences: 1 items beside 2"):
        score_presence([True, False], [True, False], [0.5, 0.4], stories=["s"])
    with pytest.raises(RecordError, match="no finite number"):
        score_presence([True, False], [True, False], [0.5, float("nan")])
