"""Encoders as other hands save them, small ones: what the hub and directories give in tests."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

from tests.conftest import TEXTS
from train.fit.encoder.compact import train_tokenizer
from train.fit.encoder.pretrained import hushed_libraries

WEIGHTS = "model.safetensors"


def write_pretrained(folder: Path, seed: int = 0, **settings: Any) -> Path:
    """A BERT with a masked language model's head and no pooler, and a tokenizer that splits the
    placeholders: AraBERT's architecture, one layer of it.
    """
    torch.manual_seed(seed)
    tokenizer = train_tokenizer(TEXTS, 300)
    sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 32, "max_position_embeddings": 40}
    config = BertConfig(vocab_size=len(tokenizer), **{**sizes, **settings})
    with hushed_libraries():
        BertForMaskedLM(config).save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder


def copy(source: Path, folder: Path) -> Path:
    """The same files in a new folder, to be changed there."""
    shutil.copytree(source, folder)
    return folder


def copy_with_short_lists(checkpoint: Path, folder: Path) -> Path:
    """A checkpoint with one target and no loaded terms: the long lists take seconds to read."""
    copy(checkpoint, folder)
    targets = (folder / "targets.yaml").read_text(encoding="utf-8")
    one = "- id:" + targets.split("\n- id:")[1]
    (folder / "targets.yaml").write_text(one, encoding="utf-8")
    (folder / "loaded_terms.yaml").write_text("[]\n", encoding="utf-8")
    return folder


def edit(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file."""
    plain = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**plain, **changes}), encoding="utf-8")


def as_pytorch(folder: Path) -> Path:
    """The weights in PyTorch's own form in place of safetensors; the file."""
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()
    return folder / "pytorch_model.bin"


def in_shards(folder: Path) -> None:
    """The weights in two files and an index, as large models have them."""
    state = load_file(folder / WEIGHTS)
    names = sorted(state)
    parts = {f"model-0000{n + 1}-of-00002.safetensors": names[n::2] for n in range(2)}
    for file, held in parts.items():
        save_file({name: state[name] for name in held}, folder / file, metadata={"format": "pt"})
    index = {name: file for file, held in parts.items() for name in held}
    edit(folder / "model.safetensors.index.json", metadata={}, weight_map=index)
    (folder / WEIGHTS).unlink()
