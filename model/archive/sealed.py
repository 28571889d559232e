"""Small JSON files that carry a checksum of themselves: not one byte of them changes unseen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from model.archive.write import write_text

_SEAL = "sha256"


def write_sealed(path: Path, data: Mapping[str, Any]) -> None:
    """Write plain JSON with its seal, whole or not at all. OutputError for a disk that refuses."""
    write_text(path, _sealed(data))


def read_sealed(path: Path) -> dict[str, Any]:
    """What `write_sealed` wrote. OSError where it cannot be read, ValueError for other bytes."""
    written = path.read_bytes()
    data = json.loads(written)
    if not isinstance(data, dict):
        raise ValueError("no JSON object")
    data.pop(_SEAL, None)
    if _sealed(data).encode("utf-8", "backslashreplace") != written:
        raise ValueError("its checksum differs")
    return data


def _sealed(data: Mapping[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return json.dumps({**data, _SEAL: digest}, ensure_ascii=False, allow_nan=False, indent=2) + "\n"
