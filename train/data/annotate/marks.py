"""What a tool holds of a sentence: marks on a text; from a labelled sentence and back to one.

A person edits marks and nothing else. What no tool can hold (the form of a term without clitics,
speakers of stances, the article's fields) travels beside them as the sentence that was sent, and
serves for each mark that came back unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast, get_args

from model.errors import RecordError
from model.records import (
    CONNOTATIONS,
    LOADED_CATEGORIES,
    STANCE_LABELS,
    LabelledSentence,
    LoadedTerm,
    Mention,
    Stance,
    StanceLabel,
    Voice,
    VoiceKind,
)
from model.text.attribution import voice_at
from model.text.stances import holder_of

Layer = Literal["voice", "mention", "term"]
T = TypeVar("T")

VOICE_KINDS: tuple[VoiceKind, ...] = get_args(VoiceKind)
WEAK = "weak"
KEYS: dict[Layer, tuple[str, ...]] = {
    "voice": ("kind", "speaker", "cue"),
    "mention": ("target", "connotation", "stance"),
    "term": ("category", "weak", "target", "group"),
}
"""What can be said of a mark, by its layer. A mention's `stance` is that of its holder: it stands
on one of the mentions, and the others leave it empty."""

NameTerm = Callable[[str], str]
"""From a span's text to the form without clitics that is counted."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A span with what is said of it. A key that `values` lacks is one the tool cannot hold.

    An empty value says that there is none. `start` and `end` are None where somebody gave the
    `quote` alone; `quote` is None where the tool gives offsets alone.
    """

    layer: Layer
    start: int | None
    end: int | None
    quote: str | None
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A mark whose place in the sentence is sure."""

    layer: Layer
    start: int
    end: int
    values: Mapping[str, str]


def marks_of(sentence: LabelledSentence) -> list[Mark]:
    """The voices, mentions and loaded terms of a sentence, in this order."""
    marks = [
        _mark(sentence, "voice", voice, kind=voice.kind, speaker=voice.speaker, cue=voice.cue)
        for voice in sentence.voices
    ]
    for stance in sentence.stances:
        label: str | None = stance.label
        for mention in stance.mentions:
            values = {"target": stance.target, "connotation": mention.connotation, "stance": label}
            marks.append(_mark(sentence, "mention", mention, **values))
            label = None
    marks += [
        _mark(
            sentence,
            "term",
            term,
            category=term.category,
            weak=WEAK if term.weak else None,
            target=term.target,
            group=None if term.group is None else str(term.group),
        )
        for term in sentence.loaded_terms
    ]
    return marks


def _mark(
    sentence: LabelledSentence,
    layer: Layer,
    span: Voice | Mention | LoadedTerm,
    **values: str | None,
) -> Mark:
    quote = sentence.text[span.start : span.end]
    given = {key: value or "" for key, value in values.items()}
    return Mark(layer, span.start, span.end, quote, given)


def as_gold(sentence: LabelledSentence) -> LabelledSentence:
    """The same labels as a person's: what rules or a model added to them is left out."""
    return replace(
        sentence,
        stances=tuple(
            replace(stance, origin="gold", rules=None, confidence=None, scores=None)
            for stance in sentence.stances
        ),
        loaded_terms=tuple(
            replace(term, origin="gold", rules=None, confidence=None)
            for term in sentence.loaded_terms
        ),
    )


def rebuild(
    sent: LabelledSentence,
    marks: Sequence[Placed],
    name_term: NameTerm,
    targets: Collection[str] = (),
) -> LabelledSentence:
    """The sentence that was sent with the labels of the marks, as gold.

    A mention belongs to the source in whose direct quotation it stands, else to the newsroom, and
    a term to the voice around it; where neither it nor a voice changed, to whom it did before.
    RecordError for a value that is none, two stances for one holder, a target that is neither in
    `targets` nor in what was sent.
    """
    known_targets = set(targets) | {stance.target for stance in sent.stances}
    known_targets |= {term.target for term in sent.loaded_terms if term.target}
    for mark in marks:
        _check(sent, mark, known_targets)
    voices = _voices(sent, [mark for mark in marks if mark.layer == "voice"])
    is_same = voices == sent.voices
    rebuilt = replace(
        sent,
        voices=voices,
        stances=_stances(
            sent, [mark for mark in marks if mark.layer == "mention"], voices, is_same, name_term
        ),
        loaded_terms=_terms(
            sent, [mark for mark in marks if mark.layer == "term"], voices, is_same, name_term
        ),
    )
    return as_gold(rebuilt)


def _check(sent: LabelledSentence, mark: Placed, targets: Collection[str]) -> None:
    where = f"{mark.layer} «{sent.text[mark.start : mark.end]}»"
    allowed: dict[str, Collection[str]] = {
        "kind": VOICE_KINDS,
        "connotation": ("", *CONNOTATIONS),
        "stance": ("", *STANCE_LABELS),
        "category": LOADED_CATEGORIES,
        "weak": ("", WEAK),
        "target": ("", *targets),
    }
    for key, value in mark.values.items():
        if key in allowed and value not in allowed[key]:
            raise RecordError(where, f"{value!r} is no {key}")
        if (
            key == "group"
            and value
            and not (value.isascii() and value.isdigit() and len(value) < 5)
        ):
            raise RecordError(where, f"{value!r} is no number of a group")
    if mark.layer == "mention" and not mark.values.get("target"):
        raise RecordError(where, "names no target")


def _voices(sent: LabelledSentence, marks: Sequence[Placed]) -> tuple[Voice, ...]:
    known = {(voice.start, voice.end): voice for voice in sent.voices}
    found = {}
    for mark in marks:
        before = known.get((mark.start, mark.end))
        found[mark.start, mark.end] = Voice(
            start=mark.start,
            end=mark.end,
            kind=cast(VoiceKind, mark.values["kind"]),
            speaker=_text(mark, "speaker", before),
            cue=_text(mark, "cue", before),
        )
    return _in_order(found.values(), sent.voices, lambda voice: (voice.start, voice.end))


def _text(mark: Placed, key: str, before: object) -> str | None:
    """The mark's own value; that of what was sent, where the tool could not hold it."""
    if key in mark.values:
        return mark.values[key] or None
    value: str | None = getattr(before, key, None)
    return value


def _stances(
    sent: LabelledSentence,
    marks: Sequence[Placed],
    voices: tuple[Voice, ...],
    is_same: bool,
    name_term: NameTerm,
) -> tuple[Stance, ...]:
    known = {
        (mention.start, mention.end, stance.target): (stance, mention)
        for stance in sent.stances
        for mention in stance.mentions
    }
    mentions: dict[tuple[Any, ...], dict[tuple[int, int], Mention]] = {}
    labels: dict[tuple[Any, ...], set[str]] = {}
    for mark in marks:
        target = mark.values["target"]
        stance, before = known.get((mark.start, mark.end, target), (None, None))
        text = sent.text[mark.start : mark.end]
        connotation = mark.values.get("connotation") or (
            before.connotation if before else "neutral"
        )
        term = before.term if before else name_term(text)
        mention = Mention(mark.start, mark.end, text, term, cast(Any, connotation))
        if stance is not None and is_same:
            key = (target, stance.holder, stance.speaker)
        else:
            key = (target, *holder_of(mention, voices))
        mentions.setdefault(key, {})[mark.start, mark.end] = mention
        label = mark.values.get("stance", (stance.label if stance else None) or "")
        labels.setdefault(key, set()).update([label] if label else [])
    stances = []
    for key, found in mentions.items():
        target, holder, speaker = key
        if len(labels[key]) > 1:
            given = " and ".join(sorted(labels[key]))
            raise RecordError(f"stance toward {target}", f"is {given} in the words of one {holder}")
        before_mentions = next(
            (s.mentions for s in sent.stances if (s.target, s.holder, s.speaker) == key), ()
        )
        stances.append(
            Stance(
                target=target,
                holder=holder,
                speaker=speaker,
                mentions=_in_order(found.values(), before_mentions, lambda m: (m.start, m.end)),
                label=cast(StanceLabel, min(labels[key])) if labels[key] else None,
            )
        )
    # No tool can show a stance that has no mention: it stays as it was sent.
    stances += [stance for stance in sent.stances if not stance.mentions]
    return _in_order(
        stances,
        sent.stances,
        lambda s: (s.target, s.holder, s.speaker),
        lambda s: min((m.start for m in s.mentions), default=len(sent.text)),
    )


def _terms(
    sent: LabelledSentence,
    marks: Sequence[Placed],
    voices: tuple[Voice, ...],
    is_same: bool,
    name_term: NameTerm,
) -> tuple[LoadedTerm, ...]:
    same_place = {(term.start, term.end): term for term in sent.loaded_terms}
    same = {(term.start, term.end, term.category): term for term in sent.loaded_terms}
    found = {}
    for mark in marks:
        category = cast(Any, mark.values["category"])
        key = (mark.start, mark.end, category)
        before = same.get(key) or same_place.get((mark.start, mark.end))
        text = sent.text[mark.start : mark.end]
        group = mark.values.get("group")
        found[key] = LoadedTerm(
            start=mark.start,
            end=mark.end,
            text=text,
            term=before.term if before else name_term(text),
            category=category,
            weak=mark.values["weak"] == WEAK
            if "weak" in mark.values
            else before is not None and before.weak,
            voice=before.voice if before and is_same else voice_at(voices, mark.start, mark.end),
            target=_text(mark, "target", before),
            group=(int(group) if group else None)
            if group is not None
            else (before.group if before else None),
        )
    return _in_order(
        found.values(), sent.loaded_terms, lambda term: (term.start, term.end, term.category)
    )


def _in_order(
    found: Collection[T],
    sent: Sequence[T],
    key: Callable[[T], Any],
    place: Callable[[T], Any] | None = None,
) -> tuple[T, ...]:
    """What was found in the order in which it was sent; by its place, where something is new."""
    order = {key(item): number for number, item in enumerate(sent)}
    if all(key(item) in order for item in found):
        return tuple(sorted(found, key=lambda item: order[key(item)]))
    return tuple(sorted(found, key=place or key))
