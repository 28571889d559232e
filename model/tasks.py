"""The tasks that a network learns: nabra's two, defined here once, and others by the config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from model.records import LOADED_CATEGORIES, STANCE_LABELS, Record

TaskKind = Literal["classify", "tag"]


@dataclass(frozen=True, slots=True)
class Task(Record):
    """`classify` gives a text one of the labels, `tag` marks spans of it with the labels.

    With `pair` a classified text is read beside a second one: a target's name, another title.
    """

    name: str
    kind: TaskKind
    labels: tuple[str, ...]
    pair: bool = False

    _omit_empty: ClassVar[frozenset[str]] = frozenset({"pair"})


STANCE = Task("stance", "classify", STANCE_LABELS, pair=True)
LOADED_TERMS = Task("loaded_terms", "tag", LOADED_CATEGORIES)
DEFAULT_TASKS = (STANCE, LOADED_TERMS)
