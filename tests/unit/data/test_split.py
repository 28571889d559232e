from __future__ import annotations

import random

import pytest

from model.errors import InputError, RecordError
from model.records import LabelledSentence, Stance
from tests.sentences import labelled
from train.data.dataset import refuse_leaks
from train.data.split import Division, SplitBy, Splits, grouped_folds, split


def sentence(
    story: str,
    number: int,
    origin: str = "gold",
    *,
    outlet: str = "o",
    day: str | None = None,
    target: str = "sdf",
) -> LabelledSentence:
    stances = (Stance(target, "newsroom", None, (), "none", origin=origin),)  # type: ignore[arg-type]
    text = f"{story} {number}"
    article = f"{story} in {outlet}"
    return labelled(
        text,
        article_id=article,
        index=number,
        outlet=outlet,
        published=day,
        story=story,
        stances=stances,
    )


@pytest.fixture
def sentences() -> list[LabelledSentence]:
    sizes = random.Random(3)
    return [sentence(f"s{n}", k) for n in range(30) for k in range(sizes.randint(3, 30))]


def divide(
    sentences: list[LabelledSentence], by: SplitBy, *held_out: str, seed: int = 1
) -> Division:
    return split(sentences, by=by, validation=0.15, test=0.2, seed=seed, held_out=held_out)


def stories(splits: Splits) -> dict[str, set[str]]:
    return {name: {item.story for item in listed} for name, listed in splits.items()}


def test_no_story_stands_in_two_splits(sentences: list[LabelledSentence]) -> None:
    splits = divide(sentences, "story").splits
    refuse_leaks(splits)
    assert sum(map(len, splits.values())) == len(sentences)
    assert abs(len(splits["test"]) / len(sentences) - 0.2) < 0.05
    assert abs(len(splits["validation"]) / len(sentences) - 0.15) < 0.05


def test_the_seed_decides(sentences: list[LabelledSentence]) -> None:
    assert divide(sentences, "story", seed=1) == divide(sentences, "story", seed=1)
    assert divide(sentences, "story", seed=1) != divide(sentences, "story", seed=2)


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


def test_a_held_out_outlet_is_new_and_its_stories_untold() -> None:
    told = [("a", "wire"), ("a", "daily"), ("b", "daily"), ("c", "site"), ("d", "wire")]
    sentences = [sentence(story, 0, outlet=outlet) for story, outlet in told for _ in range(3)]
    division = divide(sentences, "outlet", "wire")
    refuse_leaks(division.splits)
    assert stories(division.splits)["test"] == {"a", "d"}
    assert {item.outlet for item in division.splits["test"]} == {"wire"}
    assert [item.source for item in division.dropped] == ["article a in daily"]
    assert "outlet that is held out" in division.dropped[0].reason
    assert sum(map(len, division.splits.values())) == len(sentences) - 3


def test_outlets_are_drawn_to_the_share() -> None:
    sentences = [sentence(f"s{n}", k, outlet=f"o{n % 10}") for n in range(40) for k in range(5)]
    division = divide(sentences, "outlet")
    assert len(division.held_out) == 2
    assert division == divide(sentences, "outlet")
    assert division.held_out != divide(sentences, "outlet", seed=4).held_out


def test_a_held_out_target_is_named_in_no_training_sentence() -> None:
    sentences = [
        sentence("a", 0, target="iran"),
        sentence("a", 1, target="sdf"),
        sentence("b", 0, target="sdf"),
        sentence("c", 0, target="turkey"),
    ]
    division = divide(sentences, "target", "iran")
    assert stories(division.splits)["test"] == {"a"}
    assert len(division.splits["test"]) == 2
    silver = sentence("new", 0, target="iran", outlet="x")
    assert division.why_not_train([silver]) == "has a target that is held out"
    assert division.why_not_train([sentence("new", 0)]) is None


def test_by_time_training_is_older_than_what_is_held() -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 21)]
    sentences = [sentence(f"s{day}", k, day=day) for day in days for k in range(4)]
    sentences.append(sentence("s2024-01-01", 9, day="2024-01-20", outlet="late"))
    sentences.append(sentence("undated", 0))
    division = divide(sentences, "time")
    held = {name: [item.published or "" for item in s] for name, s in division.splits.items()}
    assert max(held["train"]) < min(held["validation"]) <= max(held["validation"])
    assert max(held["validation"]) < min(held["test"])
    reasons = {item.source: item.reason for item in division.dropped}
    assert reasons["article undated in o"] == "has no date"
    assert "two splits" in reasons["article s2024-01-01 in late"]
    assert "two splits" in reasons["article s2024-01-01 in o"]
    assert division.why_not_train([sentence("new", 0, day="2024-01-19")]) is not None
    assert division.why_not_train([sentence("new", 0)]) is not None
    assert division.why_not_train([sentence("new", 0, day="2023-12-31")]) is None


def test_more_articles_stay_out_of_the_stories_that_are_held() -> None:
    sentences = [sentence(f"s{n}", k) for n in range(20) for k in range(5)]
    division = divide(sentences, "story")
    held = division.splits["test"][0].story
    free = division.splits["train"][0].story
    assert "tells a story" in (division.why_not_train([sentence(held, 0, outlet="x")]) or "")
    assert division.why_not_train([sentence(free, 0, outlet="x")]) is None


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(InputError, match="no sentence has the outlet wire"):
        divide([sentence("a", 0)], "outlet", "wire")
