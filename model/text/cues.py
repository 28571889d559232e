"""Where a sentence says that somebody says something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from model.text import cue_words
from model.text.words import Word, without_pronoun

Kind = Literal["saying", "carrying", "doubting", "describing", "pretext", "according", "colon"]
_MOST_WORDS_BEFORE_COLON = 6
_CLOSE = 4  # words within which عن follows نقل
_CLOSE_ABOUT = 8  # the same behind تحدث


def _list_forms() -> dict[str, tuple[Kind, str, int]]:
    """Every written form of a cue: its kind, its key and the letters of a conjunction before it.

    A form that is a cue as it stands (وصف، ورد) is none with a conjunction.
    """
    kinds: tuple[tuple[Kind, Iterable[tuple[str, str]]], ...] = (
        ("doubting", zip(cue_words.DOUBTING, cue_words.DOUBTING, strict=True)),
        ("pretext", zip(cue_words.PRETEXT, cue_words.PRETEXT, strict=True)),
        ("according", zip(cue_words.ACCORDING, cue_words.ACCORDING, strict=True)),
        ("carrying", zip(cue_words.CARRYING, cue_words.CARRYING, strict=True)),
        ("describing", zip(cue_words.DESCRIBING, cue_words.DESCRIBING, strict=True)),
        ("saying", zip(cue_words.SAYING, cue_words.SAYING, strict=True)),
        ("describing", cue_words.with_pronouns(cue_words.DESCRIBED)),
        ("saying", cue_words.with_pronouns(cue_words.ACCUSING)),
    )
    forms: dict[str, tuple[Kind, str, int]] = {}
    for kind, pairs in kinds:
        for form, key in pairs:
            forms.setdefault(form, (kind, key, 0))
    for form, (kind, key, _) in list(forms.items()):
        for conjunction in cue_words.CONJUNCTIONS:
            forms.setdefault(conjunction + form, (kind, key, 1))
    return forms


_FORMS = _list_forms()


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
        num_before = sum(word.start < colon for _, word in words)
        if 1 <= num_before <= _MOST_WORDS_BEFORE_COLON and not text[colon - 1].isdigit():
            number = words[num_before - 1][0]
            found.append(Cue("colon", ":", colon, colon + 1, number, colon))
    for place, (number, word) in enumerate(words):
        form = _FORMS.get(word.key)
        if form is None:
            if word.key in _SHOWING and _shows(
                text, number, word, words[place + 1 : place + 2 + _MOST_WORDS_OF_COMMENT]
            ):
                found.append(Cue("saying", "بين", word.start, word.end, number, word.start))
            elif word.key == "علي" and _ends_with_his_words(words[place + 1 : place + 3]):
                found.append(Cue("according", "علي", word.start, word.end, number, word.start))
            continue
        kind, key, num_joined = form
        behind = [other.key for _, other in words[place + 1 : place + 1 + _CLOSE_ABOUT]]
        stands_apart = number == 0 or follows_a_comma(text, word.start)
        is_marked = _QUOTED.match(text, word.end) is not None
        if not (kind == "according" and is_marked) and not _says_something(
            kind, key, behind, stands_apart=stands_apart
        ):
            continue
        before = words[place - 1][1] if place else None
        if kind == "describing" and key in cue_words.NAMING and text[word.end - 1] == "ى":
            continue  # ما يسمى «…» gives a name, and says nothing
        if before and _is_spoken_of(before, key, behind):
            continue
        joined = word.start
        if (
            kind == "saying"
            and before
            and _closes_comment(
                text, before, words[place + 1 : place + 2 + _MOST_WORDS_OF_COMMENT], end
            )
        ):
            kind, joined = "according", before.start
        begin = word.start + num_joined
        found.append(Cue(kind, key, begin, word.end, number, joined))
    return sorted(found, key=lambda cue: cue.start)


def _says_something(kind: Kind, key: str, behind: Sequence[str], *, stands_apart: bool) -> bool:
    """Whether a word that may be a cue is one here; `stands_apart`: first, or behind a comma."""
    if key in cue_words.ONLY_WITH:
        needed = cue_words.ONLY_WITH[key]
        near = behind if key.startswith(("تحدث", "متحدث", "يتحدث", "تتحدث")) else behind[:_CLOSE]
        return any(word == needed or word in _with_pronouns(needed) for word in near)
    if key in cue_words.IMPERSONAL:
        return not (behind and (behind[0] in cue_words.THAT or behind[:1] == ["الي"]))
    if key == "حسب" and behind[:1] == ["الله"]:
        return False
    if kind == "according":
        return _names_source(key, behind, stands_apart=stands_apart)
    return True


def _names_source(key: str, behind: Sequence[str], *, stands_apart: bool) -> bool:
    """Whether بحسب and its like name a source: no rule, and nothing that is only called so."""
    named = behind[1:] if behind and behind[0] == "عن" else behind
    if not named:
        return False
    source = named[0].removeprefix("لل" if named[0].startswith("لل") else "ل").removeprefix("ال")
    if named[0] == "ما" or source == "ما":
        verbs = (named[1], *without_pronoun(named[1])) if len(named) > 1 else ()
        return any(_FORMS[verb][0] == "saying" for verb in verbs if verb in _FORMS)
    if source in cue_words.RULES:
        return False
    return key not in ("حسب", "وفق") or stands_apart or source in cue_words.SOURCES


def _with_pronouns(preposition: str) -> set[str]:
    return {preposition + pronoun for pronoun in ("ه", "ها", "هم", "هما", "ك", "نا")}


def follows_a_comma(text: str, place: int) -> bool:
    """Whether a comma and at most a few spaces stand right before a place."""
    return text[max(0, place - 4) : place].rstrip().endswith(("،", ","))


_SHOWING = ("بين", "وبين")
_QUOTED = re.compile(r'\s*[«“"]')
_WHAT = ("لما", "بما", "مما")
_MAY_BE = ("يمكن", "يبقي", "خلاصه", "يجب", "يصح", "يجوز", "استطيع", "نستطيع", "يمكننا")
_SHADDA = "\u0651"
_HIS_WORDS = re.compile(r"(?:قول|تعبير|وصف|زعم)(?:ه|ها|هم|هما)?")
_MOST_WORDS_OF_COMMENT = 8


def _shows(text: str, number: int, word: Word, behind: Sequence[tuple[int, Word]]) -> bool:
    """Whether بين is the verb بيّن: marked as one, or first or behind a comma with أن to follow."""
    if _SHADDA in text[word.start : word.end]:
        return True
    if number and not follows_a_comma(text, word.start):
        return False
    for _, other in behind[:8]:
        if other.key in cue_words.THAT:
            return True
        if other.key.startswith("و"):
            return False
    return False


def _is_spoken_of(before: Word, key: str, behind: Sequence[str]) -> bool:
    """Whether nobody says it here: لما ورد في البيان، يمكن القول إن."""
    if key == "القول":
        return before.key in _MAY_BE
    return before.key in _WHAT and not any(word in cue_words.THAT for word in behind[:2])


def _ends_with_his_words(behind: Sequence[tuple[int, Word]]) -> bool:
    """على حد قوله."""
    return (
        len(behind) == 2
        and behind[0][1].key == "حد"
        and _HIS_WORDS.fullmatch(behind[1][1].key) is not None
    )


def _closes_comment(text: str, before: Word, behind: Sequence[tuple[int, Word]], end: int) -> bool:
    """Whether a verb closes a claim that stands before it: …، كما قال الوزير."""
    if before.key not in ("كما", "ما") or len(behind) > _MOST_WORDS_OF_COMMENT:
        return False
    if before.key == "كما" and not follows_a_comma(text, before.start):
        return False
    if before.key == "ما" and not text[max(0, before.start - 6) : before.start].rstrip().endswith(
        "على"
    ):
        return False
    rest = text[before.end : end]
    return not any(word.key in cue_words.THAT for _, word in behind) and ":" not in rest
