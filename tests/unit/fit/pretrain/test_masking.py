from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model.net.encoding import register_placeholders
from tests.conftest import TEXTS
from train.fit.encoder.compact import train_tokenizer
from train.fit.pretrain.masking import Masker, Passes

LENGTH = 40


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    tokenizer = train_tokenizer(TEXTS, 120)
    register_placeholders(tokenizer)
    return tokenizer


@pytest.fixture(scope="module")
def rows(tokenizer: Any) -> np.ndarray:
    ids = tokenizer(" ".join(TEXTS * 20), add_special_tokens=False)["input_ids"]
    ids = ids[: len(ids) // (LENGTH - 1) * (LENGTH - 1)]
    rows = np.asarray(ids, dtype=np.int32).reshape(-1, LENGTH - 1)
    return np.insert(rows, 0, tokenizer.cls_token_id, axis=1)


def chance(number: int = 0) -> np.random.Generator:
    return np.random.default_rng(number)


@pytest.mark.parametrize("whole_words", [False, True])
@pytest.mark.parametrize("rate", [0.15, 0.3])
def test_in_each_row_as_many_tokens_are_to_be_guessed(
    tokenizer: Any, rows: np.ndarray, rate: float, whole_words: bool
) -> None:
    masked = Masker(tokenizer, whole_words=whole_words).mask(rows, rate, chance())
    places = masked["places"].numpy()
    assert (np.bincount(places // LENGTH, minlength=len(rows)) == round(rate * LENGTH)).all()
    assert (masked["words"].numpy() == rows.ravel()[places]).all()
    assert not np.isin(masked["words"].numpy(), tokenizer.all_special_ids).any()
    untouched = np.delete(np.arange(rows.size), places)
    shown = masked["input_ids"].numpy().ravel()
    assert (shown[untouched] == rows.ravel()[untouched]).all()


def test_most_are_masked_and_some_are_others_or_stay(tokenizer: Any, rows: np.ndarray) -> None:
    many = np.concatenate([rows] * 20)
    masked = Masker(tokenizer, whole_words=False).mask(many, 0.3, chance())
    shown = masked["input_ids"].numpy().ravel()[masked["places"].numpy()]
    assert (shown == tokenizer.mask_token_id).mean() == pytest.approx(0.8, abs=0.02)
    assert (shown == masked["words"].numpy()).mean() == pytest.approx(0.1, abs=0.02)
    assert np.isin(shown, tokenizer.all_special_ids).mean() == pytest.approx(0.8, abs=0.02)


def test_whole_words_are_masked_together(tokenizer: Any, rows: np.ndarray) -> None:
    masked = Masker(tokenizer, whole_words=True).mask(rows, 0.3, chance())
    is_masked = np.zeros(rows.size, dtype=bool)
    is_masked[masked["places"].numpy()] = True
    is_masked = is_masked.reshape(rows.shape)
    tokens = np.array(tokenizer.convert_ids_to_tokens(range(len(tokenizer))))[rows]
    goes_on = np.char.startswith(tokens.astype(str), "##")
    assert goes_on.mean() > 0.3
    torn = (is_masked[:, 1:] != is_masked[:, :-1]) & goes_on[:, 1:]
    assert torn.sum(axis=1).max() <= 2  # the last word drawn, on both its sides
    alone = Masker(tokenizer, whole_words=False).mask(rows, 0.3, chance())
    is_masked = np.zeros(rows.size, dtype=bool)
    is_masked[alone["places"].numpy()] = True
    is_masked = is_masked.reshape(rows.shape)
    assert ((is_masked[:, 1:] != is_masked[:, :-1]) & goes_on[:, 1:]).sum() > 3 * torn.sum()


def make_passes(tokenizer: Any, rows: np.ndarray, **changes: Any) -> Passes:
    settings = {"num_passes": 30, "first_rate": 0.3, "last_rate": 0.3, "seed": 1, **changes}
    return Passes(rows, Masker(tokenizer, whole_words=False), 4, **settings)


def test_a_pass_is_what_its_number_says(tokenizer: Any, rows: np.ndarray) -> None:
    passes, again = make_passes(tokenizer, rows), make_passes(tokenizer, rows)
    _ = again[3], again[0]
    for name, value in passes[7].items():
        assert (value == again[7][name]).all()  # type: ignore[literal-required]
    other = make_passes(tokenizer, rows, seed=2)[7]
    assert (passes[7]["input_ids"] != other["input_ids"]).any()


def test_an_epoch_reads_each_row_once(tokenizer: Any, rows: np.ndarray) -> None:
    unique = np.arange(rows.size, dtype=np.int32).reshape(rows.shape) % 20 + 40
    unique[:, 1], unique[:, 2] = np.divmod(np.arange(len(rows)), 60) + np.array([[6], [6]])
    passes = make_passes(tokenizer, unique, first_rate=0.05, last_rate=0.05, num_passes=60)
    count = passes.passes_an_epoch
    epochs = [
        np.concatenate([_rows_of(passes[n]) for n in range(first, first + count)])
        for first in (0, count)
    ]
    for read in epochs:
        assert len(read) == 4 * count
        assert len(np.unique(read)) == len(read)
    assert (epochs[0] != epochs[1]).any()


def _rows_of(masked: Any) -> np.ndarray:
    original = masked["input_ids"].clone().ravel()
    original[masked["places"]] = masked["words"]
    marks = original.view(masked["input_ids"].shape)[:, 1:3]
    return (marks[:, 0] * 100 + marks[:, 1]).numpy()


def test_the_rate_moves_in_a_straight_line(tokenizer: Any, rows: np.ndarray) -> None:
    passes = make_passes(tokenizer, rows, first_rate=0.4, last_rate=0.2)
    counts = [len(passes[number]["places"]) / 4 / LENGTH for number in (0, 15, 29)]
    assert counts == pytest.approx([0.4, 0.3, 0.2], abs=0.013)
