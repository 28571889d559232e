"""The student's tokens bear the labels of the teacher's words, however either cuts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from model.net.checkpoint import Checkpoint
from model.net.classifier import Classifier
from model.net.encoding import MENTION, TextEncoder, register_placeholders
from model.net.network import FramingNetwork
from model.tasks import LOADED_TERMS, STANCE
from model.text.aliases import Target
from model.text.lexicon import Lexicon
from model.text.surroundings import Surroundings
from model.text.targets import TargetList
from tests.sentences import labelled
from tests.unit.fit.distill.teaching import KIND, TASKS, draft_of, reading_of
from train.fit.distill.labels import SoftLabels
from train.fit.distill.rows import SoftCollator, SoftRows
from train.fit.distill.soft import SoftTable, soften, write_soft
from train.fit.encoder.compact import compact_config, train_tokenizer
from train.fit.encoder.start import _network
from train.fit.examples import RowMaker, balance
from train.settings import ScratchConfig

TEXTS = ["أعلنت هيئة السد خطة طويلة", "قال", "وفد من الخبراء يبدأ عملا طويلا في مدينة قديمة غدا"]
TEMPERATURE = 2.0


@pytest.fixture
def student() -> Classifier:
    """One that cuts words into letters, and reads twenty tokens at once."""
    scratch = ScratchConfig(
        architecture="bert", vocabulary=200, layers=1, width=8, heads=2, feed_forward=8
    )
    tokenizer = train_tokenizer(TEXTS, scratch.vocabulary)
    register_placeholders(tokenizer)
    network = FramingNetwork(_network(compact_config(tokenizer, scratch, 20, 0.0)), 0.0, TASKS)
    targets = {name: Target(name, f"هدف {name}", "-", "-", "-") for name in ("t0", "t1")}
    encoder = TextEncoder(tokenizer, 20, "repaired", 4)
    return Classifier(
        Checkpoint(network, encoder, TargetList(targets, {}), Lexicon({}), {}, Path())
    )


@pytest.fixture
def labels(tmp_path: Path) -> SoftLabels:
    drafts = [draft_of(text, number) for number, text in enumerate(TEXTS)]
    chance = np.random.default_rng(1)
    tables = []
    for number, part in enumerate(("train", "held_out")):
        path = tmp_path / f"{number}.arrow"
        with path.open("wb") as file:
            readings = [reading_of(draft, chance, 2) for draft in drafts]
            write_soft(file, TASKS, drafts, ["train", "train", part], readings)  # type: ignore[list-item]
        tables.append(SoftTable(path, TASKS))
    return SoftLabels(tables, {"train": 5, "held_out": 1}, ["", ""])


def test_each_word_has_the_label_of_the_teacher_s_word(
    labels: SoftLabels, student: Classifier
) -> None:
    rows = SoftRows(labels, student, "train")
    encoder = student.checkpoint.encoder
    collate = SoftCollator(0, TASKS, balance((), TASKS, "none"), TEMPERATURE)
    words = iter([(table, line) for table in labels.tables for line in table.lines_of("train")])
    number = 0
    for table, line in words:
        draft = table.draft(line)
        teacher = dict(zip(table.words(line), table.logs(LOADED_TERMS, line), strict=True))
        (windows,) = encoder.windows([draft.text])
        met = []
        for window in windows:
            batch = collate([rows[number]])
            assert batch["inputs"]["input_ids"][0].tolist() == window.input_ids
            assert batch["soft"][KIND.name][0].numpy() == pytest.approx(
                soften(table.logs(KIND, line), TEMPERATURE)
            )
            soft = batch["soft"][LOADED_TERMS.name][0].numpy()
            for token, span in zip(window.first_tokens, window.word_spans, strict=True):
                assert soft[token] == pytest.approx(soften(teacher[span], TEMPERATURE))
                met.append(span)
            others = np.delete(np.arange(len(window.input_ids)), window.first_tokens)
            assert not soft[others].any()
            weights = batch["weights"][LOADED_TERMS.name][0].sum(1)
            assert weights.nonzero().flatten().tolist() == window.first_tokens
            assert not batch["weights"][STANCE.name].any()
            number += 1
        assert met == table.words(line)  # each word once, over all windows
        _, pairs = student.encode([draft], Surroundings("none"))
        assert len(pairs) == len(draft.stances)
        for stance, pair in enumerate(pairs):
            batch = collate([rows[number]])
            assert batch["inputs"]["input_ids"][0].tolist() == pair.input_ids
            assert batch["inputs"]["token_type_ids"][0].tolist() == pair.token_type_ids
            assert MENTION in pair.token_type_ids
            assert batch["soft"][STANCE.name][0].numpy() == pytest.approx(
                soften(table.logs(STANCE, line)[stance], TEMPERATURE)
            )
            assert batch["weights"][STANCE.name].tolist() == [1.0]
            assert not batch["weights"][LOADED_TERMS.name].any()
            number += 1
    assert number == len(rows) == len(rows.lengths)
    assert rows.lengths.tolist() == [len(row) for row in rows]
    assert rows.has_pairs


def test_parts_are_apart(labels: SoftLabels, student: Classifier) -> None:
    held_out = SoftRows(labels, student, "held_out")
    (windows,) = student.checkpoint.encoder.windows([TEXTS[2]])
    assert len(held_out) == len(windows) + 2
    assert held_out[0].input_ids.tolist() == windows[0].input_ids


def test_hard_rows_stand_beside_soft_ones(labels: SoftLabels, student: Classifier) -> None:
    maker = RowMaker(student.checkpoint.encoder, TASKS, {})
    hard = maker.make([labelled("أعلنت هيئة السد")])
    collate = SoftCollator(0, TASKS, balance((), TASKS, "none"), TEMPERATURE)
    alone, mixed = collate(hard), collate([*hard, SoftRows(labels, student, "train")[0]])
    assert not alone["soft"][LOADED_TERMS.name].any()
    assert not mixed["soft"][LOADED_TERMS.name][0].any()
    size = alone["labels"][LOADED_TERMS.name].shape[1]
    first = mixed["labels"][LOADED_TERMS.name][0, :size]
    assert torch.equal(first, alone["labels"][LOADED_TERMS.name][0])
