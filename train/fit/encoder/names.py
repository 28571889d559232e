"""What `encoder:` of a config may say beside a directory and a hub id; light to import."""

from __future__ import annotations

from pathlib import Path

EMBEDDED, SCRATCH = "embedded", "scratch"
EMBEDDED_DIR = Path(__file__).with_name(EMBEDDED)
"""The encoder that comes with nabra; its README.md tells how it was made."""


def folder_or_hub(name: str) -> str:
    """Where an encoder is read from: the name itself, but for the embedded one."""
    return str(EMBEDDED_DIR) if name == EMBEDDED else name
