"""All errors of one system on one reading: what the record keeps, and what the page shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from model.records import LabelledSentence
from train.score.browse.errors import (
    Error,
    Example,
    StanceError,
    count_kinds,
    find_errors,
    make_example,
)
from train.score.browse.label_errors import SuspectedLabels, suspect_labels
from train.score.outputs import SystemOutput
from train.score.slices import Facets

MAX_EXAMPLES = 20
"""So many errors, and so many suspected labels, stand in a scorecard's record."""


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """Every kind with its count; the most confident errors; the likeliest slips of gold.

    `num_suspects` is None, with `why_no_suspects`, where nobody looked for slips of gold.
    """

    kinds: Mapping[str, int]
    examples: tuple[Example, ...]
    suspects: tuple[Example, ...]
    num_suspects: int | None
    why_no_suspects: str | None


@dataclass(frozen=True, slots=True)
class Browse:
    """What the browser of errors looks through; `errors` are the most confident first."""

    gold: Sequence[LabelledSentence]
    outputs: Sequence[SystemOutput]
    facets: Facets | None
    errors: tuple[Error, ...]
    suspected: SuspectedLabels

    @classmethod
    def of(
        cls,
        gold: Sequence[LabelledSentence],
        outputs: Sequence[SystemOutput],
        facets: Facets | None,
    ) -> Browse:
        """Look for the errors of one system, and for suspected labels."""
        return cls(gold, outputs, facets, find_errors(gold, outputs), suspect_labels(gold, outputs))

    def suspects(self) -> list[StanceError]:
        """The errors that the suspected labels make, the least likely label first."""
        by_place = {(e.sentence, e.stance): e for e in self.errors if isinstance(e, StanceError)}
        return [by_place[place] for place in self.suspected.places]

    def summary(self) -> ErrorSummary:
        """What the record keeps."""
        suspects = self.suspects()
        why_none = self.suspected.why_none
        return ErrorSummary(
            kinds=count_kinds(self.errors),
            examples=self._examples(self.errors),
            suspects=self._examples(suspects),
            num_suspects=len(suspects) if why_none is None else None,
            why_no_suspects=why_none,
        )

    def _examples(self, errors: Sequence[Error]) -> tuple[Example, ...]:
        return tuple(make_example(error, self.gold) for error in errors[:MAX_EXAMPLES])
