"""Where rows lie in a batch: one to a line, or end to end, as many as a line holds.

End to end next to nothing is padding, and torch's attention gets lengths that it is fast at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

BATCH_TOKENS = 2048  # of one pass, padding among them: more leave the cache between two operations
SHARED_LENGTH = 96  # of a line that rows share, a longer row has its own: attention in the cache
_SHARED_STEP = 16  # of lengths: at others torch's attention takes nearly twice the time
_SINGLE_STEP = 8  # few shapes: oneDNN keeps kernels for each that it has met


class Batch(NamedTuple):
    """The numbers of the rows of each line, from its beginning on, and how long all lines are."""

    lines: list[list[int]]
    length: int


def shared_lines(lengths: Sequence[int]) -> Iterator[Batch]:
    """Batches of rows end to end, the fullest lines first."""
    lines = sorted(_fill(lengths), key=lambda line: -_total(lengths, line))
    return _batches(lengths, lines, _SHARED_STEP)


def single_lines(lengths: Sequence[int]) -> Iterator[Batch]:
    """Batches of lines with a row each, the longest first."""
    rows = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    return _batches(lengths, ([number] for number in rows), _SINGLE_STEP)


def keep_apart(rows: Tensor, farthest: int | None = None) -> Tensor:
    """What attention adds so that no row of a line reads another: 0, and −∞ between two rows.

    (lines, length) → (lines, 1, length, length). Nor do two places read each other that are
    farther apart than `farthest`.
    """
    together = rows[:, :, None] == rows[:, None, :]
    if farthest is not None:
        places = torch.arange(rows.shape[1], device=rows.device)
        together &= (places[:, None] - places).abs() <= farthest
    added = torch.zeros(together.shape, device=rows.device)
    return added.masked_fill_(~together, -torch.inf)[:, None]


def _fill(lengths: Sequence[int]) -> list[list[int]]:
    """Each row, the longest first, into the line that it fills best."""
    with_room: list[list[list[int]]] = [[] for _ in range(SHARED_LENGTH + 1)]
    lines: list[list[int]] = []
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        length = lengths[number]
        room = next((r for r in range(length, SHARED_LENGTH) if with_room[r]), SHARED_LENGTH)
        if with_room[room]:
            line = with_room[room].pop()
        else:
            line = []
            lines.append(line)
        line.append(number)
        if length < room:
            with_room[room - length].append(line)
    return lines


def _batches(lengths: Sequence[int], lines: Iterable[list[int]], step: int) -> Iterator[Batch]:
    """Lines from the longest to the shortest, within the budget of tokens."""
    batch: list[list[int]] = []
    longest = 0
    for line in lines:
        if batch and longest * (len(batch) + 1) > BATCH_TOKENS:
            yield Batch(batch, longest)
            batch = []
        if not batch:
            longest = -(-_total(lengths, line) // step) * step
        batch.append(line)
    if batch:
        yield Batch(batch, longest)


def _total(lengths: Sequence[int], line: Sequence[int]) -> int:
    return sum(lengths[number] for number in line)
