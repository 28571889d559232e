"""Texts without labels, dealt out: those to learn from, those to measure on, and copies."""

from __future__ import annotations

import hashlib
from typing import Literal

Part = Literal["train", "held_out"]
PARTS: tuple[Part, ...] = ("train", "held_out")


class Deal:
    """Tells of each text to which part it goes, by the text alone: copies never lie in both."""

    def __init__(self, held_out: float) -> None:
        self._held_out = held_out
        self._met: set[bytes] = set()

    def part_of(self, text: str) -> Part | None:
        """The part of a normalised text; None for a copy of one that came before."""
        digest = _digest(text)
        if digest[:12] in self._met:
            return None
        self._met.add(digest[:12])
        return "held_out" if _draw(digest[-4:]) < self._held_out else "train"


def is_drawn(text: str, share: float) -> bool:
    """Whether a text is one of a share of all, by the text alone, whatever part it goes to."""
    return _draw(_digest(text)[-8:-4]) < share


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _draw(four: bytes) -> float:
    return int.from_bytes(four, "big") / 2**32
