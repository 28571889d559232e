"""Symmetry: the same sentence about another side of the same conflict."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from model.records import LabelledSentence
from model.text.lexicon import Lexicon
from model.text.words import find_words, spelling_key
from train.behaviour.collect import Collector
from train.behaviour.edits import as_article
from train.behaviour.names import Name, NameBook, Place, fits, mentions_of, rename
from train.score.behaviour.cases import Case

SIDES_NEUTRAL = "another side, neutral sentence"
SIDES_LOADED = "another side, loaded sentence"
# Third parties do not do what the sides do, and allies are no sides of one question.
_BYSTANDERS = {
    "arab-league", "gcc", "jordan", "unifil", "united-kingdom", "united-nations", "unrwa",
}  # fmt: skip
_ALLIES = {
    frozenset(pair)
    for pair in (
        ("ukraine", "european-union"), ("ukraine", "nato"), ("turkey", "syrian-opposition"),
        ("sdf", "intl-coalition"), ("france", "mali-junta"), ("united-states", "saudi-arabia"),
        ("united-states", "kuwait"),
    )
}  # fmt: skip
# Words that begin so say of whom they are, or where: about another side they would be false.
_BOUND_STEMS = """
انفصال|صفوي|ملالي|صهيون|صهاين|حوث|مجوس|طائف|سلالي|انقلاب|ناز|عثماني|فلول|كيزان|مستوطن|استيطان|مستعمر
|احتلال|محتل|توغل|اجتاح|غزا|غزو|غزة|خوارج|تكفير|جولاني|دقلو|حفتر|شيع|سني|كردي|أكراد|صحراوي|جنجويد|إخوان
|خلافة|شرعي|وحد|إسلام|نووي|تنظيم|إرهاب|متمرد|ثور|مقاوم|نظام|استقلال|أمريك|أميرك|غربي|عسكر|دولار|حامل
|مدين|محافظ|مقاطع|ميناء|بلدا|بلدة|بلدت|مخيم|قري|ريف|مطار|ساحل|جزير|مضيق|إقليم|جنوب|شمال|شرق|غرب|حدود|نهر
|جار|جير|عاصم|ملك|أمير|رئيس|سفار|سفير|وزير|وزار|خارجي|برلمان|لائح|لوائح|انتخاب|مقاعد
"""
_BOUND = re.compile(
    rf"(?<!\w)[وف]?[بكل]?(?:ال|لل)?(?:{''.join(_BOUND_STEMS.split())}|الحكم الذاتي|سلاح خارج)"
)
_LONGEST = 220
_GOVERNMENTS = {"حكومة", "سلطات", "سلطة", "إدارة"}


class SideSwapper:
    """Makes the cases of one sentence after another."""

    def __init__(
        self,
        book: NameBook,
        lexicon: Lexicon,
        into: Collector,
        rng: random.Random,
        sentences: Sequence[LabelledSentence],
    ) -> None:
        self._book = book
        self._lexicon = lexicon
        self._into = into
        self._rng = rng
        self._places = {spelling_key(place) for places in book.places.values() for place in places}
        self._adjectives = {
            spelling_key(adjective)
            for listed in book.adjectives.values()
            for adjective in listed
            if len(adjective) > 3
        }
        self._in_story: dict[str, set[str]] = {}
        for sentence in sentences:
            named = self._in_story.setdefault(sentence.story, set())
            named.update(stance.target for stance in sentence.stances)

    def swap(self, sentence: LabelledSentence) -> None:
        """A case for each target that another side can replace, or change places with."""
        targets = list(dict.fromkeys(stance.target for stance in sentence.stances))
        is_loaded = bool(sentence.loaded_terms)
        test = SIDES_LOADED if is_loaded else SIDES_NEUTRAL
        for target in targets:
            if target not in self._book.targets:
                self._into.leave_out(test, "the list does not hold the target")
                continue
            reason = self._why_not(sentence, target, targets)
            if reason:
                self._into.leave_out(test, reason)
                continue
            changes = self._changes(sentence, target, targets)
            if isinstance(changes, str):
                self._into.leave_out(test, changes)
                continue
            made = rename(sentence, changes, self._lexicon)
            if made is None:
                self._into.leave_out(test, "the name crosses the border of a span")
                continue
            other = next(new.target for place, new in changes if place.name.target == target)
            self._into.add(
                Case(
                    test=test,
                    kind="symmetry",
                    source=f"{sentence.article_id}:{sentence.index}",
                    conflict=self._book.targets[target].conflict,
                    target=target,
                    before=as_article(sentence),
                    after=made[0],
                    edits=made[1],
                    other=other,
                )
            )

    def _why_not(
        self, sentence: LabelledSentence, target: str, targets: Sequence[str]
    ) -> str | None:
        """What ties the sentence to this side."""
        if len(targets) > 2:
            return "more than two actors are named"
        if any(not stance.mentions for stance in sentence.stances):
            return "a stance has no mention"
        if len(targets) == 2 and not self._are_opponents(*targets):
            return "the other actor named is no side of the same conflict"
        if any(m.connotation != "neutral" for s in sentence.stances for m in s.mentions):
            return "a loaded name ties it to its side"
        if len(sentence.text) > _LONGEST:
            return "a long sentence holds too much that ties it to its side"
        rest = sentence.text
        spans = [m for s in sentence.stances for m in s.mentions]
        for mention in sorted(spans, key=lambda m: -m.start):
            rest = f"{rest[: mention.start]} {rest[mention.end :]}"
        if _BOUND.search(rest):
            return "a word ties it to its side"
        return None if not self._names_home(rest) else "a place or people is named"

    def _names_home(self, text: str) -> bool:
        """Whether a place or the people of any target stands in the text."""
        keys = [word.key for word in find_words(text)]
        joined = f" {' '.join(keys)} "
        return any(f"{place} " in joined for place in self._places) or any(
            adjective in key for key in keys for adjective in self._adjectives
        )

    def _changes(
        self, sentence: LabelledSentence, target: str, targets: Sequence[str]
    ) -> list[tuple[Place, Name]] | str:
        """The names to change, or why there are none."""
        rivals = [rival.id for rival in self._book.opponents(target)]
        if len(targets) == 2:  # the two change places
            rivals = [rival for rival in rivals if rival in targets]
            if target != targets[0]:
                return "the same exchange again"
        rivals = [
            rival
            for rival in rivals
            if frozenset((target, rival)) not in _ALLIES and not {target, rival} & _BYSTANDERS
        ]
        if not rivals:
            return "no other side does such things"
        # Whom the story names acts where it happens.
        rivals = [rival for rival in rivals if rival in self._in_story[sentence.story]]
        if not rivals:
            return "the story names no other side"
        self._rng.shuffle(rivals)
        reason = "no other side has a name of the same form"
        for rival in rivals:
            pairs = [(target, rival)] if len(targets) == 1 else [(target, rival), (rival, target)]
            changes: list[tuple[Place, Name]] = []
            for old, new in pairs:
                found = self._change_all(sentence, old, new, len(targets) == 2)
                if isinstance(found, str):
                    reason = found
                    break
                changes += found
            else:
                return changes
        return reason

    def _change_all(
        self, sentence: LabelledSentence, old: str, new: str, is_exchange: bool
    ) -> list[tuple[Place, Name]] | str:
        changes: list[tuple[Place, Name]] = []
        for number, stance, mention in mentions_of(sentence, old):
            place = self._book.locate(number, stance, mention)
            if place is None:
                return "the form of the name is not known"
            names = [
                name
                for name in self._book.names(new, "neutral")
                if name.form == place.name.form
                and place.name.form.kind not in ("person", "office", "ministry", "court")
                and " في " not in name.text
                and not _is_branch(place.name, name)
                and _organ(place.name) == _organ(name)
            ]
            if not names:
                return "no other side has a name of the same form"
            name = names[0]
            reason = fits(sentence, place, name)
            if reason and not (is_exchange and reason == "the new name stands in the sentence"):
                return reason
            changes.append((place, name))
        return changes

    def _are_opponents(self, one: str, other: str) -> bool:
        known = self._book.targets
        return one in known and any(rival.id == other for rival in self._book.opponents(one))


def _organ(name: Name) -> str:
    """Of a state's name whether it says a government, a land, or one that needs its own kind."""
    if name.form.kind != "state":
        return ""
    head = name.text.split()[0].removeprefix("ال")
    return "government" if head in _GOVERNMENTS else head


def _is_branch(old: Name, new: Name) -> bool:
    """Whether only one of two is a branch of its state's forces (a navy, an air force)."""
    branches = ("البحرية", "سلاح", "الجوية", "الخاصة")
    return any(word in old.text for word in branches) or any(word in new.text for word in branches)
