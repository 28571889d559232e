"""Splits and folds that keep a story whole."""

from __future__ import annotations

import random
from collections.abc import Sequence

from model.records import LabelledSentence

SPLITS = ("train", "validation", "test")


def split_by_story(
    sentences: Sequence[LabelledSentence], *, validation: float, test: float, seed: int
) -> dict[str, list[LabelledSentence]]:
    """Sentences by split; the shares are shares of sentences, met as nearly as whole stories allow.

    Stories are drawn in a seeded order; one goes to test, then to validation, as long as it brings
    that split nearer to its share.
    """
    order = _shuffled_stories(sentences, seed)
    wanted = {"test": test * len(sentences), "validation": validation * len(sentences)}
    assigned: dict[str, str] = {}
    for name, goal in wanted.items():
        held = 0
        for story, size in order:
            if story not in assigned and abs(held + size - goal) < abs(held - goal):
                assigned[story] = name
                held += size
    splits: dict[str, list[LabelledSentence]] = {name: [] for name in SPLITS}
    for sentence in sentences:
        splits[assigned.get(sentence.story, "train")].append(sentence)
    return splits


def grouped_folds(
    sentences: Sequence[LabelledSentence], num_folds: int, seed: int
) -> list[list[LabelledSentence]]:
    """Folds of like size; each story, largest first, goes to the fold that holds least so far."""
    order = sorted(_shuffled_stories(sentences, seed), key=lambda item: -item[1])
    sizes = [0] * num_folds
    assigned: dict[str, int] = {}
    for story, size in order:
        smallest = sizes.index(min(sizes))
        assigned[story] = smallest
        sizes[smallest] += size
    folds: list[list[LabelledSentence]] = [[] for _ in range(num_folds)]
    for sentence in sentences:
        folds[assigned[sentence.story]].append(sentence)
    return folds


def _shuffled_stories(sentences: Sequence[LabelledSentence], seed: int) -> list[tuple[str, int]]:
    sizes: dict[str, int] = {}
    for sentence in sentences:
        sizes[sentence.story] = sizes.get(sentence.story, 0) + 1
    stories = sorted(sizes.items())
    random.Random(seed).shuffle(stories)
    return stories
