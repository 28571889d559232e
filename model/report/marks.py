"""A sentence cut into stretches that are each marked in one way.

Loaded terms, mentions and voices overlap freely, HTML elements must not. So the sentence is cut
wherever any of them starts or ends, and each piece knows all that covers it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise

from model.records import LOADED_CATEGORIES, LoadedTerm, Mention, Prediction, Voice
from model.report.aggregate import voice_at


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one marking. `terms` holds at most one term of each category, in their order.

    `ends_terms` and `ends_mention` say which of them end where the segment does.
    """

    text: str
    terms: tuple[LoadedTerm, ...]
    mention: Mention | None
    target: str | None
    ends_terms: tuple[LoadedTerm, ...]
    ends_mention: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring segments in one voice; None is the newsroom's own."""

    voice: Voice | None
    segments: tuple[Segment, ...]


def cut_into_runs(sentence: Prediction) -> tuple[Run, ...]:
    """The whole sentence, in order: the texts of all segments joined give `sentence.text`."""
    mentions = [
        (mention, stance.target) for stance in sentence.stances for mention in stance.mentions
    ]
    spans: list[Voice | LoadedTerm | Mention] = [*sentence.voices, *sentence.loaded_terms]
    spans += [mention for mention, _ in mentions]
    cuts = {0, len(sentence.text), *(s.start for s in spans), *(s.end for s in spans)}

    pieces: list[tuple[Voice | None, Segment]] = []
    for start, end in pairwise(sorted(cuts)):
        covering = [term for term in sentence.loaded_terms if term.start <= start < term.end]
        terms = tuple(
            min((term for term in covering if term.category == category), key=lambda t: t.weak)
            for category in LOADED_CATEGORIES
            if any(term.category == category for term in covering)
        )
        mention, target = next(
            (found for found in mentions if found[0].start <= start < found[0].end), (None, None)
        )
        segment = Segment(
            text=sentence.text[start:end],
            terms=terms,
            mention=mention,
            target=target,
            ends_terms=tuple(term for term in terms if term.end == end),
            ends_mention=mention is not None and mention.end == end,
        )
        pieces.append((voice_at(sentence.voices, start), segment))
    return tuple(
        Run(voice, tuple(segment for _, segment in group))
        for voice, group in groupby(pieces, key=lambda piece: piece[0])
    )
