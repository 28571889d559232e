"""Copies are found whatever their spelling; what is no copy stays alone."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.text.duplicates import find_near_duplicates

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهويةىأإآؤئ"
SMALL = "زار الوزير المدينة أمس."


def story(seed: int, num_words: int = 120) -> list[str]:
    """Words of a story that no other seed tells."""
    chance = random.Random(seed)
    return ["".join(chance.choices(LETTERS, k=chance.randint(2, 8))) for _ in range(num_words)]


def text(seed: int, start: int = 0, end: int = 120) -> str:
    return " ".join(story(seed)[start:end])


def partition(texts: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for name, first in find_near_duplicates(texts).items():
        groups.setdefault(first, set()).add(name)
    return {frozenset(group) for group in groups.values()}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_spelling_does_not_hide_a_copy(seed: int, chance: random.Random) -> None:
    variants = {"أ": "ا", "ة": "ه", "ى": "ي", "إ": "أ"}
    copy = "".join(
        variants.get(letter, letter) + chance.choice(["", "", "ـ", "َ", "ّ"])
        if letter != " "
        else chance.choice([" ", "\n", "، ", " - "])
        for letter in text(seed)
    )
    assert find_near_duplicates([("a", text(seed)), ("b", copy)]) == {"a": "a", "b": "a"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("عام ٢٠٢٠ في " + SMALL, "عام 2020 في " + SMALL),
        ("ﻻ ﷲ " + SMALL, "لا الله " + SMALL),
        ("NATO " + SMALL, "nato " + SMALL),
        ("كيف " + SMALL, "کیف " + SMALL),
    ],
)
def test_digits_and_forms_of_letters_are_one(one: str, other: str) -> None:
    assert find_near_duplicates([("a", one), ("b", other)])["b"] == "a"


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=6, unique=True))
def test_other_stories_stay_alone(seeds: list[int]) -> None:
    found = find_near_duplicates((str(seed), text(seed)) for seed in seeds)
    assert all(name == first for name, first in found.items())


@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(text(1, 0, 75), id="cut at the end"),
        pytest.param(text(1, 60), id="cut at the start"),
        pytest.param(text(2, 0, 25) + " " + text(1, 10), id="another lead"),
        pytest.param(text(2, 0, 120) + " " + text(1), id="inside a longer text"),
        pytest.param(text(1, 0, 50) + " " + text(2, 0, 20) + " " + text(1, 70), id="rewritten"),
    ],
)
def test_a_changed_copy_is_found(copy: str) -> None:
    assert find_near_duplicates([("a", text(1)), ("b", copy)])["b"] == "a"


def test_a_shared_paragraph_makes_no_copy() -> None:
    one, other = text(1), text(1, 0, 40) + " " + text(2, 0, 80)
    assert find_near_duplicates([("a", one), ("b", other)])["b"] == "b"


def test_the_threshold_is_the_share_of_the_shorter_text() -> None:
    texts = [("a", text(1)), ("b", text(1, 0, 80) + " " + text(2, 0, 40))]
    assert find_near_duplicates(texts, threshold=0.5)["b"] == "a"
    assert find_near_duplicates(texts, threshold=0.8)["b"] == "b"
    with pytest.raises(ValueError, match="threshold 70"):
        find_near_duplicates(texts, threshold=70)


def test_groups_are_transitive() -> None:
    texts = [("a", text(1)), ("c", text(2)), ("b", text(1) + " " + text(2))]
    assert find_near_duplicates(texts) == {"a": "a", "c": "a", "b": "a"}


def test_a_copy_is_found_among_many() -> None:
    """Also where copies of one story are many and all of them differ."""
    family = [
        (f"copy{n}", " ".join([*story(1)[:n], *story(100 + n)[:20], *story(1)[n:]]))
        for n in range(60)
    ]
    others = [(f"other{n}", text(1000 + n)) for n in range(200)]
    groups = partition([*others[:100], *family, *others[100:]])
    assert frozenset(name for name, _ in family) in groups
    assert len(groups) == 201


def test_a_copy_is_found_when_every_passage_is_quoted_elsewhere() -> None:
    quoting = [
        (f"quote{n}", f"{text(100 + n)} {text(1, n, n + 24)} {text(200 + n)}")
        for n in range(0, 120, 12)
    ]
    groups = find_near_duplicates([("a", text(1)), *quoting, ("b", text(1))])
    assert groups == {"a": "a", "b": "a"} | {name: name for name, _ in quoting}


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_texts_does_not_matter(chance: random.Random) -> None:
    texts = [
        (str(n), text(chance.randint(1, 4), chance.randint(0, 60), chance.randint(61, 120)))
        for n in range(12)
    ]
    texts += [("small", SMALL), ("same", SMALL), ("empty", "")]
    shuffled = chance.sample(texts, len(texts))
    assert partition(texts) == partition(shuffled)


def test_the_first_of_a_group_names_it() -> None:
    assert find_near_duplicates([("b", text(1)), ("x", text(2)), ("a", text(1, 0, 80))]) == {
        "b": "b",
        "x": "x",
        "a": "b",
    }


@pytest.mark.parametrize("empty", ["", " \n", "…!؟", "ًٌ", "\u200f"])
def test_texts_without_words_are_never_grouped(empty: str) -> None:
    assert find_near_duplicates([("a", empty), ("b", empty)]) == {"a": "a", "b": "b"}


def test_small_texts_are_copies_only_when_their_words_are_the_same() -> None:
    texts = [("a", SMALL), ("b", SMALL.replace(".", " !")), ("c", SMALL + " ليلا")]
    assert find_near_duplicates(texts) == {"a": "a", "b": "a", "c": "c"}


def test_one_word_over_and_over() -> None:
    texts = [("a", "لا " * 300), ("b", "لا " * 300), ("c", "نعم " * 300)]
    assert find_near_duplicates(texts) == {"a": "a", "b": "a", "c": "c"}


def test_odd_input() -> None:
    assert find_near_duplicates([]) == {}
    assert find_near_duplicates([("a", "\ud800 " + text(1)), ("b", text(1))])["b"] == "a"
    assert find_near_duplicates([("a", text(1)), ("a", text(1))]) == {"a": "a"}
