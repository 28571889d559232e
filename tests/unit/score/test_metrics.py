"""The scores, against scikit-learn, seqeval, nervaluate and plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sklearn.metrics import f1_score

from model.errors import RecordError
from model.records import LOADED_CATEGORIES, STANCE_LABELS
from train.score.labels import count_stances, macro_f1, score_stances
from train.score.spans import (
    SpanKey,
    count_spans,
    match_exact,
    match_overlap,
    micro_f1,
    score_spans,
    without_weak,
)

LENGTH = 24
CATEGORIES = LOADED_CATEGORIES[:3]
label_pairs = st.lists(st.tuples(st.sampled_from(STANCE_LABELS), st.sampled_from(STANCE_LABELS)))
span_keys = st.builds(
    lambda start, length, category: (start, min(start + length, LENGTH), category),
    st.integers(0, LENGTH - 1),
    st.integers(1, 8),
    st.sampled_from(CATEGORIES),
)
any_spans = st.sets(span_keys, max_size=6)


def _drop_overlaps(spans: set[SpanKey]) -> set[SpanKey]:
    kept: set[SpanKey] = set()
    for span in sorted(spans):
        if all(span[0] >= other[1] for other in kept):
            kept.add(span)
    return kept


flat_spans = any_spans.map(_drop_overlaps)
flat_sentences = st.lists(st.tuples(flat_spans, flat_spans), min_size=1, max_size=4)


def test_stances_on_a_case_worked_out_by_hand() -> None:
    gold = ["favor", "against", "against", "none", "none", "none"]
    predicted = ["favor", "against", "none", "none", "none", "against"]
    scores = score_stances(gold, predicted)
    assert scores.confusion == ((1, 0, 0), (0, 1, 1), (0, 1, 2))
    assert scores.per_label["against"].precision == 0.5
    assert scores.per_label["against"].recall == 0.5
    assert scores.per_label["none"].support == 3
    assert scores.per_label["none"].num_predicted == 3
    assert scores.favor_against_f1 == pytest.approx((1 + 0.5) / 2)
    assert scores.macro_f1 == pytest.approx((1 + 0.5 + 2 / 3) / 3)
    assert scores.accuracy == pytest.approx(4 / 6)


def test_a_label_that_nobody_uses_counts_in_the_macro_average() -> None:
    scores = score_stances(["none", "against"], ["none", "against"])
    assert scores.macro_f1 == pytest.approx(2 / 3)
    assert scores.per_label["favor"].support == 0


def test_no_stances_at_all_score_zero() -> None:
    scores = score_stances([], [])
    assert (scores.macro_f1, scores.accuracy, scores.support) == (0.0, 0.0, 0)


def test_other_label_sets_have_no_favor_and_against() -> None:
    assert score_stances(["SUBJ"], ["OBJ"], labels=("OBJ", "SUBJ")).favor_against_f1 is None


@given(label_pairs.filter(bool))
def test_macro_f1_of_a_confusion_matrix_is_that_of_scikit_learn(
    pairs: list[tuple[str, str]],
) -> None:
    gold, predicted = map(list, zip(*pairs, strict=True))
    expected = f1_score(
        gold, predicted, labels=list(STANCE_LABELS), average="macro", zero_division=0
    )
    assert macro_f1(count_stances(gold, predicted)) == pytest.approx(expected)
    assert score_stances(gold, predicted).macro_f1 == pytest.approx(expected)


def test_counts_of_many_resamples_are_scored_at_once() -> None:
    one, two = np.diag([2, 3, 4]), np.array([[0, 2, 0], [1, 0, 0], [0, 0, 5]])
    assert macro_f1(np.stack([one, two])) == pytest.approx([1.0, 1 / 3])


@pytest.mark.parametrize(
    ("gold", "predicted", "what"),
    [
        (["favor"], ["neutral"], "unknown label neutral"),
        ([None], ["favor"], "unknown label None"),
        (["favor"], [], "0 items beside 1 in gold"),
    ],
)
def test_stances_that_cannot_be_scored_are_refused(
    gold: list[str], predicted: list[str], what: str
) -> None:
    with pytest.raises(RecordError, match=what):
        score_stances(gold, predicted)


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


@given(flat_sentences)
def test_exact_scores_are_those_of_seqeval(
    sentences: list[tuple[set[SpanKey], set[SpanKey]]],
) -> None:
    gold, predicted = map(list, zip(*sentences, strict=True))
    ours = score_spans(gold, predicted, CATEGORIES).span_f1_exact
    if not ours.micro.support:
        return  # seqeval reports no class at all
    theirs = classification_report(
        [_tags(spans) for spans in gold],
        [_tags(spans) for spans in predicted],
        output_dict=True,
        mode="strict",
        scheme=IOB2,
        zero_division=0,
    )
    for name, scores in {**ours.per_category, "micro avg": ours.micro}.items():
        row = theirs.get(name, {"precision": 0, "recall": 0, "f1-score": 0, "support": 0})
        assert scores.precision == pytest.approx(row["precision"])
        assert scores.recall == pytest.approx(row["recall"])
        assert scores.f1 == pytest.approx(row["f1-score"])
        assert scores.support == row["support"]


@given(flat_sentences)
def test_exact_hits_are_those_of_nervaluate(
    sentences: list[tuple[set[SpanKey], set[SpanKey]]],
) -> None:
    gold, predicted = map(list, zip(*sentences, strict=True))
    evaluator = Evaluator(
        [_entities(spans) for spans in gold],
        [_entities(spans) for spans in predicted],
        tags=list(CATEGORIES),
        loader="dict",
    )
    theirs = evaluator.evaluate()["overall"]["strict"]
    ours = count_spans(gold, predicted, match_exact, CATEGORIES).sum(axis=(0, 1))
    assert ours[0] == theirs.correct
    assert ours[1] == sum(map(len, predicted))
    assert ours[2] == sum(map(len, gold))


@given(any_spans, any_spans)
def test_overlap_pairs_are_the_most_that_a_slow_search_finds(
    gold: set[SpanKey], predicted: set[SpanKey]
) -> None:
    ours = count_spans([gold], [predicted], match_overlap, CATEGORIES)[0]
    for i, category in enumerate(CATEGORIES):
        theirs = _most_pairs(
            [span for span in sorted(gold) if span[2] == category],
            [span for span in sorted(predicted) if span[2] == category],
        )
        assert ours[i, 0] == theirs


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


def _tags(spans: set[SpanKey]) -> list[str]:
    """One tag for each character."""
    tags = ["O"] * LENGTH
    for start, end, category in spans:
        tags[start:end] = [f"B-{category}"] + [f"I-{category}"] * (end - start - 1)
    return tags


def _entities(spans: set[SpanKey]) -> list[dict[str, object]]:
    return [
        {"label": category, "start": start, "end": end} for start, end, category in sorted(spans)
    ]


def _most_pairs(gold: list[SpanKey], predicted: list[SpanKey]) -> int:
    """Tries every way of pairing."""
    if not gold:
        return 0
    first, rest = gold[0], gold[1:]
    ways = [
        1 + _most_pairs(rest, predicted[:i] + predicted[i + 1 :])
        for i, span in enumerate(predicted)
        if set(range(*first[:2])) & set(range(*span[:2]))
    ]
    return max([_most_pairs(rest, predicted), *ways])
