"""What the classifier has to beat: systems that need no pretrained encoder.

All of them are given the sentence, its voices, and for each stance its target, holder and mentions;
none looks at a label of a sentence that it predicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, cast

from model.errors import RecordError
from model.records import LOADED_CATEGORIES, LabelledSentence, LoadedTerm, Stance
from train.score.outputs import SystemOutput
from train.score.words import Phrase, find_phrases, split_words

HolderWords = Callable[[LabelledSentence, Stance], str]
"""The holder's own words: the sentence with its direct quotations blanked out, or the quotation."""


class Baseline(Protocol):
    """A system that learns from labelled sentences alone."""

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Learn from the training split. RecordError where none of its stances has a label."""

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        """One output for each sentence, in order."""


class MajorityBaseline:
    """Gives every stance the training split's most frequent label, and finds no loaded term."""

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        self._label = most_frequent(label for _, _, label in judged_stances(sentences))

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [
            SystemOutput(stances=(self._label,) * len(sentence.stances), loaded_terms=())
            for sentence in sentences
        ]


class MemoryBaseline:
    """Looks up what the training split held, and generalises to nothing.

    A stance gets the label most frequent among the names (term and connotation) that mention its
    target, or the most frequent of all where no name is known. A phrase is a loaded term of a
    category if that very phrase, clitics and all, was one in at least half of the places where
    the training split has it; the longest phrase wins.
    """

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        judged = judged_stances(sentences)
        self._label = most_frequent(label for _, _, label in judged)
        self._votes: dict[tuple[str, str], Counter[str]] = {}
        for _, stance, label in judged:
            for mention in stance.mentions:
                name = (mention.term, mention.connotation)
                self._votes.setdefault(name, Counter())[label] += 1
        self._phrases = {
            category: _reliable_phrases(sentences, category) for category in LOADED_CATEGORIES
        }

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [
            SystemOutput(
                stances=tuple(self._stance_label(stance) for stance in sentence.stances),
                loaded_terms=tuple(self._find_terms(sentence)),
            )
            for sentence in sentences
        ]

    def _stance_label(self, stance: Stance) -> str:
        votes = Counter[str]()
        for mention in stance.mentions:
            votes.update(self._votes.get((mention.term, mention.connotation), {}))
        return most_frequent(votes.elements()) if votes else self._label

    def _find_terms(self, sentence: LabelledSentence) -> Iterator[LoadedTerm]:
        for category, phrases in self._phrases.items():
            free_from = 0
            for start, end, _ in find_phrases(sentence.text, phrases):
                if start >= free_from:
                    free_from = end
                    yield found_term(sentence, start, end, category)


class RuleBaseline:
    """Labels by rules that are given to it; learns nothing."""

    def __init__(self, label: Callable[[LabelledSentence], SystemOutput]) -> None:
        self._label = label

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Nothing to learn."""

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [self._label(sentence) for sentence in sentences]


def judged_stances(
    sentences: Iterable[LabelledSentence],
) -> list[tuple[LabelledSentence, Stance, str]]:
    """Each labelled stance with its sentence and label. RecordError where there is none."""
    judged: list[tuple[LabelledSentence, Stance, str]] = [
        (sentence, stance, stance.label)
        for sentence in sentences
        for stance in sentence.stances
        if stance.label is not None
    ]
    if not judged:
        raise RecordError(
            "training split", "no stance has a label", "a baseline needs labelled sentences"
        )
    return judged


def most_frequent(labels: Iterable[str]) -> str:
    """The label that occurs most; among equals the first in the alphabet."""
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))


def _reliable_phrases(sentences: Sequence[LabelledSentence], category: str) -> set[Phrase]:
    """The phrases that are loaded terms of the category in at least half of their places."""
    num_hits = Counter(
        split_words(term.text)
        for sentence in sentences
        for term in sentence.loaded_terms
        if term.category == category
    )
    num_places = Counter(
        phrase for sentence in sentences for _, _, phrase in find_phrases(sentence.text, num_hits)
    )
    return {phrase for phrase in num_hits if 2 * num_hits[phrase] >= num_places[phrase]}


def found_term(sentence: LabelledSentence, start: int, end: int, category: str) -> LoadedTerm:
    """A found span; a baseline names no target, and takes the text itself as the term."""
    kinds = [voice.kind for voice in sentence.voices if voice.start <= start < voice.end]
    text = sentence.text[start:end]
    return LoadedTerm(
        start=start,
        end=end,
        text=text,
        term=text,
        category=cast(Any, category),
        weak=False,
        voice="direct" if "direct" in kinds else "reported" if kinds else "own",
        target=None,
        group=None,
    )
