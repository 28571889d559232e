from __future__ import annotations

import pytest

from train.score.silver import calibrate, macro_f1, score_labels, score_rules


def test_a_rule_is_judged_by_its_votes_alone() -> None:
    votes = [{"a": "favor"}, {"a": "none", "b": "none"}, {}, {}]
    first, second = score_rules(votes, ["favor", "favor", "none", "none"])
    assert (first.name, first.num_votes, first.coverage, first.accuracy) == ("a", 2, 0.5, 0.5)
    assert (second.name, second.accuracy) == ("b", 0.0)


def test_an_undecided_item_is_missed() -> None:
    scores = score_labels(["favor", None, "none", "favor"], ["favor", "favor", "none", "none"])
    assert [(s.label, s.support) for s in scores] == [("favor", 2), ("none", 2)]
    assert (scores[0].precision, scores[0].recall, scores[0].f1) == (0.5, 0.5, 0.5)
    assert (scores[1].precision, scores[1].recall) == (1.0, 0.5)
    assert macro_f1(scores) == pytest.approx((0.5 + 2 / 3) / 2)
    assert macro_f1([]) == 0


def test_confidence_beside_what_is_right() -> None:
    low, high = calibrate([0.1, 0.95, 1.0], [False, True, False])
    assert (low.num_items, low.accuracy) == (1, 0.0)
    assert (high.num_items, high.accuracy, high.confidence) == (2, 0.5, pytest.approx(0.975))
