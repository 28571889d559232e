from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.tasks import LOADED_TERMS, STANCE
from tests.unit.fit.distill.teaching import KIND, TASKS, draft_of, reading_of
from train.fit.distill.soft import SoftTable, soften, write_soft


@pytest.fixture
def table(tmp_path: Path) -> SoftTable:
    """Of three sentences: one in two windows, one without a stance, one with two."""
    drafts = [draft_of("أ ب ج د", 1), draft_of("هيئة السد", 0), draft_of("قال الناطق", 2)]
    chance = np.random.default_rng(1)
    readings = [reading_of(d, chance, n) for d, n in zip(drafts, (2, 1, 1), strict=True)]
    with (tmp_path / "soft.arrow").open("wb") as file:
        write_soft(file, TASKS, drafts, ["train", "held_out", "train"], readings)
    return SoftTable(tmp_path / "soft.arrow", TASKS)


def test_what_is_read_is_what_was_written(table: SoftTable) -> None:
    chance = np.random.default_rng(1)
    drafts = [draft_of("أ ب ج د", 1), draft_of("هيئة السد", 0), draft_of("قال الناطق", 2)]
    assert len(table) == 3
    assert table.lines_of("train") == [0, 2]
    assert table.lines_of("held_out") == [1]
    for line, (draft, windows) in enumerate(zip(drafts, (2, 1, 1), strict=True)):
        wanted = reading_of(draft, chance, windows)
        assert table.draft(line) == draft
        assert table.words(line) == [s for w in wanted.windows for s in w.word_spans]
        found = table.reading(line, len(draft.stances))
        assert len(found.stances) == len(draft.stances)
        tags = np.concatenate(wanted.tags[LOADED_TERMS.name])
        assert found.tags[LOADED_TERMS.name][0] == pytest.approx(tags, abs=2e-3)
        assert found.classes[KIND.name] == pytest.approx(wanted.classes[KIND.name], abs=2e-3)
        for one, other in zip(found.stances, wanted.stances, strict=True):
            assert one == pytest.approx(other, abs=2e-3)
            assert one is not None
            assert one.sum() == pytest.approx(1)


def test_shapes(table: SoftTable) -> None:
    assert table.logs(STANCE, 2).shape == (2, 3)
    assert table.logs(STANCE, 1).shape == (0, 3)
    assert table.logs(LOADED_TERMS, 0).shape == (4, 6, 3)
    assert table.logs(KIND, 0).shape == (2,)


def test_a_table_without_a_sentence(tmp_path: Path) -> None:
    with (tmp_path / "soft.arrow").open("wb") as file:
        write_soft(file, TASKS, [], [], [])
    assert SoftTable(tmp_path / "soft.arrow", TASKS).lines_of("train") == []


def test_soften_divides_the_logits() -> None:
    logits = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 9.0]])
    logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    for temperature in (1.0, 2.0, 5.0):
        wanted = np.exp(logits / temperature)
        wanted /= wanted.sum(-1, keepdims=True)
        assert soften(logs, temperature) == pytest.approx(wanted, abs=1e-6)
