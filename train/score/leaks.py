"""Test text that training has seen: figures over it say little of new text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model.records import LabelledSentence
from train.score.words import split_words

_RUN = 3  # words
_ALIKE = 0.8  # share of a test sentence's runs that stand in one training sentence
_SHORTEST = 5  # words: shorter ones, as bylines, are alike by chance


@dataclass(frozen=True, slots=True)
class Leaks:
    """Of `num_sentences` of a test split: those nearly word for word in training, shared stories.

    `examples` are texts of the copies, a few.
    """

    num_sentences: int
    num_copies: int
    shared_stories: tuple[str, ...]
    examples: tuple[str, ...]


def find_leaks(train: Sequence[LabelledSentence], test: Sequence[LabelledSentence]) -> Leaks:
    """Compare the splits by stories, and sentences of five words and more by runs of three."""
    holders: dict[tuple[str, ...], list[int]] = {}
    for number, text in enumerate(dict.fromkeys(sentence.text for sentence in train)):
        for run in set(_runs(text)):
            holders.setdefault(run, []).append(number)
    copies = [sentence.text for sentence in test if _is_held(sentence.text, holders)]
    stories = {sentence.story for sentence in train} & {sentence.story for sentence in test}
    examples = tuple(dict.fromkeys(copies))[:3]
    return Leaks(len(test), len(copies), tuple(sorted(stories)), examples)


def leak_notes(leaks: Leaks) -> list[str]:
    """A sentence for each kind of leak that is there."""
    notes = []
    if leaks.shared_stories:
        stories = ", ".join(leaks.shared_stories[:3])
        more = "" if len(leaks.shared_stories) <= 3 else ", …"
        notes.append(
            f"The splits leak: stories that stand in training and in test: "
            f"{len(leaks.shared_stories)} ({stories}{more}). The scores are too good to believe."
        )
    if leaks.num_copies:
        notes.append(
            f"{leaks.num_copies} of {leaks.num_sentences} test sentences stand in training, nearly "
            "word for word."
        )
    return notes


def _is_held(text: str, holders: dict[tuple[str, ...], list[int]]) -> bool:
    runs = set(_runs(text))
    counts = Counter(number for run in runs for number in holders.get(run, ()))
    return bool(runs) and max(counts.values(), default=0) >= _ALIKE * len(runs)


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = split_words(text)
    if len(words) >= _SHORTEST:
        yield from (words[first : first + _RUN] for first in range(len(words) - _RUN + 1))
