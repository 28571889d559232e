"""Voice spans while a text is read, with offsets into the whole text."""

from __future__ import annotations

from dataclasses import dataclass

from model.records import VoiceKind

PUNCTUATION = ' \t\u00a0.،,:؛;!؟?"“”«»‘’-–—'


@dataclass(frozen=True, slots=True)
class VoiceSpan:
    """`text[start:end]` is somebody's words or claim."""

    start: int
    end: int
    kind: VoiceKind
    speaker: str | None
    cue: str | None


def trim(text: str, start: int, end: int, characters: str) -> tuple[int, int]:
    """The span without these characters at its edges; empty where nothing else is in it."""
    while start < end and text[start] in characters:
        start += 1
    while start < end and text[end - 1] in characters:
        end -= 1
    return start, end
