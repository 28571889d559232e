"""Finds listed phrases in a text: longest match, whole words, clitics and spellings allowed for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from model.text.words import Word, find_words, spelling_key, stems, without_pronoun

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PhraseMatch(Generic[T]):
    """A listed phrase found at `text[start:end]`, whole written words."""

    start: int
    end: int
    phrase: str
    entry: T


class PhraseIndex(Generic[T]):
    """Phrases by the key of their first word; each leads to the entry that it was listed under.

    `with_pronouns`: whether a phrase may carry an attached pronoun (مرتزقته). Proper names do not:
    حماسه is no form of حماس.
    """

    def __init__(self, phrases: Iterable[tuple[str, T]], *, with_pronouns: bool) -> None:
        self._with_pronouns = with_pronouns
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, T]]] = {}
        for phrase, entry in phrases:
            keys = tuple(spelling_key(word) for word in phrase.split())
            self._by_first.setdefault(keys[0], []).append((keys[1:], phrase, entry))
        for listed in self._by_first.values():
            listed.sort(key=lambda item: -len(item[0]))

    def find(self, text: str, words: Sequence[Word] | None = None) -> list[PhraseMatch[T]]:
        """Leftmost-longest matches that do not overlap. `words`: those of the text, if known."""
        words = find_words(text) if words is None else words
        found: list[PhraseMatch[T]] = []
        position = 0
        while position < len(words):
            match = self._longest_at(text, words, position)
            if match is None:
                position += 1
            else:
                length, phrase, entry = match
                last = words[position + length - 1]
                found.append(PhraseMatch(words[position].start, last.end, phrase, entry))
                position += length
        return found

    def _longest_at(
        self, text: str, words: Sequence[Word], position: int
    ) -> tuple[int, str, T] | None:
        best: tuple[int, str, T] | None = None
        key = words[position].key
        for stem in stems(key):
            for rest, phrase, entry in self._by_first.get(stem, ()):
                length = 1 + len(rest)
                if best and length <= best[0]:
                    break
                if self._follows(text, words, position, rest):
                    best = (length, phrase, entry)
                    break
        if best is None and self._with_pronouns:
            best = self._single_with_pronoun(key)
        return best

    def _single_with_pronoun(self, key: str) -> tuple[int, str, T] | None:
        for stem in stems(key):
            for bare in without_pronoun(stem):
                for rest, phrase, entry in self._by_first.get(bare, ()):
                    if not rest:
                        return 1, phrase, entry
        return None

    def _follows(
        self, text: str, words: Sequence[Word], position: int, rest: tuple[str, ...]
    ) -> bool:
        """Whether the rest of a phrase stands after its first word, with only space between.

        Later words may carry the article (العملية النوعية for عملية نوعية), the last one a pronoun.
        """
        if position + len(rest) >= len(words):
            return False
        for offset, expected in enumerate(rest, start=1):
            before, word = words[position + offset - 1], words[position + offset]
            if not text[before.end : word.start].isspace():
                return False
            if word.key in (expected, "ال" + expected):
                continue
            may_carry = self._with_pronouns and offset == len(rest)
            if not (may_carry and expected in without_pronoun(word.key)):
                return False
        return True
