"""What a name too common to stand alone refers to: الحزب, الحكومة, التحالف."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping, Sequence

from model.text.aliases import Alias, Target
from model.text.organs import SHORT_ORGANS
from model.text.phrases import PhraseMatch
from model.text.short_names import ShortNames, find_others, has_cue, head_of, is_named_by_cue
from model.text.words import Word, spelling_key

_Place = tuple[int, int]
# Words for anybody's power or foe: a name only where the article is mostly about the conflict.
_OF_MAIN_CONFLICT = frozenset(map(spelling_key, ("السلطة", "العدو", "المحتل")))
_HEADS = frozenset(map(spelling_key, (*SHORT_ORGANS, "النظام", "الإدارة", "المتمردين")))
_FARTHEST_HEAD = 5  # sentences between a whole name and its head alone


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
        self._heads: dict[str, list[tuple[_Place, str]]] = {}
        self._num_names: Counter[str] = Counter()  # by conflict
        self._cued: set[_Place] = set()
        for number, matches in enumerate(found):
            for position, match in enumerate(matches):
                if match.entry.needs_cue:
                    if self._is_cued(texts[number], matches, position):
                        self._cued.add((number, match.start))
                elif not match.entry.needs_context or is_named_by_cue(texts[number], match):
                    self._add(match, (number, match.start))
        self._main = max(self._num_names, key=self._num_names.__getitem__, default=None)
        self._others: dict[str, list[_Place]] = {}
        if forms := short_names.forms_of(self._open_names(found)):
            for number, matches in enumerate(found):
                others = find_others(texts[number], words[number], matches, forms)
                for short, start in others:
                    insort(self._others.setdefault(short, []), (number, start))
        # What a name of several words is read as tells in its turn what a short one stands for.
        for number, matches in enumerate(found):
            for match in matches:
                place = (number, match.start)
                is_long = match.entry.needs_context and " " in match.phrase
                if is_long and (target := self.resolve(match, place)):
                    insort(self._places.setdefault(target, []), place)

    def _open_names(self, found: Sequence[Sequence[PhraseMatch[Alias]]]) -> set[str]:
        """The keys of the short names that stand in the article and may be somebody's there."""
        return {
            key
            for matches in found
            for match in matches
            if match.entry.needs_context
            and ((key := spelling_key(match.phrase)) in self._heads or match.entry.targets)
        }

    def _add(self, match: PhraseMatch[Alias], place: _Place) -> None:
        """Note where a target is called by a name of its own."""
        own = match.entry.targets[0]
        self._num_names[self._conflicts[own]] += 1
        for key in (own, _conflict_key(self._conflicts[own])):
            self._places.setdefault(key, []).append(place)
        if " " in match.phrase and not match.entry.is_place:
            head = head_of(match.phrase)
            if head in _HEADS:
                self._heads.setdefault(head, []).append((place, own))

    def _is_cued(self, text: str, matches: Sequence[PhraseMatch[Alias]], position: int) -> bool:
        """Whether a word that needs a cue has one, or stands in a list with its like: فتح وحماس."""
        match = matches[position]
        if has_cue(text, match):
            return True
        conflict = self._conflicts[match.entry.targets[0]]
        for other in matches[max(0, position - 1) : position + 2]:
            between = text[min(match.end, other.end) : max(match.start, other.start)]
            second = max(match.start, other.start)
            is_listed = between.isspace() and text[second] == "و" and not other.entry.needs_context
            if is_listed and self._conflicts[other.entry.targets[0]] == conflict:
                return True
        return False

    def resolve(self, match: PhraseMatch[Alias], place: _Place) -> str | None:
        """The target that a name in context stands for at a place, else None.

        A name of several words may also stand for the one candidate of the conflict that the
        article is about.
        """
        alias = match.entry
        if alias.needs_cue and place not in self._cued:
            return None
        short = spelling_key(match.phrase)
        others = self._others.get(short, [])
        last_other = others[number - 1] if (number := bisect_left(others, place)) else None
        same_head = self._heads.get(short, [])
        number = bisect_left(same_head, (place, ""))
        last_head = same_head[number - 1] if number else None
        if last_head and place[0] - last_head[0][0] > _FARTHEST_HEAD:
            last_head = None
        target = self._nearest(
            {target: target for target in alias.targets},
            place,
            last_other,
            last_head,
        )
        if short in _OF_MAIN_CONFLICT:
            main = [one for one in alias.targets if self._conflicts[one] == self._main]
            return main[0] if main and target in (*main, None) and not last_other else None
        by_conflict = alias.needs_cue or " " in match.phrase
        if target is None and by_conflict and not last_other:
            sides: dict[str, str] = {}
            for candidate in alias.targets:
                key = _conflict_key(self._conflicts[candidate])
                sides[key] = "" if key in sides else candidate
            target = self._nearest({key: side for key, side in sides.items() if side}, place, None)
        return target

    def _nearest(
        self,
        candidates: Mapping[str, str],
        place: _Place,
        last_other: _Place | None,
        same_head: tuple[_Place, str] | None = None,
    ) -> str | None:
        """The candidate whose key was named last before a place, else first behind it.

        None where another, that is not listed, was named later still. `same_head`: where a name
        that the short one is the head of stood last, and whose it is.
        """
        before: list[tuple[_Place, str]] = [same_head] if same_head else []
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
