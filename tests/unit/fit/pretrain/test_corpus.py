from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.net.encoding import register_placeholders
from model.records import Article, Dropped
from model.text.normalize import normalize
from tests.conftest import TEXTS
from train.fit.encoder.compact import train_tokenizer
from train.fit.pretrain import corpus
from train.fit.pretrain.corpus import (
    read_corpus,
    seal_corpus,
    vocabulary_texts,
    write_rows,
    write_texts,
)

LENGTH = 16


def articles(article: Article, count: int) -> list[Article]:
    return [replace(article, text=f"{TEXTS[n % 3]} رقم {n} في السوق") for n in range(count)]


def write(folder: Path, records: list[Article | Dropped], held_out: float = 0.2) -> dict[str, int]:
    return write_texts(records, folder, parity="strict", held_out=held_out)


def test_each_text_lies_in_one_part_and_once(tmp_path: Path, article: Article) -> None:
    given = articles(article, 60)
    counts = write(tmp_path, [*given, *given[:7], Dropped("a.txt:3", "no text")])
    train, held_out = (
        (tmp_path / f"{part}.txt").read_text(encoding="utf-8").splitlines()
        for part in ("train", "held_out")
    )
    expected = {normalize(f"{one.headline}\n{one.text}").text for one in given}
    assert set(train) | set(held_out) == expected
    assert len(train) + len(held_out) == 60
    assert 2 < len(held_out) < 30
    assert counts["articles"] == 68
    assert (counts["dropped"], counts["copies"]) == (1, 7)
    assert counts["held_out_articles"] == len(held_out)
    assert counts["words"] == sum(len(text.split()) for text in expected)


def test_a_text_stays_in_its_part_whatever_else_is_read(tmp_path: Path, article: Article) -> None:
    given = articles(article, 60)
    write(tmp_path / "all", given)
    write(tmp_path / "half", given[::2])
    kept = (tmp_path / "all/held_out.txt").read_text(encoding="utf-8").splitlines()
    for text in (tmp_path / "half/held_out.txt").read_text(encoding="utf-8").splitlines():
        assert text in kept


def test_says_that_a_part_would_be_empty(tmp_path: Path, article: Article) -> None:
    with pytest.raises(InputError, match="leave no article for held_out"):
        write(tmp_path, articles(article, 3), held_out=1e-9)


def test_rows_hold_the_texts_end_to_end(tmp_path: Path, article: Article) -> None:
    counts = write(tmp_path, articles(article, 60))
    tokenizer = train_tokenizer(vocabulary_texts(tmp_path), 300)
    register_placeholders(tokenizer)
    counts |= write_rows(tmp_path, tokenizer, LENGTH)
    seal_corpus(tmp_path, "this", counts)
    found = read_corpus(tmp_path, "this", LENGTH)
    assert found is not None
    assert found.train.shape == (counts["train_tokens"] // LENGTH, LENGTH)
    assert (found.train[:, 0] == tokenizer.cls_token_id).all()
    texts = (tmp_path / "train.txt").read_text(encoding="utf-8").splitlines()
    expected = [
        token
        for text in texts
        for token in [
            *tokenizer(text, add_special_tokens=False)["input_ids"],
            tokenizer.sep_token_id,
        ]
    ]
    read = found.train[:, 1:].ravel()
    assert read.tolist() == expected[: len(read)]
    assert len(expected) - len(read) < LENGTH


def test_only_what_was_made_of_the_same_is_read_again(tmp_path: Path, article: Article) -> None:
    counts = write(tmp_path, articles(article, 60))
    tokenizer = train_tokenizer(vocabulary_texts(tmp_path), 300)
    counts |= write_rows(tmp_path, tokenizer, LENGTH)
    assert read_corpus(tmp_path, "this", LENGTH) is None
    seal_corpus(tmp_path, "this", counts)
    assert read_corpus(tmp_path, "that", LENGTH) is None
    rows = tmp_path / "train.ids"
    rows.write_bytes(rows.read_bytes()[:-4])
    assert read_corpus(tmp_path, "this", LENGTH) is None


def test_a_vocabulary_is_made_of_a_part_of_a_large_text(
    tmp_path: Path, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, articles(article, 60))
    every = vocabulary_texts(tmp_path)
    size = (tmp_path / "train.txt").stat().st_size
    monkeypatch.setattr(corpus, "_VOCABULARY_BYTES", size // 2)
    assert vocabulary_texts(tmp_path) == every[::3]


def test_batches_change_nothing(
    tmp_path: Path, article: Article, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, articles(article, 60))
    tokenizer = train_tokenizer(vocabulary_texts(tmp_path), 300)
    write_rows(tmp_path, tokenizer, LENGTH)
    whole = np.fromfile(tmp_path / "train.ids", dtype="<i4")
    monkeypatch.setattr(corpus, "_BATCH", 7)
    write_rows(tmp_path, tokenizer, LENGTH)
    assert np.array_equal(np.fromfile(tmp_path / "train.ids", dtype="<i4"), whole)
