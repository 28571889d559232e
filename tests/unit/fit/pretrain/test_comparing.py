"""Pairs of a clause and a version of it: what differs is told just as it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.conftest import TINY
from train.fit.encoder.compact import train_tokenizer
from train.fit.pretrain.comparing import NOT_ASKED, RELATIONS, Comparer
from train.fit.pretrain.corpus import Ids
from train.fit.pretrain.masking import Masker
from train.fit.pretrain.network import ComparingNetwork, new_network
from train.fit.pretrain.vectors import cooccurrence_vectors

LETTERS = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
WORDS = [first + second + "ار" for first in LETTERS[:15] for second in LETTERS]
LENGTH = 64


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer([" ".join(WORDS), " ".join(WORDS), "، . ، ."], 2_000)


@pytest.fixture(scope="module")
def rows(tokenizer: Any) -> Ids:
    """Clauses of six to twelve words by chance, some words far more often than others."""
    chance = np.random.default_rng(1)
    weights = 1 / (np.arange(len(WORDS)) + 20)
    ids: list[int] = []
    while len(ids) < 700 * (LENGTH - 1):
        words = chance.choice(WORDS, chance.integers(6, 13), p=weights / weights.sum())
        ids += tokenizer(" ".join(words) + "،", add_special_tokens=False)["input_ids"]
    full = len(ids) // (LENGTH - 1)
    body = np.reshape(ids[: full * (LENGTH - 1)], (full, LENGTH - 1))
    return np.insert(body, 0, tokenizer.cls_token_id, axis=1).astype(np.int32)


@pytest.fixture(scope="module")
def comparer(tokenizer: Any, rows: Ids) -> Comparer:
    return Comparer(tokenizer, cooccurrence_vectors(rows, len(tokenizer), 16, seed=1), rows)


def read(comparer: Comparer, rows: Ids, seed: int = 1, num_pairs: int = 200) -> list[Any]:
    """Of each pair: the tokens of both texts, which of them are new, and the relation."""
    pairs = comparer.compare(rows, num_pairs, np.random.default_rng(seed))
    read = []
    for number, relation in enumerate(pairs["relations"].tolist()):
        asked = pairs["is_new"][number] != NOT_ASKED
        second = pairs["is_second"][number] == 1
        texts = []
        for side in (asked & ~second, asked & second):
            ids, new = (pairs[name][number][side].tolist() for name in ("input_ids", "is_new"))
            texts.append((ids, new))
        read.append((*texts, RELATIONS[relation]))
    return read


def test_a_word_is_new_just_where_the_other_text_lacks_it(comparer: Comparer, rows: Ids) -> None:
    for (first, first_new), (second, second_new), _ in read(comparer, rows[:50]):
        assert first_new == [int(word not in second) for word in first]
        assert second_new == [int(word not in first) for word in second]


def test_relations_are_what_they_are_called(comparer: Comparer, rows: Ids) -> None:
    found = read(comparer, rows[:50])
    assert {relation for *_, relation in found} == set(RELATIONS)
    for (first, _), (second, new), relation in found:
        if relation == "same":
            assert set(second) <= set(first)
        elif relation == "changed":
            assert 1 <= sum(new) <= 2
        else:
            assert sum(new) > 2


def test_a_clause_lies_between_two_marks_of_one_row(
    comparer: Comparer, rows: Ids, tokenizer: Any
) -> None:
    mark = tokenizer.convert_tokens_to_ids("،")
    clauses = {
        tuple(part.tolist())
        for row in rows[:50]
        for part in np.split(row, np.flatnonzero(row == mark) + 1)[1:-1]
    }
    for (first, _), _, _ in read(comparer, rows[:50]):
        assert (*first, mark) in clauses


def test_no_pair_is_longer_than_a_row(comparer: Comparer, rows: Ids) -> None:
    """An encoder may read no more: rows that hold two clauses of ten words hold no pair of them."""
    short = rows[:, :24]
    pairs = comparer.compare(short, 200, np.random.default_rng(1))
    assert len(pairs["relations"]) > 0
    assert pairs["input_ids"].shape[1] <= 24


def test_chance_alone_decides(comparer: Comparer, rows: Ids) -> None:
    assert read(comparer, rows[:50]) == read(comparer, rows[:50])
    assert read(comparer, rows[:50]) != read(comparer, rows[:50], seed=2)


def test_rows_without_two_clauses_give_no_pair(comparer: Comparer, rows: Ids) -> None:
    plain = np.full((3, LENGTH), rows[0, 1], np.int32)
    assert read(comparer, plain) == []


def test_a_pass_without_pairs_leaves_no_weight_without_gradient(
    comparer: Comparer, rows: Ids, tokenizer: Any
) -> None:
    network = ComparingNetwork(new_network(tokenizer, TINY, LENGTH, 0.0))
    chance = np.random.default_rng(1)
    masked = Masker(tokenizer, whole_words=False).mask(rows[:4], 0.25, chance)
    none = comparer.compare(np.full((3, LENGTH), rows[0, 1], np.int32), 8, chance)
    alone = network(**masked)
    loss = network(**masked, compared=none)
    assert loss == alone
    loss.backward()
    assert all(weight.grad is not None for weight in network.parameters())
    assert network(**masked, compared=comparer.compare(rows[:9], 8, chance)) > alone


@pytest.mark.parametrize(("num_pairs", "weight"), [(16, 0.25), (64, 1.0), (96, 1.0)])
def test_few_pairs_weigh_less_than_the_guessing(
    comparer: Comparer, rows: Ids, tokenizer: Any, num_pairs: int, weight: float
) -> None:
    network = ComparingNetwork(new_network(tokenizer, TINY, LENGTH, 0.0)).eval()
    chance = np.random.default_rng(1)
    masked = Masker(tokenizer, whole_words=False).mask(rows[:4], 0.25, chance)
    compared = comparer.compare(rows[:100], num_pairs, chance)
    beside = network(**masked, compared=compared) - network(**masked)
    assert beside.item() == pytest.approx(weight * network.compare(compared).item(), rel=1e-4)


def test_a_word_gives_way_to_one_of_like_company(tokenizer: Any) -> None:
    """Two kinds of words, each between frequent ones of its own: none stands in for the other."""
    chance = np.random.default_rng(1)
    names = [*WORDS[:100], *WORDS[100:140]]
    ids = dict(zip(names, tokenizer.convert_tokens_to_ids(names), strict=True))
    mark = tokenizer.convert_tokens_to_ids("،")
    kinds = (WORDS[100:120], WORDS[120:140])
    company = (WORDS[:50], WORDS[50:100])
    row: list[int] = []
    for _ in range(8_000):
        kind = int(chance.integers(2))
        around = chance.choice(company[kind], 6)
        row += [*(ids[w] for w in around[:3]), ids[chance.choice(kinds[kind])]]
        row += [*(ids[w] for w in around[3:]), mark]
    rows = np.reshape(row[: len(row) // LENGTH * LENGTH], (-1, LENGTH)).astype(np.int32)
    comparer = Comparer(tokenizer, cooccurrence_vectors(rows, len(tokenizer), 16, seed=1), rows)
    of = {ids[word]: kind for kind in (0, 1) for word in kinds[kind]}
    told = 0
    for (first, first_new), (second, second_new), relation in read(comparer, rows[:200]):
        gone = [of[w] for w, new in zip(first, first_new, strict=True) if new and w in of]
        come = [of[w] for w, new in zip(second, second_new, strict=True) if new and w in of]
        if relation == "changed" and len(gone) == len(come) == 1:
            told += 1
            assert gone == come
    assert told > 50
