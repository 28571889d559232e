"""From tag probabilities of words to spans of a sentence."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from model.net.encoding import Window
from model.records import LOADED_CATEGORIES
from model.text.words import Word, find_words

FloatArray = npt.NDArray[np.float64]

OUTSIDE, _BEGIN = 0, 1


@dataclass(frozen=True, slots=True)
class TaggedSpan:
    """A span of a sentence with its category and the mean probability of its tags."""

    start: int
    end: int
    category: str
    confidence: float


def decode_spans(
    text: str,
    windows: Sequence[Window],
    probabilities: Sequence[FloatArray],
    categories: Sequence[str] = LOADED_CATEGORIES,
) -> list[TaggedSpan]:
    """The spans of one sentence, by start.

    `probabilities[i]` has the shape (own words of window i, categories, tags). An I behind an O
    begins a span; a span runs on over the border of two windows. Every span is widened to whole
    written words; only `scare_quotes` keeps the marks at its edges. Spans that become the same are
    one, with the higher confidence.
    """
    tags = [scores.argmax(-1) for scores in probabilities]
    used = {n for part in tags for n in np.flatnonzero((part != OUTSIDE).any(axis=0)).tolist()}
    words = find_words(text) if used else []  # most sentences hold no span
    best: dict[tuple[int, int, str], float] = {}
    for number in sorted(used):
        category = categories[number]
        for start, end, values in _runs(windows, probabilities, tags, number):
            left, right = whole_words(
                text, words, start, end, keep_marks=category == "scare_quotes"
            )
            if left < right:
                key = (left, right, category)
                best[key] = max(best.get(key, 0.0), sum(values) / len(values))
    return [TaggedSpan(*key, confidence=value) for key, value in sorted(best.items())]


def _runs(
    windows: Sequence[Window],
    probabilities: Sequence[FloatArray],
    tags: Sequence[npt.NDArray[np.int64]],
    number: int,
) -> list[tuple[int, int, list[float]]]:
    """Start, end and the probabilities of the tags of each run of one category."""
    runs: list[tuple[int, int, list[float]]] = []
    is_open = False
    for window, scores, part in zip(windows, probabilities, tags, strict=True):
        for place, tag in enumerate(part[:, number].tolist()):
            if tag == OUTSIDE:
                is_open = False
                continue
            start, end = window.word_spans[place]
            value = float(scores[place, number, tag])
            if is_open and tag != _BEGIN:
                first, _, values = runs[-1]
                values.append(value)
                runs[-1] = (first, end, values)
            else:
                runs.append((start, end, [value]))
                is_open = True
    return runs


def whole_words(
    text: str, words: Sequence[Word], start: int, end: int, *, keep_marks: bool
) -> tuple[int, int]:
    """The span widened to the written words that it touches; marks at its edges stay if asked."""
    first = bisect_right(words, start, key=attrgetter("end"))
    behind = bisect_left(words, end, key=attrgetter("start"))
    if first >= behind:
        return (start, start)
    left, right = words[first].start, words[behind - 1].end
    return (min(left, start), max(right, end)) if keep_marks else (left, right)
