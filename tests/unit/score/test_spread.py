"""Spreads over seeds and over folds, against figures worked out by hand."""

from __future__ import annotations

import pytest

from train.score.spread import Spread, align, fold_rows, fold_spreads, seed_rows, seed_spreads


def test_a_sample_s_deviation() -> None:
    found = Spread.of([2.0, 4.0, 9.0])
    assert (found.mean, found.low, found.high, found.num_values) == (5.0, 2.0, 9.0, 3)
    assert found.deviation == pytest.approx(13**0.5)  # (9 + 1 + 16) / 2


def test_one_value_has_no_deviation() -> None:
    assert Spread.of([0.5]).deviation is None
    assert Spread.of([0.5]).to_dict()["standard_deviation"] is None


def test_a_seed_without_the_figure_is_left_out_of_it() -> None:
    found = seed_spreads({"1": {"mean": 0.5, "loss": 1.0}, "2": {"mean": 0.7}})
    assert found["mean"].num_values == 2
    assert found["loss"].num_values == 1


def test_the_two_spreads_are_kept_apart() -> None:
    """Folds differ by 0.4, seeds by 0.2: neither spread holds the other."""
    folds = [{"1": {"f": 0.1}, "2": {"f": 0.3}}, {"1": {"f": 0.5}, "2": {"f": 0.7}}]
    found = fold_spreads(folds)["f"]
    assert found.by_fold == pytest.approx((0.2, 0.6))
    assert found.folds.mean == found.seeds.mean == pytest.approx(0.4)
    assert (found.folds.low, found.folds.high) == pytest.approx((0.2, 0.6))
    assert (found.seeds.low, found.seeds.high) == pytest.approx((0.3, 0.5))
    assert found.folds.deviation == pytest.approx(0.4 / 2**0.5)
    assert found.seeds.deviation == pytest.approx(0.2 / 2**0.5)


def test_a_fold_that_lacks_a_figure_for_one_seed_counts_for_none() -> None:
    folds = [{"1": {"f": 0.1}, "2": {}}, {"1": {"f": 0.5}, "2": {"f": 0.7}}]
    found = fold_spreads(folds)["f"]
    assert found.by_fold[0] is None
    assert found.folds.num_values == 1
    assert (found.seeds.low, found.seeds.high) == (0.5, 0.7)


def test_the_tables_are_aligned() -> None:
    by_seed = {"1": {"stance": 0.25, "loss": 10.5}, "20": {"stance": 0.75}}
    lines = align(seed_rows(by_seed)).splitlines()
    assert [line.split() for line in lines] == [
        ["seed", "1", "seed", "20", "mean", "sd", "min", "max"],
        ["stance", "0.2500", "0.7500", "0.5000", "0.3536", "0.2500", "0.7500"],
        ["loss", "10.5000", "–", "10.5000", "–", "10.5000", "10.5000"],
    ]
    assert len({len(line) for line in lines}) == 1


def test_one_seed_has_no_column_for_the_spread_of_seeds() -> None:
    header, row = fold_rows([{"1": {"f": 0.2}}, {"1": {"f": 0.4}}])
    assert header == ["", "fold 0", "fold 1", "mean", "sd of folds"]
    assert row == ["f", "0.2000", "0.4000", "0.3000", "0.1414"]
    both, _ = fold_rows([{"1": {"f": 0.2}, "2": {"f": 0.2}}])
    assert both[-1] == "sd of seeds"
