"""Which tokens a network is to guess: drawn anew each time that a row is read, and repeatable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NotRequired, TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from train.fit.pretrain.comparing import Compared, Comparer
from train.fit.pretrain.corpus import Ids

_SHOWN_AS_MASK, _SHOWN_AS_ANY = 0.8, 0.1  # as in BERT; the rest stands as it is


class MaskedRows(TypedDict):
    """Rows as the network sees them, (rows, length); `places` of the tokens to guess in the rows
    laid end to end, and the tokens that stood there. `draws`, one even in [0, 1) for each place,
    are the chance of a network that draws words itself: all chance of a pass lies in its rows.
    `compared` are pairs of clauses from these rows, where any are asked for."""

    input_ids: Tensor
    places: Tensor
    words: Tensor
    draws: Tensor
    compared: NotRequired[Compared]


class Masker:
    """Masks rows of token ids: in each row the same number, so that all passes have one shape.

    With `whole_words` the pieces of a word are masked together, but for the last word drawn.
    """

    def __init__(self, tokenizer: Any, *, whole_words: bool) -> None:
        tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
        self._mask_id: int = tokenizer.mask_token_id
        self._is_special = np.isin(np.arange(len(tokens)), tokenizer.all_special_ids)
        self._words = np.flatnonzero(~self._is_special).astype(np.int32)
        self._goes_on = np.array([token.startswith("##") for token in tokens]) & whole_words

    def mask(self, rows: Ids, rate: float, chance: np.random.Generator) -> MaskedRows:
        """Masks this share of each row's tokens; `chance` alone decides which."""
        num_rows, length = rows.shape
        num_masked = max(1, round(rate * length))
        scores = chance.random(rows.shape, dtype=np.float32)
        starts = ~self._goes_on[rows]
        starts[:, 0] = True
        first = np.maximum.accumulate(np.where(starts, np.arange(length), 0), axis=1)
        scores = np.take_along_axis(
            scores, first, axis=1
        )  # a word's pieces share that of its first
        scores[self._is_special[rows]] = 2.0
        chosen = np.sort(np.argsort(scores, axis=1, kind="stable")[:, :num_masked], axis=1)
        places = (chosen + length * np.arange(num_rows)[:, None]).ravel()
        shown = rows.reshape(-1).astype(np.int64)
        words = shown[places]
        draws = chance.random(len(places), dtype=np.float32)
        replaced = draws < _SHOWN_AS_MASK + _SHOWN_AS_ANY
        others = self._words[chance.integers(len(self._words), size=len(places))]
        shown[places] = np.where(
            draws < _SHOWN_AS_MASK, self._mask_id, np.where(replaced, others, words)
        )
        return {
            "input_ids": torch.from_numpy(shown.reshape(rows.shape)),
            "places": torch.from_numpy(places),
            "words": torch.from_numpy(words),
            "draws": torch.from_numpy(chance.random(len(places), dtype=np.float32)),
        }


@dataclass(frozen=True, slots=True)
class Passes(Dataset[MaskedRows]):
    """What each pass of a training reads: its number decides rows and masks, nothing else does.

    An epoch takes the rows in an order of its own and leaves out what fills no pass. With a
    `comparer` each pass holds `num_pairs` of it, too.
    """

    rows: Ids
    masker: Masker
    rows_a_pass: int
    num_passes: int
    first_rate: float
    last_rate: float
    seed: int
    comparer: Comparer | None = None
    num_pairs: int = 0

    @property
    def passes_an_epoch(self) -> int:
        """How many read each row once."""
        return len(self.rows) // self.rows_a_pass

    def __len__(self) -> int:
        return self.num_passes

    def __getitem__(self, number: int) -> MaskedRows:
        epoch, place = divmod(number, self.passes_an_epoch)
        first = place * self.rows_a_pass
        chosen = _order(self.seed, epoch, len(self.rows))[first : first + self.rows_a_pass]
        rate = self.first_rate + (self.last_rate - self.first_rate) * number / self.num_passes
        rows = np.asarray(self.rows[np.sort(chosen)])
        chance = np.random.default_rng((self.seed, number))
        masked = self.masker.mask(rows, rate, chance)
        if self.comparer:
            masked["compared"] = self.compare(rows, chance)
        return masked

    def compare(self, rows: Ids, chance: np.random.Generator) -> Compared:
        """As many pairs from these rows as a pass has."""
        assert self.comparer
        return self.comparer.compare(rows, self.num_pairs, chance)


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, num_rows: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng((seed, epoch)).permutation(num_rows)
