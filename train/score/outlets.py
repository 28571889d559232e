"""What a representation gives away of the outlet: a probe, beside what it has to beat.

A linear probe is trained on frozen representations to name the outlet of a sentence, and asked of
stories that it has not seen. What it finds the encoder holds, whether the heads use it or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.errors import RecordError
from train.score.bootstrap import Interval, story_interval, sum_by_story
from train.score.comparing import Difference, compare_systems
from train.score.counts import FloatArray, IntArray, check_alike, f1, ratio
from train.score.words import split_words

MIN_SENTENCES = 20
MIN_STORIES = 2
"""An outlet with fewer sentences, or stories, is left out: a fold could not learn it."""

NUM_FOLDS = 5
WORDS, MAJORITY = "the words alone", "the most frequent outlet"
_STATES_C, _WORDS_C = 0.1, 10.0  # how little the weights are held back; of 0.001 to 1, 1 to 100


@dataclass(frozen=True, slots=True)
class ProbeScores:
    """How often one probe names the outlet, and the mean F1 over the outlets, with intervals."""

    name: str
    accuracy: float
    accuracy_interval: Interval
    macro_f1: float
    macro_f1_interval: Interval


@dataclass(frozen=True, slots=True)
class OutletProbe:
    """Probes on the same sentences and folds, the encoder's first, whose accuracy `leads`.

    `support`: sentences by outlet. `left_out`: the outlets with too few of them.
    """

    support: Mapping[str, int]
    left_out: tuple[str, ...]
    num_sentences: int
    num_stories: int
    probes: tuple[ProbeScores, ...]
    leads: tuple[Difference, ...]


def usable_outlets(outlets: Sequence[str], stories: Sequence[str]) -> tuple[list[str], list[str]]:
    """The outlets with enough sentences and stories, and those without, most sentences first."""
    counts = Counter(outlets)
    told = Counter(outlet for outlet, _ in set(zip(outlets, stories, strict=True)))
    ranked = sorted(counts, key=lambda outlet: (-counts[outlet], outlet))
    used = [o for o in ranked if counts[o] >= MIN_SENTENCES and told[o] >= MIN_STORIES]
    return used, [outlet for outlet in ranked if outlet not in used]


def probe_outlets(
    representations: Mapping[str, FloatArray],
    texts: Sequence[str],
    outlets: Sequence[str],
    stories: Sequence[str],
    *,
    left_out: Sequence[str] = (),
    num_resamples: int = 1000,
    seed: int = 0,
) -> OutletProbe:
    """Logistic regressions on each of the representations, (sentences, width), on TF-IDF of the
    texts' words, and the most frequent outlet: cross-validated by whole stories.

    The first representation is compared with all others. RecordError for fewer than two outlets or
    stories, or where the sentences do not match.
    """
    names = sorted(set(outlets))
    if len(names) < 2 or len(set(stories)) < 2:
        what = f"{len(names)} outlets in {len(set(stories))} stories"
        raise RecordError("outlet probe", what, "give sentences of two of each, or more")
    for rows in (*representations.values(), texts, stories):
        check_alike("outlet probe", outlets, rows)  # type: ignore[arg-type]
    right = np.asarray(outlets)
    words = np.asarray(texts, dtype=object)
    folds = [
        fold
        for fold in StratifiedGroupKFold(
            min(NUM_FOLDS, len(set(stories))), shuffle=True, random_state=seed
        ).split(words, right, stories)
        if len(fold[1])
    ]
    asked: dict[str, tuple[Any, Any]] = {
        **{name: (rows, _on_states()) for name, rows in representations.items()},
        WORDS: (words, _on_words()),
        MAJORITY: (words, DummyClassifier(strategy="most_frequent")),
    }
    counts = {
        name: _count(right, _guess(model, rows, right, folds), names)
        for name, (rows, model) in asked.items()
    }
    resampling: dict[str, int] = {"num_resamples": num_resamples, "seed": seed}
    intervals, leads = compare_systems(
        {"accuracy": _accuracy},
        {name: {"accuracy": one} for name, one in counts.items()},
        stories,
        **resampling,
    )
    return OutletProbe(
        support=dict(Counter(outlets).most_common()),
        left_out=tuple(left_out),
        num_sentences=len(outlets),
        num_stories=len(set(stories)),
        probes=tuple(
            ProbeScores(
                name=name,
                accuracy=float(_accuracy(one.sum(axis=0))),
                accuracy_interval=intervals[name]["accuracy"],
                macro_f1=float(_macro_f1(one.sum(axis=0))),
                macro_f1_interval=story_interval(
                    _macro_f1, sum_by_story(one, stories), **resampling
                ),
            )
            for name, one in counts.items()
        ),
        leads=leads,
    )


def _on_states() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(C=_STATES_C, max_iter=1000))


def _on_words() -> Any:
    """One and two words in a row, as they are written."""
    words = TfidfVectorizer(
        tokenizer=split_words, token_pattern=None, ngram_range=(1, 2), lowercase=False
    )
    return make_pipeline(words, LogisticRegression(C=_WORDS_C, max_iter=1000))


def _guess(
    model: Any,
    rows: NDArray[Any],
    outlets: NDArray[Any],
    folds: Sequence[tuple[IntArray, IntArray]],
) -> NDArray[Any]:
    """The outlet of each sentence by a model that was fitted to other stories."""
    guessed = np.empty_like(outlets)
    for others, held in folds:
        if len(set(outlets[others])) < 2:  # a fold that leaves one outlet to learn from
            guessed[held] = outlets[others][0]
        else:
            guessed[held] = model.fit(rows[others], outlets[others]).predict(rows[held])
    return guessed


def _count(right: NDArray[Any], guessed: NDArray[Any], names: Sequence[str]) -> IntArray:
    """(sentences, outlets, 3): named rightly, named, there."""
    there, named = (np.asarray(one)[:, None] == np.asarray(names) for one in (right, guessed))
    return np.stack([there & named, named, there], axis=-1).astype(np.int64)


def _accuracy(counts: NDArray[Any]) -> FloatArray:
    """(…, outlets, 3) → (…)."""
    sums = counts.sum(axis=-2)
    return ratio(sums[..., 0], sums[..., 2])


def _macro_f1(counts: NDArray[Any]) -> FloatArray:
    """(…, outlets, 3) → (…)."""
    return np.asarray(f1(counts).mean(axis=-1))
