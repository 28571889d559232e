"""How well rules find sentence ends, voices, names and loaded terms: sets in, counts out."""

from __future__ import annotations

from collections.abc import Hashable, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found and right, found and wrong, and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Hits) -> Hits:
        return Hits(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 0 where nothing was found."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """The share of what there is that was found; 0 where there is nothing."""
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def count_hits(gold: Set[Hashable], found: Set[Hashable]) -> Hits:
    """Compare two sets of one article's items: places, characters or spans."""
    return Hits(len(gold & found), len(found - gold), len(gold - found))
