"""What is sent to a tool and what comes back: one sentence a task, with all that restores it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar, cast

from model.errors import RecordError
from model.records import (
    CONNOTATIONS,
    HOLDERS,
    LOADED_CATEGORIES,
    STANCE_LABELS,
    Dropped,
    LabelledSentence,
    check_span_laws,
)
from train.data.annotate.marks import (
    VOICE_KINDS,
    Mark,
    NameTerm,
    Placed,
    as_gold,
    marks_of,
    rebuild,
)
from train.data.annotate.places import Unit, place_marks

SENT_FIELD = "nabra"
"""The field of a task in which the sentence that was sent travels, as one string of JSON."""

_KINDS = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one annotator left of one task; `sent` and `text` are as the tool returned them."""

    source: str
    annotator: str
    sent: str
    text: str
    marks: tuple[Mark, ...]
    unit: Unit = "code points"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence as one annotator labelled it."""

    annotator: str
    sentence: LabelledSentence


def task_id(sentence: LabelledSentence) -> str:
    """How reports call a sentence: its article and its number there."""
    return f"{sentence.article_id}:{sentence.index}"


def pack(sentence: LabelledSentence) -> str:
    """A sentence as one string that every tool can carry."""
    return json.dumps(sentence.to_dict(), ensure_ascii=False, allow_nan=False)


def unpack(packed: str) -> LabelledSentence:
    """The sentence that `pack` wrote. RecordError where it is none, or breaks a law."""
    try:
        sentence = LabelledSentence.from_dict(parse_json(packed))
        _check_form(sentence)
        check_span_laws(sentence)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise RecordError(SENT_FIELD, f"is no labelled sentence ({error})") from None
    return sentence


def parse_json(text: str | bytes) -> Any:
    """JSON from another tool. RecordError where it is broken or hostile: deep, NaN, huge."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise RecordError("JSON", "is nested too deep") from None
    except ValueError as error:
        raise RecordError("JSON", f"is broken ({error})") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def take(holder: Any, key: str, kind: type[T]) -> T:
    """The value of a key of a JSON object. RecordError unless it is there and of that kind."""
    value = holder.get(key) if isinstance(holder, Mapping) else None
    if isinstance(value, float) and kind is int and value.is_integer():
        value = int(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RecordError(key, f"is {_short(value)} where {_KINDS[kind]} belongs")
    return value


def _short(value: object) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) < 60 else f"{text[:60]}…"


def holdable(sentences: Iterable[LabelledSentence]) -> tuple[list[LabelledSentence], list[Dropped]]:
    """The sentences that come back from a tool as they went, if nobody changes them; the others.

    Left out is what marks cannot say (the same name of one target in two holders' words), and text
    that no file can hold.
    """
    kept: list[LabelledSentence] = []
    dropped: list[Dropped] = []
    seen: set[str] = set()
    for sentence in sentences:
        where = task_id(sentence)
        if where in seen:
            dropped.append(Dropped(where, "stands twice in what is to be labelled"))
            continue
        try:
            pack(sentence).encode("utf-8")
            returned = settle(_unchanged(sentence), lambda text: text, judged=False)
        except UnicodeEncodeError:
            dropped.append(Dropped(where, "holds a lone surrogate, which no file can hold"))
            continue
        if returned == as_gold(sentence):
            seen.add(where)
            kept.append(sentence)
        elif isinstance(returned, Dropped):
            dropped.append(returned)
        else:
            dropped.append(Dropped(where, "has labels that marks on a text cannot hold"))
    return kept, dropped


def _unchanged(sentence: LabelledSentence) -> Answer:
    marks = tuple(marks_of(sentence))
    return Answer(task_id(sentence), "", pack(sentence), sentence.text, marks)


def settle(
    answer: Answer, name_term: NameTerm, targets: Collection[str] = (), *, judged: bool = True
) -> LabelledSentence | Dropped:
    """The labelled sentence of an answer, or why there is none, every law checked anew.

    A mark that cannot be placed costs its sentence, which would else say that nothing stands there.
    With `judged`, so does a stance that was left open.
    """
    try:
        sent = unpack(answer.sent)
        places = place_marks(sent.text, answer.text, answer.marks, answer.unit)
        if places is None:
            raise RecordError("text", "is not the text that was sent")
        lost = [mark for mark, place in zip(answer.marks, places, strict=True) if place is None]
        if lost:
            raise RecordError("cannot be placed", ", ".join(map(_describe, lost)))
        placed = [
            Placed(mark.layer, *_trim(sent.text, *place), mark.values)
            for mark, place in zip(answer.marks, places, strict=True)
            if place is not None
        ]
        sentence = rebuild(sent, placed, name_term, targets)
        check_span_laws(sentence)
        if judged and (open_ := [s.target for s in sentence.stances if s.label is None]):
            raise RecordError(f"stance toward {', '.join(open_)}", "is not given")
    except RecordError as error:
        return Dropped(answer.source, str(error), excerpt=answer.text[:80])
    return sentence


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without the space at its edges, which a hand easily takes along."""
    inner = text[start:end].strip()
    if not inner:
        return start, end
    start += text[start:end].index(inner[0])
    return start, start + len(inner)


def _describe(mark: Mark) -> str:
    said = "/".join(value for value in mark.values.values() if value)
    return f"{mark.layer} {said} [{mark.start}, {mark.end}) «{mark.quote or ''}»"


def _check_form(sentence: LabelledSentence) -> None:
    """ValueError for a value that no record has: the file may have passed through any hands."""

    def check(value: object, allowed: Collection[object]) -> None:
        if value not in allowed:
            raise ValueError(f"{_short(value)} is none of {', '.join(map(str, allowed))}")

    def check_kind(kind: type | tuple[type, ...], *values: object) -> None:
        if wrong := [v for v in values if not isinstance(v, kind) or isinstance(v, bool)]:
            raise ValueError(f"{_short(wrong[0])} is of another kind than the field")

    optional = (str, type(None))
    check_kind(str, sentence.article_id, sentence.text, sentence.outlet, sentence.story)
    check_kind(int, sentence.index, sentence.start, sentence.end)
    check_kind(optional, sentence.published)
    check(sentence.section, ("headline", "body"))
    for voice in sentence.voices:
        check_kind(int, voice.start, voice.end)
        check_kind(optional, voice.speaker, voice.cue)
        check(voice.kind, VOICE_KINDS)
    for stance in sentence.stances:
        check_kind(str, stance.target)
        check_kind(optional, stance.speaker)
        check(stance.holder, HOLDERS)
        check(stance.label, (*STANCE_LABELS, None))
        for mention in stance.mentions:
            check_kind(int, mention.start, mention.end)
            check_kind(str, mention.term)
            check(mention.connotation, CONNOTATIONS)
    for term in sentence.loaded_terms:
        check_kind(int, term.start, term.end)
        check_kind(str, term.term)
        check_kind(optional, term.target)
        check_kind((int, type(None)), term.group)
        check(term.category, LOADED_CATEGORIES)
        check(term.voice, ("own", *VOICE_KINDS))
        check(term.weak, (True, False))
    sentence.text.encode("utf-8")  # a lone surrogate is a ValueError too


def describe_place(sentence: LabelledSentence) -> str:
    """Outlet, day and place of a sentence, for the annotator's eyes."""
    day = sentence.published or "–"
    return f"{sentence.outlet} · {day} · {sentence.section} {sentence.index}"


def targets_named(sentences: Iterable[LabelledSentence]) -> set[str]:
    """Every target that the labels of some sentences name."""
    named: set[str | None] = set()
    for sentence in sentences:
        named |= {stance.target for stance in sentence.stances}
        named |= {term.target for term in sentence.loaded_terms}
    return cast(set[str], named - {None})
