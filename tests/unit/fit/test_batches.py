from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from train.fit.batches import PassSampler, Schedule, plan_steps

CHANCE = np.random.default_rng(3)
LENGTHS = CHANCE.integers(4, 90, 700).tolist()


def plan(lengths: list[int], weights: list[float] | None = None, **changed: int) -> Schedule:
    settings = {"epochs": 2, "pass_tokens": 256, "num_passes": 1, "seed": 1} | changed
    return plan_steps(lengths, weights or [1.0] * len(lengths), **settings)


def rows_by_epoch(schedule: Schedule) -> list[Counter[int]]:
    steps = np.split(np.arange(len(schedule.steps)), schedule.epoch_ends[:-1])
    return [
        Counter(row for step in part for row in schedule.steps[step].tolist()) for part in steps
    ]


@pytest.mark.parametrize("num_passes", [1, 2, 6])
def test_every_row_once_an_epoch_within_the_budget(num_passes: int) -> None:
    schedule = plan(LENGTHS, num_passes=num_passes)
    for rows in rows_by_epoch(schedule):
        assert rows == Counter(range(len(LENGTHS)))
    for step in schedule.steps:
        longest = max(LENGTHS[row] for row in step)
        assert longest * len(step) <= 256 * num_passes or len(step) < 2 * num_passes
        assert len(step) >= num_passes


def test_little_is_padding() -> None:
    schedule = plan(LENGTHS, epochs=1)
    padded = sum(max(LENGTHS[row] for row in step) * len(step) for step in schedule.steps)
    assert sum(LENGTHS) / padded > 0.9


def test_epochs_differ_and_seeds_decide() -> None:
    one, same, other = plan(LENGTHS), plan(LENGTHS), plan(LENGTHS, seed=2)
    steps = [[step.tolist() for step in schedule.steps] for schedule in (one, same, other)]
    assert steps[0] == steps[1] != steps[2]
    end = one.epoch_ends[0]
    assert steps[0][:end] != steps[0][end : 2 * end]


def test_a_weight_is_how_often_an_epoch_reads_a_row() -> None:
    schedule = plan([10] * 30, [0.5] * 10 + [1.0] * 10 + [2.5] * 10, epochs=3)
    for rows in rows_by_epoch(schedule):
        assert sum(rows[row] for row in range(10)) == 5
        assert [rows[row] for row in range(10, 20)] == [1] * 10
        assert sorted(rows[row] for row in range(20, 30)) == [2] * 5 + [3] * 5


def test_a_text_longer_than_the_budget_stands_alone() -> None:
    schedule = plan([900, 10, 10, 10], epochs=1)
    assert sorted(sorted(step.tolist()) for step in schedule.steps) == [[0], [1, 2, 3]]


def test_a_small_rest_joins_the_step_before() -> None:
    schedule = plan([100] * 7, epochs=1, num_passes=3, pass_tokens=100)
    assert sorted(len(step) for step in schedule.steps) == [3, 4]


def test_processes_and_passes_divide_the_steps_of_one() -> None:
    """Two processes of budget b read, step by step, what one of budget 2b reads."""
    whole = plan(LENGTHS, pass_tokens=512)
    divided = plan(LENGTHS, pass_tokens=256, num_passes=2)
    assert [s.tolist() for s in whole.steps] == [s.tolist() for s in divided.steps]
    one = list(PassSampler(whole, 1, 0, 1))
    by_two = zip(PassSampler(divided, 1, 0, 2), PassSampler(divided, 1, 1, 2), strict=True)
    assert one == [first + second for first, second in by_two]
    accumulated = list(PassSampler(divided, 2, 0, 1))
    assert len(accumulated) == len(PassSampler(divided, 2, 0, 1)) == 2 * len(divided.steps)
    assert one == [accumulated[n] + accumulated[n + 1] for n in range(0, len(accumulated), 2)]


def test_epochs_of_steps() -> None:
    schedule = Schedule([np.arange(1)] * 6, [2, 6])
    assert [schedule.epoch_of(done) for done in range(7)] == [0, 0.5, 1, 1.25, 1.5, 1.75, 2]
