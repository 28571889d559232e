"""Which rows are read together: texts of like length, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

IntArray = npt.NDArray[np.int64]
_POOL_STEPS = 64  # steps whose rows are sorted by length together; more would mix them less


@dataclass(frozen=True, slots=True)
class Schedule:
    """Every optimizer step of a training: the numbers of its rows, shortest first.

    `epoch_ends` holds the number of steps done when each epoch is over. A step serves all processes
    and all passes between two updates of the weights.
    """

    steps: list[IntArray]
    epoch_ends: list[int]

    def epoch_of(self, num_done: int) -> float:
        """How many epochs, and what part of the next, so many steps are."""
        number = int(np.searchsorted(self.epoch_ends, num_done))
        if number == len(self.epoch_ends):
            return float(number)
        first = self.epoch_ends[number - 1] if number else 0
        return number + (num_done - first) / (self.epoch_ends[number] - first)


def plan_steps(
    lengths: Sequence[int],
    weights: Sequence[float],
    *,
    epochs: int,
    pass_tokens: int,
    num_passes: int,
    seed: int,
) -> Schedule:
    """The steps of a training, decided by the arguments alone.

    `lengths` and `weights` say of each row its tokens and how often an epoch reads it: 1.5 is once,
    and half of such rows twice. A step holds `num_passes` times `pass_tokens` tokens at most,
    padding included, and `num_passes` rows at least.
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    shares = np.asarray(weights, dtype=np.float64)
    steps: list[IntArray] = []
    epoch_ends: list[int] = []
    for epoch in range(epochs):
        chance = np.random.default_rng((seed, epoch))
        drawn = _draw(shares, chance)
        budget = pass_tokens * num_passes
        ends = np.cumsum(sizes[drawn]) // (budget * _POOL_STEPS)
        found = [
            step
            for pool in np.split(drawn, np.flatnonzero(np.diff(ends)) + 1)
            for step in _cut(
                pool[np.argsort(sizes[pool], kind="stable")], sizes, budget, num_passes
            )
        ]
        steps += [found[number] for number in chance.permutation(len(found))]
        epoch_ends.append(len(steps))
    return Schedule(steps, epoch_ends)


def _draw(shares: npt.NDArray[np.float64], chance: np.random.Generator) -> IntArray:
    """The rows of one epoch, shuffled; of rows with one share just as many as the share says."""
    chosen = [np.repeat(np.arange(len(shares)), shares.astype(np.int64))]
    for share in np.unique(shares):
        rows = np.flatnonzero(shares == share)
        chosen.append(chance.permutation(rows)[: round(len(rows) * (share % 1))])
    return chance.permutation(np.concatenate(chosen))


def _cut(rows: IntArray, sizes: IntArray, budget: int, fewest: int) -> list[IntArray]:
    """Stretches of sorted rows within the budget; the last ones share a rest that is too small."""
    steps: list[IntArray] = []
    first = 0
    for number in range(len(rows)):
        is_full = sizes[rows[number]] * (number - first + 1) > budget
        if is_full and number - first >= fewest:
            steps.append(rows[first:number])
            first = number
    rest = rows[first:]
    if steps and len(rest) < fewest:
        steps[-1] = np.concatenate([steps[-1], rest])
    elif len(rest):
        steps.append(rest)
    return steps


class PassSampler(Sampler[list[int]]):
    """The passes of one process, in order: each step's rows, divided among processes and passes."""

    def __init__(
        self, schedule: Schedule, passes_per_step: int, rank: int, world_size: int
    ) -> None:
        self._schedule = schedule
        self._passes = passes_per_step
        self._rank = rank
        self._world_size = world_size

    def __len__(self) -> int:
        return len(self._schedule.steps) * self._passes

    def __iter__(self) -> Iterator[list[int]]:
        for step in self._schedule.steps:
            parts = np.array_split(step, self._passes * self._world_size)
            for part in parts[self._rank * self._passes : (self._rank + 1) * self._passes]:
                yield part.tolist()
