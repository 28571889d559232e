"""Where a tool's offsets lie in the sentence that was sent.

Tools count code points (Label Studio since 1.5) or UTF-16 units (doccano, UIMA), and some a CRLF as
one. An offset is believed where the quoted text says so; no place is ever guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from train.data.annotate.marks import Mark

Unit = Literal["code points", "UTF-16"]
Ruler = dict[int, int]
"""From a tool's offset to the place in the sentence, in code points."""

_REACH = 20  # characters around an offset in which a quoted text that stands once is taken for it
_UNSEEN = re.compile(r"\s|\\n")  # Label Studio writes a line break inside a quoted text as \n


def utf16_offsets(text: str) -> list[int]:
    """The UTF-16 offset of each place in a text, its end included."""
    offsets = [0]
    for char in text:
        offsets.append(offsets[-1] + (2 if ord(char) > 0xFFFF else 1))
    return offsets


def align(text: str, returned: str) -> list[int] | None:
    """For each place in the text that a tool returned the place in the text that was sent.

    They may differ in carriage returns alone: dropped before a line feed, or become a space or a
    line feed. None where they differ in anything else.
    """
    places: list[int] = []
    at = 0
    for char in returned:
        if text.startswith("\r\n", at) and char == "\n":
            places.append(at)
            at += 2
        elif at < len(text) and (text[at] == char or (text[at] == "\r" and char in " \n")):
            places.append(at)
            at += 1
        else:
            return None
    return [*places, at] if at == len(text) else None


def place_marks(
    text: str, returned: str, marks: Sequence[Mark], unit: Unit
) -> list[tuple[int, int] | None] | None:
    """The place of each mark in the sentence's text, None for one that cannot be placed.

    `returned` is the text that the tool holds, `unit` what it counts. Other ways of counting are
    tried only where every mark has its quoted text to prove them. None alone: another text.
    """
    aligned = align(text, returned)
    if aligned is None:
        return None
    rulers = list(_rulers(returned, aligned, unit))
    if returned != text:  # only the text may have passed through hands that change line ends
        rulers += _rulers(text, range(len(text) + 1), unit)
    are_quoted = all(mark.quote for mark in marks)
    for ruler in rulers if are_quoted else rulers[:1]:
        places = [_by_ruler(text, mark, ruler) for mark in marks]
        if None not in places:
            return list(places)
    return [_place_one(text, mark, rulers) for mark in marks]


def _rulers(returned: str, aligned: Sequence[int], unit: Unit) -> Iterator[Ruler]:
    """The unit that the tool counts in comes first."""
    counts = {"code points": list(range(len(returned) + 1)), "UTF-16": utf16_offsets(returned)}
    for name in sorted(counts, key=lambda name: name != unit):
        yield dict(zip(counts[name], aligned, strict=True))
    for name in sorted(counts, key=lambda name: name != unit):
        ruler: Ruler = {}
        merged = 0
        for place, (count, origin) in enumerate(zip(counts[name], aligned, strict=True)):
            if place and returned.startswith("\r\n", place - 1):
                merged += 1
                continue
            ruler[count - merged] = origin
        yield ruler


def _by_ruler(text: str, mark: Mark, ruler: Ruler) -> tuple[int, int] | None:
    if mark.start is None or mark.end is None:
        return None
    start, end = ruler.get(mark.start), ruler.get(mark.end)
    if start is None or end is None or start >= end:
        return None
    if mark.quote and not _is_same(text[start:end], mark.quote):
        return None
    return start, end


def _place_one(text: str, mark: Mark, rulers: Sequence[Ruler]) -> tuple[int, int] | None:
    if not mark.quote:
        return _by_ruler(text, mark, rulers[0])
    fitting = {place for ruler in rulers if (place := _by_ruler(text, mark, ruler))}
    if len(fitting) == 1:
        return fitting.pop()
    starts = [match.start() for match in re.finditer(f"(?={re.escape(mark.quote)})", text)]
    if len(starts) > 1 and mark.start is not None:
        near = rulers[0].get(mark.start, mark.start)
        starts = [start for start in starts if abs(start - near) <= _REACH]
    return (starts[0], starts[0] + len(mark.quote)) if len(starts) == 1 else None


def _is_same(found: str, quote: str) -> bool:
    return _UNSEEN.sub("", found) == _UNSEEN.sub("", quote)
