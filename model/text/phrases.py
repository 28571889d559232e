"""Finds listed phrases in a text: longest match, whole words, clitics and spellings allowed for.

One pass of an Aho-Corasick automaton over the keys of the words (`words.spelling_key`) proposes
every place where a phrase stands as a string; what is left of its first and last written word must
then be clitics. So the time does not depend on how many phrases are listed.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

from ahocorasick_rs import AhoCorasick

from model.text.words import PROCLITICS, PRONOUNS, SHORTEST_STEM, Word, find_words, spelling_key

T = TypeVar("T")

_PROCLITICS = re.compile(PROCLITICS)
_CONJUNCTION = re.compile("[وف]?")  # before the لل that ل and an article have become
_NOTHING = re.compile("")  # before a word so short that a letter before it is its own
_BREAK = "|"  # between words that anything but white space parts; no key holds it
_MOST_VARIED_WORDS = 6  # later words of a phrase that are tried with and without the article


@dataclass(frozen=True, slots=True)
class PhraseMatch(Generic[T]):
    """A listed phrase found at `text[start:end]`, whole written words."""

    start: int
    end: int
    phrase: str
    entry: T


@dataclass(frozen=True, slots=True)
class _Pattern(Generic[T]):
    """One spelling of a phrase."""

    phrase: str
    entry: T
    num_words: int
    proclitics: re.Pattern[str]
    pronouns: Collection[str]


class PhraseIndex(Generic[T]):
    """Phrases, each with the entry that it is listed under.

    `with_pronouns`: whether a phrase may carry an attached pronoun (مرتزقته). Proper names do not:
    حماسه is no form of حماس.
    """

    def __init__(self, phrases: Iterable[tuple[str, T]], *, with_pronouns: bool) -> None:
        self._patterns: list[_Pattern[T]] = []
        spellings: list[str] = []
        for phrase, entry in phrases:
            for spelling, proclitics, pronouns in _spellings(phrase, with_pronouns):
                num_words = spelling.count(" ") + 1
                self._patterns.append(_Pattern(phrase, entry, num_words, proclitics, pronouns))
                spellings.append(spelling)
        self._automaton = AhoCorasick(spellings)

    def find(self, text: str, words: Sequence[Word] | None = None) -> list[PhraseMatch[T]]:
        """Leftmost-longest matches that do not overlap. `words`: those of the text, if known."""
        words = find_words(text) if words is None else words
        keys, starts = _join_keys(text, words)
        best: dict[int, tuple[tuple[int, bool, int], _Pattern[T]]] = {}
        for number, start, end in self._automaton.find_matches_as_indexes(keys, overlapping=True):
            pattern = self._patterns[number]
            first = bisect_right(starts, start) - 1
            last = first + pattern.num_words - 1
            rest = keys[end : starts[last] + len(words[last].key)]
            if rest not in pattern.pronouns:
                continue
            if not pattern.proclitics.fullmatch(keys, starts[first], start):
                continue
            rank = (pattern.num_words, not rest, end - start)
            if first not in best or rank > best[first][0]:
                best[first] = (rank, pattern)
        return list(_without_overlaps(text, words, best))


def _spellings(
    phrase: str, with_pronouns: bool
) -> Iterator[tuple[str, re.Pattern[str], Collection[str]]]:
    """The spellings of a phrase, with what may stand before and behind each in a written word.

    Later words may carry the article (العملية النوعية for عملية نوعية), the last one a pronoun,
    before which ة is written ت.
    """
    first, *later = (spelling_key(word) for word in phrase.split())
    openings = [(first, _PROCLITICS if len(first) >= SHORTEST_STEM else _NOTHING)]
    if first.startswith("ال") and len(first) > SHORTEST_STEM:
        openings.append(("لل" + first[2:], _CONJUNCTION))
    choices = [
        (word, "ال" + word) if number < _MOST_VARIED_WORDS else (word,)
        for number, word in enumerate(later)
    ]
    last = later[-1] if later else first
    takes_pronoun = with_pronouns and len(last) >= SHORTEST_STEM
    for opening, proclitics in openings:
        for behind in product(*choices):
            spelling = " ".join((opening, *behind))
            yield spelling, proclitics, ("", *PRONOUNS) if takes_pronoun else ("",)
            if takes_pronoun and spelling.endswith("ه"):
                yield spelling[:-1] + "ت", proclitics, PRONOUNS


def _join_keys(text: str, words: Sequence[Word]) -> tuple[str, list[int]]:
    """The keys of the words as one string, and where each begins in it."""
    pieces: list[str] = []
    starts: list[int] = []
    place = end = 0
    for word in words:
        if pieces:
            between = text[end : word.start]
            pieces.append(" " if between == " " or between.isspace() else _BREAK)
            place += 1
        pieces.append(word.key)
        starts.append(place)
        place += len(word.key)
        end = word.end
    return "".join(pieces), starts


def _without_overlaps(
    text: str, words: Sequence[Word], best: dict[int, tuple[tuple[int, bool, int], _Pattern[T]]]
) -> Iterator[PhraseMatch[T]]:
    free = 0
    for first in sorted(best):
        if first >= free:
            _, pattern = best[first]
            free = first + pattern.num_words
            start, end = words[first].start, words[free - 1].end
            yield PhraseMatch(start, end, pattern.phrase, pattern.entry)
