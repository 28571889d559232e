from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from model.records import LabelledSentence, Prediction
from train.data.annotate.pick import pick_random, pick_uncertain, uncertainty

Make = Callable[..., LabelledSentence]


def predicted(sentence: LabelledSentence, scores: dict[str, float], confidence: float) -> float:
    stances = tuple(replace(stance, scores=scores) for stance in sentence.stances)
    terms = tuple(replace(term, confidence=confidence) for term in sentence.loaded_terms)
    return uncertainty(
        Prediction.extend(
            sentence, outlet="o", published=None, url=None, stances=stances, loaded_terms=terms
        )
    )


def test_the_least_sure_label_decides(plain: Make) -> None:
    sure = {"favor": 0.0, "against": 1.0, "none": 0.0}
    torn = {"favor": 0.1, "against": 0.5, "none": 0.4}
    assert predicted(plain(), sure, 1.0) == 0
    assert predicted(plain(), torn, 1.0) == pytest.approx(0.9)
    assert predicted(plain(), sure, 0.6) == pytest.approx(0.8)
    assert predicted(plain(stances=(), loaded_terms=()), {}, 1.0) == 0


def test_a_few_of_each_article_and_no_text_twice(plain: Make) -> None:
    many = [
        plain(n, article_id=article, story=story, text=f"{n} {plain().text}")
        for n, (article, story) in enumerate([("a", "s"), ("a", "s"), ("b", "s"), ("c", "t")])
    ]
    doubts = [0.9, 0.8, 0.7, 0.1]
    assert pick_uncertain(many, doubts, 2, per_article=2) == many[:2]
    assert pick_uncertain(many, doubts, 4, per_article=1) == [many[0], many[3]]
    assert pick_uncertain([many[0]] * 2, [0.1, 0.2], 5, per_article=9) == [many[0]]


def test_a_random_sample_is_seeded(plain: Make) -> None:
    many = [plain(n, article_id=str(n), story=str(n), text=str(n)) for n in range(50)]
    first = pick_random(many, 5, per_article=1, seed=1)
    assert first == pick_random(many, 5, per_article=1, seed=1)
    assert first != pick_random(many, 5, per_article=1, seed=2)
    assert len(first) == 5
