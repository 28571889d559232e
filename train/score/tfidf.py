"""TF-IDF with a linear model: what a pretrained encoder has to be worth its price against."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
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

from model.records import LabelledSentence
from train.score.counts import FloatArray
from train.score.outputs import SystemOutput
from train.score.spans import SpanKey
from train.score.views import Item, View, judged_items
from train.score.words import split_words, word_offsets, words_in_context

Model = Literal["logistic", "svm"]
_CERTAIN = 1e9  # the score of a word without a doubt
_CHUNK = 2000  # sentences whose features stand in memory together


class TfidfFeatures:
    """What the linear models read; fitted once for all of them that learn from one list.

    An item: its text (characters 2-5, words 1-2) and, in a block of its own, the second text
    beside it, as a target's name. A word: its characters, and those of the words before and after.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self._learnt_from: Sequence[LabelledSentence] | None = None

    def fit(self, sentences: Sequence[LabelledSentence]) -> tuple[Any, Any]:
        """The features of the labelled items, and of the words, of the training split.

        None for what the view does not ask for.
        """
        if self._learnt_from is not sentences:
            items = words = None
            if self.view.asked:
                judged = judged_items(self.view, sentences)
                self._items = _item_vectorizers(judged)
                items = _fit_columns(self._items, _columns(judged))
            if self.view.categories:
                self._words = (_characters(), _characters(), _characters())
                words = _fit_columns(self._words, _words_of(sentences))
            self._fitted = items, words
            self._learnt_from = sentences
        return self._fitted

    def items(self, asked: Sequence[Item]) -> Any:
        """(items, features)."""
        return _join(self._items, _columns(asked))

    def words(self, sentences: Sequence[LabelledSentence]) -> Any:
        """(words of all sentences, features)."""
        return _join(self._words, _words_of(sentences))


class TfidfBaseline:
    """A linear model for the labels, and one for the words of each category of spans.

    Neighbouring words of a category make one span.
    """

    def __init__(self, features: TfidfFeatures, model: Model = "logistic") -> None:
        self._features = features
        self._view = features.view
        self._model: Model = model

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Learn from the training split. RecordError where nothing in it has a label."""
        items, words = self._features.fit(sentences)
        if self._view.asked:
            labels = [item.label for item in judged_items(self._view, sentences)]
            self._label_model = fit_linear(items, labels, self._model)
        spans = [self._view.spans(sentence) for sentence in sentences]
        self._word_models = {
            category: fit_linear(
                words,
                [
                    hit
                    for sentence, marked in zip(sentences, spans, strict=True)
                    for hit in _word_hits(sentence.text, marked, category)
                ],
                self._model,
            )
            for category in self._view.categories
        }

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        """One output for each sentence, in order."""
        outputs = []
        for first in range(0, len(sentences), _CHUNK):
            chunk = sentences[first : first + _CHUNK]
            asked = [self._view.items(sentence) for sentence in chunk]
            flat = [item for items in asked for item in items]
            labels = iter(self._label_model.predict(self._features.items(flat)) if flat else ())
            outputs += [
                replace(
                    self._view.answer(sentence, [str(next(labels)) for _ in items], spans),
                    presence=presence,
                )
                for sentence, items, (spans, presence) in zip(
                    chunk, asked, self._find_spans(chunk), strict=True
                )
            ]
        return outputs

    def _find_spans(
        self, sentences: Sequence[LabelledSentence]
    ) -> list[tuple[list[SpanKey], float | None]]:
        """The spans of each sentence, and how sure the surest of its words and categories is."""
        if not self._word_models:
            return [([], None)] * len(sentences)
        offsets = [word_offsets(sentence.text) for sentence in sentences]
        ends = np.cumsum([len(listed) for listed in offsets])
        if not ends[-1]:
            return [([], -_CERTAIN)] * len(sentences)
        features = self._features.words(sentences)
        scores = {c: _decide(model, features) for c, model in self._word_models.items()}
        surest = np.max(list(scores.values()), axis=0)
        return [
            (
                [
                    span
                    for category, of_all in scores.items()
                    for span in _runs(listed, of_all[end - len(listed) : end] > 0, category)
                ],
                float(surest[end - len(listed) : end].max(initial=-_CERTAIN)),
            )
            for listed, end in zip(offsets, ends, strict=True)
        ]


def fit_linear(features: Any, labels: Sequence[Any], model: Model) -> Any:
    """A linear model with labels of equal weight; where there is but one label, that one."""
    num_labels = len(set(labels))
    if num_labels == 1:
        return DummyClassifier(strategy="most_frequent").fit(features, labels)
    if model == "svm":
        svm = LinearSVC(class_weight="balanced", dual="auto", max_iter=10_000, random_state=0)
        return svm.fit(features, labels)
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


def _item_vectorizers(items: Sequence[Item]) -> tuple[TfidfVectorizer, ...]:
    """Of the text, of its words, and of the second text where there is one to read."""
    pairs = (_whole_words(most=1),) if any(item.pair.strip() for item in items) else ()
    return (_characters(), _whole_words(most=2), *pairs)


def _columns(items: Sequence[Item]) -> list[list[str]]:
    texts = [item.text for item in items]
    return [texts, texts, [item.pair for item in items]]


def _words_of(sentences: Sequence[LabelledSentence]) -> list[Sequence[str]]:
    words = [word for sentence in sentences for word in words_in_context(sentence.text)]
    return list(zip(*words, strict=True))


def _fit_columns(vectorizers: Sequence[TfidfVectorizer], columns: Sequence[Sequence[str]]) -> Any:
    """Fits each on its column; those behind the last vectorizer are not read."""
    for vectorizer, column in zip(vectorizers, columns, strict=False):
        vectorizer.fit(column)
    return _join(vectorizers, columns)


def _join(vectorizers: Sequence[TfidfVectorizer], columns: Sequence[Sequence[str]]) -> Any:
    """(rows of the columns, features of all vectorizers)."""
    parts = zip(vectorizers, columns, strict=False)
    return hstack([_transform(vectorizer, column) for vectorizer, column in parts], "csr")


def _transform(vectorizer: TfidfVectorizer, texts: Sequence[str]) -> Any:
    """Each different text is read once: most words of a text occur again and again."""
    different, numbers = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
    return vectorizer.transform(different)[numbers]


def _word_hits(text: str, marked: Collection[SpanKey], category: str) -> list[bool]:
    """For each word, whether it lies in a span of the category."""
    spans = [(start, end) for start, end, kind in marked if kind == category]
    return [
        any(start < span_end and span_start < end for span_start, span_end in spans)
        for start, end in word_offsets(text)
    ]


def _runs(
    offsets: Sequence[tuple[int, int]], hits: Sequence[bool] | NDArray[np.bool_], category: str
) -> Iterator[SpanKey]:
    """A span for each run of neighbouring words that were hit."""
    for is_hit, neighbours in groupby(zip(offsets, hits, strict=True), key=itemgetter(1)):
        if is_hit:
            run = [word for word, _ in neighbours]
            yield run[0][0], run[-1][1], category
