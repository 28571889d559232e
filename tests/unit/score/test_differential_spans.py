"""Scores of spans on 5,000 random cases, beside seqeval, nervaluate and plain loops.

What the plain loops compute is spelled out character by character and pair by pair, and shares
nothing with the product. Where a library defines a measure otherwise, a test says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from nervaluate import Evaluator
from seqeval.metrics.v1 import precision_recall_fscore_support as score_by_seqeval
from seqeval.scheme import IOB2

from model.records import LOADED_CATEGORIES
from train.score.counts import LabelScores
from train.score.partial import count_partial, partial_f1, partial_macro_f1, score_partial
from train.score.spans import (
    SpanKey,
    SpanMatchScores,
    category_macro_f1,
    count_characters,
    count_spans,
    match_exact,
    match_overlap,
    micro_f1,
    score_characters,
    score_spans,
)

NUM_CASES = 5000
LENGTH = 12
CATEGORIES = LOADED_CATEGORIES[:3]
NO_TAGS = ["O"] * LENGTH
Sentences = list[set[SpanKey]]
Ratios = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class SpanCase:
    """Gold and predicted spans of some sentences; `flat` lacks overlaps inside a category."""

    gold: Sentences
    predicted: Sentences
    flat_gold: Sentences
    flat_predicted: Sentences


def _random_span(rng: np.random.Generator) -> SpanKey:
    start, length, category = (int(n) for n in rng.integers(0, (LENGTH, 6, len(CATEGORIES))))
    return start, min(start + 1 + length, LENGTH), CATEGORIES[category]


def _guess(span: SpanKey, rng: np.random.Generator) -> Iterator[SpanKey]:
    """A gold span as a system might find it: right, with other borders or category, or not."""
    start, end, category = span
    fate = rng.integers(6)
    if fate <= 2:
        yield span
    elif fate == 3:
        yield max(0, start - 2), min(end + 1, LENGTH), category
    elif fate == 4:
        yield start, end, CATEGORIES[int(rng.integers(len(CATEGORIES)))]


def _drop_overlaps(spans: set[SpanKey]) -> set[SpanKey]:
    kept: set[SpanKey] = set()
    for start, end, category in sorted(spans):
        if all(start >= other[1] for other in kept if other[2] == category):
            kept.add((start, end, category))
    return kept


@pytest.fixture(scope="module")
def span_cases() -> list[SpanCase]:
    rng = np.random.default_rng(11)
    cases = []
    for _ in range(NUM_CASES):
        gold = [
            {_random_span(rng) for _ in range(rng.integers(5))} for _ in range(rng.integers(1, 3))
        ]
        predicted = [
            {guess for span in sorted(spans) for guess in _guess(span, rng)}
            | {_random_span(rng) for _ in range(rng.integers(3))}
            for spans in gold
        ]
        flat = [[_drop_overlaps(spans) for spans in each] for each in (gold, predicted)]
        cases.append(SpanCase(gold, predicted, *flat))
    return cases


def _check(ours: LabelScores, ratios: Iterable[float], support: int, num_predicted: int) -> None:
    found = (ours.precision, ours.recall, ours.f1)
    assert max(abs(a - b) for a, b in zip(found, ratios, strict=True)) <= 1e-12
    assert (ours.support, ours.num_predicted) == (support, num_predicted)


def test_exact_scores_are_those_of_seqeval(span_cases: list[SpanCase]) -> None:
    """One sequence of BIO tags, a tag a character, for each sentence and category."""
    num_compared = 0
    for number, case in enumerate(span_cases):
        ours = score_spans(case.flat_gold, case.flat_predicted, CATEGORIES).span_f1_exact
        names = sorted({key[2] for spans in case.flat_gold + case.flat_predicted for key in spans})
        if not names:
            continue  # seqeval reports no class at all
        rows = zip(_tags(case.flat_gold), _tags(case.flat_predicted), strict=True)
        tags = list(zip(*(pair for pair in rows if pair != (NO_TAGS, NO_TAGS)), strict=True))
        by_name = score_by_seqeval(*tags, average=None, scheme=IOB2, zero_division=0)
        for name, *ratios, support in zip(names, *by_name, strict=True):
            num_predicted = sum(key[2] == name for spans in case.flat_predicted for key in spans)
            _check(ours.per_category[name], ratios, support, num_predicted)
        if number % 10 == 0:
            *ratios, _ = score_by_seqeval(*tags, average="micro", scheme=IOB2, zero_division=0)
            sizes = [sum(map(len, spans)) for spans in (case.flat_gold, case.flat_predicted)]
            _check(ours.micro, ratios, *sizes)
        num_compared += 1
    assert num_compared > 0.9 * NUM_CASES


def test_exact_and_overlap_scores_are_those_of_nervaluate(span_cases: list[SpanCase]) -> None:
    """`strict` is our exact, and what `partial` pairs up is our overlap; category by category.

    Both only without overlaps inside a category: else its greedy pairing spends a gold span on the
    first prediction that touches it. Its ends are inclusive.
    """
    for case in span_cases:
        ours = score_spans(case.flat_gold, case.flat_predicted, CATEGORIES)
        evaluator = Evaluator(
            [_entities(spans) for spans in case.flat_gold],
            [_entities(spans) for spans in case.flat_predicted],
            tags=list(CATEGORIES),
            loader="dict",
        )
        for name, modes in evaluator.evaluate()["entities"].items():
            strict, partial = modes["strict"], modes["partial"]
            sizes = strict.possible, strict.actual
            ratios = strict.precision, strict.recall, strict.f1
            _check(ours.span_f1_exact.per_category[name], ratios, *sizes)
            paired = partial.correct + partial.partial
            ratios = _plain_ratios(paired, paired, partial.actual, partial.possible)
            _check(ours.span_f1_overlap.per_category[name], ratios, *sizes)


def test_where_nervaluate_differs() -> None:
    """Its `partial` pays half for any overlap, the score of task 11 what the characters are worth;

    and it pairs each prediction with the first gold span that it meets, ours as many as can be.
    """
    gold, predicted = [{(0, 10, "label")}], [{(0, 9, "label")}]
    theirs = _nervaluate(gold, predicted)["partial"]
    assert (theirs.precision, theirs.recall) == (0.5, 0.5)
    ours = score_partial(gold, predicted).unmerged.micro
    assert (ours.precision, ours.recall) == (1.0, pytest.approx(0.9))
    gold, predicted = [{(0, 4, "label"), (5, 9, "label")}], [{(0, 8, "label"), (2, 4, "label")}]
    theirs = _nervaluate(gold, predicted)["partial"]
    assert (theirs.partial, theirs.missed, theirs.spurious) == (1, 1, 1)
    assert score_spans(gold, predicted).span_f1_overlap.micro.f1 == 1


def test_spans_are_scored_as_by_plain_loops(span_cases: list[SpanCase]) -> None:
    """Exact, overlap and characters; spans may overlap as they will."""
    num_overlapping = 0
    for number, case in enumerate(span_cases):
        spans = score_spans(case.gold, case.predicted, CATEGORIES)
        characters = score_characters(case.gold, case.predicted, CATEGORIES)
        exact, overlap, by_character = {}, {}, {}
        for name in CATEGORIES:
            sums = np.zeros((3, 3), dtype=int)
            for gold, predicted in zip(case.gold, case.predicted, strict=True):
                theirs, ours = _of_category(gold, name), _of_category(predicted, name)
                same = sum(one == other for one in ours for other in theirs)
                sums[0] += same, len(ours), len(theirs)
                sums[1] += _most_pairs(theirs, ours), len(ours), len(theirs)
                marked, found = _characters(theirs), _characters(ours)
                sums[2] += len(marked & found), len(found), len(marked)
                num_overlapping += len(marked) < sum(end - start for start, end, _ in theirs)
            exact[name], overlap[name], by_character[name] = sums
        for scores, counts in (
            (spans.span_f1_exact, exact),
            (spans.span_f1_overlap, overlap),
            (characters, by_character),
        ):
            _check_all(scores, {name: (hits, hits, *n) for name, (hits, *n) in counts.items()})
        if number % 10:
            continue
        for figures, counted in (
            (spans.span_f1_exact, count_spans(case.gold, case.predicted, match_exact, CATEGORIES)),
            (
                spans.span_f1_overlap,
                count_spans(case.gold, case.predicted, match_overlap, CATEGORIES),
            ),
            (characters, count_characters(case.gold, case.predicted, CATEGORIES)),
        ):
            summed = counted.sum(axis=0)
            assert abs(figures.micro.f1 - micro_f1(summed)) <= 1e-12
            assert abs(figures.macro_f1 - category_macro_f1(summed)) <= 1e-12
    assert num_overlapping > NUM_CASES / 4


def test_partial_scores_are_those_of_a_plain_loop(span_cases: list[SpanCase]) -> None:
    for number, case in enumerate(span_cases):
        ours = score_partial(case.gold, case.predicted, CATEGORIES)
        for merge, scores in ((True, ours.merged), (False, ours.unmerged)):
            sums = {}
            for name in CATEGORIES:
                total = np.zeros(4)
                for gold, predicted in zip(case.gold, case.predicted, strict=True):
                    theirs, found = (
                        [set(range(start, end)) for start, end, _ in _of_category(spans, name)]
                        for spans in (gold, predicted)
                    )
                    if merge:
                        theirs, found = _merge_slowly(theirs), _merge_slowly(found)
                    total += (
                        sum(len(s & t) / len(s) for s in found for t in theirs),
                        sum(len(s & t) / len(t) for s in found for t in theirs),
                        len(found),
                        len(theirs),
                    )
                sums[name] = tuple(total)
            _check_all(scores, sums)
            if number % 10:
                continue
            counts = count_partial(case.gold, case.predicted, CATEGORIES, merge=merge).sum(axis=0)
            assert abs(scores.micro.f1 - partial_f1(counts)) <= 1e-12
            assert abs(scores.macro_f1 - partial_macro_f1(counts)) <= 1e-12


def _check_all(
    scores: SpanMatchScores, sums: Mapping[str, tuple[float, float, float, float]]
) -> None:
    """`sums`: credit for precision and for recall, spans predicted, gold ones, by category."""
    figures = []
    for name, (precise, recalled, num_predicted, support) in sums.items():
        ratios = _plain_ratios(precise, recalled, num_predicted, support)
        _check(scores.per_category[name], ratios, support, num_predicted)
        figures += [ratios[2]] if support else []
    pooled = [sum(column) for column in zip(*sums.values(), strict=True)]
    _check(scores.micro, _plain_ratios(*pooled), pooled[3], pooled[2])
    assert abs(scores.macro_f1 - (sum(figures) / len(figures) if figures else 0)) <= 1e-12


def _plain_ratios(precise: float, recalled: float, num_predicted: float, support: float) -> Ratios:
    precision = precise / num_predicted if num_predicted else 0.0
    recall = recalled / support if support else 0.0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def _of_category(spans: set[SpanKey], name: str) -> list[SpanKey]:
    return [span for span in sorted(spans) if span[2] == name]


def _characters(spans: Sequence[SpanKey]) -> set[int]:
    return {i for start, end, _ in spans for i in range(start, end)}


def _merge_slowly(spans: Sequence[set[int]]) -> list[set[int]]:
    merged: list[set[int]] = []
    for span in spans:
        joined = span.union(*(other for other in merged if other & span))
        merged = [other for other in merged if not other & span] + [joined]
    return merged


def _most_pairs(gold: Sequence[SpanKey], predicted: Sequence[SpanKey]) -> int:
    """Tries every way of pairing."""
    if not gold:
        return 0
    first, rest = set(range(*gold[0][:2])), gold[1:]
    ways = [
        1 + _most_pairs(rest, [*predicted[:i], *predicted[i + 1 :]])
        for i, span in enumerate(predicted)
        if first & set(range(*span[:2]))
    ]
    return max([_most_pairs(rest, predicted), *ways])


def _tags(sentences: Sentences) -> list[list[str]]:
    rows = []
    for spans in sentences:
        for name in CATEGORIES:
            tags = list(NO_TAGS)
            for start, end, _ in _of_category(spans, name):
                tags[start:end] = [f"B-{name}"] + [f"I-{name}"] * (end - start - 1)
            rows.append(tags)
    return rows


def _entities(spans: set[SpanKey]) -> list[dict[str, object]]:
    return [
        {"label": category, "start": start, "end": end - 1}
        for start, end, category in sorted(spans)
    ]


def _nervaluate(gold: Sentences, predicted: Sentences) -> Mapping[str, object]:
    entities = [[_entities(spans) for spans in each] for each in (gold, predicted)]
    evaluated = Evaluator(*entities, tags=["label"], loader="dict").evaluate()
    return evaluated["entities"]["label"]
