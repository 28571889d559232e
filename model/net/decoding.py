"""From tag probabilities of words to spans of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model.net.encoding import Window
from model.records import LOADED_CATEGORIES
from model.text.words import Word

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
    words: Sequence[Word],
    windows: Sequence[Window],
    probabilities: Sequence[npt.NDArray[np.float64]],
    categories: Sequence[str] = LOADED_CATEGORIES,
) -> list[TaggedSpan]:
    """The spans of one sentence, by start.

    `probabilities[i]` has the shape (own words of window i, categories, tags). An I behind an O
    begins a span; a span runs on over the border of two windows. Every span is widened to whole
    written words; only `scare_quotes` keeps the marks at its edges. Spans that become the same are
    one, with the higher confidence.
    """
    best: dict[tuple[int, int, str], float] = {}
    for number, category in enumerate(categories):
        runs: list[tuple[int, int, list[float]]] = []
        is_open = False
        for window, scores in zip(windows, probabilities, strict=True):
            layer = scores[:, number]
            for (start, end), tag, row in zip(
                window.word_spans, layer.argmax(-1), layer, strict=True
            ):
                if tag == OUTSIDE:
                    is_open = False
                elif is_open and tag != _BEGIN:
                    first, _, values = runs[-1]
                    runs[-1] = (first, end, [*values, float(row[tag])])
                else:
                    runs.append((start, end, [float(row[tag])]))
                    is_open = True
        for start, end, values in runs:
            left, right = whole_words(
                text, words, start, end, keep_marks=category == "scare_quotes"
            )
            if left < right:
                key = (left, right, category)
                best[key] = max(best.get(key, 0.0), sum(values) / len(values))
    return [TaggedSpan(*key, confidence=value) for key, value in sorted(best.items())]


def whole_words(
    text: str, words: Sequence[Word], start: int, end: int, *, keep_marks: bool
) -> tuple[int, int]:
    """The span widened to the written words that it touches; marks at its edges stay if asked."""
    touched = [word for word in words if word.start < end and start < word.end]
    if not touched:
        return (start, start)
    left, right = touched[0].start, touched[-1].end
    return (min(left, start), max(right, end)) if keep_marks else (left, right)
