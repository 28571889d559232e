"""Changes one place of a labelled sentence, and takes every span and voice along."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from model.errors import RecordError
from model.records import LabelledSentence, Stance, check_span_laws
from train.score.behaviour.cases import Edit


class Shift:
    """Where an offset of the old text lies in the new one."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._edits = sorted(edits, key=lambda edit: (edit.start, edit.end))
        self._ends = [edit.end for edit in self._edits]
        self._moved = [0]
        for edit, after in zip(self._edits, [*self._edits[1:], None], strict=True):
            if after is not None and after.start < edit.end:
                raise ValueError(f"two edits overlap at {after.start}")
            self._moved.append(self._moved[-1] + len(edit.text) - (edit.end - edit.start))

    def apply(self, text: str) -> str:
        """The new text."""
        for edit in reversed(self._edits):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def start(self, place: int) -> int:
        """Where a span that starts at `place` starts; ValueError inside a longer edit."""
        return self._move(place, is_end=False)

    def end(self, place: int) -> int:
        """Where a span that ends at `place` ends; an insertion right there lies within it."""
        return self._move(place, is_end=True)

    def _move(self, place: int, *, is_end: bool) -> int:
        number = bisect_right(self._ends, place)
        # What is inserted at a place lies behind the span that ends there, not before one that
        # starts there.
        while not is_end and number and self._is_insertion(number - 1, place):
            number -= 1
        if number < len(self._edits):
            edit = self._edits[number]
            if edit.start < place < edit.end:
                raise ValueError(f"an edit crosses the border at {place}")
        return place + self._moved[number]

    def _is_insertion(self, number: int, place: int) -> bool:
        edit = self._edits[number]
        return edit.start == edit.end == place


def edit_sentence(
    sentence: LabelledSentence,
    edits: Sequence[Edit],
    *,
    name_of: Callable[[str], str] = lambda name: name,
) -> LabelledSentence | None:
    """The sentence with the edits made, an article of its own; None where one crosses a border.

    Spans that an edit fills grow or shrink with it. `name_of` says what a speaker is called now.
    """
    shift = Shift(edits)
    text = shift.apply(sentence.text)

    def moved(span: object) -> dict[str, object]:
        start, end = shift.start(span.start), shift.end(span.end)  # type: ignore[attr-defined]
        return {"start": start, "end": end}

    def sliced(span: object) -> dict[str, object]:
        place = moved(span)
        return place | {"text": text[place["start"] : place["end"]]}  # type: ignore[misc]

    def renamed(speaker: str | None) -> str | None:
        return speaker and name_of(speaker)

    try:
        changed = replace(
            sentence,
            text=text,
            voices=tuple(
                replace(v, **moved(v), speaker=renamed(v.speaker)) for v in sentence.voices
            ),
            stances=tuple(
                replace(
                    stance,
                    speaker=renamed(stance.speaker),
                    mentions=tuple(replace(m, **sliced(m)) for m in stance.mentions),
                )
                for stance in sentence.stances
            ),
            loaded_terms=tuple(replace(t, **sliced(t)) for t in sentence.loaded_terms),
            spans=tuple(replace(s, **sliced(s)) for s in sentence.spans),
        )
    except ValueError:
        return None
    return as_article(changed)


def as_article(sentence: LabelledSentence) -> LabelledSentence:
    """The sentence as an article of its own, so that no neighbour is read with it.

    Its id follows from what a system is given: text, outlet, voices and mentions.
    """
    given = (
        sentence.text,
        sentence.outlet,
        sentence.voices,
        [(s.target, s.holder, s.speaker, s.mentions) for s in sentence.stances],
    )
    digest = hashlib.sha256(repr(given).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    alone = replace(
        sentence,
        article_id=f"behaviour-{digest}",
        index=0,
        section="body",
        start=0,
        end=len(sentence.text),
    )
    try:
        check_span_laws(alone)
    except RecordError as error:  # an edit of ours is wrong
        raise AssertionError(str(error)) from error
    return alone


def with_stance(sentence: LabelledSentence, number: int, stance: Stance) -> LabelledSentence:
    """The sentence with another stance in one place."""
    stances = list(sentence.stances)
    stances[number] = stance
    return as_article(replace(sentence, stances=tuple(stances)))
