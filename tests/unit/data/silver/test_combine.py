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


def test_a_rule_of_one_label_still_tells_something() -> None:
    """EM alone gives such a rule one row whatever the truth, and its vote would say nothing."""
    decide = fit("dawid_skene", [{"blames": "against"}] * 20 + [{"clears": "none"}] * 20)
    assert decide({"blames": "against"}).label == "against"
    assert decide({"clears": "none"}).label == "none"


def test_dawid_skene_weighs_a_bad_rule_down_without_gold() -> None:
    flip = {"favor": "none", "none": "favor"}
    items = []
    for number in range(90):
        true = "favor" if number % 2 else "none"
        votes = {f"good{k}": flip[true] if number % 10 == k else true for k in range(3)}
        items.append(votes | {"bad": true if number % 3 == 0 else flip[true]})
    disagree = {"good0": "favor", "bad": "none"}
    assert fit("majority", items)(disagree).label is None
    assert fit("dawid_skene", items)(disagree).label == "favor"
