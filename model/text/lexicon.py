"""The loaded-term lexicon and where its terms stand in a sentence.

The lexicon names the terms that the classifier's spans are counted by, labels silver data, and is a
baseline that the classifier has to beat.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from model.errors import InputError
from model.records import LOADED_CATEGORIES, LoadedTerm, Mention, Voice
from model.text.attribution import InOrder, attribute_terms
from model.text.listing import Types, read_entries
from model.text.phrases import PhraseIndex
from model.text.words import (
    PROCLITICS,
    SHORTEST_STEM,
    Word,
    bare_form,
    find_words,
    spelling_key,
)

Polarity = Literal["pejorative", "laudatory", "neutral"]


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """One loaded term; `neutral` is a plainer wording, where there is one.

    An entry with `context` is loaded in politics and common elsewhere (أبطال): it counts only in a
    sentence that names a target. Behind a word of `not_after` or before one of `not_before` it is
    another term: رئيس تحرير, أبطال الدوري.
    """

    term: str
    category: str
    polarity: Polarity
    weak: bool
    gloss: str
    why: str
    neutral: str | None
    context: bool
    not_after: frozenset[str]
    not_before: frozenset[str]


class _Form(NamedTuple):
    """A written form of an entry; only its words `[first:last]` are loaded."""

    entry: LexiconEntry
    first: int
    last: int


class Lexicon:
    """The entries of a lexicon file, found in text by whole words with clitics and spellings."""

    def __init__(self, forms: Mapping[str, _Form]) -> None:
        self.entries = list(dict.fromkeys(form.entry for form in forms.values()))
        self._index = PhraseIndex(forms.items(), with_pronouns=True)

    @classmethod
    def read(cls, path: Path) -> Lexicon:
        """InputError names the entry that is wrong, or the form that stands in two entries."""
        required: dict[str, Types] = {
            "term": str,
            "category": str,
            "polarity": str,
            "gloss": str,
            "why": str,
        }
        optional: dict[str, Types] = {
            "forms": list,
            "weak": bool,
            "neutral": (str, type(None)),
            "context": bool,
            "not_after": list,
            "not_before": list,
        }
        forms: dict[str, _Form] = {}
        for where, fields in read_entries(path, required, optional):
            if fields["category"] not in LOADED_CATEGORIES:
                known = ", ".join(LOADED_CATEGORIES)
                raise InputError(where, f"unknown category {fields['category']}", f"known: {known}")
            if fields["polarity"] not in get_args(Polarity):
                known = ", ".join(get_args(Polarity))
                raise InputError(where, f"unknown polarity {fields['polarity']}", f"known: {known}")
            entry = LexiconEntry(
                term=fields["term"].replace("[", "").replace("]", ""),
                category=fields["category"],
                polarity=fields["polarity"],
                weak=fields.get("weak", False),
                gloss=fields["gloss"],
                why=fields["why"],
                neutral=fields.get("neutral"),
                context=fields.get("context", False),
                not_after=frozenset(map(spelling_key, fields.get("not_after", ()))),
                not_before=frozenset(map(spelling_key, fields.get("not_before", ()))),
            )
            for written in (fields["term"], *fields.get("forms", ())):
                phrase, first, last = _read_brackets(where, written)
                other = forms.get(phrase)
                if other and other.entry != entry:
                    raise InputError(where, f"the form {phrase} stands under {other.entry.term}")
                forms[phrase] = _Form(entry, first, last)
        return cls(forms)

    def look_up(self, text: str) -> LexiconEntry | None:
        """The entry of the first listed term inside a span's text, if there is one."""
        matches = self._index.find(text)
        return matches[0].entry.entry if matches else None

    def name_term(self, text: str) -> str:
        """The form of a span by which it is counted: the listed term, else without safe clitics."""
        bare = text.strip(_MARKS_AROUND)
        matches = self._index.find(bare)
        if len(matches) == 1 and (matches[0].start, matches[0].end) == (0, len(bare)):
            return matches[0].entry.entry.term
        return bare_form(bare)

    def find_terms(
        self, text: str, voices: Sequence[Voice], mentions: Sequence[tuple[str, Mention]]
    ) -> list[LoadedTerm]:
        """Every listed term in a sentence, and names in quotation marks that a second cue loads."""
        words = find_words(text)
        place = {word.start: number for number, word in enumerate(words)}
        spans: list[tuple[int, int, str, bool]] = []
        for match in self._index.find(text, words):
            entry, first, last = match.entry
            start = place[match.start]
            if (mentions or not entry.context) and not _is_another(entry, words, start, match.end):
                end = words[start + last - 1].end
                spans.append((words[start + first].start, end, entry.category, entry.weak))
        spans += [
            (start, end, "scare_quotes", False)
            for start, end in _scare_quotes(text, mentions, spans)
        ]
        return attribute_terms(text, sorted(spans), voices, mentions, self.name_term)


def _read_brackets(where: str, written: str) -> tuple[str, int, int]:
    """A form without brackets, and which of its words they hold, all where there are none."""
    match = _BRACKETS.fullmatch(written.strip())
    if match is None:
        raise InputError(where, f"{written} is no form", "one pair of brackets, around whole words")
    before, held = (len((part or "").split()) for part in match.groups())
    phrase = " ".join(written.replace("[", "").replace("]", "").split())
    return phrase, (before if held else 0), (before + held if held else before)


def _is_another(entry: LexiconEntry, words: Sequence[Word], start: int, end: int) -> bool:
    """Whether a neighbour makes another term of what runs from `words[start]` to `end`."""
    if not (entry.not_after or entry.not_before):
        return False
    following = next((word for word in words[start:] if word.start >= end), None)
    return (start > 0 and _has_stem(words[start - 1].key, entry.not_after)) or (
        following is not None and _has_stem(following.key, entry.not_before)
    )


def _has_stem(key: str, known: frozenset[str]) -> bool:
    return key in known or _PROCLITICS.sub("", key) in known


_BRACKETS = re.compile(r"([^\[\]]*)(?:(?<!\w)\[([^\[\]]+)\](?!\w)[^\[\]]*)?")
_PROCLITICS = re.compile(rf"^(?:{PROCLITICS})(?=\w{{{SHORTEST_STEM}}})")
_MARKS_AROUND = "\"“”«»‘’'"
_QUOTED = re.compile(r"(?<=\S)\s+(?P<marked>[\"“«‘]\s*(?P<words>[^\"“”«»‘’]{1,60}?)\s*[\"”»’])")


def _scare_quotes(
    text: str,
    mentions: Sequence[tuple[str, Mention]],
    spans: Sequence[tuple[int, int, str, bool]],
) -> list[tuple[int, int]]:
    """Marks around a target's name that stand right behind a `label` or `doubt` term (ما يسمى)."""
    cue_ends = {end for _, end, category, _ in spans if category in ("label", "doubt")}
    names = InOrder(mentions)
    found = []
    for match in _QUOTED.finditer(text):
        start, end = match.span("words")
        if match.start() in cue_ends and any(
            start <= mention.start and mention.end <= end for _, mention in names.near(start, end)
        ):
            found.append(match.span("marked"))
    return found
