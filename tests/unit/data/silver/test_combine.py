from __future__ import annotations

import random

import pytest

from train.data.silver.combine import Combination, fit


def test_the_label_with_most_votes_wins_and_a_tie_decides_nothing() -> None:
    decide = fit("majority", [])
    decision = decide({"a": "favor", "b": "favor", "c": "none"})
    assert (decision.label, decision.rules) == ("favor", ("a", "b"))
    assert decide({"a": "favor", "b": "none"}).label is None
    assert decide({}).label is None


def test_the_confidence_of_a_majority_is_the_share_that_gold_bears_out() -> None:
    items = [{"a": "favor"}] * 96
    right = fit("majority", items, ["favor"] * 96)({"a": "favor"}).confidence
    half = fit("majority", items, ["favor", "none"] * 48)({"a": "favor"}).confidence
    assert right == 1.0
    assert half == pytest.approx((48 + 4) / (96 + 4))


@pytest.mark.parametrize("combination", ["majority", "dawid_skene"])
def test_the_same_votes_give_the_same_decisions(combination: Combination) -> None:
    items = [{"a": "favor", "b": "none"}, {"a": "none"}, {"b": "favor", "c": "favor"}] * 5
    first, second = (fit(combination, items) for _ in range(2))
    assert [first(votes) for votes in items] == [second(votes) for votes in items]


def test_dawid_skene_trusts_a_rule_that_errs_less() -> None:
    """Two coins against one rule that always agrees with gold."""
    draw = random.Random(5)
    items, gold = [], []
    for _ in range(300):
        true = draw.choice(["favor", "none"])
        coins = {name: draw.choice(["favor", "none"]) for name in ("coin", "dice")}
        items.append({"sure": true, **coins})
        gold.append(true)
    decide = fit("dawid_skene", items, gold)
    decided = [decide(votes).label for votes in items]
    majority = [fit("majority", items, gold)(votes).label for votes in items]
    assert sum(d == g for d, g in zip(decided, gold, strict=True)) > 295
    assert sum(d == g for d, g in zip(majority, gold, strict=True)) < 270


def test_gold_fits_the_items() -> None:
    from model.errors import InputError

    with pytest.raises(InputError, match="1 labels for 2 items"):
        fit("majority", [{}, {}], ["none"])
