"""How offsets move when places of a text change."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from train.score.behaviour.cases import Edit


class Shift:
    """Where an offset of the old text lies in the new one."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = sorted(edits, key=lambda edit: (edit.start, edit.end))
        self._ends = [edit.end for edit in self._edits]
        self._moved = [0]
        for edit, after in zip(self._edits, [*self._edits[1:], None], strict=True):
            if after is not None and after.start < edit.end:
                raise ValueError(f"two edits overlap at {after.start}")
            self._moved.append(self._moved[-1] + len(edit.text) - (edit.end - edit.start))

    def apply(self, text: str) -> str:
        """The new text."""
        for edit in reversed(self._edits):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def start(self, place: int) -> int:
        """Where a span that starts at `place` starts; ValueError inside a longer edit."""
        return self._move(place, is_end=False)

    def end(self, place: int) -> int:
        """Where a span that ends at `place` ends; an insertion right there lies within it."""
        return self._move(place, is_end=True)

    def slice(self, start: int, end: int) -> tuple[int, int]:
        """Where a slice lies; what an edit cuts is stretched to the whole of the edit's text."""
        for edit in self._edits:
            if edit.start < start < edit.end:
                start = edit.start
            if edit.start < end < edit.end:
                end = edit.end
        return self.start(start), self.end(end)

    def _move(self, place: int, *, is_end: bool) -> int:
        number = bisect_right(self._ends, place)
        # What is inserted at a place lies behind the span that ends there, not before one that
        # starts there.
        while not is_end and number and self._is_insertion(number - 1, place):
            number -= 1
        if number < len(self._edits):
            edit = self._edits[number]
            if edit.start < place < edit.end:
                raise ValueError(f"an edit crosses the border at {place}")
        return place + self._moved[number]

    def _is_insertion(self, number: int, place: int) -> bool:
        edit = self._edits[number]
        return edit.start == edit.end == place
