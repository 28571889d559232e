from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from model.net.checkpoint import Checkpoint, load_checkpoint
from model.net.encoding import Pair, TextEncoder
from model.net.passes import BATCH_TOKENS, Passes, batches, collate


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint)


def _pair(length: int) -> Pair:
    return Pair([5] * length, [0] * length, 0)


def test_rows_come_in_few_shapes(checkpoint: Checkpoint) -> None:
    inputs = collate(checkpoint, [_pair(9), _pair(3)])
    assert inputs["input_ids"].shape == (2, 16)
    assert inputs["attention_mask"].sum(1).tolist() == [9, 3]
    assert (inputs["input_ids"][1, 3:] == checkpoint.encoder.tokenizer.pad_token_id).all()


def test_no_row_is_padded_beyond_what_the_network_reads(checkpoint: Checkpoint) -> None:
    few = replace(checkpoint, encoder=TextEncoder(checkpoint.encoder.tokenizer, max_length=13))
    assert collate(few, [_pair(12)])["input_ids"].shape == (1, 13)


def test_the_budget_counts_the_padding() -> None:
    lengths = [9] * 1000
    found = list(batches(lengths))
    assert {len(batch) for batch in found[:-1]} == {BATCH_TOKENS // 16}
    assert sorted(number for batch in found for number in batch) == list(range(1000))


def test_equal_rows_are_read_once(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    passes = Passes(checkpoint)
    run = passes._run
    monkeypatch.setattr(passes, "_run", lambda rows: read.append(len(rows)) or run(rows))
    other = Pair([5] * 4, [0, 0, 0, 1], 0)
    results = passes.read([_pair(4), _pair(4), other])
    passes.read([other])
    assert read == [2]
    assert results[0] is results[1]
    assert results[0] is not results[2]
