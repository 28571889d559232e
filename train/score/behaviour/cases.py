"""What a behavioural test asks, after CheckList (Ribeiro et al. 2020, ACL).

A case holds one sentence, or two that differ in one place, and what a system has to say of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from model.records import LabelledSentence

CaseKind = Literal["invariance", "direction", "symmetry", "minimum"]
CASE_KINDS: tuple[CaseKind, ...] = get_args(CaseKind)


@dataclass(frozen=True, slots=True)
class Edit:
    """One place where the second sentence differs: `[start, end)` of the first has become `text`.

    The edits of a case are in order and do not overlap.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the second sentence (or the only one) has to get.

    `stances`: for a stance, by its number, the labels that are right. `found`: a loaded term that
    touches the slice and has one of the categories. `absent`: no loaded term of these categories
    touches the slice. Invariance and symmetry expect the answer of the first sentence instead.
    """

    stances: tuple[tuple[int, tuple[str, ...]], ...] = ()
    found: tuple[tuple[int, int, tuple[str, ...]], ...] = ()
    absent: tuple[tuple[int, int, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One question: `before` is None where a sentence stands alone.

    `source`: the id of the seed sentence, or the template. `target`: of whom it is asked;
    `other`: for symmetry whose name stands in `after`. Stances of the two sentences correspond by
    number.
    """

    test: str
    kind: CaseKind
    source: str
    conflict: str
    target: str
    before: LabelledSentence | None
    after: LabelledSentence
    edits: tuple[Edit, ...] = ()
    expected: Expectation = Expectation()
    other: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many cases of a test could not be made, or were not wanted, for one reason."""

    test: str
    reason: str
    count: int


def sentences_of(cases: Iterable[Case]) -> list[LabelledSentence]:
    """Every sentence that the cases ask about, once, in order: what a system has to answer.

    Sentences of cases are articles of their own; equal ones share an id.
    """
    found: dict[str, LabelledSentence] = {}
    for case in cases:
        for sentence in (case.before, case.after):
            if sentence is not None:
                found.setdefault(sentence.article_id, sentence)
    return list(found.values())
