"""The names of the list of targets: those that it spells out, and those that follow from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from model.errors import InputError
from model.records import CONNOTATIONS, Connotation
from model.text.listing import read_entries
from model.text.organs import SHORT_ORGANS, name_organs, name_organs_of, spell_name

_NEUTRAL_KINDS = ("places", "heads")
_KINDS = tuple(
    f"{kind}{context}"
    for kind in (*CONNOTATIONS, *_NEUTRAL_KINDS)
    for context in ("", "_in_context", "_with_cue")
)


@dataclass(frozen=True, slots=True)
class Target:
    """An actor that can be named; `name` is the canonical neutral Arabic name."""

    id: str
    name: str
    name_en: str
    conflict: str
    side: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A name: the target that it stands for, or, where it needs context, those that it may.

    A name that needs a cue needs context too, and beside it a word that makes it a name there.
    """

    targets: tuple[str, ...]
    connotation: Connotation
    needs_context: bool = False
    needs_cue: bool = False
    is_place: bool = False
    is_head: bool = False


def read_names(path: Path) -> tuple[dict[str, Target], dict[str, Alias]]:
    """The targets by id, and what each name stands for.

    InputError names the entry that is wrong, or a name that stands for two targets.
    """
    text = {"id": str, "name": str, "name_en": str, "conflict": str, "side": str}
    lists = dict.fromkeys((*_KINDS, "adjectives"), list)
    targets: dict[str, Target] = {}
    aliases: dict[str, Alias] = {}
    entries = list(read_entries(path, text, lists))
    for where, entry in entries:
        target = Target(**{name: entry[name] for name in text})
        if target.id in targets:
            raise InputError(where, f"the id {target.id} stands twice")
        targets[target.id] = target
        for name, alias in _listed_names(entry):
            aliases[name] = _join(where, name, aliases.get(name), alias)
    for _, entry in entries:
        for name, alias in _made_names(entry):
            aliases.setdefault(name, alias)
    if entries:
        for name in SHORT_ORGANS:  # whose, tells the article
            aliases.setdefault(name, Alias((), "neutral", needs_context=True))
    return targets, aliases


def _listed_names(entry: Mapping[str, Any]) -> Iterator[tuple[str, Alias]]:
    """The names that an entry of the list spells out."""
    for kind in _KINDS:
        plain = kind.removesuffix("_in_context").removesuffix("_with_cue")
        alias = Alias(
            targets=(entry["id"],),
            connotation="neutral" if plain in _NEUTRAL_KINDS else cast(Connotation, plain),
            needs_context=plain != kind,
            needs_cue=kind.endswith("_with_cue"),
            is_place=plain == "places",
            is_head=plain == "heads",
        )
        for name in entry.get(kind, ()):
            yield name, alias


def _made_names(entry: Mapping[str, Any]) -> Iterator[tuple[str, Alias]]:
    """The names that follow from an entry: organs of a state, persons with their titles."""
    targets = (entry["id"],)
    for head in entry.get("heads", ()):
        for name in spell_name(head):
            yield name, Alias(targets, "neutral", is_head=True)
    adjectives = entry.get("adjectives", ())
    for adjective in adjectives:
        for name, connotation in name_organs(adjective):
            yield name, Alias(targets, connotation)
    if adjectives:
        for place in entry.get("places", ()):
            for name, connotation in name_organs_of(place):
                yield name, Alias(targets, connotation)


def _join(where: str, name: str, known: Alias | None, alias: Alias) -> Alias:
    """A listed name beside what it stands for already. InputError where the two cannot be told."""
    if known is None:
        return alias
    if not (known.needs_context and alias.needs_context):
        raise InputError(
            where,
            f"{name} stands for {known.targets[0]} already",
            "list it under neutral_in_context (or its like) for both",
        )
    if known.connotation != alias.connotation:
        raise InputError(where, f"{name} has two connotations in context")
    needs_cue = known.needs_cue and alias.needs_cue
    return replace(known, targets=(*known.targets, *alias.targets), needs_cue=needs_cue)
