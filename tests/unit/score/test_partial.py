"""The partial score on cases worked out by hand; random ones in `test_differential_spans`."""

from __future__ import annotations

import numpy as np
import pytest

from model.errors import RecordError
from train.score.bootstrap import story_interval, sum_by_story
from train.score.partial import count_partial, partial_f1, partial_macro_f1, score_partial
from train.score.spans import SpanKey


def test_a_case_worked_out_by_hand() -> None:
    gold = [{(0, 10, "label"), (20, 24, "emotive")}]
    predicted = [{(5, 10, "label"), (8, 12, "emotive"), (22, 30, "emotive")}]
    scores = score_partial(gold, predicted).unmerged
    label, emotive = scores.per_category["label"], scores.per_category["emotive"]
    assert (label.precision, label.recall, label.f1) == (1.0, 0.5, pytest.approx(2 / 3))
    assert (emotive.precision, emotive.recall) == (0.25 / 2, 0.5)
    assert emotive.f1 == pytest.approx(0.2)
    assert (emotive.support, emotive.num_predicted) == (1, 2)
    assert scores.micro.precision == pytest.approx(1.25 / 3)
    assert scores.micro.recall == 0.5
    assert scores.macro_f1 == pytest.approx((2 / 3 + 0.2) / 2)


def test_characters_of_overlapping_spans_are_paid_once_where_merged() -> None:
    """Unmerged, two predictions on one gold span give a recall above 1: so the tasks count."""
    gold = [{(0, 10, "label")}]
    predicted = [{(0, 8, "label"), (2, 10, "label")}]
    scores = score_partial(gold, predicted)
    assert scores.unmerged.micro.recall == pytest.approx(1.6)
    assert scores.unmerged.micro.num_predicted == 2
    assert (scores.merged.micro.precision, scores.merged.micro.recall) == (1.0, 1.0)
    assert scores.merged.micro.num_predicted == 1
    assert count_partial(gold, predicted, ["label"], merge=False)[0, 0].tolist() == [2, 1.6, 2, 1]


def test_recall_of_a_category_rests_on_its_own_credit() -> None:
    scores = score_partial([{(0, 10, "label")}], [{(0, 1, "label")}]).merged
    assert scores.per_category["label"].recall == scores.micro.recall == 0.1


def test_other_categories_and_other_sentences_give_nothing() -> None:
    nothing = set[SpanKey]()
    for gold, predicted in (
        ([{(0, 4, "label")}], [{(0, 4, "praise")}]),
        ([{(0, 4, "label")}, nothing], [nothing, {(0, 4, "label")}]),
        ([{(0, 4, "label")}], [{(4, 8, "label")}]),
    ):
        assert score_partial(gold, predicted).unmerged.micro.f1 == 0


def test_nothing_gold_and_nothing_found_scores_zero() -> None:
    scores = score_partial([set()], [set()])
    assert (scores.merged.micro.f1, scores.merged.macro_f1) == (0, 0)
    assert score_partial([], []).unmerged.micro.f1 == 0


def test_resamples_are_scored_at_once_and_bootstrapped() -> None:
    counts = np.array([[[1, 0.5, 1, 1], [0, 0, 2, 0]], [[0, 0, 0, 0], [3, 3, 4, 3]]])
    precision, recall = np.array([1 / 3, 3 / 4]), np.array([0.5, 1])
    assert partial_f1(counts) == pytest.approx(2 * precision * recall / (precision + recall))
    assert partial_macro_f1(counts) == pytest.approx([2 / 3, 6 / 7])
    gold = [{(0, 10, "label")}] * 12
    predicted = [{(0, 10 - i % 5, "label")} for i in range(12)]
    by_sentence = count_partial(gold, predicted, merge=True)
    by_story = sum_by_story(by_sentence, [f"story {i // 2}" for i in range(12)])
    interval = story_interval(partial_f1, by_story)
    assert by_story.sum() == pytest.approx(by_sentence.sum())
    assert interval.low < score_partial(gold, predicted).merged.micro.f1 < interval.high


def test_a_span_without_a_character_is_refused() -> None:
    with pytest.raises(RecordError, match="no character"):
        score_partial([{(3, 3, "label")}], [set()])
