"""Systems that see one part of what a stance is read from: a shortcut, if they do well.

A classifier that reads how a target is named has to beat them all. None of them finds loaded terms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import OneHotEncoder

from model.records import LabelledSentence, Stance
from train.score.baselines import HolderWords, judged_stances
from train.score.outputs import SystemOutput
from train.score.tfidf import fit_linear

TARGET_BLIND, TEXT_BLIND, OUTLET_ONLY = "target-blind", "text-blind", "outlet-only"


class StanceProbe:
    """Logistic regression on one part of what a stance is read from."""

    def __init__(
        self, part: Callable[[LabelledSentence, Stance], str], *, reads_words: bool
    ) -> None:
        """`reads_words`: by the part's words and characters, or the part as a whole."""
        self._part = part
        self._reads_words = reads_words

    def fit(self, sentences: Sequence[LabelledSentence]) -> None:
        """Learn from the training split. RecordError where none of its stances has a label."""
        judged = judged_stances(sentences)
        self._features = _text_features() if self._reads_words else _AsWhole()
        features = self._features.fit_transform([self._part(s, stance) for s, stance, _ in judged])
        self._model = fit_linear(features, [label for _, _, label in judged], "logistic")

    def predict(self, sentences: Sequence[LabelledSentence]) -> list[SystemOutput]:
        """One output for each sentence, in order."""
        parts = [self._part(s, stance) for s in sentences for stance in s.stances]
        labels = iter(self._model.predict(self._features.transform(parts)) if parts else ())
        return [
            SystemOutput(tuple(str(next(labels)) for _ in sentence.stances), ())
            for sentence in sentences
        ]


def stance_probes(holder_words: HolderWords) -> dict[str, StanceProbe]:
    """The probes by name.

    `target-blind` reads the holder's words and is not told the target; `text-blind` is told the
    target alone, `outlet-only` the outlet alone.
    """
    return {
        TARGET_BLIND: StanceProbe(holder_words, reads_words=True),
        TEXT_BLIND: StanceProbe(lambda _, stance: stance.target, reads_words=False),
        OUTLET_ONLY: StanceProbe(lambda sentence, _: sentence.outlet, reads_words=False),
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
