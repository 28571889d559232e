"""Who is named: the list of targets and the mentions of them in a text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, cast

from model.errors import InputError
from model.records import CONNOTATIONS, Connotation, Mention
from model.text.listing import read_entries
from model.text.phrases import PhraseIndex, PhraseMatch
from model.text.words import find_words

_LONGEST_WORD = 30
_DEFINITE = re.compile(r"^[وف]?(?:[بك]?ال|لل)\w{2}")
_DATELINE = re.compile(r"\s*(?:\d|[-–—(]|واس\b)")
TargetMention: TypeAlias = tuple[str, Mention]
"""A target's id, and where and how it is named."""


@dataclass(frozen=True, slots=True)
class Target:
    """An actor that can be named; `name` is the canonical neutral Arabic name."""

    id: str
    name: str
    name_en: str
    conflict: str
    side: str


@dataclass(frozen=True, slots=True)
class _Alias:
    """A name: the target that it stands for, or, where it needs context, those that it may."""

    targets: tuple[str, ...]
    connotation: Connotation
    needs_context: bool


class TargetList:
    """The targets of a list file, and their names in a text."""

    def __init__(self, targets: dict[str, Target], aliases: dict[str, _Alias]) -> None:
        self.targets = targets
        self._index = PhraseIndex(aliases.items(), with_pronouns=False)

    @classmethod
    def read(cls, path: Path) -> TargetList:
        """InputError names the entry that is wrong, or a name that stands for two targets."""
        text = {"id": str, "name": str, "name_en": str, "conflict": str, "side": str}
        lists = {name: list for kind in CONNOTATIONS for name in (kind, f"{kind}_in_context")}
        targets: dict[str, Target] = {}
        aliases: dict[str, _Alias] = {}
        for where, entry in read_entries(path, text, lists):
            target = Target(**{name: entry[name] for name in text})
            if target.id in targets:
                raise InputError(where, f"the id {target.id} stands twice")
            targets[target.id] = target
            for kind in lists:
                connotation = cast(Connotation, kind.removesuffix("_in_context"))
                needs_context = kind.endswith("_in_context")
                for name in entry.get(kind, ()):
                    known = aliases.get(name)
                    if known is None:
                        aliases[name] = _Alias((target.id,), connotation, needs_context)
                    elif known.needs_context and needs_context:
                        if known.connotation != connotation:
                            raise InputError(where, f"{name} has two connotations in context")
                        joined = (*known.targets, target.id)
                        aliases[name] = _Alias(joined, connotation, needs_context)
                    else:
                        raise InputError(
                            where,
                            f"{name} stands for {known.targets[0]} already",
                            "list it under neutral_in_context (or its like) for both",
                        )
        return cls(targets, aliases)

    def find_mentions(self, texts: Sequence[str]) -> list[list[TargetMention]]:
        """For each text of one article, the (target id, mention) pairs in order.

        A name that needs context stands for the target that the article last called by a name of
        its own, or else will first; where it calls none, the name counts for nothing.
        """
        found = [self._index.find(text, find_words(text)) for text in texts]
        named = _Named(found)
        mentions: list[list[TargetMention]] = []
        for number, (text, matches) in enumerate(zip(texts, found, strict=True)):
            mentions.append([])
            for match in matches:
                if _is_attribute(text, match.start, match.phrase) or _is_dateline(text, match.end):
                    continue
                target: str | None = match.entry.targets[0]
                if match.entry.needs_context:
                    target = named.nearest(match.entry.targets, (number, match.start))
                if target is not None:
                    mention = Mention(
                        start=match.start,
                        end=match.end,
                        text=text[match.start : match.end],
                        term=match.phrase,
                        connotation=match.entry.connotation,
                    )
                    mentions[-1].append((target, mention))
        return mentions


def _is_attribute(text: str, start: int, phrase: str) -> bool:
    """Whether a name in -ية is an adjective here, behind a definite noun: السوق السعودية."""
    if " " in phrase or not (phrase.startswith("ال") and phrase.endswith("ية")):
        return False
    before = text[max(0, start - _LONGEST_WORD) : start]
    words = before.split()
    return bool(words) and before[-1:].isspace() and _DEFINITE.match(words[-1]) is not None


def _is_dateline(text: str, end: int) -> bool:
    """Whether a name opens the text and a date or a dash follows, as in الرياض 25 شوال …"""
    return len(text[: end + 1].split(maxsplit=1)) <= 1 and bool(_DATELINE.match(text, end))


class _Named:
    """Where an article calls each target by a name of its own, in order."""

    def __init__(self, found: Sequence[Sequence[PhraseMatch[_Alias]]]) -> None:
        self._places: dict[str, list[tuple[int, int]]] = {}
        for number, matches in enumerate(found):
            for match in matches:
                if not match.entry.needs_context:
                    place = (number, match.start)
                    self._places.setdefault(match.entry.targets[0], []).append(place)

    def nearest(self, candidates: Iterable[str], place: tuple[int, int]) -> str | None:
        """The candidate named last before a place, else first behind it, else None."""
        before: list[tuple[tuple[int, int], str]] = []
        behind: list[tuple[tuple[int, int], str]] = []
        for target in candidates:
            places = self._places.get(target, [])
            number = bisect_left(places, place)
            if number:
                before.append((places[number - 1], target))
            elif places:
                behind.append((places[0], target))
        if before:
            return max(before)[1]
        return min(behind)[1] if behind else None
