"""Changes one place of a labelled sentence, and takes every span and voice along."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from model.errors import RecordError
from model.records import LabelledSentence, LoadedTerm, Mention, TaskSpan, check_span_laws
from train.score.behaviour.cases import Edit
from train.score.behaviour.shift import Shift

SpanT = TypeVar("SpanT", Mention, LoadedTerm, TaskSpan)


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

    def renamed(speaker: str | None) -> str | None:
        return speaker and name_of(speaker)

    try:
        changed = replace(
            sentence,
            text=text,
            voices=tuple(
                replace(
                    voice,
                    start=shift.start(voice.start),
                    end=shift.end(voice.end),
                    speaker=renamed(voice.speaker),
                )
                for voice in sentence.voices
            ),
            stances=tuple(
                replace(
                    stance,
                    speaker=renamed(stance.speaker),
                    mentions=tuple(_moved(mention, shift, text) for mention in stance.mentions),
                )
                for stance in sentence.stances
            ),
            loaded_terms=tuple(_moved(term, shift, text) for term in sentence.loaded_terms),
            spans=tuple(_moved(span, shift, text) for span in sentence.spans),
        )
    except ValueError:
        return None
    return as_article(changed)


def _moved(span: SpanT, shift: Shift, text: str) -> SpanT:
    start, end = shift.start(span.start), shift.end(span.end)
    return replace(span, start=start, end=end, text=text[start:end])


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
