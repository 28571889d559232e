"""Reads the YAML lists of names and loaded terms, and says which entry is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from model.errors import InputError

Types: TypeAlias = type | tuple[type, ...]

# What yaml.safe_load reads with, and where libyaml is there its twin, which takes a seventh of the
# time: half a second of every checkpoint that is loaded.
_SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_entries(
    path: Path, required: Mapping[str, Types], optional: Mapping[str, Types]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each entry of a YAML list of mappings, with a name for it in messages.

    InputError names the entry and field that is missing, unknown or of another type.
    """
    try:
        entries = _load_safely(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(path, f"is no valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(entries, list):
        raise InputError(path, "holds no list of entries", "begin each entry with a dash")
    types = {**required, **optional}
    for number, entry in enumerate(entries, start=1):
        where = f"{path}: entry {number}"
        if not isinstance(entry, dict):
            raise InputError(where, f"{entry!r} is no mapping")
        if missing := sorted(set(required) - set(entry)):
            raise InputError(where, f"lacks {', '.join(missing)}")
        for name, value in entry.items():
            if name not in types:
                raise InputError(where, f"unknown field {name}", f"known: {', '.join(types)}")
            if isinstance(value, str) and not value.strip():
                raise InputError(where, f"{name} is empty")
            if not isinstance(value, types[name]):
                raise InputError(where, f"{name} is {value!r}, not {_name(types[name])}")
            if isinstance(value, list) and not all(
                isinstance(item, str) and item for item in value
            ):
                raise InputError(where, f"{name} holds something that is no text", "quote it")
        yield where, entry


def _load_safely(text: str) -> Any:
    loader = _SafeLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _name(types: Types) -> str:
    return " or ".join(t.__name__ for t in (types if isinstance(types, tuple) else (types,)))
