"""The nouns that travel from an article to a report.

All offsets are Unicode code points, half-open. Two laws hold for every record: a sentence is a
slice of its article (`check_sentence_law`), a span a slice of its sentence (`check_span_laws`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, Self, get_args

from model.errors import RecordError

SCHEMA_VERSION = 1

StanceLabel = Literal["favor", "against", "none"]
Category = Literal["label", "emotive", "doubt", "scare_quotes", "praise", "euphemism"]
Connotation = Literal["neutral", "pejorative", "laudatory"]
Holder = Literal["newsroom", "source"]
Section = Literal["headline", "body"]
VoiceKind = Literal["direct", "reported"]
TermVoice = Literal["own", "reported", "direct"]

# The labels, in the order in which the classifier numbers them.
STANCE_LABELS: tuple[StanceLabel, ...] = get_args(StanceLabel)
LOADED_CATEGORIES: tuple[Category, ...] = get_args(Category)
CONNOTATIONS: tuple[Connotation, ...] = get_args(Connotation)
HOLDERS: tuple[Holder, ...] = get_args(Holder)


class Record:
    """Turns into plain JSON and back.

    Fields in `_omit_none` are left out where they are None, those in `_omit_empty` where empty.
    """

    __slots__ = ()
    _nested: ClassVar[Mapping[str, type[Record]]] = {}
    _omit_none: ClassVar[frozenset[str]] = frozenset()
    _omit_empty: ClassVar[frozenset[str]] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers, in the order of the fields."""
        plain: dict[str, Any] = {}
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            if value is None and item.name in self._omit_none:
                continue
            if not value and item.name in self._omit_empty:
                continue
            if item.name in self._nested:
                value = [part.to_dict() for part in value]
            elif isinstance(value, tuple):
                value = list(value)
            plain[item.name] = value
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The record that `to_dict` wrote. RecordError names a missing or unknown field."""
        if not isinstance(data, Mapping):
            raise RecordError(cls.__name__, f"{data!r} is no object")
        known = {item.name: item for item in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(data) - set(known)):
            raise RecordError(cls.__name__, f"unknown field {', '.join(unknown)}")
        values: dict[str, Any] = {}
        for name in known:
            if name not in data:
                if name in cls._omit_none | cls._omit_empty:
                    continue
                raise RecordError(cls.__name__, f"field {name} is missing")
            value = data[name]
            if value is None and name in cls._omit_empty:
                continue
            if name in cls._nested:
                value = tuple(cls._nested[name].from_dict(part) for part in value)
            elif isinstance(value, list):
                value = tuple(value)
            values[name] = value
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Article(Record):
    """One news article. `text` is the body; `source` says the file and line that it came from.

    `offset`: the byte where its record begins there, if known; it says nothing about the article.
    """

    id: str
    outlet: str
    published: str | None
    url: str | None
    headline: str
    text: str
    source: str
    offset: int | None = field(default=None, compare=False, repr=False)

    _omit_none: ClassVar[frozenset[str]] = frozenset({"offset"})


def article_id(headline: str, text: str) -> str:
    """The id of an article that brings none: 16 hex digits of the SHA-256 of headline and text."""
    return hashlib.sha256(f"{headline}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Voice(Record):
    """Whose words a stretch of a sentence is; what lies in no voice span is the newsroom's own.

    `direct` holds the source's wording; in `reported` the claim is the source's and the wording is
    the newsroom's. The cue lies outside the span.
    """

    start: int
    end: int
    kind: VoiceKind
    speaker: str | None
    cue: str | None


@dataclass(frozen=True, slots=True)
class Mention(Record):
    """A name that stands for a target; `term` is the name without clitics, as it is listed."""

    start: int
    end: int
    text: str
    term: str
    connotation: Connotation


@dataclass(frozen=True, slots=True)
class Stance(Record):
    """How one holder's own words place one target. `label` is None until somebody has judged it.

    Predictions carry `scores` (label → probability, summing to 1); labelled data carries `origin`
    (`gold` or `silver`), for silver with the `rules` that voted and their `confidence`. `sure` is
    False where the likeliest label's score lies below the checkpoint's threshold: not sure. None
    where no threshold is known.
    """

    target: str
    holder: Holder
    speaker: str | None
    mentions: tuple[Mention, ...]
    label: StanceLabel | None
    scores: dict[str, float] | None = None
    origin: Literal["gold", "silver"] | None = None
    rules: tuple[str, ...] | None = None
    confidence: float | None = None
    sure: bool | None = None

    _nested: ClassVar[Mapping[str, type[Record]]] = {"mentions": Mention}
    _omit_none: ClassVar[frozenset[str]] = frozenset(
        {"scores", "origin", "rules", "confidence", "sure"}
    )


@dataclass(frozen=True, slots=True)
class LoadedTerm(Record):
    """Loaded wording. `target` is whom it is said of; parts of one name share a `group`.

    `sure` is False where the confidence lies below the checkpoint's threshold, None without one.
    """

    start: int
    end: int
    text: str
    term: str
    category: Category
    weak: bool
    voice: TermVoice
    target: str | None
    group: int | None
    confidence: float | None = None
    origin: Literal["gold", "silver"] | None = None
    rules: tuple[str, ...] | None = None
    sure: bool | None = None

    _omit_none: ClassVar[frozenset[str]] = frozenset({"confidence", "origin", "rules", "sure"})


@dataclass(frozen=True, slots=True)
class Sentence(Record):
    """A slice of an article's headline or body, with the voices in it."""

    article_id: str
    index: int
    section: Section
    start: int
    end: int
    text: str
    voices: tuple[Voice, ...]

    _nested: ClassVar[Mapping[str, type[Record]]] = {"voices": Voice}

    @classmethod
    def extend(cls, sentence: Sentence, **more: Any) -> Self:
        """The same sentence as a richer record, with the fields that this one adds."""
        shared = {item.name: getattr(sentence, item.name) for item in fields(Sentence)}
        return cls(**shared, **more)


@dataclass(frozen=True, slots=True)
class ClassLabel(Record):
    """What one task says of a text, read alone or beside a second one (a target's name, a title).

    `confidence`: how sure the label is, between 0 and 1; None where nothing is known.
    """

    task: str
    pair: str | None
    label: str
    confidence: float | None = None

    _omit_none: ClassVar[frozenset[str]] = frozenset({"confidence"})


@dataclass(frozen=True, slots=True)
class TaskSpan(Record):
    """A span that one task marks in a text."""

    task: str
    start: int
    end: int
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class LabelledSentence(Sentence):
    """A sentence with its labels; `story` is the unit that splits and folds keep whole.

    `classes` and `spans` are labels of tasks other than stance and loaded terms, and of sets that
    come from other hands; `dataset` names that set (None: the run's own articles), `tasks` what it
    is labelled for (None: stance and loaded terms), so that no span can mean that none is there.
    """

    outlet: str
    published: str | None
    story: str
    stances: tuple[Stance, ...]
    loaded_terms: tuple[LoadedTerm, ...]
    dataset: str | None = None
    tasks: tuple[str, ...] | None = None
    classes: tuple[ClassLabel, ...] = ()
    spans: tuple[TaskSpan, ...] = ()

    _nested: ClassVar[Mapping[str, type[Record]]] = {
        "voices": Voice,
        "stances": Stance,
        "loaded_terms": LoadedTerm,
        "classes": ClassLabel,
        "spans": TaskSpan,
    }
    _omit_none: ClassVar[frozenset[str]] = frozenset({"dataset", "tasks"})
    _omit_empty: ClassVar[frozenset[str]] = frozenset({"classes", "spans"})


@dataclass(frozen=True, slots=True)
class Prediction(Sentence):
    """A sentence with what the classifier found in it.

    `classes` and `spans` hold the results of tasks other than stance and loaded terms, by task;
    `sure` stands in them where the checkpoint has a threshold for the task.
    """

    outlet: str
    published: str | None
    url: str | None
    stances: tuple[Stance, ...]
    loaded_terms: tuple[LoadedTerm, ...]
    classes: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Any] = field(default_factory=dict)

    _nested: ClassVar[Mapping[str, type[Record]]] = {
        "voices": Voice,
        "stances": Stance,
        "loaded_terms": LoadedTerm,
    }


@dataclass(frozen=True, slots=True)
class Dropped(Record):
    """A record that was left out, and why; `offset` is the byte of the file where it began."""

    source: str
    reason: str
    offset: int | None = None
    excerpt: str = ""


def check_sentence_law(article: Article, sentence: Sentence) -> None:
    """RecordError unless the sentence is the slice of its article that its offsets name."""
    whole = article.headline if sentence.section == "headline" else article.text
    if whole[sentence.start : sentence.end] != sentence.text:
        raise RecordError(
            f"{article.source}: {sentence.section} [{sentence.start}, {sentence.end})",
            "the text between the offsets is not the sentence's text",
            "the article has changed since it was segmented",
        )


def spans_of(sentence: Sentence) -> Iterator[Mention | LoadedTerm | TaskSpan]:
    """Every mention, loaded term and task span of a labelled or predicted sentence."""
    stances: Iterable[Stance] = getattr(sentence, "stances", ())
    for stance in stances:
        yield from stance.mentions
    yield from getattr(sentence, "loaded_terms", ())
    if isinstance(sentence, LabelledSentence):
        yield from sentence.spans


def check_span_laws(sentence: Sentence) -> None:
    """RecordError unless every span of the sentence is the slice that its offsets name."""
    where = f"{sentence.article_id}:{sentence.index}"
    for voice in sentence.voices:
        if not 0 <= voice.start < voice.end <= len(sentence.text):
            raise RecordError(
                where,
                f"voice [{voice.start}, {voice.end}) runs past the sentence "
                f"({len(sentence.text)} characters)",
            )
    for span in spans_of(sentence):
        fits = 0 <= span.start < span.end <= len(sentence.text)
        if not fits or sentence.text[span.start : span.end] != span.text:
            raise RecordError(
                where, f"span [{span.start}, {span.end}) does not hold the text {span.text!r}"
            )
