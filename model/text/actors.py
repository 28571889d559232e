"""Whether the name of a land or a capital stands for its state: an actor, or only a place.

The name counts where the words beside it make it act, speak, or be dealt with; in doubt it is a
place. Read in this order: what is attached to it, the member of a list before
it, the word before it, and, where a clause begins with it, the word behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from model.text.actor_words import (
    ACTING,
    ACTOR_BEFORE,
    ADDRESSING,
    AFTER,
    ALL,
    BARRIERS,
    BY,
    CARRYING_OVER,
    FROM,
    FROM_WORD,
    IN,
    MOVING,
    NO_DEEDS,
    NO_VERBS,
    RELATIVE,
    RETURNING,
    SIDED,
    SPORT,
    STATE_NOUNS,
    TAKING,
    TO,
    TO_WORD,
    TOWARD,
    TRUSTING,
)
from model.text.cue_words import DESCRIBING, DOUBTING, SAYING
from model.text.words import Word

_COLON = re.compile(r"\s?:\s*\w+(?:\W+\w+){4}")  # less is a byline: القاهرة: محمد علي
_OPENS = re.compile(r"(?:[.!?؟:]|(?:^|[.:،])\s*[«\"“])$")
_FARTHEST_VERB = 3
_STEM = re.compile(r"^[وف](?=\w{2})")
_PREPOSITION = re.compile(r"^[بلك](?=\w{3})")
_MASCULINE_PRESENT = re.compile(r"^(?:سي|ي)\w{2,}$")
_FEMININE_PRESENT = re.compile(r"^(?:ست|ت)\w{2,}$")
_FEMININE_PAST = re.compile(r"^\w{2,}(?<!ا)ت(?:ه|ها|هم|نا|ني)?$")
# Masculine pasts that no noun shares its form with: استنكر, اعترض.
_MASCULINE_PAST = re.compile(r"^(?:است\w{3}|ا[^لنس]ت\w{2})(?:ه|ها|هم)?$")
_PREDICATE = re.compile(r"^(?!ال|[وفبل])\w{3,}ه$")  # indefinite and feminine: وبغداد غارقة
_OBJECT = re.compile(r"(?:ه|ها|هم|نا|ني)$")
# A predicate or an epithet begins behind the comma: والكويت، كما عهدناها، …
_EPITHET = re.compile(r"\s?[،,] (?:ال|كما )\w")
_NEAR = 8
_LONGEST_LIST = 12
_MOST_CARRIED_OVER = 3
_FARTHEST_OBJECT = 4
_FARTHEST_GIFT = 3
_MANY_SPORT_WORDS = 5
_WITH_OBJECT = re.compile(r"\w{2,}(?:ه|ها|هم)$")
# Masdars of deeds by their form: استهداف, انسحاب, انتقاد.
_DEED = re.compile(r"^ا(?:ست\w{3,}|ن\w{2}ا\w|\wت\w{1,2}ا\w)$")


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """The name of a land at `words[first:last]`, and the letters attached to its front."""

    first: int
    last: int
    attached: str


def is_about_sport(texts: Sequence[Sequence[Word]]) -> bool:
    """Whether an article, by the words of its texts, reports on sport."""
    count = 0
    for words in texts:
        count += sum(word.key in SPORT for word in words)
        if count >= _MANY_SPORT_WORDS:
            return True
    return False


def is_actor(text: str, words: Sequence[Word], place: NamedPlace, after: bool | None) -> bool:
    """Whether a place acts in a sentence. `after`: what holds of the actor or place whose name
    stands right before it; None where none does."""
    preposition = place.attached[-1:]
    previous = _Previous(text, words)
    if preposition == "ب" and previous.is_near(place.first, TRUSTING, _FARTHEST_GIFT):
        return True
    if preposition in ("ب", "ك") or place.attached.endswith("ال"):
        return False
    if preposition == "ل":
        return previous.takes_dative(place.first)
    if place.attached:
        if after is not None:
            return after
        head = previous.skip_list(place.first)
        if head != place.first and previous.makes_actor(head):
            return True
        return _acts_on(text, words, place) or _is_theme(text, words, place)
    if previous.adjoins(place.first):
        return previous.makes_actor(place.first)
    return _acts_on(text, words, place) or _is_theme(text, words, place)


@dataclass(frozen=True, slots=True)
class _Previous:
    """The words before a place of a sentence, as far as only white space parts them."""

    text: str
    words: Sequence[Word]

    def adjoins(self, position: int) -> bool:
        """Whether a word stands before `position` with only space between."""
        if position == 0:
            return False
        return self.text[self.words[position - 1].end : self.words[position].start].isspace()

    def is_one_of(self, position: int, keys: frozenset[str]) -> bool:
        return self.adjoins(position) and _is_one(self.words[position - 1].key, keys)

    def is_near(self, position: int, keys: frozenset[str], farthest: int) -> bool:
        """Whether one of the keys stands before `position`, with no preposition or mark between."""
        for _ in range(farthest):
            if self.is_one_of(position, keys):
                return True
            if self.is_one_of(position, BARRIERS) or not self.adjoins(position):
                return False
            position -= 1
        return False

    def skip_list(self, position: int) -> int:
        """The first member of the list X وY وZ that `position` goes on."""
        for _ in range(_LONGEST_LIST):
            if not (self.adjoins(position) and self.words[position].key.startswith("و")):
                break
            position -= 1
        return position

    def takes_dative(self, position: int) -> bool:
        """Whether ل means the state: الدعم لإيران, and not الناتج المحلي لإيران."""
        if not self.adjoins(position):
            return True
        key = _stem(self.words[position - 1].key)
        if key.startswith("ال"):
            return key[2:] in STATE_NOUNS or self.is_near(position, SIDED, 2)
        return not self.is_one_of(position, MOVING)

    def makes_actor(self, position: int) -> bool:
        """Whether the word before `position` lets a land's name there be an actor."""
        for _ in range(_MOST_CARRIED_OVER):
            if self.is_one_of(position, CARRYING_OVER):
                position -= 1
        if not self.adjoins(position):
            return False
        key = self.words[position - 1].key
        if _is_one(key, BY) and self.is_one_of(position - 1, FROM_WORD | TO_WORD):
            return True
        if _is_one(key, FROM_WORD):
            if not self.is_one_of(position - 1, ALL):
                return self.is_one_of(position - 1, FROM)
            position -= 2  # كل من إيران وتركيا: what stands before كل decides
            if not self.adjoins(position):
                return True
            key = self.words[position - 1].key
        if _is_one(key, TO_WORD):
            return self.is_near(position - 1, TO, _FARTHEST_GIFT) and not self.is_near(
                position - 1, MOVING, _FARTHEST_GIFT
            )
        if _is_one(key, MOVING):
            return _is_one(key, RETURNING)
        if _is_one(key, TOWARD):
            return not self.is_near(position - 1, MOVING | TAKING, 2)
        if _WITH_OBJECT.match(key) and self.is_one_of(position - 1, RELATIVE):
            return True
        if _is_one(key, ACTOR_BEFORE) or _is_deed(key) or _is_verb(_stem(key)):
            return True
        farthest = _FARTHEST_OBJECT + 2 * key.startswith("ال")
        return key not in BARRIERS and self.is_near(position, ADDRESSING, farthest)


def _acts_on(text: str, words: Sequence[Word], place: NamedPlace) -> bool:
    """Whether a verb or a colon follows a name, its epithet or the list that it begins."""
    if _COLON.match(text, words[place.last - 1].end):
        return not _before(text, words[place.first].start).endswith(("-", "–", "—", ","))
    following = place.last
    while following < len(words):
        if not text[words[following - 1].end : words[following].start].isspace():
            return False
        key = words[following].key
        if key in AFTER or key in DESCRIBING or _is_verb(_stem(key)):
            return True
        if not (key.startswith(("ال", "و")) or key in RELATIVE):
            return False
        following += 1
        if following > place.last + _FARTHEST_VERB:
            return False
    return False


def _is_theme(text: str, words: Sequence[Word], place: NamedPlace) -> bool:
    """Whether a name opens a sentence or quotation, and the sentence goes on about it."""
    before = _before(text, words[place.first].start)
    opens = place.first == 0 or _OPENS.search(before) is not None
    if place.last == len(words) or (not opens and not place.attached):
        return False
    if place.attached and opens and _EPITHET.match(text, words[place.last - 1].end):
        return True
    gap = text[words[place.last - 1].end : words[place.last].start]
    key = words[place.last].key
    if not gap.isspace() or not key.isalpha() or key in IN:
        return False
    return opens or (before.endswith(("،", "؛", ",")) and _PREDICATE.match(key) is not None)


def _is_deed(key: str) -> bool:
    stem = _stem(key)
    return bool(_DEED.match(stem)) and stem not in NO_DEEDS


def _is_verb(key: str) -> bool:
    bare = _OBJECT.sub("", key)
    noun = f"{bare[:-1]}ه" if bare != key and bare.endswith("ت") else key  # زيارة for زيارتها
    if any(form in NO_VERBS or form in MOVING for form in (key, bare, noun)):
        return False
    return (
        key in SAYING
        or (bare in ACTING and not key.endswith("ه"))  # طلبة is no طلبه
        or bool(_MASCULINE_PAST.match(key))
        or key in DOUBTING
        or bool(_FEMININE_PRESENT.match(key))
        or bool(_FEMININE_PAST.match(key))
        or bool(_MASCULINE_PRESENT.match(key))
    )


def _is_one(key: str, keys: frozenset[str]) -> bool:
    """Whether a word, or what is left of it without و ف, then ب ل ك, is among the keys."""
    stem = _stem(key)
    return key in keys or stem in keys or _PREPOSITION.sub("", stem) in keys


def _stem(key: str) -> str:
    return _STEM.sub("", key)


def _before(text: str, start: int) -> str:
    """The last few characters before a place of a text, without the space there."""
    return text[max(0, start - _NEAR) : start].rstrip()
