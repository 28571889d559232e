"""Written words with their offsets, for the baselines: no morphology, no normalisation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache

Phrase = tuple[str, ...]


def word_offsets(text: str) -> list[tuple[int, int]]:
    """Start and end of every written word, the punctuation marks at its edges apart.

    Marks are words of their own, so that a span of `scare_quotes` can hold its quotation marks and
    others can leave out the comma.
    """
    offsets = []
    for match in re.finditer(r"\S+", text):
        start, end = match.span()
        while start < end and _is_mark(text[start]):
            offsets.append((start, start + 1))
            start += 1
        word_end = end
        while word_end > start and _is_mark(text[word_end - 1]):
            word_end -= 1
        if start < word_end:
            offsets.append((start, word_end))
        offsets.extend((mark, mark + 1) for mark in range(word_end, end))
    return offsets


def split_words(text: str) -> Phrase:
    """The words and marks themselves."""
    return tuple(text[start:end] for start, end in word_offsets(text))


def words_in_context(text: str) -> list[tuple[str, str, str]]:
    """Each word between the one before and the one after; empty at the ends."""
    words = split_words(text)
    if not words:
        return []
    return list(zip(("", *words[:-1]), words, (*words[1:], ""), strict=True))


def phrase_lengths(known: Collection[Phrase]) -> dict[str, list[int]]:
    """By first word how many words the known phrases have, the longest first."""
    lengths: dict[str, set[int]] = {}
    for phrase in known:
        if phrase:
            lengths.setdefault(phrase[0], set()).add(len(phrase))
    return {word: sorted(found, reverse=True) for word, found in lengths.items()}


def find_phrases(
    text: str, known: Collection[Phrase], lengths: Mapping[str, Sequence[int]] | None = None
) -> Iterator[tuple[int, int, Phrase]]:
    """Every place of a known phrase, overlaps included: by start, then the longest first.

    `lengths` are the `phrase_lengths`, for those who look through many texts.
    """
    lengths = phrase_lengths(known) if lengths is None else lengths
    offsets = word_offsets(text)
    words = tuple(text[start:end] for start, end in offsets)
    for first, (start, _) in enumerate(offsets):
        for length in lengths.get(words[first], ()):
            after = first + length
            if after <= len(words) and (phrase := words[first:after]) in known:
                yield start, offsets[after - 1][1], phrase


@cache
def _is_mark(character: str) -> bool:
    """Punctuation or a symbol; a vowel sign is neither (`\\w` would take it for one)."""
    return unicodedata.category(character)[0] in "PS"
