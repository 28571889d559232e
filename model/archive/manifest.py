"""The birth certificate of a folder of predictions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from model.archive.write import write_json
from model.errors import InputError
from model.records import SCHEMA_VERSION

_NAME = "manifest.json"
_LIBRARIES = ("nabra", "torch", "transformers", "tokenizers")


def write_manifest(
    output_dir: Path,
    *,
    inputs: Sequence[str],
    num_articles: int,
    num_sentences: int,
    num_quarantined: int,
    num_shards: int,
    checkpoint: Path,
) -> None:
    """Write `manifest.json`: counts that add up, the checkpoint's hash and scores, versions."""
    from model.net.checkpoint import checkpoint_hash, read_record, read_targets

    record = read_record(checkpoint)
    write_json(
        output_dir / _NAME,
        {
            "schema_version": SCHEMA_VERSION,
            "inputs": list(inputs),
            "articles_in": num_articles + num_quarantined,
            "articles_predicted": num_articles,
            "rows_out": num_sentences,
            "rows_quarantined": num_quarantined,
            "shards": num_shards,
            "checkpoint": str(checkpoint),
            "checkpoint_hash": checkpoint_hash(checkpoint),
            "config_hash": record.get("config_hash"),
            "main_scores": record.get("main_scores"),
            "versions": versions(checkpoint),
            "targets": [
                {
                    "id": target.id,
                    "name": target.name,
                    "name_en": target.name_en,
                    "conflict": target.conflict,
                }
                for target in read_targets(checkpoint).values()
            ],
        },
    )


def versions(checkpoint: Path) -> dict[str, str]:
    """The versions of what a prediction depends on."""
    from model.net.checkpoint import network_file
    from model.net.graph import GRAPH

    is_graph = network_file(checkpoint).name == GRAPH
    names = (*_LIBRARIES, "onnxruntime") if is_graph else _LIBRARIES
    return {name: version(name) for name in names}


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
