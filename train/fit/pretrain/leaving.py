"""What a pre-training leaves: the encoder, its tokenizer, its record and its card."""

from __future__ import annotations

import contextlib
import json
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from model.archive.write import write_json
from model.net.network import count_parameters
from train.fit.encoder.names import encoder_dir
from train.fit.encoder.pretrained import hushed_libraries
from train.fit.pretrain.card import encoder_card
from train.fit.resume.identity import TrainingIdentity
from train.pretrain_settings import PretrainConfig

RECORD = "pretraining.json"


def make_record(
    config: PretrainConfig,
    pace_file: Path,
    network: nn.Module,
    revision: str | None,
    counts: Mapping[str, int],
    tokens: int,
    identity: TrainingIdentity,
) -> dict[str, Any]:
    """The encoder's birth certificate; `counts` are the corpus's, `tokens` those read."""
    pace = [json.loads(line) for line in pace_file.read_text(encoding="utf-8").splitlines()]
    return {
        "encoder": config.encoder,
        "encoder_revision": revision,
        "before": _read_record(encoder_dir(config.encoder)),
        "parity": config.parity,
        "num_parameters": count_parameters(network),
        "tokens_read": tokens,
        "held_out_loss": pace[-1]["held_out_loss"],
        "seconds": pace[-1]["seconds"],
        "corpus": dict(counts),
        "config": identity.config,
        "data_hashes": identity.data,
        "code_hash": identity.code,
        "versions": identity.versions,
        "processes": identity.processes,
        "threads": torch.get_num_threads(),
        "processor": _processor(),
        "curve": pace,
    }


def _read_record(folder: Path | None) -> dict[str, Any] | None:
    """The record of an encoder that this command left in a folder: whose text it has read goes on
    to what is made of it. None for every other encoder."""
    if folder is None:
        return None
    try:
        found: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        encoder_card(found)  # else the training would fail at its very end
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None
    return found


def _processor() -> str:
    """What the network was trained on, in its maker's words."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def save_encoder(path: Path, tokenizer: Any, network: Any, record: Mapping[str, Any]) -> None:
    """Network and head in 16-bit, the tokenizer, the record and a card: whole or not at all."""
    building = path.with_name(f".{path.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    with hushed_libraries():
        network.to("cpu", torch.float16).save_pretrained(building)
        tokenizer.save_pretrained(building)
    write_json(building / RECORD, record)
    (building / "README.md").write_text(encoder_card(record), encoding="utf-8")
    for weights in building.glob("*.safetensors"):  # one, or of a large network several
        shutil.copymode(building / "README.md", weights)  # as `save_checkpoint` does
    if path.exists():
        shutil.rmtree(path)
    building.rename(path)
