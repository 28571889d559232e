"""Repairs of text that came out of PDFs, old fonts and Persian keyboards, before normalisation.

AraBERT v02 preprocessing drops what these repair (ﻻ, ڤيينا, a word with a hidden mark inside), so
they break strict parity with it, and stand in a step of their own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

# Letters of Persian, Urdu and Kurdish keyboards, and what an Arabic editor writes for them.
_LETTERS = str.maketrans(
    "ٱپچڤڥژکڪگۀہھەیېےۍڕڵۆۇ۰۱۲۳۴۵۶۷۸۹",
    "ابجففزكككههههيييىرلوو0123456789",
)
_LETTER = re.compile("[" + "".join(map(chr, _LETTERS)) + "]")
# Bidi controls, joiners, soft hyphen and byte-order mark say how a text looks. The zero-width space
# is one where a line may break, so between words.
_INVISIBLE = re.compile("[\u00ad\u061c\u200c-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_ZERO_WIDTH_SPACE = re.compile("\u200b")
_PRESENTATION_FORM = re.compile("[\ufb50-\ufd3d\ufd50-\ufdff\ufe70-\ufefc]")
_CLUSTER = re.compile("[^\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]?"
                      "[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed]+")  # fmt: skip


def _compose(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match.group())


def _plain_letters(match: re.Match[str]) -> str:
    # Forms of a mark alone are listed with a space to stand on.
    return unicodedata.normalize("NFKC", match.group()).strip()


REPAIRS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_INVISIBLE, lambda match: ""),
    (_ZERO_WIDTH_SPACE, lambda match: " "),
    (_PRESENTATION_FORM, _plain_letters),
    (_CLUSTER, _compose),
    (_LETTER, lambda match: match.group().translate(_LETTERS)),
)
"""In order: a pattern, and what stands for a match of it."""
