"""Pairs of quotation marks in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = {"«": "»", "“": "”", "‘": "’"}
_CLOSING = {closing: opening for opening, closing in _OPENING.items()}
_STRAIGHT = '"'
_MARK = re.compile('[«»“”‘’"\n]')


@dataclass(frozen=True, slots=True)
class Quotation:
    """A pair of marks: `start` and `end` take them in, `inner_start` and `inner_end` do not."""

    start: int
    end: int

    @property
    def inner_start(self) -> int:
        """Where the quoted words begin."""
        return self.start + 1

    @property
    def inner_end(self) -> int:
        """Where the quoted words end."""
        return self.end - 1


def find_quotations(text: str) -> list[Quotation]:
    """The outermost quotations of a text, in order.

    A pair never crosses a line end. A mark without its partner is left out: in a straight pair the
    odd one of a line, in a directed pair one that nothing opens or closes. Within a quotation only
    marks of its own kind nest.
    """
    found: list[Quotation] = []
    opening, opened_by, depth = -1, "", 0
    last_unclosed = -1
    marks = list(_MARK.finditer(text))
    number = 0
    while number < len(marks):
        mark, place = marks[number].group(), marks[number].start()
        number += 1
        if opening >= 0 and mark == "\n":
            # Nothing closed it on this line: forget it, and read the rest of the line again.
            last_unclosed, opening = opening, -1
            number = next(i for i, match in enumerate(marks) if match.start() > last_unclosed)
        elif mark == "\n":
            continue
        elif opening < 0:
            if (mark in _OPENING or mark == _STRAIGHT) and place > last_unclosed:
                opening, opened_by, depth = place, mark, 1
        elif mark == opened_by and mark in _OPENING:
            depth += 1
        elif mark == _STRAIGHT == opened_by or _CLOSING.get(mark) == opened_by:
            depth -= 1
            if depth == 0:
                found.append(Quotation(opening, place + 1))
                opening = -1
    if opening >= 0:
        rest = find_quotations(text[opening + 1 :])
        found += [Quotation(q.start + opening + 1, q.end + opening + 1) for q in rest]
    return found
