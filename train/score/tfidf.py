"""TF-IDF with a linear model: what a pretrained encoder has to be worth its price against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from model.records import LOADED_CATEGORIES, LabelledSentence, LoadedTerm, Stance
from train.score.baselines import HolderWords, found_term, judged_stances
from train.score.counts import FloatArray
from train.score.outputs import SystemOutput
from train.score.words import split_words, word_offsets, words_in_context

Model = Literal["logistic", "svm"]
_CERTAIN = 1e9  # the score of a word without a doubt
_CHUNK = 2000  # sentences whose features stand in memory together


class TfidfFeatures:
    """What the linear models read; fitted once for all of them that learn from one list.

    A stance: the holder's own words (characters 2-5, words 1-2) and, in a block of its own, the
    target's canonical name. A word: its characters, and those of the words before and after it.
    """

    def __init__(self, holder_words: HolderWords, target_names: Mapping[str, str]) -> None:
        self._holder_words = holder_words
        self._target_names = target_names
        self._learnt_from: Sequence[LabelledSentence] | None = None

    def fit(self, sentences: Sequence[LabelledSentence]) -> tuple[Any, Any]:
        """The features of the labelled stances, and of the words, of the training split."""
        if self._learnt_from is not sentences:
            judged = [(sentence, stance) for sentence, stance, _ in judged_stances(sentences)]
            words = [word for sentence in sentences for word in words_in_context(sentence.text)]
            self._stance = (_characters(), _whole_words(most=2), _whole_words(most=1))
            self._word = (_characters(), _characters(), _characters())
            texts, names = self._stance_texts(judged)
            for vectorizer, part in zip(self._stance, (texts, texts, names), strict=True):
                vectorizer.fit(part)
            for vectorizer, column in zip(self._word, zip(*words, strict=True), strict=True):
                vectorizer.fit(column)
            self._fitted = self.stances(judged), self.words(sentences)
            self._learnt_from = sentences
        return self._fitted

    def stances(self, asked: Sequence[tuple[LabelledSentence, Stance]]) -> Any:
        """(stances, features)."""
        texts, names = self._stance_texts(asked)
        parts = zip(self._stance, (texts, texts, names), strict=True)
        return hstack([_transform(vectorizer, part) for vectorizer, part in parts], "csr")

    def words(self, sentences: Sequence[LabelledSentence]) -> Any:
        """(words of all sentences, features)."""
        words = [word for sentence in sentences for word in words_in_context(sentence.text)]
        parts = zip(self._word, zip(*words, strict=True), strict=True)
        return hstack([_transform(vectorizer, part) for vectorizer, part in parts], "csr")

    def _stance_texts(
        self, asked: Sequence[tuple[LabelledSentence, Stance]]
    ) -> tuple[list[str], list[str]]:
        texts = [self._holder_words(sentence, stance) for sentence, stance in asked]
        return texts, [self._target_names.get(s.target, s.target) for _, s in asked]


class TfidfBaseline:
    """A linear model for the stances, and one for the words of each category of loaded terms.

    Neighbouring words of a category make one span.
    """

    def __init__(self, features: TfidfFeatures, model: Model = "logistic") -> None:
        self._features = features
        self._model: Model = model

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Learn from the training split. RecordError where none of its stances has a label."""
        stances, words = self._features.fit(sentences)
        labels = [label for _, _, label in judged_stances(sentences)]
        self._stance_model = fit_linear(stances, labels, self._model)
        self._word_models = {
            category: fit_linear(
                words,
                [hit for sentence in sentences for hit in _word_hits(sentence, category)],
                self._model,
            )
            for category in LOADED_CATEGORIES
        }

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        """One output for each sentence, in order."""
        outputs = []
        for first in range(0, len(sentences), _CHUNK):
            chunk = sentences[first : first + _CHUNK]
            asked = [(sentence, stance) for sentence in chunk for stance in sentence.stances]
            features = self._features.stances(asked) if asked else None
            labels = iter(() if features is None else self._stance_model.predict(features))
            terms = self._find_terms(chunk)
            outputs += [
                SystemOutput(
                    tuple(str(next(labels)) for _ in sentence.stances), found, presence=presence
                )
                for sentence, (found, presence) in zip(chunk, terms, strict=True)
            ]
        return outputs

    def _find_terms(
        self, sentences: Sequence[LabelledSentence]
    ) -> list[tuple[tuple[LoadedTerm, ...], float]]:
        """The terms of each sentence, and how sure the surest of its words and categories is."""
        offsets = [word_offsets(sentence.text) for sentence in sentences]
        ends = np.cumsum([len(listed) for listed in offsets])
        if not ends[-1]:
            return [((), -_CERTAIN)] * len(sentences)
        features = self._features.words(sentences)
        scores = {c: _decide(model, features) for c, model in self._word_models.items()}
        surest = np.max(list(scores.values()), axis=0)
        return [
            (
                tuple(
                    term
                    for category, of_all in scores.items()
                    for term in _runs(
                        sentence, listed, of_all[end - len(listed) : end] > 0, category
                    )
                ),
                float(surest[end - len(listed) : end].max(initial=-_CERTAIN)),
            )
            for sentence, listed, end in zip(sentences, offsets, ends, strict=True)
        ]


def fit_linear(features: Any, labels: Sequence[Any], model: Model) -> Any:
    """A linear model with labels of equal weight; where there is but one label, that one."""
    num_labels = len(set(labels))
    if num_labels == 1:
        return DummyClassifier(strategy="most_frequent").fit(features, labels)
    if model == "svm":
        return LinearSVC(class_weight="balanced", dual=False).fit(features, labels)
    solver = "liblinear" if num_labels == 2 else "lbfgs"  # liblinear is faster, for two labels only
    logistic = LogisticRegression(max_iter=1000, class_weight="balanced", solver=solver)
    return logistic.fit(features, labels)


def _decide(model: Any, features: Any) -> FloatArray:
    """How far each item lies on the side of the hits, above 0 for a hit."""
    if isinstance(model, DummyClassifier):
        return np.where(model.predict(features), _CERTAIN, -_CERTAIN)
    return np.asarray(model.decision_function(features))


def _characters() -> TfidfVectorizer:
    """TF-IDF of character 2- to 5-grams within words."""
    return TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), lowercase=False)


def _whole_words(most: int) -> TfidfVectorizer:
    """TF-IDF of runs of up to `most` words."""
    return TfidfVectorizer(
        tokenizer=split_words, token_pattern=None, ngram_range=(1, most), lowercase=False
    )


def _transform(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> Any:
    """Each different text is read once: most words of a text occur again and again."""
    different, numbers = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
    return vectorizer.transform(different)[numbers]


def _word_hits(sentence: LabelledSentence, category: str) -> list[bool]:
    """For each word, whether it lies in a loaded term of the category."""
    spans = [(term.start, term.end) for term in sentence.loaded_terms if term.category == category]
    return [
        any(start < span_end and span_start < end for span_start, span_end in spans)
        for start, end in word_offsets(sentence.text)
    ]


def _runs(
    sentence: LabelledSentence,
    offsets: Sequence[tuple[int, int]],
    hits: Sequence[bool] | NDArray[np.bool_],
    category: str,
) -> Iterator[LoadedTerm]:
    """A term for each run of neighbouring words that were hit."""
    for is_hit, neighbours in groupby(zip(offsets, hits, strict=True), key=itemgetter(1)):
        if is_hit:
            run = [word for word, _ in neighbours]
            yield found_term(sentence, run[0][0], run[-1][1], category)
