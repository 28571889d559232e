from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.net.lines import (
    BATCH_TOKENS,
    SHARED_LENGTH,
    Batch,
    keep_apart,
    shared_lines,
    single_lines,
)

Arrange = Callable[[Sequence[int]], Iterator[Batch]]
LENGTHS = st.lists(st.integers(1, 600), max_size=60)
both = pytest.mark.parametrize("arrange", [shared_lines, single_lines])


@both
@given(lengths=LENGTHS)
def test_each_row_lies_in_one_line_and_fits(arrange: Arrange, lengths: list[int]) -> None:
    batches = list(arrange(lengths))
    lines = [line for batch in batches for line in batch.lines]
    assert sorted(number for line in lines for number in line) == list(range(len(lengths)))
    for batch in batches:
        filled = [sum(lengths[number] for number in line) for line in batch.lines]
        assert max(filled) <= batch.length < max(filled) + 16
        assert len(batch.lines) == 1 or batch.length * len(batch.lines) <= BATCH_TOKENS


@given(lengths=LENGTHS)
def test_a_line_is_shared_by_short_rows_alone(lengths: list[int]) -> None:
    for batch in shared_lines(lengths):
        for line in batch.lines:
            assert len(line) == 1 or sum(lengths[n] for n in line) <= SHARED_LENGTH


def test_next_to_nothing_of_shared_lines_is_padding() -> None:
    lengths = [6 + number * 37 % 90 for number in range(1000)]
    shared, single = (
        sum(len(batch.lines) * batch.length for batch in arrange(lengths)) / sum(lengths)
        for arrange in (shared_lines, single_lines)
    )
    assert shared < 1.01 < 1.05 < single


def test_a_single_short_row_is_not_padded_to_a_whole_line() -> None:
    assert list(shared_lines([10])) == [Batch([[0]], 16)]
    assert list(single_lines([10])) == [Batch([[0]], 16)]
    assert list(single_lines([])) == []


def test_no_row_reads_another() -> None:
    rows = torch.tensor([[0, 0, 1, -1]])
    near = keep_apart(rows)[0, 0] == 0
    assert near.tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False, False, True, False],
        [False, False, False, True],
    ]


def test_nor_what_is_too_far_away() -> None:
    near = keep_apart(torch.zeros(1, 5, dtype=torch.long), farthest=1)[0, 0] == 0
    assert near[0].tolist() == [True, True, False, False, False]
    assert near[2].tolist() == [False, True, True, True, False]
