"""Pairs of quotation marks in a text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = {"«": "»", "“": "”", "‘": "’"}
_CLOSING = {closing: opening for opening, closing in _OPENING.items()}
_STRAIGHT = '"'
_LINE_ENDS = "\n\r\u2028\u2029"
_LINE_END = re.compile(f"[{_LINE_ENDS}]")
_BEFORE_OPENING = " \t\n\r\u00a0\u2028\u2029:(["
_BEHIND_CLOSING = "\n\r\u2028\u2029.،؛,:;!؟?)]"
_OPENS = re.compile(r'(?:(?<=[\s:(])|^)[«“"](?=[^\s«»“”"])')
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
    counts for nothing. Marks that are turned round (»…«, “…“) are read by where they stand: an
    opening one behind a space, a closing one before it. Time grows with the number of marks.
    """
    pairs: list[Quotation] = []
    open_marks: list[tuple[str, int]] = []
    num_open = dict.fromkeys((*_OPENING, _STRAIGHT), 0)
    counted_until, is_odd = -1, False  # whether the line's straight marks come in pairs
    for match in _MARK.finditer(text):
        mark, place = match.group(), match.start()
        if mark in _LINE_ENDS:
            open_marks.clear()
            num_open = dict.fromkeys(num_open, 0)
            continue
        opener = _CLOSING.get(mark, mark)
        opens_here, closes_here = _stance_of(text, place)
        if mark == _STRAIGHT:
            if place > counted_until:
                counted_until = _line_end(text, place)
                is_odd = text.count(mark, place, counted_until) % 2 == 1
            by_place = is_odd and opens_here != closes_here
            opens = opens_here if by_place else not num_open[mark]
        elif mark in _OPENING:
            opens = not (closes_here and not opens_here and num_open[mark])
        else:
            opens = opens_here and not closes_here and not num_open[opener]
        if opens:
            open_marks.append((opener, place))
            num_open[opener] += 1
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


def find_unclosed(text: str, start: int, end: int) -> int | None:
    """Where in `text[start:end]` the last mark stands that opens a quotation by its place."""
    places = [match.start() for match in _OPENS.finditer(text, start, end)]
    return places[-1] if places else None


def _stance_of(text: str, place: int) -> tuple[bool, bool]:
    """Whether the mark at a place stands like an opening one, and like a closing one."""
    before = text[place - 1] if place else "\n"
    behind = text[place + 1] if place + 1 < len(text) else "\n"
    is_behind_space = before in _BEFORE_OPENING
    return (
        is_behind_space and not behind.isspace(),
        behind in _BEHIND_CLOSING or (behind.isspace() and not is_behind_space),
    )


def _line_end(text: str, place: int) -> int:
    match = _LINE_END.search(text, place)
    return match.start() if match else len(text)
