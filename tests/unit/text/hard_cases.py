"""The hard cases of `hard_sentences.txt`: texts and the offsets at which their sentences end."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

END = "‖"
_PATH = Path(__file__).with_name("hard_sentences.txt")


@dataclass(frozen=True, slots=True)
class HardCase:
    """A paragraph or a few lines, and where the last mark of each sentence stands."""

    kind: str
    text: str
    ends: frozenset[int]


def read_hard_cases() -> list[HardCase]:
    """All cases, in the order of the file; white space before an end belongs to no sentence."""
    cases, kind = [], ""
    for block in re.split(r"\n{2,}", _PATH.read_text(encoding="utf-8").strip()):
        lines = []
        for line in block.split("\n"):
            if line.startswith("# "):
                kind = line[2:]
            else:
                lines.append(line)
        if lines:
            cases.append(_read_case(kind, "\n".join(lines)))
    return cases


def _read_case(kind: str, marked: str) -> HardCase:
    text, ends = "", set()
    for piece in marked.split(END)[:-1]:
        text += piece
        ends.add(len(text.rstrip()))
    rest = marked.split(END)[-1]
    return HardCase(kind, (text + rest).rstrip(), frozenset(ends))
