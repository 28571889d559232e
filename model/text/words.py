"""Orthographic words and the forms by which Arabic words are compared.

Two spellings of a word share a `key`: marks and tatweel removed, أإآٱ as ا, ة as ه, ى as ي. Written
clitics (و ف ب ك ل س ال لل, attached pronouns) are taken off for comparison only; spans always cover
the whole written word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_MARKS = "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
_WORD = re.compile(rf"\w[\w{_MARKS}\u200c\u200d]*")
_SILENT = re.compile(rf"[{_MARKS}\u0640\u200c\u200d]")
_VARIANTS = str.maketrans("أإآٱةىکی", "ااااهيكي")

PROCLITICS = "[وف]?[بكلس]?(?:ال)?|[وف]?لل"  # a pattern: what may be written before a stem
PRONOUNS = ("هما", "كما", "ها", "هم", "هن", "كم", "نا", "ه")
SHORTEST_STEM = 3


class Word(NamedTuple):
    """A written word: its slice of the text, and the key by which it is compared.

    A tuple, since an archive has billions of them and a dataclass takes thrice the time to make.
    """

    start: int
    end: int
    key: str


def find_words(text: str) -> list[Word]:
    """The written words of a text, in order; punctuation belongs to none."""
    same = text.translate(_VARIANTS)  # one character for one
    if _SILENT.search(text) is None:
        return [Word(*match.span(), match.group()) for match in _WORD.finditer(same)]
    return [Word(*match.span(), _SILENT.sub("", match.group())) for match in _WORD.finditer(same)]


def words_between(words: Sequence[Word], start: int, end: int) -> Sequence[Word]:
    """The words that begin in `[start, end)`; `words` are in order."""
    left = bisect_left(words, start, key=_start_of)
    return words[left : bisect_left(words, end, lo=left, key=_start_of)]


def _start_of(word: Word) -> int:
    return word.start


def spelling_key(word: str) -> str:
    """The form that the spellings of one word share."""
    return _SILENT.sub("", word).translate(_VARIANTS)


def without_pronoun(key: str) -> Iterator[str]:
    """The key without an attached pronoun; before one, ة is written ت."""
    for pronoun in PRONOUNS:
        stem = key.removesuffix(pronoun)
        if stem != key and len(stem) >= SHORTEST_STEM:
            yield stem
            if stem.endswith("ت"):
                yield stem[:-1] + "ه"


def bare_form(text: str) -> str:
    """A span without the clitics that can be told safely: ال, لل, and و ف ب ك ل before ال.

    For counting loaded terms that no list holds. A single letter alone is never taken off, since it
    may belong to the word; a word whose own letters look like an article (التزام) still loses them.
    """
    return _SAFE_PROCLITICS.sub("", text, count=1)


_SAFE_PROCLITICS = re.compile(rf"^[وف]?(?:[بك]?ال|لل)(?=\w{{{SHORTEST_STEM},}})")
