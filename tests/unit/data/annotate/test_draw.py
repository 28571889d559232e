"""The draw: exact counts, fair chances, one pass, bounded memory, the same again with one seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from scipy.stats import chi2

from model.errors import InputError
from model.records import Prediction
from tests.audit_predictions import make_predictions
from train.data.annotate import draw
from train.data.annotate.coded import to_code
from train.data.annotate.draw import Digest, Drawn, allocate, draw_sample, units_of


def ids(drawn: list[Drawn]) -> list[tuple[int, int]]:
    return [(unit.row, unit.pair) for one in drawn for unit, _ in one.units]


def test_counts_by_stratum_are_exact() -> None:
    predictions, *_ = make_predictions(300)
    by = ("label", "outlet")
    drawn = draw_sample(iter(predictions), 90, subject="stance", by=by, least=8)
    sizes = Counter((stance.label, one.outlet) for one in predictions for stance in one.stances)
    assert {one.key: one.size for one in drawn} == sizes
    assert [one.key for one in drawn] == sorted(sizes)
    assert sum(len(one.units) for one in drawn) == 90
    assert all(len(one.units) >= 8 for one in drawn)
    assert len(set(ids(drawn))) == 90
    for one in drawn:
        for unit, prediction in one.units:
            assert predictions[unit.row] is prediction
            assert (prediction.stances[unit.pair].label, prediction.outlet) == one.key


def test_allocation_by_hand() -> None:
    # Roots 30, 10, 10: 5 each, then 85 by 3:1:1. Roots 30, 10, √7: 5 each, 59 and 19 and all of the
    # small one; of the 5 that it cannot give 3 and 1, and the last to the larger.
    assert allocate([900, 100, 100], 100, least=5, most=[900, 100, 100]) == [56, 22, 22]
    assert allocate([900, 100, 7], 100, least=5, most=[900, 100, 7]) == [68, 25, 7]
    assert allocate([3, 4], 50, least=5, most=[3, 4]) == [3, 4]


@pytest.mark.parametrize("most_held", [draw.MOST_HELD, 12])
def test_every_unit_of_a_stratum_has_the_same_chance(most_held: int) -> None:
    """Also where memory is short and reservoirs shrink on the way."""
    predictions, *_ = make_predictions(25, seed=4)
    hits: Counter[tuple[int, int]] = Counter()
    repeats = 2000
    for seed in range(repeats):
        drawn = draw_sample(
            predictions, 12, subject="stance", least=3, seed=seed, most_held=most_held
        )
        hits.update(ids(drawn))
        shapes = [(one.key, one.size, len(one.units)) for one in drawn]
    for (label,), size, count in shapes:
        chance = count / size
        stratum = [
            (row, number)
            for row, one in enumerate(predictions)
            for number, stance in enumerate(one.stances)
            if stance.label == label
        ]
        assert len(stratum) == size
        if count == size:
            continue
        expected = repeats * chance
        # A draw without replacement varies less than a multinomial one by (size-1)/(size-count).
        score = sum((hits[unit] - expected) ** 2 for unit in stratum) / expected
        score *= (size - 1) / (size - count)
        assert chi2.cdf(score, size - 1) < 0.9999


def test_a_shrunk_reservoir_is_still_a_random_sample() -> None:
    predictions, *_ = make_predictions(20)
    units = [next(units_of(one, row, "stance")) for row, one in enumerate(predictions)]
    hits: Counter[int] = Counter()
    repeats = 4000
    for seed in range(repeats):
        pool = draw._Pool(random.Random(seed))
        for unit, prediction in zip(units[:12], predictions, strict=False):
            pool.offer(unit, prediction, 8)
        pool.shrink(3)
        for unit, prediction in zip(units[12:], predictions, strict=False):
            pool.offer(unit, prediction, 3)
        hits.update(unit.row for unit, _ in pool.take(3))
    expected = repeats * 3 / 20
    score = sum((hits[row] - expected) ** 2 for row in range(20)) / expected * 19 / 17
    assert chi2.cdf(score, 19) < 0.9999


def test_one_pass_and_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions, *_ = make_predictions(400, outlets=[f"منبر {n}" for n in range(40)])
    held = []
    offer = draw._Pool.offer
    pools: set[draw._Pool] = set()

    def watch(self: draw._Pool, *arguments: object) -> None:
        offer(self, *arguments)  # type: ignore[arg-type]
        pools.add(self)
        held.append(sum(len(pool.held) for pool in pools))

    monkeypatch.setattr(draw._Pool, "offer", watch)
    num_read = 0

    def stream() -> Iterator[Prediction]:
        nonlocal num_read
        for one in predictions:
            num_read += 1
            yield one

    drawn = draw_sample(stream(), 100, subject="stance", by=("outlet",), least=2, most_held=150)
    assert num_read == 400
    assert max(held) <= 150
    assert sum(len(one.units) for one in drawn) >= 80
    assert sum(one.size for one in drawn) == 800


def test_the_seed_decides() -> None:
    predictions, *_ = make_predictions(200)
    first, again, other = (
        ids(draw_sample(predictions, 40, subject="stance", seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_coders_see_no_prediction() -> None:
    predictions, *_ = make_predictions(80)
    drawn = draw_sample(predictions, 40, subject="stance")
    pairs = set(ids(drawn))
    sentences = to_code(drawn, "stance", shown=False)
    assert sum(len(one.stances) for one in sentences) == 40
    assert len({one.text for one in sentences}) == len({row for row, _ in pairs})
    for one in sentences:
        assert one.loaded_terms == ()
        for stance in one.stances:
            assert (stance.label, stance.scores) == (None, None)
            assert {mention.connotation for mention in stance.mentions} == {"neutral"}
    shown = to_code(drawn, "stance", shown=True)
    assert all(stance.label for one in shown for stance in one.stances)
    terms = draw_sample(predictions, 40, subject="loaded_terms")
    assert not any(one.loaded_terms or one.stances for one in to_code(terms, "loaded_terms",
                                                                      shown=False))  # fmt: skip


def test_what_cannot_be_judged_is_no_unit() -> None:
    (one,), *_ = make_predictions(1)
    first, second = one.stances
    odd = replace(one, stances=(replace(first, label=None), replace(second, mentions=())))
    assert list(units_of(odd, 0, "stance")) == []
    with pytest.raises(InputError, match="hold no stance to code"):
        draw_sample([odd], 10, subject="stance")


def test_too_many_strata_for_the_sample() -> None:
    predictions, *_ = make_predictions(100, outlets=[f"منبر {n}" for n in range(9)])
    with pytest.raises(InputError, match=r"too small for \d+ strata with 10 units each; raise it"):
        draw_sample(predictions, 20, subject="stance", by=("label", "outlet"))


def test_the_fingerprint_sees_every_change() -> None:
    predictions, *_ = make_predictions(3)

    def fingerprint(given: list[Prediction]) -> str:
        digest = Digest()
        list(digest.follow(given))
        return digest.hexdigest()

    first, *others = predictions
    stance = replace(first.stances[0], label="favor", scores={"favor": 1.0})
    changed = [
        replace(first, text=first.text + " "),
        replace(first, outlet="x"),
        replace(first, stances=(stance, first.stances[1])),
        replace(first, loaded_terms=()) if first.loaded_terms else replace(first, index=9),
    ]
    found = {fingerprint(predictions), *(fingerprint([one, *others]) for one in changed)}
    assert len(found) == 5
    assert fingerprint(predictions) == fingerprint(
        [Prediction.from_dict(one.to_dict()) for one in predictions]
    )
