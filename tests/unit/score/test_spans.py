"""Span scores on cases worked out by hand; `test_differential_spans` has the random ones."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import RecordError
from model.records import LOADED_CATEGORIES
from train.score.spans import (
    SpanKey,
    category_macro_f1,
    count_characters,
    count_spans,
    match_exact,
    match_overlap,
    merge_spans,
    micro_f1,
    score_characters,
    score_spans,
    without_weak,
)

LENGTH = 24
CATEGORIES = LOADED_CATEGORIES[:3]
span_keys = st.builds(
    lambda start, length, category: (start, min(start + length, LENGTH), category),
    st.integers(0, LENGTH - 1),
    st.integers(1, 8),
    st.sampled_from(CATEGORIES),
)
any_spans = st.sets(span_keys, max_size=6)


def test_spans_on_a_case_worked_out_by_hand() -> None:
    gold = [{(0, 5, "label"), (10, 15, "emotive")}, {(0, 4, "label")}]
    predicted = [{(0, 5, "label"), (12, 20, "emotive"), (30, 33, "doubt")}, set[SpanKey]()]
    scores = score_spans(gold, predicted)
    exact, overlap = scores.span_f1_exact, scores.span_f1_overlap
    assert (exact.micro.support, exact.micro.num_predicted) == (3, 3)
    assert exact.micro.f1 == pytest.approx(1 / 3)
    assert overlap.micro.f1 == pytest.approx(2 / 3)
    assert exact.per_category["label"].recall == 0.5
    assert exact.per_category["label"].precision == 1.0
    assert exact.macro_f1 == pytest.approx((2 / 3 + 0) / 2), "doubt has no gold support"
    assert overlap.macro_f1 == pytest.approx((2 / 3 + 1) / 2)


def test_a_span_of_another_category_is_no_hit() -> None:
    scores = score_spans([{(0, 5, "label")}], [{(0, 5, "praise")}])
    assert scores.span_f1_overlap.micro.f1 == 0


def test_spans_that_only_touch_do_not_overlap() -> None:
    assert match_overlap([(0, 5, "label")], [(5, 8, "label")]) == 0


def test_one_long_prediction_finds_one_span_only() -> None:
    gold = [(0, 3, "label"), (4, 6, "label")]
    assert match_overlap(gold, [(0, 6, "label")]) == 1
    assert match_overlap([(0, 6, "label")], gold) == 1


@given(any_spans, any_spans)
def test_overlap_is_never_below_exact(gold: set[SpanKey], predicted: set[SpanKey]) -> None:
    scores = score_spans([gold], [predicted])
    assert scores.span_f1_exact.micro.f1 <= scores.span_f1_overlap.micro.f1
    assert scores.span_f1_exact.micro.f1 == pytest.approx(
        float(micro_f1(count_spans([gold], [predicted], match_exact)[0]))
    )


def test_weak_spans_are_neither_rewarded_nor_punished() -> None:
    gold = [{(0, 4, "label"), (6, 9, "label")}]
    weak = [{(0, 4, "label")}]
    hits_weak_only, hits_both = (0, 5, "label"), (2, 8, "label")
    other_category, touches = (0, 4, "praise"), (4, 6, "label")
    predicted = [{hits_weak_only, hits_both, other_category, touches}]
    assert without_weak(gold, predicted, weak) == (
        [{(6, 9, "label")}],
        [{hits_both, other_category, touches}],
    )


@given(any_spans, any_spans)
def test_without_any_weak_span_nothing_is_left_out(
    gold: set[SpanKey], predicted: set[SpanKey]
) -> None:
    assert without_weak([gold], [predicted], [set()]) == ([gold], [predicted])


def test_spans_that_cannot_be_scored_are_refused() -> None:
    with pytest.raises(RecordError, match="unknown category labell"):
        score_spans([{(0, 4, "labell")}], [set()])
    with pytest.raises(RecordError, match="0 items beside 1 in gold"):
        score_spans([set()], [])
    with pytest.raises(RecordError, match="no character"):
        score_spans([{(4, 4, "label")}], [set()])


def test_characters_on_a_case_worked_out_by_hand() -> None:
    """Two gold spans that overlap mark 8 characters, not 10; each category counts its own."""
    gold = [{(0, 6, "label"), (4, 8, "label"), (0, 3, "emotive")}, {(2, 4, "label")}]
    predicted = [{(5, 10, "label"), (0, 3, "praise")}, set[SpanKey]()]
    scores = score_characters(gold, predicted)
    label = scores.per_category["label"]
    assert (label.support, label.num_predicted) == (10, 5)
    assert (label.precision, label.recall) == (3 / 5, 3 / 10)
    assert label.f1 == pytest.approx(2 * 3 / 15)
    assert scores.per_category["praise"].num_predicted == 3
    assert scores.micro.f1 == pytest.approx(2 * 3 / (13 + 8))
    assert scores.macro_f1 == pytest.approx((6 / 15 + 0) / 2), "praise has no gold support"


def test_merging_joins_what_overlaps_and_leaves_what_touches() -> None:
    spans = [(6, 9, "label"), (0, 4, "label"), (3, 5, "label"), (5, 6, "label"), (1, 2, "label")]
    assert merge_spans(spans) == [(0, 5, "label"), (5, 6, "label"), (6, 9, "label")]


@given(any_spans, any_spans)
def test_exact_spans_give_exact_characters(gold: set[SpanKey], predicted: set[SpanKey]) -> None:
    """Gold against itself is perfect, and the scores of a swap are precision for recall."""
    assert score_characters([gold], [gold]).micro.f1 == (1.0 if gold else 0.0)
    there, back = score_characters([gold], [predicted]), score_characters([predicted], [gold])
    assert there.micro.f1 == back.micro.f1
    assert there.micro.precision == back.micro.recall


def test_counts_of_many_resamples_are_scored_at_once() -> None:
    """Two resamples, two categories; the second category has no gold in the first of them."""
    counts = np.array([[[2, 4, 4], [0, 3, 0]], [[1, 1, 1], [0, 0, 1]]])
    assert micro_f1(counts) == pytest.approx([4 / 11, 2 / 3])
    assert category_macro_f1(counts) == pytest.approx([0.5, 0.5])


def test_ten_thousand_sentences_are_counted_in_a_moment() -> None:
    rng = np.random.default_rng(1)
    starts = rng.integers(0, 150, (10_000, 2)).tolist()
    gold = [{(a, a + 9, "label"), (b, b + 5, "emotive")} for a, b in starts]
    predicted = [{(a, a + 9, "label"), (b + 2, b + 9, "emotive")} for a, b in starts]
    start = time.process_time()
    counts = count_spans(gold, predicted, match_overlap)
    characters = count_characters(gold, predicted)
    assert time.process_time() - start < 1.5
    assert counts.sum(axis=(0, 1)).tolist() == [20_000] * 3
    assert characters.sum(axis=(0, 1)).tolist() == [120_000, 160_000, 140_000]
