"""An invented sample of three outlets, written with its marks in `sample.txt`.

`{label:sdf|مليشيا}` is a loaded term said of sdf (`label~`: weak; `label:sdf:1`: of group 1),
`{m:sdf:-|…}` a mention with a pejorative name, `{direct:speaker|…}` and `{reported:speaker|…}` are
voices.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.records import LOADED_CATEGORIES, LoadedTerm, Mention, Prediction, Stance, Voice
from model.report.aggregate import TargetName

SAMPLE = Path(__file__).with_name("sample.txt")

TARGETS = {
    name.id: name
    for name in (
        TargetName("sdf", "قوات سوريا الديمقراطية", "Syrian Democratic Forces", "syria"),
        TargetName("opposition", "المعارضة السورية", "Syrian opposition", "syria"),
        TargetName("turkey", "تركيا", "Türkiye", "syria"),
        TargetName("government", "الحكومة السورية", "Syrian government", "syria"),
    )
}

_CONNOTATION = {"-": "pejorative", "+": "laudatory", "": "neutral"}


def read_marked(marked: str, stances: list[str] = [], **fields: Any) -> Prediction:  # noqa: B006
    """One prediction from a marked sentence and lines like `sdf newsroom against 0.9`."""
    text, stack = "", list[tuple[str, int]]()
    spans: list[tuple[str, int, int]] = []
    for piece in re.split(r"(\{[^|{}]*\||\})", marked):
        if piece.startswith("{"):
            stack.append((piece[1:-1], len(text)))
        elif piece == "}":
            head, start = stack.pop()
            spans.append((head, start, len(text)))
        else:
            text += piece
    spans.sort(key=lambda span: (span[1], -span[2]))

    parsed = [([*head.split(":"), "", ""], start, end) for head, start, end in spans]
    voices = [
        Voice(start, end, kind, speaker or None, None)
        for (kind, speaker, *_), start, end in parsed
        if kind in ("direct", "reported")
    ]
    mentions = [
        (target, Mention(start, end, text[start:end], text[start:end], _CONNOTATION[sign]))
        for (kind, target, sign, *_), start, end in parsed
        if kind == "m"
    ]
    terms = []
    for (kind, target, group, *_), start, end in parsed:
        category = kind.rstrip("~")
        if category in LOADED_CATEGORIES:
            kinds = {voice.kind for voice in voices if voice.start <= start < voice.end}
            terms.append(
                LoadedTerm(
                    start, end, text[start:end], text[start:end], category, kind.endswith("~"),
                    min(kinds, default="own"), target or None, int(group) if group else None, 0.9,
                )
            )  # fmt: skip

    def holder_of(mention: Mention) -> str:
        direct = any(v.kind == "direct" and v.start <= mention.start < v.end for v in voices)
        return "source" if direct else "newsroom"

    judged = []
    for line in stances:
        target, holder, label, probability = line.split()
        others = (1 - float(probability)) / 2
        scores = dict.fromkeys(("favor", "against", "none"), others) | {label: float(probability)}
        found = tuple(m for name, m in mentions if name == target and holder_of(m) == holder)
        judged.append(Stance(target, holder, None, found, label, scores))
    defaults = {
        "article_id": "a", "index": 0, "section": "body", "start": 0, "end": len(text),
        "outlet": "x", "published": None, "url": None,
    }  # fmt: skip
    return Prediction(
        text=text,
        voices=tuple(voices),
        stances=tuple(judged),
        loaded_terms=tuple(terms),
        **(defaults | fields),
    )


def read_sample() -> list[Prediction]:
    """The whole sample, in order."""
    sentences: list[tuple[str, list[str], dict[str, Any]]] = []
    fields: dict[str, Any] = {}
    num_articles = 0
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            outlet, published, url = (part.strip() for part in line[1:].split("|"))
            num_articles += 1
            fields = {"outlet": outlet, "published": published or None, "url": url or None}
            fields |= {"article_id": f"{num_articles:016}", "index": -1}
        elif line.startswith("="):
            sentences[-1][1].append(line[1:].strip())
        else:
            section = "headline" if fields["index"] < 0 else "body"
            fields = fields | {"index": fields["index"] + 1, "section": section}
            sentences.append((line, [], fields))
    return [read_marked(line, stances, **fields) for line, stances, fields in sentences]


@pytest.fixture
def marked() -> Callable[..., Prediction]:
    return read_marked


@pytest.fixture
def sample() -> list[Prediction]:
    return read_sample()


@pytest.fixture
def targets() -> dict[str, TargetName]:
    return TARGETS
