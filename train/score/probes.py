"""Systems that see one part of what a label is read from: a shortcut, if they do well.

A classifier that reads how a target is named has to beat them all. None of them finds spans.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import OneHotEncoder

from model.records import LabelledSentence
from train.score.outputs import SystemOutput
from train.score.tfidf import fit_linear
from train.score.views import Item, View, judged_items

TARGET_BLIND, TEXT_BLIND, OUTLET_ONLY = "target-blind", "text-blind", "outlet-only"


class Probe:
    """Logistic regression on one part of what a label is read from."""

    def __init__(self, view: View, part: Callable[[Item], str], *, reads_words: bool) -> None:
        """`reads_words`: by the part's words and characters, or the part as a whole."""
        self._view = view
        self._part = part
        self._reads_words = reads_words

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Learn from the training split. RecordError where nothing in it has a label."""
        judged = judged_items(self._view, sentences)
        self._features = _text_features() if self._reads_words else _AsWhole()
        features = self._features.fit_transform([self._part(item) for item in judged])
        self._model = fit_linear(features, [item.label for item in judged], "logistic")

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        """One output for each sentence, in order."""
        asked = [self._view.items(sentence) for sentence in sentences]
        parts = [self._part(item) for items in asked for item in items]
        labels = iter(self._model.predict(self._features.transform(parts)) if parts else ())
        return [
            self._view.answer(sentence, [str(next(labels)) for _ in items], ())
            for sentence, items in zip(sentences, asked, strict=True)
        ]


def label_probes(view: View, *, reads_pairs: bool = False) -> dict[str, Probe]:
    """The probes by name.

    `target-blind` reads the text, as the holder's words, and is not told the second text, as the
    target's name; `text-blind` is told that alone, as a whole or (`reads_pairs`) word by word;
    `outlet-only` is told the outlet alone.
    """
    return {
        TARGET_BLIND: Probe(view, lambda item: item.text, reads_words=True),
        TEXT_BLIND: Probe(view, lambda item: item.pair, reads_words=reads_pairs),
        OUTLET_ONLY: Probe(view, lambda item: item.outlet, reads_words=False),
    }


def _text_features() -> FeatureUnion:
    return FeatureUnion(
        [
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5))),
            ("words", TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2))),
        ]
    )


class _AsWhole:
    """One feature for each different part; one that was not seen has none."""

    def __init__(self) -> None:
        self._encoder = OneHotEncoder(handle_unknown="ignore")

    def fit_transform(self, parts: Sequence[str]) -> Any:
        return self._encoder.fit_transform(np.array(parts, dtype=object)[:, None])

    def transform(self, parts: Sequence[str]) -> Any:
        return self._encoder.transform(np.array(parts, dtype=object)[:, None])
