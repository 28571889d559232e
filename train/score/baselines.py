"""What the classifier has to beat: systems that need no pretrained encoder.

All of them are given the sentence and what is asked of it: for a stance its target, holder and
mentions. None looks at a label of a sentence that it predicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from model.records import LabelledSentence
from train.score.outputs import SystemOutput
from train.score.spans import SpanKey
from train.score.views import Item, OwnView, View, judged_items
from train.score.words import Phrase, find_phrases, phrase_lengths, split_words


class Baseline(Protocol):
    """A system that learns from labelled sentences alone."""

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Learn from the training split. RecordError where nothing in it has a label."""

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        """One output for each sentence, in order."""


class MajorityBaseline:
    """Gives everything the training split's most frequent label, and finds no span."""

    def __init__(self, view: View | None = None) -> None:
        self._view = view or OwnView()

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        judged = judged_items(self._view, sentences)
        self._label = most_frequent(str(item.label) for item in judged) if judged else ""

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [
            self._view.answer(sentence, [self._label] * len(self._view.items(sentence)), ())
            for sentence in sentences
        ]


class MemoryBaseline:
    """Looks up what the training split held, and generalises to nothing.

    A stance gets the label most frequent among the names (term and connotation) that mention its
    target, or the most frequent of all where no name is known. A phrase is a span of a category if
    that very phrase, clitics and all, was one in at least half of the places where the training
    split has it; the longest phrase wins.
    """

    def __init__(self, view: View | None = None) -> None:
        self._view = view or OwnView()

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        judged = judged_items(self._view, sentences)
        self._label = most_frequent(str(item.label) for item in judged) if judged else ""
        self._votes: dict[tuple[str, str], Counter[str]] = {}
        for item in judged:
            for name in item.names:
                self._votes.setdefault(name, Counter())[str(item.label)] += 1
        self._phrases = _reliable_phrases(self._view, sentences)
        self._known = set().union(*self._phrases.values())
        self._lengths = phrase_lengths(self._known)

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [
            self._view.answer(
                sentence,
                [self._best_label(item) for item in self._view.items(sentence)],
                list(self._find_spans(sentence.text)),
            )
            for sentence in sentences
        ]

    def _best_label(self, item: Item) -> str:
        votes = Counter[str]()
        for name in item.names:
            votes.update(self._votes.get(name, {}))
        return most_frequent(votes.elements()) if votes else self._label

    def _find_spans(self, text: str) -> Iterator[SpanKey]:
        places = list(find_phrases(text, self._known, self._lengths))
        for category, phrases in self._phrases.items():
            free_from = 0
            for start, end, phrase in places:
                if start >= free_from and phrase in phrases:
                    free_from = end
                    yield start, end, category


class RuleBaseline:
    """Labels by rules that are given to it; learns nothing."""

    def __init__(self, label: Callable[[LabelledSentence], SystemOutput]) -> None:
        self._label = label

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Nothing to learn."""

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [self._label(sentence) for sentence in sentences]


def most_frequent(labels: Iterable[str]) -> str:
    """The label that occurs most; among equals the first in the alphabet."""
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))


def _reliable_phrases(view: View, sentences: Sequence[LabelledSentence]) -> dict[str, set[Phrase]]:
    """By category the phrases that are spans of it in at least half of their places."""
    num_hits: dict[str, Counter[Phrase]] = {category: Counter() for category in view.categories}
    for sentence in sentences:
        for start, end, category in view.spans(sentence):
            num_hits[category][split_words(sentence.text[start:end])] += 1
    known = {phrase for hits in num_hits.values() for phrase in hits}
    lengths = phrase_lengths(known)
    num_places = Counter(
        phrase
        for sentence in sentences
        for _, _, phrase in find_phrases(sentence.text, known, lengths)
    )
    return {
        category: {phrase for phrase in hits if 2 * hits[phrase] >= num_places[phrase]}
        for category, hits in num_hits.items()
    }
