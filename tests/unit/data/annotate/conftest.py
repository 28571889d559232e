"""Sentences with all that tools stumble over: diacritics, emoji, CRLF, nested and shared spans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from model.records import LabelledSentence, LoadedTerm, Mention, Stance, Voice

TEXT = (
    "أكَّدَ النّاطقُ 😀 أنّ التحالفَ\r\nيدعم مليشيا قسد الانفصالية، وقال: "
    "«هذه 👨‍👩‍👧 العصابات قسد لن\r\nتنتصر» 🏴 بزعم النظام"
)


def place(part: str, number: int = 0) -> tuple[int, int]:
    """Where the words stand in TEXT, the first time or a later one."""
    start = -1
    for _ in range(number + 1):
        start = TEXT.index(part, start + 1)
    return start, start + len(part)


def mention(part: str, number: int = 0, connotation: Any = "neutral") -> Mention:
    return Mention(*place(part, number), part, part, connotation)


def term(part: str, category: str, voice: str, target: str | None, **more: Any) -> LoadedTerm:
    fields = {"weak": False, "group": None, "origin": "gold"} | more
    fields |= {"category": category, "voice": voice, "target": target}
    return LoadedTerm(*place(part), part, f"{part} (بلا لواصق)", **fields)


def stance(
    target: str,
    label: Any,
    *mentions: Mention,
    holder: Any = "newsroom",
    speaker: str | None = None,
) -> Stance:
    return Stance(target, holder, speaker, mentions, label, origin="gold")


HARD = LabelledSentence(
    article_id="../a/1",
    index=3,
    section="body",
    start=17,
    end=17 + len(TEXT),
    text=TEXT,
    voices=(
        Voice(place("أنّ التحالفَ")[0], place("الانفصالية")[1], "reported", "النّاطقُ", "أكَّدَ"),
        Voice(place("هذه")[0], place("تنتصر")[1], "direct", "=الناطق", None),
    ),
    outlet="بريد, \"الأطلس\"",
    published=None,
    story="story-1",
    stances=(
        stance("intl-coalition", "none", mention("التحالفَ")),
        stance("sdf", "against", mention("قسد"), mention("قسد الانفصالية", 0, "pejorative")),
        stance("sdf", "favor", mention("قسد", 1), holder="source", speaker="متحدّث آخر"),
        stance("syrian-government", "against", mention("النظام", 0, "pejorative")),
        stance("iran", "favor", mention("النظام", 0, "laudatory")),
    ),
    loaded_terms=(
        term("مليشيا", "label", "reported", "sdf", group=4),
        term("الانفصالية", "label", "reported", "sdf", group=4),
        term("العصابات", "label", "direct", "sdf", group=7),
        term("العصابات", "emotive", "direct", None),
        term("بزعم", "doubt", "own", "houthis"),
        term("النظام", "label", "own", "syrian-government", weak=True),
    ),
)  # fmt: skip


@pytest.fixture
def hard() -> LabelledSentence:
    """One sentence of every difficulty."""
    return HARD


@pytest.fixture
def plain() -> Callable[..., LabelledSentence]:
    """Makes a short sentence: قسد is a mention, مليشيا a term; fields can be replaced."""

    def make(index: int = 0, label: str | None = "against", **fields: object) -> LabelledSentence:
        text = "تتقدم مليشيا قسد في المدينة"
        stances = (stance("sdf", label, Mention(13, 16, "قسد", "قسد", "neutral")),)
        loaded = LoadedTerm(6, 12, "مليشيا", "مليشيا", "label", False, "own", "sdf", None)
        terms = (replace(loaded, origin="gold"),)
        given: dict[str, Any] = {
            "article_id": "a1", "index": index, "section": "body", "start": 0, "end": len(text),
            "text": text, "voices": (), "outlet": "o", "published": "2020-04-07", "story": "s1",
            "stances": stances, "loaded_terms": terms,
        }  # fmt: skip
        return LabelledSentence(**given | fields)

    return make
