"""What the vocabulary of a student that begins with nothing is made of."""

from __future__ import annotations

import pytest

from tests.sentences import labelled
from train.fit.distill import student
from train.fit.distill.labels import SoftLabels
from train.fit.distill.student import vocabulary_texts


class Said(SoftLabels):
    """Sentences of articles."""

    def texts(self, most: int) -> list[str]:  # type: ignore[override]
        return ["قالت الوكالة"] * 10


@pytest.mark.parametrize(("weight", "times"), [(0.2, 1), (1.0, 1), (4.0, 4), (1000.0, 20)])
def test_labelled_sentences_count_as_often_as_they_are_read(
    monkeypatch: pytest.MonkeyPatch, weight: float, times: int
) -> None:
    monkeypatch.setattr(student, "_VOCABULARY_TEXTS", 40)
    gold = [labelled("قصف غاشم"), labelled("بيان مشترك")]
    texts = list(vocabulary_texts(Said([], {}, []), gold, weight))
    assert texts.count("قصف غاشم") == texts.count("بيان مشترك") == times
    assert len(texts) == 2 * times + 10


def test_without_labels_articles_alone_count() -> None:
    assert list(vocabulary_texts(Said([], {}, []), [], 1.0)) == ["قالت الوكالة"] * 10
