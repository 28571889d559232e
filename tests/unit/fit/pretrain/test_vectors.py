from __future__ import annotations

import numpy as np
import pytest

from train.fit.pretrain import vectors
from train.fit.pretrain.vectors import cooccurrence_vectors


def rows(num_rows: int = 400) -> np.ndarray:
    """Words 10 to 19 stand in one company, 20 to 29 in another; no row holds a word above 29."""
    chance = np.random.default_rng(0)
    firsts = chance.integers(1, 3, size=num_rows)[:, None] * 10
    return (firsts + chance.integers(10, size=(num_rows, 20))).astype(np.int32)


def test_words_of_one_company_lie_close() -> None:
    found = cooccurrence_vectors(rows(), 40, 8, seed=1)
    assert found.shape == (40, 8)
    assert found.dtype == np.float32
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    near = unit @ unit.T
    within = near[10:20, 10:20].mean() + near[20:30, 20:30].mean()
    assert within / 2 > near[10:20, 20:30].mean() + 0.3


def test_what_stands_nowhere_is_finite_and_small() -> None:
    found = cooccurrence_vectors(rows(), 40, 8, seed=1)
    assert np.isfinite(found).all()
    assert 0 < np.abs(found[30:]).max() < 0.1


def test_the_same_seed_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "_ROWS", 100)
    one, again, other = (cooccurrence_vectors(rows(), 40, 8, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
