"""What `encoder:` of a config may say beside a directory and a hub id; light to import."""

from __future__ import annotations

from pathlib import Path

SCRATCH = "scratch"
"""A compact network made here, with weights by chance."""
EMBEDDED = "embedded"
"""The encoder that comes with nabra."""
EMBEDDED_DIR = Path(__file__).with_name(EMBEDDED)


def encoder_dir(name: str) -> Path | None:
    """Where an encoder lies on this machine; None for one by chance or on the hub."""
    folder = EMBEDDED_DIR if name == EMBEDDED else Path(name)
    return folder if name != SCRATCH and folder.is_dir() else None
