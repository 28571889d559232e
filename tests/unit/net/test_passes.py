from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.net.checkpoint import Checkpoint, load_checkpoint
from model.net.encoding import Pair, TextEncoder
from model.net.network import NO_ROW, FramingNetwork
from model.net.passes import Passes, Row, as_single, collate


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return load_checkpoint(tiny_checkpoint)


def _pair(length: int) -> Pair:
    return Pair([5] * length, [0] * length, 0)


def test_a_batch_says_where_each_row_lies(checkpoint: Checkpoint) -> None:
    inputs = collate(checkpoint, [[_pair(9), _pair(3)], [_pair(2)]], 16)
    assert {part.shape for part in inputs.values()} == {(2, 16)}
    assert inputs["rows"][0].tolist() == [0] * 9 + [1] * 3 + [NO_ROW] * 4
    assert inputs["position_ids"][0, :12].tolist() == [*range(9), *range(3)]
    assert inputs["rows"][1].tolist() == [2] * 2 + [NO_ROW] * 14
    assert (inputs["input_ids"][1, 2:] == checkpoint.encoder.tokenizer.pad_token_id).all()
    assert as_single(inputs)["attention_mask"].sum(1).tolist() == [12, 2]


def test_no_row_is_padded_beyond_what_the_network_reads(checkpoint: Checkpoint) -> None:
    few = replace(checkpoint, encoder=TextEncoder(checkpoint.encoder.tokenizer, max_length=13))
    assert collate(few, [[_pair(12)]], 16)["input_ids"].shape == (1, 13)
    assert collate(few, [[_pair(9), _pair(7)]], 16)["input_ids"].shape == (1, 16)


def test_rows_give_the_same_in_lines_of_their_own(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["خبر من المدينة.", "قالت الوزارة إن مليشيات الحوثي قصفت الميناء.", "خبر"]
    rows: list[Row] = [w for listed in checkpoint.encoder.windows(texts) for w in listed]
    rows += checkpoint.encoder.pairs([(texts[1], "الحوثيون", ((26, 32),)), (texts[0], "قسد", ())])
    shared = Passes(checkpoint).read(rows)
    monkeypatch.setattr(FramingNetwork, "can_share_lines", False)
    for one, other in zip(shared, Passes(checkpoint).read(rows), strict=True):
        for part in ("tags", "classes"):
            ours, theirs = getattr(one, part), getattr(other, part)
            assert ours.keys() == theirs.keys()
            for name in ours:
                np.testing.assert_allclose(ours[name], theirs[name], atol=1e-5)


def test_equal_rows_are_read_once(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    passes = Passes(checkpoint)
    run = passes._run
    count = lambda lines, length: read.append(sum(map(len, lines))) or run(lines, length)  # noqa: E731
    monkeypatch.setattr(passes, "_run", count)
    other = Pair([5] * 4, [0, 0, 0, 1], 0)
    results = passes.read([_pair(4), _pair(4), other])
    passes.read([other])
    assert read == [2]
    assert results[0] is results[1]
    assert results[0] is not results[2]
