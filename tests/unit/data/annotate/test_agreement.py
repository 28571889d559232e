from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from model.records import LabelledSentence
from train.data.annotate.adjudicate import adjudicate
from train.data.annotate.agreement import format_agreement, measure_agreement

Make = Callable[..., LabelledSentence]


def moved(sentence: LabelledSentence, start: int, end: int) -> LabelledSentence:
    """The sentence with its loaded term elsewhere."""
    (term,) = sentence.loaded_terms
    term = replace(term, start=start, end=end, text=sentence.text[start:end])
    return replace(sentence, loaded_terms=(term,))


def test_alpha_is_krippendorff_s(plain: Make) -> None:
    # Two coders, ten units, three disagreements; 9 against, 11 none: 1 − 0.3 · 190 / 99.
    left = [plain(n, "against" if n < 6 else "none") for n in range(10)]
    right = [plain(n, "against" if n in (0, 1, 2) else "none") for n in range(10)]
    figures = measure_agreement({"a": left, "b": right})
    assert figures.stance.alpha == pytest.approx(1 - 0.3 * (20 * 19) / (2 * 9 * 11))
    assert (figures.stance.units, figures.stance.agreed) == (10, 0.7)


def test_a_missed_name_counts_apart(plain: Make) -> None:
    missed = replace(plain(1), stances=())
    figures = measure_agreement({"a": [plain(), plain(1)], "b": [plain(), missed]})
    assert (figures.stance.units, figures.stance.alpha) == (1, 1.0)
    assert (figures.stance_with_absent.units, figures.stance_with_absent.agreed) == (2, 0.5)


def test_spans_by_category_both_ways(plain: Make) -> None:
    figures = measure_agreement({"a": [plain()], "b": [moved(plain(), 0, 8)], "c": [plain(5)]})
    ab, ac, _ = figures.pairs
    label = ab.spans["label"]
    assert (label.exact, label.overlap, label.spans) == (0.0, 1.0, (1, 1))
    assert ab.spans["mention"].exact == 1.0
    assert ab.spans["praise"].exact is None
    assert ac.sentences == 0
    assert "overlap F1" in format_agreement(figures)


def test_the_majority_stands_and_the_rest_is_named(plain: Make) -> None:
    three = {"a": [plain()], "b": [plain()], "c": [moved(plain(0, "favor"), 0, 5)]}
    gold, dropped = adjudicate(three)
    assert gold == [plain()]
    assert [record.reason for record in dropped] == [
        "term label [0, 5): drawn by 1 of 3 annotators"
    ]


def test_ties_are_left_out_with_a_reason(plain: Make) -> None:
    two = {"a": [plain()], "b": [moved(plain(0, "favor"), 0, 5)]}
    (gold,), dropped = adjudicate(two)
    assert (gold.stances, gold.loaded_terms) == ((), ())
    reasons = " | ".join(record.reason for record in dropped)
    assert "a tie: 1 against, 1 favor" in reasons
    assert reasons.count("a tie: drawn by 1 of 2 annotators") == 2


def test_one_annotator_s_work_stays_and_texts_must_agree(
    plain: Make, hard: LabelledSentence
) -> None:
    other = replace(plain(), outlet="another")
    assert adjudicate({"a": [hard]}) == ([hard], [])
    gold, (dropped,) = adjudicate({"a": [plain()], "b": [other]})
    assert (gold, dropped.reason) == ([], "annotators were given different texts")
    assert adjudicate({"a": [hard], "b": [hard]})[0] == [hard]
