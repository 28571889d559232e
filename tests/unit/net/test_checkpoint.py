from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from model.errors import CheckpointError
from model.net.checkpoint import add_main_scores, checkpoint_hash, load_checkpoint


def test_transformers_reads_the_encoder(tiny_checkpoint: Path) -> None:
    ours = load_checkpoint(tiny_checkpoint).network.encoder
    theirs = AutoModel.from_pretrained(tiny_checkpoint, add_pooling_layer=False)
    tokenizer = AutoTokenizer.from_pretrained(tiny_checkpoint)
    batch = tokenizer(["التحالف يدعم قسد"], return_tensors="pt")
    with torch.inference_mode():
        expected = theirs.eval()(**batch).last_hidden_state
        assert torch.equal(ours(**batch).last_hidden_state, expected)


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
def test_weights_survive(
    tmp_path: Path, architecture: str, make_checkpoint: Callable[[Path, str], Path]
) -> None:
    path = make_checkpoint(tmp_path / "checkpoint", architecture)
    first, second = load_checkpoint(path), load_checkpoint(path)
    batch = {
        "input_ids": torch.tensor([[2, 9, 10, 3]]),
        "attention_mask": torch.ones(1, 4, dtype=torch.long),
        "token_type_ids": torch.zeros(1, 4, dtype=torch.long),
    }
    with torch.inference_mode():
        one, two = first.network(**batch), second.network(**batch)
    assert torch.equal(one["stance"], two["stance"])
    assert torch.equal(one["loaded_terms"], two["loaded_terms"])
    assert one["loaded_terms"].shape == (1, 4, 6, 3)


def test_holds_no_pickle(tiny_checkpoint: Path) -> None:
    names = {path.name for path in tiny_checkpoint.iterdir()}
    assert {"config.json", "model.safetensors", "nabra.json", "README.md"} <= names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl", ".pth"))]


def test_whoever_may_read_a_part_may_read_all(tiny_checkpoint: Path) -> None:
    assert len({path.stat().st_mode for path in tiny_checkpoint.iterdir()}) == 1


@pytest.mark.parametrize(
    "name", ["nabra.json", "config.json", "model.safetensors", "targets.yaml", "loaded_terms.yaml"]
)
def test_names_the_file_that_is_missing(tiny_checkpoint: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    (copy / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_checkpoint(copy)


@pytest.mark.parametrize("name", ["nabra.json", "config.json", "model.safetensors"])
def test_refuses_a_file_that_is_cut(tiny_checkpoint: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError):
        load_checkpoint(copy)


def test_refuses_another_version(tiny_checkpoint: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    record = json.loads((copy / "nabra.json").read_text(encoding="utf-8"))
    (copy / "nabra.json").write_text(json.dumps({**record, "schema_version": 99}))
    with pytest.raises(CheckpointError, match="version"):
        load_checkpoint(copy)


@pytest.mark.parametrize("tasks", [None, "stance", [{"name": "x"}], [3]])
def test_refuses_tasks_of_another_form(
    tiny_checkpoint: Path, tmp_path: Path, tasks: object
) -> None:
    copy = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    record = json.loads((copy / "nabra.json").read_text(encoding="utf-8"))
    (copy / "nabra.json").write_text(json.dumps({**record, "tasks": tasks}))
    with pytest.raises(CheckpointError):
        load_checkpoint(copy)


def test_scores_do_not_change_the_hash(tiny_checkpoint: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_checkpoint, tmp_path / "copy")
    before = checkpoint_hash(copy)
    add_main_scores(copy, {"test": {"macro_f1": 0.5}})
    assert checkpoint_hash(copy) == before
    assert load_checkpoint(copy).record["main_scores"] == {"test": {"macro_f1": 0.5}}
    (copy / "targets.yaml").write_text("[]\n", encoding="utf-8")
    assert checkpoint_hash(copy) != before
