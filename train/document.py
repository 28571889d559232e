"""A config file, and what is set over it, as plain data.

Scalars are those of YAML 1.2, less its odd numbers: `no` is a word, `010` and `0x1F` are no
numbers, `2e-5` is one. Nothing is put in from elsewhere: an alias, a merge key, a tag and a key
that stands twice are faults.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from model.errors import ConfigError, InputError

Plain = dict[str, Any]

_MOST_BYTES = 256_000  # some seconds of parsing
_ALIAS = "alias"
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


def read_document(path: Path) -> tuple[Plain, list[str]]:
    """The keys of a file and a line for each fault in how they are written.

    InputError where the file cannot be read as text, ConfigError where it is no YAML mapping.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(path, f"is not UTF-8 (byte {error.start})", "save it as UTF-8") from None
    if len(data) > _MOST_BYTES:
        raise InputError(path, "is over 256 kB, as no config is", "check the path")
    faults: list[str] = []
    try:
        plain = _parse(text, "", faults)
    except _NotYamlError as error:
        raise ConfigError(path, [str(error)]) from None
    if plain is None:
        raise ConfigError(path, ["is empty"])
    if not isinstance(plain, dict):
        raise ConfigError(path, [f"holds {'a list' if isinstance(plain, list) else 'one word'}, "
                                 "where keys are to stand"])  # fmt: skip
    return plain, faults


def set_keys(plain: Plain, overrides: Sequence[str]) -> tuple[Plain, list[str]]:
    """The keys with each `key.key=value` set, in turn, and a line for each that cannot be."""
    faults: list[str] = []
    for override in overrides:
        key, equals, text = override.partition("=")
        keys = key.strip().split(".")
        if not equals or not all(keys):
            faults.append(f"--set {override}: write it as key.key=value")
            continue
        try:
            value = _parse(text, key.strip(), faults)
        except _NotYamlError as error:
            faults.append(f"{key.strip()}: --set {override} {error}")
        else:
            plain = _with(plain, keys, value)
    return plain, faults


def _with(part: object, keys: Sequence[str], value: object) -> Any:
    """A part of the config with a value in place of that which stands under the keys."""
    if not keys:
        return value
    held = part if isinstance(part, dict) else {}
    return held | {keys[0]: _with(held.get(keys[0]), keys[1:], value)}


class _NotYamlError(ValueError):
    """A text that cannot be parsed, with its line."""


class _Loader(yaml.SafeLoader):
    """Composes nodes and gives no plain scalar a type; an alias becomes a node of its own kind."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  # declared so by the parent

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            return yaml.ScalarNode(_ALIAS, f"*{event.anchor}", event.start_mark, event.end_mark)
        return super().compose_node(parent, index)


def _parse(text: str, key: str, faults: list[str]) -> Any:
    """The value of a text, which stands under `key`. Adds to the faults, or _NotYamlError."""
    try:
        return _plain(yaml.compose(text, _Loader), key, faults)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        message = " ".join(filter(None, (error.context, error.problem)))
        raise _NotYamlError(f"{where}is no valid YAML: {message}") from None
    except (yaml.YAMLError, ValueError) as error:
        message = " ".join(str(error).split())
        raise _NotYamlError(f"is no valid YAML: {message}") from None
    except RecursionError:
        raise _NotYamlError("is nested too deep") from None


def _plain(node: yaml.Node | None, key: str, faults: list[str]) -> Any:
    if node is None:
        return None
    if node.tag == _ALIAS:
        faults.append(f"{key}: {node.value} is not read, write out what it stands for")
        return node.value
    if node.tag not in _TAGS:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        faults.append(f"{key}: the tag {tag} is not read, write the plain value")
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, f"{key}.{number}", faults) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, faults)
    is_plain = isinstance(node, yaml.ScalarNode) and node.style is None
    return _scalar(node.value) if is_plain else node.value


def _mapping(node: yaml.MappingNode, key: str, faults: list[str]) -> Plain:
    found: Plain = {}
    lines: dict[str, int] = {}
    for name, value in node.value:
        line = name.start_mark.line + 1
        if not isinstance(name, yaml.ScalarNode):
            faults.append(f"{key or f'line {line}'}: holds a key that is no word")
            continue
        place = f"{key}.{name.value}" if key else name.value
        if name.value in lines:
            faults.append(f"{place}: duplicate key (lines {lines[name.value]} and {line})")
            continue
        lines[name.value] = line
        found[name.value] = _plain(value, place, faults)
    return found


def _scalar(text: str) -> Any:
    """The value of a scalar without quotation marks."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
