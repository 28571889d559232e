"""What stands around a sentence in its article, for a network that reads it as context."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from model.records import Sentence

Context = Literal["none", "headline", "previous"]


class Surroundings:
    """Gives the context of each sentence, over any number of calls.

    Sentences come in the order of their articles. A headline has no context, nor has a sentence
    whose predecessor is not there.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._headline = ""
        self._last: Sentence | None = None

    def read(self, sentences: Iterable[Sentence]) -> list[str] | None:
        """The context of each sentence, "" where it has none; None where no context is read."""
        if self._context == "none":
            return None
        return [self._next(sentence) for sentence in sentences]

    def _next(self, sentence: Sentence) -> str:
        last, self._last = self._last, sentence
        if last is None or last.article_id != sentence.article_id:
            self._headline, last = "", None
        if sentence.section == "headline":
            self._headline = self._headline or sentence.text
            return ""
        if self._context == "headline":
            return self._headline
        follows = last is not None and last.index + 1 == sentence.index
        return last.text if last is not None and follows else ""
