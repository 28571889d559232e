from __future__ import annotations

import pytest

from train.score.rules import Hits, count_hits


def test_counts_what_is_right_wrong_and_missed() -> None:
    assert count_hits({1, 2, 3}, {2, 3, 4, 5}) == Hits(right=2, wrong=2, missed=1)


def test_precision_recall_and_f1() -> None:
    hits = Hits(2, 2, 1) + Hits(1, 0, 0)
    assert (hits.precision, hits.recall, hits.f1) == (3 / 5, 3 / 4, pytest.approx(2 / 3))


def test_nothing_gives_no_division_by_zero() -> None:
    assert (Hits().precision, Hits().recall, Hits().f1) == (0, 0, 0)
