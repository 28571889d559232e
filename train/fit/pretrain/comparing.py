"""Pairs of a clause and a version of it, from which a network learns to compare two texts.

A version turns the clause's halves about, leaves words out, and has other words in the place of up
to two of them, as they stand in like company: rise and fall, one country and another. The network
tells which words of either side the other one has not, and whether both say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from train.fit.pretrain.corpus import Ids

RELATIONS = ("same", "changed", "other")
_SAME, _CHANGED, _OTHER = range(len(RELATIONS))
NOT_ASKED = -100
_SHARES = (0.36, 0.54)  # of the first two relations; the rest pairs two clauses of one row
_MOST_CHANGES = 2
_LEFT_OUT, _TURNED = 0.1, 0.5  # of a version's words; of all versions
_FEWEST, _MOST = 5, 16  # words of a clause
_NUM_SPECIAL = 3  # before, between and behind two texts
_MARKS = frozenset(".,;:!?،؛؟…()[]«»\"'-–")
_NEAREST = 15
_MOST_FREQUENT = 100  # tokens that are never changed: words of grammar
_FEWEST_SEEN = 20
_ALONE = 0.9  # how often a token has to be a word by itself, for another to take its place
_CHUNK = 1_000

Word = list[int]


class Compared(TypedDict):
    """Pairs as a network reads them, each (pairs, length): ids, mask, 1 where the second text
    stands, and of each token whether the other text lacks its word (`NOT_ASKED` for special
    tokens). `relations`, (pairs), are numbers of `RELATIONS`."""

    input_ids: Tensor
    attention_mask: Tensor
    is_second: Tensor
    is_new: Tensor
    relations: Tensor


class _Pair(NamedTuple):
    """Two texts in words, and the number of their relation."""

    first: list[Word]
    second: list[Word]
    relation: int


class Comparer:
    """Draws pairs from rows of token ids. `vectors`, (vocabulary, width), tell which words stand in
    like company; a sample of the corpus tells which tokens are words."""

    def __init__(self, tokenizer: Any, vectors: npt.NDArray[np.float32], sample: Ids) -> None:
        tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        self._open, self._close = tokenizer.cls_token_id, tokenizer.sep_token_id
        self._pad = tokenizer.pad_token_id
        self._goes_on = np.array([token.startswith("##") for token in tokens])
        special = np.isin(np.arange(len(tokens)), tokenizer.all_special_ids)
        self._ends = special | np.array([set(token) <= _MARKS for token in tokens])
        words = _whole_words(sample, self._goes_on, self._ends)
        self._like = dict(zip(words.tolist(), _nearest(vectors[words], words), strict=True))

    def compare(self, rows: Ids, num_pairs: int, chance: np.random.Generator) -> Compared:
        """So many pairs, from one row after the other; none where no row has two clauses. `chance`
        alone decides which."""
        by_row = [clauses for row in rows if len(clauses := list(self._clauses(row))) > 1]
        pairs = [
            self._pair(by_row[number % len(by_row)], chance)
            for number in (range(num_pairs) if by_row else ())
        ]
        return self._collate(pairs)

    def _clauses(self, row: npt.NDArray[np.int32]) -> Iterator[list[Word]]:
        """The clauses between two marks, in words; what the row's edges cut is left out, and what
        would be longer than a row, the most that a network may read, once a version is beside it.
        """
        marks = np.flatnonzero(self._ends[row])
        for first, end in zip(marks[1:] + 1, marks[2:], strict=False):
            if 2 * (end - first) + _NUM_SPECIAL > len(row):
                continue
            words: list[Word] = []
            for token in row[first:end].tolist():
                if self._goes_on[token] and words:
                    words[-1].append(token)
                else:
                    words.append([token])
            if _FEWEST <= len(words) <= _MOST:
                yield words

    def _pair(self, clauses: list[list[Word]], chance: np.random.Generator) -> _Pair:
        one, another = chance.choice(len(clauses), 2, replace=False)
        first = clauses[one]
        relation = int(np.searchsorted(np.cumsum(_SHARES), chance.random(), side="right"))
        second = clauses[another] if relation == _OTHER else first
        changed = self._changes(second, chance) if relation == _CHANGED else {}
        if relation == _CHANGED and not changed:
            relation = _SAME
        kept = [i for i in range(len(second)) if i in changed or chance.random() >= _LEFT_OUT]
        if chance.random() < _TURNED:
            cut = int(chance.integers(1, max(len(kept), 2)))
            kept = kept[cut:] + kept[:cut]
        return _Pair(first, [changed[i] if i in changed else second[i] for i in kept], relation)

    def _changes(self, words: list[Word], chance: np.random.Generator) -> dict[int, Word]:
        """Other words for one or two places, by place; none where no word has its like."""
        there = {token for word in words for token in word}
        number = int(chance.integers(1, _MOST_CHANGES + 1))
        changes: dict[int, Word] = {}
        for place in chance.permutation(len(words)).tolist():
            token, *rest = words[place]
            like = () if rest else self._like.get(token, ())
            if others := [other for other in like if other not in there]:
                changes[place] = [int(chance.choice(others))]
            if len(changes) == number:
                break
        return changes

    def _collate(self, pairs: list[_Pair]) -> Compared:
        read = [self._read(pair) for pair in pairs]
        size = (len(read), max((len(ids) for ids, *_ in read), default=0))
        input_ids = np.full(size, self._pad, np.int64)
        mask, is_second = np.zeros(size, np.int64), np.zeros(size, np.int64)
        is_new = np.full(size, NOT_ASKED, np.int64)
        for number, (ids, new, num_first) in enumerate(read):
            input_ids[number, : len(ids)] = ids
            is_new[number, : len(ids)] = new
            mask[number, : len(ids)] = 1
            is_second[number, num_first : len(ids)] = 1
        return {
            "input_ids": torch.from_numpy(input_ids),
            "attention_mask": torch.from_numpy(mask),
            "is_second": torch.from_numpy(is_second),
            "is_new": torch.from_numpy(is_new),
            "relations": torch.tensor([pair.relation for pair in pairs], dtype=torch.int64),
        }

    def _read(self, pair: _Pair) -> tuple[list[int], list[int], int]:
        """The ids of both texts, whether the other text lacks each, how many the first one's."""
        ids, new = [self._open], [NOT_ASKED]
        num_first = 0
        for words, others in ((pair.first, pair.second), (pair.second, pair.first)):
            there = set(map(tuple, others))
            for word in words:
                ids += word
                new += [int(tuple(word) not in there)] * len(word)
            ids.append(self._close)
            new.append(NOT_ASKED)
            num_first = num_first or len(ids)
        return ids, new, num_first


def _whole_words(
    sample: Ids, goes_on: npt.NDArray[np.bool_], ends: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Tokens that mostly are words by themselves, but for the rare and the most frequent ones."""
    seen = np.bincount(sample.ravel(), minlength=len(goes_on))
    begun = np.bincount(sample[:, :-1][goes_on[sample[:, 1:]]], minlength=len(goes_on))
    frequent = np.argsort(-seen, kind="stable")[:_MOST_FREQUENT]
    chosen = (seen >= _FEWEST_SEEN) & (begun <= (1 - _ALONE) * seen) & ~goes_on & ~ends
    chosen[frequent] = False
    return np.flatnonzero(chosen)


def _nearest(
    vectors: npt.NDArray[np.float32], words: npt.NDArray[np.int64]
) -> list[npt.NDArray[np.int64]]:
    """For each word those whose vectors point most nearly as its own does."""
    directions = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    found: list[npt.NDArray[np.int64]] = []
    for first in range(0, len(words), _CHUNK):
        likeness = directions[first : first + _CHUNK] @ directions.T
        likeness[np.arange(len(likeness)), first + np.arange(len(likeness))] = -np.inf
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :_NEAREST]
        found += list(words[nearest])
    return found
