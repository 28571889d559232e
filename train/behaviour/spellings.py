"""Invariance to how a sentence is written: diacritics, tatweel, letters, quotation marks."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

from model.records import LabelledSentence
from train.behaviour.collect import Collector
from train.behaviour.edits import as_article, edit_sentence
from train.score.behaviour.cases import Case, Edit

Rewrite = Callable[[str, random.Random], list[Edit]]

_MARK = re.compile("[\u064b-\u0652\u0670]+")
_WORD = re.compile("[\u0621-\u0652]+")
# Marks that are right whatever the sentence means.
_SUN = re.compile(
    "(?<![\u0621-\u0652])((?:[وف]?[بك]?ال|[وف]?لل)[ثدذرزسشصضطظن])(?=[\u0621-\u064a]{2})"
)
_NISBA = re.compile("(?<![\u0621-\u0652])[وف]?[بك]?ال[\u0621-\u064a]{3,}ي(?=ة(?![\u0621-\u0652]))")
_NO_NISBA = re.compile("^[وف]?[بك]?ال(?:ت|أ)")
_PARTICLES = re.compile(
    "(?<![\u0621-\u0652])(?:[وف]?(?:أن|إن)(?= ال)|(?:ضد|كل|حتى)(?![\u0621-\u0652]))"
)
_DOUBLED = {"ضد": 2, "كل": 2, "حتى": 2}
_JOINING = "بتثجحخسشصضطظعغفقكلمنهيئ"
_MAY_FOLLOW = re.compile("(?!ل[اأإآ]).[\u0622-\u064a]")  # lam and alif are one sign
_QUOTES = (("«", "»"), ("“", "”"), ('"', '"'))
_QUOTED = re.compile('«([^«»]*)»|“([^“”]*)”|"([^"]*)"')


def add_marks(text: str, rng: random.Random) -> list[Edit]:
    """Shaddas that are certain: behind the article on a sun letter, in ـيّة, in أنّ and its like."""
    places: set[int] = {match.end() for match in _SUN.finditer(text)}
    places |= {m.end() for m in _NISBA.finditer(text) if not _NO_NISBA.match(m.group())}
    for match in _PARTICLES.finditer(text):
        places.add(match.start() + _DOUBLED.get(match.group(), len(match.group())))
    return [Edit(place, place, "\u0651") for place in sorted(places)]


def remove_marks(text: str, rng: random.Random) -> list[Edit]:
    """Without the vowel marks that it has."""
    return [Edit(match.start(), match.end(), "") for match in _MARK.finditer(text)]


def stretch(text: str, rng: random.Random) -> list[Edit]:
    """Tatweel in up to three words, as headlines have it: between two letters that join."""
    places = []
    for word in _WORD.finditer(text):
        letters = word.group()
        inner = [
            word.start() + i
            for i in range(1, len(letters))
            if letters[i - 1] in _JOINING and _MAY_FOLLOW.match(letters[i - 1 : i + 1])
        ]
        if len(letters) >= 4 and inner:
            places.append(rng.choice(inner))
    chosen = sorted(rng.sample(places, min(3, len(places))))
    return [Edit(place, place, "ـ" * rng.choice((1, 2))) for place in chosen]


def _letters(pattern: str, to: str) -> Rewrite:
    finder = re.compile(pattern)

    def rewrite(text: str, rng: random.Random) -> list[Edit]:
        return [Edit(match.start(), match.end(), to) for match in finder.finditer(text)]

    return rewrite


def other_quotes(text: str, rng: random.Random) -> list[Edit]:
    """Every pair of quotation marks in another style, one style throughout."""
    pairs = list(_QUOTED.finditer(text))
    if not pairs:
        return []
    styles = [style for style in _QUOTES if style[0] != pairs[0].group()[0]]
    opening, closing = rng.choice(styles)
    return [
        edit
        for match in pairs
        for edit in (
            Edit(match.start(), match.start() + 1, opening),
            Edit(match.end() - 1, match.end(), closing),
        )
    ]


_START = "(?<![\u0621-\u0652])"
_END = "(?![\u0621-\u0652])"
# What Arabic keyboards and hands really do: no hamza at the start, ه for ة and ي for ى at the end.
REWRITES: dict[str, Rewrite] = {
    "diacritics added": add_marks,
    "diacritics removed": remove_marks,
    "tatweel": stretch,
    "spelling: ا for أ and إ": _letters(
        rf"(?:{_START}|(?<={_START}[وفبكل])|(?<={_START}ال))[أإ]", "ا"
    ),
    "spelling: ه for ة": _letters(f"ة{_END}", "ه"),
    "spelling: ي for ى": _letters(f"ى{_END}", "ي"),
    "quotation marks": other_quotes,
}


class Respeller:
    """Makes the cases of one sentence after another."""

    def __init__(self, into: Collector, rng: random.Random) -> None:
        self._into = into
        self._rng = rng

    def respell(self, sentence: LabelledSentence) -> None:
        """A case for each way of writing that changes anything in a sentence with stances."""
        for case in self._cases(sentence):
            self._into.add(case)

    def _cases(self, sentence: LabelledSentence) -> Iterator[Case]:
        for test, rewrite in REWRITES.items():
            if not sentence.stances and not sentence.loaded_terms:
                self._into.leave_out(test, "the sentence has no label")
                continue
            edits = tuple(rewrite(sentence.text, self._rng))
            if not edits:
                self._into.leave_out(test, "nothing in the sentence to change")
                continue
            after = edit_sentence(sentence, edits)
            if after is None:
                self._into.leave_out(test, "an edit crosses the border of a span")
                continue
            target = sentence.stances[0].target if sentence.stances else ""
            yield Case(
                test=test,
                kind="invariance",
                source=f"{sentence.article_id}:{sentence.index}",
                conflict="",
                target=target,
                before=as_article(sentence),
                after=after,
                edits=edits,
            )
