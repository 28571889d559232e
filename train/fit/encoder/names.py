"""What `encoder:` of a config may say beside a directory and a hub id; light to import."""

from __future__ import annotations

from pathlib import Path

from model.errors import InputError

SCRATCH = "scratch"
"""A compact network made here, with weights by chance."""
EMBEDDED = "embedded"
"""The encoder that comes with nabra."""
EMBEDDED_DIR = Path(__file__).with_name(EMBEDDED)


def encoder_dir(name: str) -> Path | None:
    """Where an encoder lies on this machine; None for one by chance or on the hub."""
    folder = EMBEDDED_DIR if name == EMBEDDED else Path(name)
    return folder if name != SCRATCH and folder.is_dir() else None


def check_name(name: str) -> None:
    """InputError for what names no encoder: neither one of ours, nor a directory here, nor a model
    as the hub would write it. It asks nobody, so that a model of that name need not be there."""
    if name == SCRATCH or encoder_dir(name):
        return
    where = f"encoder: {name}"
    if "/" not in name or name.startswith((".", "/", "~")):
        raise InputError(
            where,
            "is no directory",
            "name a directory, a hub id such as aubmindlab/bert-base-arabertv02, "
            f"{EMBEDDED} or {SCRATCH}",
        )
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(name)
    except HFValidationError:
        raise InputError(
            where,
            "is no directory here, and no name that the hub takes",
            "name a directory that is there, or a model as owner/name",
        ) from None
