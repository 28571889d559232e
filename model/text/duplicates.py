"""Near-duplicates: wire copies of one article, whoever printed them.

Whether two texts are copies is asked of their shingles, runs of characters over the spelling keys.
The rule is containment: the share of the shorter text's shingles that the longer one holds. It is
never below the Jaccard similarity and, unlike it, does not fall when a copy is cut or continued.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from model.text.words import spelling_key

# Some three Arabic words: four in five such runs stand in one article alone, and so tell copies.
_SHINGLE_LENGTH = 16
# One word changed changes some twenty shingles in a row, so one in four says nearly as much as all.
_ONE_IN = 4
_SMALLEST_SKETCH = 16
# A pair is looked at when this share of the shorter sketch puts the two side by side in the index.
_LEAST_HINTS = 0.02
_FEWEST_HINTS = 2

_WORD = re.compile(r"\w+")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "0123456789" * 2)
# Multipliers and shifts of SplitMix64 (Steele, Lea and Flood 2014).
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

Sketch = NDArray[np.uint32]


def find_near_duplicates(
    texts: Iterable[tuple[str, str]], *, threshold: float = 0.5
) -> dict[str, str]:
    """Maps the id of each (id, text) to the id that came first in its group: itself if alone.

    Copies are texts whose containment reaches `threshold`, and groups are closed under it: a digest
    that holds two articles joins them. A text of up to some 13 words groups only with the same
    words, one without words with nothing. The grouping is independent of the order of the texts.

    Limits: rewriting a third of the words in short runs halves the containment; daily notices that
    fill in one form (market closings) group as copies. Takes some 15 kB for each news article.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold {threshold} is no share above 0")
    position: dict[str, int] = {}
    owners: list[int] = []
    sketches: list[Sketch] = []
    groups = _Groups()
    first_with: dict[str, int] = {}
    for name, text in texts:
        owner = position.setdefault(name, len(position))
        groups.admit(owner)
        words = _words_of(text)
        if not words:
            continue
        sketch = _sketch(words)
        if len(sketch) < _SMALLEST_SKETCH:
            groups.join(owner, first_with.setdefault(words, owner))
        else:
            owners.append(owner)
            sketches.append(sketch)
    for left, right in _candidates(sketches):
        one, other = owners[left], owners[right]
        if groups.find(one) != groups.find(other) and (
            _containment(sketches[left], sketches[right]) >= threshold
        ):
            groups.join(one, other)
    names = list(position)
    return {name: names[groups.find(owner)] for name, owner in position.items()}


class _Groups:
    """Disjoint sets of numbers; each set is known by its smallest."""

    def __init__(self) -> None:
        self._parent: list[int] = []

    def admit(self, number: int) -> None:
        if number == len(self._parent):
            self._parent.append(number)

    def find(self, number: int) -> int:
        while (parent := self._parent[number]) != number:
            self._parent[number] = self._parent[parent]
            number = parent
        return number

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low


def _words_of(text: str) -> str:
    """The text's words in the spelling by which they are compared, one space between them."""
    plain = spelling_key(unicodedata.normalize("NFKC", text).casefold())
    return " ".join(_WORD.findall(plain.translate(_DIGITS)))


def _sketch(words: str) -> Sketch:
    """The sorted hashes of the shingles in the sample, which their hashes alone decide."""
    code_points = np.frombuffer(words.encode("utf-32-le", "surrogatepass"), "<u4")
    hashes = code_points.astype(np.uint64)
    # The hash of a run joins those of two half as long: 1 → 2 → 4 → 8 → 16 characters.
    length = 1
    while length < _SHINGLE_LENGTH:
        hashes = _mix(hashes[:-length] * _GOLDEN + hashes[length:])
        length *= 2
    sampled = hashes[hashes % np.uint64(_ONE_IN) == 0]
    return np.unique((sampled >> np.uint64(32)).astype(np.uint32))


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finalizer: every bit of the input moves every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * _MULTIPLIERS[0]
    values = (values ^ (values >> np.uint64(27))) * _MULTIPLIERS[1]
    return values ^ (values >> np.uint64(31))


def _containment(one: Sketch, other: Sketch) -> float:
    """The share of the shorter sketch that the longer one holds."""
    shorter, longer = sorted((one, other), key=len)
    places = np.minimum(np.searchsorted(longer, shorter), len(longer) - 1)
    return float(np.mean(longer[places] == shorter))


def _candidates(sketches: list[Sketch]) -> Iterator[tuple[int, int]]:
    """Pairs of sketches worth comparing, from an index of hash → sketches.

    Only neighbours in a hash's list are paired, so the work stays linear however common a phrase or
    large a group is; a rare hash, which is what tells copies, has no others. The lists are ordered
    by content, so that the pairs do not depend on the order of the input.
    """
    if not sketches:
        return
    order = sorted(range(len(sketches)), key=lambda index: sketches[index].tobytes())
    lengths = np.array([len(sketches[index]) for index in order])
    index = np.concatenate([sketches[index] for index in order]).astype(np.uint64)
    index <<= np.uint64(32)
    index |= np.repeat(np.arange(len(order), dtype=np.uint64), lengths)
    index.sort()
    same_hash = (index[1:] >> np.uint64(32)) == (index[:-1] >> np.uint64(32))
    rank = index & np.uint64(0xFFFFFFFF)
    del index
    pairs, hints = np.unique(
        (rank[:-1][same_hash] << np.uint64(32)) | rank[1:][same_hash], return_counts=True
    )
    left, right = pairs >> np.uint64(32), pairs & np.uint64(0xFFFFFFFF)
    shorter = np.minimum(lengths[left], lengths[right])
    enough = hints >= np.maximum(_FEWEST_HINTS, _LEAST_HINTS * shorter)
    for one, other in zip(left[enough].tolist(), right[enough].tolist(), strict=True):
        yield order[one], order[other]
