"""Who is named: the list of targets and the mentions of them in a text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from model.records import Mention
from model.text.actors import NamedPlace, is_about_sport, is_actor
from model.text.aliases import Alias, Target, read_names
from model.text.context import NamedTargets
from model.text.phrases import PhraseIndex, PhraseMatch
from model.text.short_names import ShortNames, is_another, is_common
from model.text.words import Word, find_words, spelling_key

_LONGEST_WORD = 30
# What is named after a head of state, or descends from him, is no mention: مركز الملك سلمان.
_NAMED_AFTER_HEAD = re.compile(
    r"(?<!\w)[وف]?[بلك]?ـ?(?:مركز|جامعة|مدينة|مستشفى|جائزة|كلية|طريق|شارع|ميناء|مطار|جسر|كأس|قاعدة|مؤسسة"
    r"|مكتبة|معهد|برنامج|مشروع|ملعب|[اإ]ستاد|مجمع|حديقة|مدرسة|مسابقة|دوري|بطولة|ميدان|مسجد|جامع|قصر"
    r"|محمية|وقف|صالة|حي|منتزه|سباق|أكاديمية|حملة|درة|ساحة)\s+(?:الملك|الرئيس|الأمير|الشيخ)?\s*$"
    r"|(?<!\w)(?:بن|ابن|بنت)\s+$"
)
_TITLE = re.compile(
    r"(?<!\w)[وف]?(?:[بكل]?ال|لل)(?:رئيس|ملك|[أا]مير|شيخ|زعيم|سلطان|مرشد(?: ال[أا]على)?)\s+$"
)
# A state that is to be founded is an idea, and acts nowhere: إقامة الدولة الإسلامية.
_FOUNDING = re.compile(
    r"(?<!\w)[وف]?[بلك]?(?:إقامة|اقامة|قيام|استعادة|بناء|إحياء|تأسيس|إنشاء|حلم)\s+$"
)
_STATE = ("دولة", "الدولة")
# Who held an office no longer speaks for the state, and a deputy or envoy is another official.
_FORMER = re.compile(
    r"\s+(?:السابقة?|ال[أا]سبق|المخلوع|المعزول|الراحل|المنتهية|المقال|المستقيل)(?!\w)"
)
_DEPUTY = re.compile(r"(?<!\w)[وف]?[بل]?(?:نائبة?|سفيرة?|قرينة)\s+$")
_OFFICES = ("الرئيس", "رئيس", "العاهل", "ملك", "أمير")
_PROCLITIC = re.compile(r"^[وف]?(?:[بكل]?ال|لل)")
_FEDERATION = "الاتحاد"
_DEFINITE = re.compile(r"^[وف]?(?:[بك]?ال|لل)\w{2}")
TargetMention: TypeAlias = tuple[str, Mention]
"""A target's id, and where and how it is named."""


class TargetList:
    """The targets of a list file, and their names in a text."""

    def __init__(self, targets: dict[str, Target], aliases: dict[str, Alias]) -> None:
        self.targets = targets
        self._index = PhraseIndex(aliases.items(), with_pronouns=False)
        self._short_names = ShortNames(aliases)

    @classmethod
    def read(cls, path: Path) -> TargetList:
        """InputError names the entry that is wrong, or a name that stands for two targets."""
        return cls(*read_names(path))

    def find_mentions(self, texts: Sequence[str]) -> list[list[TargetMention]]:
        """For each text of one article, the (target id, mention) pairs in order.

        A name that needs context stands for the target that the article last called by a name of
        its own, or else will first; where it calls none, the name counts for nothing. The name of
        a place counts where it acts (`actors`).
        """
        words = [find_words(text) for text in texts]
        found = [self._index.find(text, listed) for text, listed in zip(texts, words, strict=True)]
        named = NamedTargets(self.targets, texts, words, found, self._short_names)
        is_sport = is_about_sport(words)
        mentions: list[list[TargetMention]] = []
        for number, (text, listed, matches) in enumerate(zip(texts, words, found, strict=True)):
            reading = _Reading(text, listed, is_sport)
            mentions.append([])
            for match in matches:
                if not reading.counts(match):
                    continue
                if match.entry.needs_context:
                    target = named.resolve(match, (number, match.start))
                else:
                    target = match.entry.targets[0]
                if target is not None:
                    _append(mentions[-1], target, reading.mention(match), text, match.entry)
        return mentions


class _Reading:
    """Reads the matches of one text, in order: which of them are mentions, and of what extent."""

    def __init__(self, text: str, words: Sequence[Word], is_sport: bool) -> None:
        self._text = text
        self._words = words
        self._is_sport = is_sport
        self._last_end = 0
        self._last_counts = False

    def counts(self, match: PhraseMatch[Alias]) -> bool:
        """Whether a match names an actor here. To be asked of each match in turn."""
        beside = self._text[self._last_end : match.start].isspace()
        after = self._last_counts if beside and self._last_end else None
        self._last_end = match.end
        self._last_counts = self._names_actor(match, after)
        return self._last_counts

    def _names_actor(self, match: PhraseMatch[Alias], after: bool | None) -> bool:
        text, words, alias = self._text, self._words, match.entry
        before = max(0, match.start - _LONGEST_WORD)
        is_office = alias.is_head or match.phrase.startswith(_OFFICES)
        if is_office and (
            _FORMER.match(text, match.end) or _DEPUTY.search(text, before, match.start)
        ):
            return False
        if alias.is_head:
            return not _NAMED_AFTER_HEAD.search(text, before, match.start)
        if _is_attribute(text, match.start, match.phrase) or is_common(text, match):
            return False
        if match.phrase.startswith(_STATE) and _FOUNDING.search(text, before, match.start):
            return False
        if alias.needs_context and not alias.is_place and is_another(text, match):
            return False
        if self._is_sport and (alias.is_place or match.phrase.startswith(_FEDERATION)):
            return False
        first = bisect_left(words, match.start, key=lambda word: word.start)
        attached = _attached(words[first].key, match.phrase)
        if attached.endswith("ال") and " " not in match.phrase:
            return False
        if not alias.is_place:
            return True
        last = bisect_left(words, match.end, key=lambda word: word.start)
        return is_actor(text, words, NamedPlace(first, last, attached), after)

    def mention(self, match: PhraseMatch[Alias]) -> Mention:
        """The mention of a match; a head's title belongs to it."""
        start, term = match.start, match.phrase
        if match.entry.is_head and (title := _title_before(self._text, match)):
            start = title.start()
            term = f"{_PROCLITIC.sub('ال', title.group().rstrip(), count=1)} {term}"
        text = self._text[start : match.end]
        return Mention(start, match.end, text, term, match.entry.connotation)


def _is_attribute(text: str, start: int, phrase: str) -> bool:
    """Whether a name in -ي or -ية is an adjective here, behind a definite noun: السوق السعودية."""
    if " " in phrase or not (phrase.startswith("ال") and phrase.endswith(("ي", "ية"))):
        return False
    before = text[max(0, start - _LONGEST_WORD) : start]
    words = before.split()
    return bool(words) and before[-1:].isspace() and _DEFINITE.match(words[-1]) is not None


def _title_before(text: str, match: PhraseMatch[Alias]) -> re.Match[str] | None:
    """The title right before a head's bare name: الرئيس بوتين."""
    if text[match.start] in "وفبكل" and spelling_key(text[match.start]) != match.phrase[0]:
        return None
    return _TITLE.search(text, max(0, match.start - _LONGEST_WORD), match.start)


def _append(
    mentions: list[TargetMention], target: str, mention: Mention, text: str, alias: Alias
) -> None:
    """Add a mention; a head's bare name right behind his office goes on its mention.

    A loaded word right before a name of its own is no mention beside it: المتمردين الحوثيين.
    """
    if mentions and not alias.needs_context:
        owner, word = mentions[-1]
        is_beside = text[word.end : mention.start].isspace() and " " not in word.text
        if owner == target and word.connotation != "neutral" and is_beside:
            mentions.pop()
    if mentions and alias.is_head:
        owner, office = mentions[-1]
        if mention.start < office.end:  # his title has been taken for a short name
            mentions[-1] = (target, mention)
            return
        is_beside = text[office.end : mention.start].isspace() and mention.text == mention.term
        if owner == target and office.connotation == mention.connotation and is_beside:
            whole = text[office.start : mention.end]
            term = f"{office.term} {mention.term}"
            mentions[-1] = (
                target,
                Mention(office.start, mention.end, whole, term, office.connotation),
            )
            return
    mentions.append((target, mention))


def _attached(key: str, phrase: str) -> str:
    """The letters before a name in the written word whose key is given: ول of ولإيران."""
    stem = spelling_key(phrase.split(maxsplit=1)[0])
    if key.endswith(stem):
        return key[: -len(stem)]
    return key[: -len(stem) + 1] if stem.startswith("ال") else ""
