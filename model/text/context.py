"""What a name too common to stand alone refers to: الحزب, الحكومة, التحالف."""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from model.text.aliases import Alias, Target
from model.text.phrases import PhraseMatch
from model.text.words import Word, spelling_key

_Place = tuple[int, int]
_CONJUNCTIONS = ("", "و", "ف")
_PREPOSITIONS = ("", "ب", "ل", "ك")
# An adjective of origin or rank behind a short name makes it another's, and so does another king's
# name behind الملك; loaded adjectives leave it what it is.
_ANOTHER = re.compile(
    r"\s+(?:(?!ال(?:إرهابي|ارهابي|انقلابي|انفصالي|إجرامي|طائفي|دموي))"
    r"ال(?:\w{2,}ية?|عامة?(?! ال)|حاكمة?|أعلى|حرة?|مشتركة?|خاصة)"
    r"|فهد|فيصل|الفيصل|خالد|سعود|عبد ?العزيز|عبد ?الله|حسين|الحسين|فاروق|طلال|بن)(?!\w)"
)
_OPENING_MARKS = '«"“”„('


class ShortNames:
    """The written forms in which a short name is the head of a longer one: حزب for الحزب.

    Where an article names a party that no list holds, its الحزب is that party, not a listed one.
    """

    def __init__(self, aliases: Mapping[str, Alias]) -> None:
        keys = {spelling_key(name) for name, alias in aliases.items() if alias.needs_context}
        self._heads = {
            conjunction + preposition + key[2:]: key
            for key in keys
            if key.startswith("ال") and " " not in key
            for conjunction, preposition in product(_CONJUNCTIONS, _PREPOSITIONS)
        }

    def find_others(
        self, text: str, words: Sequence[Word], matches: Sequence[PhraseMatch[Alias]]
    ) -> Iterator[tuple[str, int]]:
        """Each short name whose head begins a name that is not listed, and where."""
        taken = set()
        for match in matches:
            taken.add(match.start)
            if match.entry.needs_context and is_another(text, match):
                yield spelling_key(match.phrase), match.start
        for position, word in enumerate(words):
            short = self._heads.get(word.key)
            if short is None or word.start in taken:
                continue
            behind = words[position + 1 : position + 3]
            is_marked = text[word.end : word.end + 2].strip()[:1] in _OPENING_MARKS
            if any(next_.key.startswith("ال") for next_ in behind) or is_marked:
                yield short, word.start


def is_another(text: str, match: PhraseMatch[Alias]) -> bool:
    """Whether what follows makes a short name another's: الحكومة الألمانية, النظام العام."""
    return " " not in match.phrase and _ANOTHER.match(text, match.end) is not None


class NamedTargets:
    """Where an article calls each target, and each conflict, by a name of its own, in order."""

    def __init__(
        self,
        targets: Mapping[str, Target],
        texts: Sequence[str],
        words: Sequence[Sequence[Word]],
        found: Sequence[Sequence[PhraseMatch[Alias]]],
        short_names: ShortNames,
    ) -> None:
        self._conflicts = {target.id: target.conflict for target in targets.values()}
        self._places: dict[str, list[_Place]] = {}
        for number, matches in enumerate(found):
            for match in matches:
                if not match.entry.needs_context:
                    own = match.entry.targets[0]
                    for key in (own, _conflict_key(self._conflicts[own])):
                        self._places.setdefault(key, []).append((number, match.start))
        self._others: dict[str, list[_Place]] = {}
        if any(match.entry.needs_context for matches in found for match in matches):
            for number, matches in enumerate(found):
                for short, start in short_names.find_others(texts[number], words[number], matches):
                    insort(self._others.setdefault(short, []), (number, start))
        # What a name of several words is read as tells in its turn what a short one stands for.
        for number, matches in enumerate(found):
            for match in matches:
                place = (number, match.start)
                is_long = match.entry.needs_context and " " in match.phrase
                if is_long and (target := self.resolve(match, place)):
                    insort(self._places.setdefault(target, []), place)

    def resolve(self, match: PhraseMatch[Alias], place: _Place) -> str | None:
        """The target that a name in context stands for at a place, else None.

        A name of several words may also stand for the one candidate of the conflict that the
        article is about.
        """
        alias = match.entry
        others = self._others.get(spelling_key(match.phrase), [])
        last_other = others[number - 1] if (number := bisect_left(others, place)) else None
        target = self._nearest({target: target for target in alias.targets}, place, last_other)
        if target is None and " " in match.phrase:
            sides: dict[str, str] = {}
            for candidate in alias.targets:
                key = _conflict_key(self._conflicts[candidate])
                sides[key] = "" if key in sides else candidate
            target = self._nearest({key: side for key, side in sides.items() if side}, place, None)
        return target

    def _nearest(
        self, candidates: Mapping[str, str], place: _Place, last_other: _Place | None
    ) -> str | None:
        """The candidate whose key was named last before a place, else first behind it.

        None where another, that is not listed, was named later still.
        """
        before: list[tuple[_Place, str]] = []
        behind: list[tuple[_Place, str]] = []
        for key, target in candidates.items():
            places = self._places.get(key, [])
            number = bisect_left(places, place)
            if number:
                before.append((places[number - 1], target))
            elif places:
                behind.append((places[0], target))
        if last_other and (not before or last_other > max(before)[0]):
            return None
        if before:
            return max(before)[1]
        return min(behind)[1] if behind else None


def _conflict_key(conflict: str) -> str:
    """The key of a conflict among the ids of targets."""
    return f"conflict {conflict}"
