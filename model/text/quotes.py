"""Pairs of quotation marks in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = {"«": "»", "“": "”", "‘": "’"}
_CLOSING = {closing: opening for opening, closing in _OPENING.items()}
_STRAIGHT = '"'
_LINE_ENDS = "\n\r\u2028\u2029"
_MARK = re.compile(f'[«»“”‘’"{_LINE_ENDS}]')


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

    A pair never crosses a line end, and pairs never cross each other. A mark without its partner
    counts for nothing. Time grows with the number of marks.
    """
    pairs: list[Quotation] = []
    open_marks: list[tuple[str, int]] = []
    num_open = dict.fromkeys((*_OPENING, _STRAIGHT), 0)
    for match in _MARK.finditer(text):
        mark, place = match.group(), match.start()
        opener = _CLOSING.get(mark, mark)
        if mark in _LINE_ENDS:
            open_marks.clear()
            num_open = dict.fromkeys(num_open, 0)
        elif mark in _OPENING or (mark == _STRAIGHT and not num_open[mark]):
            open_marks.append((mark, place))
            num_open[mark] += 1
        elif num_open[opener]:
            # What was opened inside and never closed falls out on the way.
            while True:
                kind, start = open_marks.pop()
                num_open[kind] -= 1
                if kind == opener:
                    pairs.append(Quotation(start, place + 1))
                    break
    outermost: list[Quotation] = []
    for pair in sorted(pairs, key=lambda pair: pair.start):
        if not outermost or pair.start >= outermost[-1].end:
            outermost.append(pair)
    return outermost
