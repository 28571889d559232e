"""What the classifier has to beat: four systems that need no pretrained encoder.

All of them are given the sentence, its voices, and for each stance its target, holder and mentions;
none looks at a label of a sentence that it predicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Protocol, cast

from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from model.errors import RecordError
from model.records import LOADED_CATEGORIES, LabelledSentence, LoadedTerm, Stance
from train.score.outputs import SystemOutput
from train.score.words import Phrase, find_phrases, split_words, word_offsets, words_in_context

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
        self._label = _most_frequent(label for _, _, label in _judged_stances(sentences))

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
        judged = _judged_stances(sentences)
        self._label = _most_frequent(label for _, _, label in judged)
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
        return _most_frequent(votes.elements()) if votes else self._label

    def _find_terms(self, sentence: LabelledSentence) -> Iterator[LoadedTerm]:
        for category, phrases in self._phrases.items():
            free_from = 0
            for start, end, _ in find_phrases(sentence.text, phrases):
                if start >= free_from:
                    free_from = end
                    yield _loaded_term(sentence, start, end, category)


class RuleBaseline:
    """Labels by rules that are given to it; learns nothing."""

    def __init__(self, label: Callable[[LabelledSentence], SystemOutput]) -> None:
        self._label = label

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Nothing to learn."""

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [self._label(sentence) for sentence in sentences]


class TfidfBaseline:
    """TF-IDF and logistic regression, for the stances and for every word of the loaded terms.

    A stance is read from the holder's own words (characters 2–5, words 1–2) and, in a feature
    block of its own, the target's canonical name. Each category has a model of its own that
    judges a word by the characters of the word, of the word before and of the word after;
    neighbouring hits make one span.
    """

    def __init__(self, holder_words: HolderWords, target_names: Mapping[str, str]) -> None:
        self._holder_words = holder_words
        self._target_names = target_names

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        judged = _judged_stances(sentences)
        self._stance_features = FeatureUnion(
            [
                ("characters", _characters(of=0)),
                ("words", _whole_words(of=0, most=2)),
                ("target", _whole_words(of=1, most=1)),
            ]
        )
        self._stance_model = _fit_classifier(
            self._stance_features.fit_transform(
                [self._stance_input(sentence, stance) for sentence, stance, _ in judged]
            ),
            [label for _, _, label in judged],
        )
        self._word_features = FeatureUnion(
            [
                ("before", _characters(of=0)),
                ("word", _characters(of=1)),
                ("after", _characters(of=2)),
            ]
        )
        words = self._word_features.fit_transform(
            [word for sentence in sentences for word in words_in_context(sentence.text)]
        )
        self._word_models = {
            category: _fit_classifier(
                words, [hit for sentence in sentences for hit in _word_hits(sentence, category)]
            )
            for category in LOADED_CATEGORIES
        }

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        return [
            SystemOutput(
                stances=tuple(self._stance_labels(sentence)),
                loaded_terms=tuple(self._find_terms(sentence)),
            )
            for sentence in sentences
        ]

    def _stance_input(self, sentence: LabelledSentence, stance: Stance) -> tuple[str, str]:
        name = self._target_names.get(stance.target, stance.target)
        return self._holder_words(sentence, stance), name

    def _stance_labels(self, sentence: LabelledSentence) -> list[str]:
        inputs = [self._stance_input(sentence, stance) for stance in sentence.stances]
        if not inputs:
            return []
        labels = self._stance_model.predict(self._stance_features.transform(inputs))
        return [str(label) for label in labels]

    def _find_terms(self, sentence: LabelledSentence) -> Iterator[LoadedTerm]:
        offsets = word_offsets(sentence.text)
        if not offsets:
            return
        features = self._word_features.transform(words_in_context(sentence.text))
        for category, model in self._word_models.items():
            tagged = zip(offsets, model.predict(features), strict=True)
            for is_hit, neighbours in groupby(tagged, key=itemgetter(1)):
                if is_hit:
                    run = [word for word, _ in neighbours]
                    yield _loaded_term(sentence, run[0][0], run[-1][1], category)


def _characters(of: int) -> TfidfVectorizer:
    """TF-IDF of character 2- to 5-grams within words, for one part of a tuple of strings."""
    return TfidfVectorizer(preprocessor=itemgetter(of), analyzer="char_wb", ngram_range=(2, 5))


def _whole_words(of: int, most: int) -> TfidfVectorizer:
    """TF-IDF of runs of up to `most` words, for one part of a tuple of strings."""
    return TfidfVectorizer(
        preprocessor=itemgetter(of),
        tokenizer=split_words,
        token_pattern=None,
        ngram_range=(1, most),
    )


def _fit_classifier(features: Any, labels: Sequence[Any]) -> Any:
    """Logistic regression with labels of equal weight; where there is but one label, that one."""
    num_labels = len(set(labels))
    if num_labels == 1:
        return DummyClassifier(strategy="most_frequent").fit(features, labels)
    solver = "liblinear" if num_labels == 2 else "lbfgs"  # liblinear is faster, for two labels only
    model = LogisticRegression(max_iter=1000, class_weight="balanced", solver=solver)
    return model.fit(features, labels)


def _judged_stances(
    sentences: Iterable[LabelledSentence],
) -> list[tuple[LabelledSentence, Stance, str]]:
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


def _most_frequent(labels: Iterable[str]) -> str:
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


def _word_hits(sentence: LabelledSentence, category: str) -> list[bool]:
    """For each word, whether it lies in a loaded term of the category."""
    spans = [(term.start, term.end) for term in sentence.loaded_terms if term.category == category]
    return [
        any(start < span_end and span_start < end for span_start, span_end in spans)
        for start, end in word_offsets(sentence.text)
    ]


def _loaded_term(sentence: LabelledSentence, start: int, end: int, category: str) -> LoadedTerm:
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
