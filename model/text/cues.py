"""Where a sentence says that somebody says something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from model.text import cue_words
from model.text.words import Word, without_pronoun

Kind = Literal["saying", "carrying", "doubting", "describing", "pretext", "according", "colon"]
_KINDS: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("doubting", cue_words.DOUBTING),
    ("pretext", cue_words.PRETEXT),
    ("according", cue_words.ACCORDING),
    ("carrying", cue_words.CARRYING),
    ("describing", cue_words.DESCRIBING),
    ("saying", cue_words.SAYING),
)
_MOST_WORDS_BEFORE_COLON = 6
_CLOSE = 4  # words within which عن follows نقل


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue at `text[start:end]`; `joined_start` takes in a conjunction written with it.

    `word` is its number among the words of the sentence, `key` the form that the lists know.
    """

    kind: Kind
    key: str
    start: int
    end: int
    word: int
    joined_start: int


def find_cues(
    text: str, start: int, end: int, words: Sequence[tuple[int, Word]], *, is_headline: bool
) -> list[Cue]:
    """The cues of the sentence `text[start:end]`, in order.

    `words` are its (number, word) outside quotation marks. In a headline the colon behind a name is
    a cue too (فلان: …).
    """
    found: list[Cue] = []
    if is_headline:
        colon = text.find(":", start, end)
        before = sum(word.start < colon for _, word in words)
        if 1 <= before <= _MOST_WORDS_BEFORE_COLON and not text[colon - 1].isdigit():
            number = words[before - 1][0]
            found.append(Cue("colon", ":", colon, colon + 1, number, colon))
    for place, (number, word) in enumerate(words):
        behind = [other.key for _, other in words[place + 1 : place + 1 + _CLOSE]]
        for kind, known in _KINDS:
            key = cue_words.without_conjunction(word.key, known)
            if key is None and kind == "describing":  # وصفه، سمّاها: with their object
                key = next((k for k in without_pronoun(word.key) if k in known), None)
            follows_comma = follows_a_comma(text, word.start)
            if key is not None and _says_something(
                kind, key, behind, stands_apart=number == 0 or follows_comma
            ):
                begin = word.start + max(word.key.find(key), 0)
                found.append(Cue(kind, key, begin, word.end, number, word.start))
                break
        else:
            if number == 0 and word.key in ("بين", "وبين") and _leads_to_that(words[place + 1 :]):
                found.append(Cue("saying", "بين", word.start, word.end, number, word.start))
    return sorted(found, key=lambda cue: cue.start)


def _says_something(kind: Kind, key: str, behind: Sequence[str], *, stands_apart: bool) -> bool:
    """Whether a word that may be a cue is one here; `stands_apart`: first, or behind a comma."""
    if key in cue_words.ONLY_WITH:
        needed = cue_words.ONLY_WITH[key]
        return any(word == needed or word in _with_pronouns(needed) for word in behind)
    if key in cue_words.IMPERSONAL:
        return not (behind and (behind[0] in cue_words.THAT or behind[:1] == ["الي"]))
    if key == "حسب" and behind[:1] == ["الله"]:
        return False
    if key in ("حسب", "وفق") and not stands_apart:
        source = behind[0].removeprefix("ال") if behind else ""
        return source in cue_words.SOURCES
    return True


def _with_pronouns(preposition: str) -> set[str]:
    return {preposition + pronoun for pronoun in ("ه", "ها", "هم", "هما", "ك", "نا")}


def follows_a_comma(text: str, place: int) -> bool:
    """Whether a comma and at most a few spaces stand right before a place."""
    return text[max(0, place - 4) : place].rstrip().endswith(("،", ","))


def _leads_to_that(behind: Sequence[tuple[int, Word]]) -> bool:
    """بيّن at the head of a sentence is a verb where أن follows before any و (بين … و…)."""
    for _, word in behind[:8]:
        if word.key in cue_words.THAT:
            return True
        if word.key.startswith("و"):
            return False
    return False
