"""The birth certificate of a folder of predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.archive.write import write_json
from model.errors import InputError
from model.records import SCHEMA_VERSION

if TYPE_CHECKING:
    from model.net.checkpoint import Checkpoint

_NAME = "manifest.json"
_LIBRARIES = ("nabra", "torch", "transformers", "tokenizers")


def write_manifest(
    output_dir: Path,
    *,
    inputs: Sequence[str],
    num_articles: int,
    num_sentences: int,
    num_quarantined: int,
    checkpoint: Checkpoint,
) -> None:
    """Write `manifest.json`: counts that add up, the checkpoint's hash and scores, versions."""
    from model.net.checkpoint import checkpoint_hash

    write_json(
        output_dir / _NAME,
        {
            "schema_version": SCHEMA_VERSION,
            "inputs": list(inputs),
            "articles_in": num_articles + num_quarantined,
            "articles_predicted": num_articles,
            "rows_out": num_sentences,
            "rows_quarantined": num_quarantined,
            "checkpoint": str(checkpoint.path),
            "checkpoint_hash": checkpoint_hash(checkpoint.path),
            "config_hash": checkpoint.record.get("config_hash"),
            "main_scores": checkpoint.record.get("main_scores"),
            "versions": {name: version(name) for name in _LIBRARIES},
            "targets": [
                {
                    "id": target.id,
                    "name": target.name,
                    "name_en": target.name_en,
                    "conflict": target.conflict,
                }
                for target in checkpoint.targets.targets.values()
            ],
        },
    )


def read_manifest(output_dir: Path) -> dict[str, Any]:
    """The manifest of a predictions folder; empty where there is none."""
    path = output_dir / _NAME
    if not path.is_file():
        return {}
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(path, f"is no JSON ({error})", "predict again") from None
    return manifest
