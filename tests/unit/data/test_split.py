from __future__ import annotations

import random

import pytest

from model.errors import RecordError
from model.records import LabelledSentence, Stance
from train.data.dataset import refuse_leaks
from train.data.split import grouped_folds, split_by_story


def sentence(story: str, number: int, origin: str = "gold") -> LabelledSentence:
    stances = (Stance("sdf", "newsroom", None, (), "none", origin=origin),)  # type: ignore[arg-type]
    text = f"{story} {number}"
    return LabelledSentence(
        story, number, "body", 0, len(text), text, (), "o", None, story, stances, ()
    )


@pytest.fixture
def sentences() -> list[LabelledSentence]:
    sizes = random.Random(3)
    return [sentence(f"s{n}", k) for n in range(30) for k in range(sizes.randint(3, 30))]


def test_no_story_stands_in_two_splits(sentences: list[LabelledSentence]) -> None:
    splits = split_by_story(sentences, validation=0.15, test=0.2, seed=1)
    refuse_leaks(splits)
    assert sum(map(len, splits.values())) == len(sentences)
    assert abs(len(splits["test"]) / len(sentences) - 0.2) < 0.05
    assert abs(len(splits["validation"]) / len(sentences) - 0.15) < 0.05


def test_the_seed_decides(sentences: list[LabelledSentence]) -> None:
    def split(seed: int) -> dict[str, list[LabelledSentence]]:
        return split_by_story(sentences, validation=0.15, test=0.2, seed=seed)

    assert split(1) == split(1)
    assert split(1) != split(2)


def test_folds_cover_everything_once(sentences: list[LabelledSentence]) -> None:
    folds = grouped_folds(sentences, 5, seed=1)
    stories = [{item.story for item in fold} for fold in folds]
    assert sum(map(len, folds)) == len(sentences)
    assert all(not a & b for n, a in enumerate(stories) for b in stories[n + 1 :])
    assert max(map(len, folds)) - min(map(len, folds)) <= 30


def test_a_leak_is_refused() -> None:
    with pytest.raises(RecordError, match="story a"):
        refuse_leaks({"train": [sentence("a", 0)], "test": [sentence("a", 1)]})


def test_silver_stays_out_of_test() -> None:
    refuse_leaks({"train": [sentence("a", 0, "silver")]})
    with pytest.raises(RecordError, match="silver"):
        refuse_leaks({"train": [], "test": [sentence("a", 0, "silver")]})
