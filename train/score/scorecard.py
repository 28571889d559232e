"""The quality of a model, beside what it has to beat, with how sure each figure is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from model.records import LabelledSentence
from train.score.behaviour.judge import BehaviourScores
from train.score.bootstrap import Interval, Statistic
from train.score.browse.collect import Browse, ErrorSummary
from train.score.ceiling import Ceiling
from train.score.comparing import Difference
from train.score.end_to_end import EndToEnd
from train.score.labels import StanceScores, TargetMeans, macro_f1
from train.score.outlets import OutletProbe
from train.score.partial import PartialScores
from train.score.presence import PresenceScores
from train.score.reliability import Reliability
from train.score.slices import SideGap, Slice, Tilt
from train.score.spans import SpanMatchScores, SpanScores, micro_f1
from train.score.task_reading import TaskReading
from train.score.tasks import TaskScores

SCORECARD_VERSION = 3

PAGE_ONLY = {"is_plain": False}
"""Marks a field that stands in no `to_dict`."""

MEASURES: Mapping[str, Statistic] = {
    "macro_f1": macro_f1,
    "span_f1_exact": micro_f1,
    "span_f1_overlap": micro_f1,
}
"""What gets an interval and is compared: stance macro-F1, and micro-F1 of the loaded terms."""


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """What a split of the dataset holds; `num_labels` and `num_spans` are of other sets' tasks."""

    name: str
    num_sentences: int
    num_stories: int
    num_stances: int
    num_loaded_terms: int
    num_labels: int = 0
    num_spans: int = 0


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """Which data the figures rest on; `hash` is that of the whole dataset."""

    hash: str
    splits: tuple[SplitFacts, ...]


@dataclass(frozen=True, slots=True)
class SystemScores:
    """One system's scores; `intervals` has one for each of the `MEASURES`.

    `targets`: stances target by target. `presence`: whether a sentence holds any loaded term.
    """

    name: str
    stances: StanceScores
    targets: TargetMeans
    spans: SpanScores
    spans_without_weak: SpanScores
    characters: SpanMatchScores
    partial: PartialScores
    presence: PresenceScores
    intervals: Mapping[str, Interval]

    def value(self, measure: str) -> float:
        """The figure of one of the `MEASURES`."""
        return {
            "macro_f1": self.stances.macro_f1,
            "span_f1_exact": self.spans.span_f1_exact.micro.f1,
            "span_f1_overlap": self.spans.span_f1_overlap.micro.f1,
        }[measure]


@dataclass(frozen=True, slots=True)
class Reading:
    """Several systems on the same gold sentences.

    `test` is one checkpoint on its test split; `folds` pools the held-out parts of grouped folds,
    each predicted by the systems that did not see it. `errors`, `slices`, `tilts` and `side_gaps`
    are those of the first system; `browse` holds all of its errors, for the page alone.
    """

    name: str
    num_sentences: int
    num_stories: int
    systems: tuple[SystemScores, ...]
    differences: tuple[Difference, ...]
    errors: ErrorSummary
    slices: tuple[Slice, ...] = ()
    tilts: tuple[Tilt, ...] = ()
    side_gaps: tuple[SideGap, ...] = ()
    browse: Browse | None = field(default=None, repr=False, compare=False, metadata=PAGE_ONLY)


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All readings of a model, and the hashes of what they rest on (`checkpoints`: by system).

    `notes` are sentences that a reader of the figures has to know. `tasks` are the checkpoint's
    scores on its test split by task. `task_readings`: those of sets of other hands, beside
    baselines; `readings` are of nabra's own two tasks on the run's own articles.
    `end_to_end`: by checkpoint the stances of bare sentences; readings are given the targets.
    """

    dataset: DatasetFacts
    checkpoints: Mapping[str, str]
    readings: tuple[Reading, ...]
    notes: tuple[str, ...] = ()
    schema_version: int = SCORECARD_VERSION
    tasks: Mapping[str, TaskScores] = field(default_factory=dict)
    end_to_end: Mapping[str, EndToEnd] = field(default_factory=dict)
    behaviour: BehaviourScores | None = None
    reliability: Mapping[str, Reliability] = field(default_factory=dict)
    outlets: OutletProbe | None = None
    ceiling: Ceiling | None = None
    task_readings: tuple[TaskReading, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers."""
        plain: dict[str, Any] = _plain(self)
        return plain


def count_split(name: str, sentences: Sequence[LabelledSentence]) -> SplitFacts:
    """The facts of one split."""
    return SplitFacts(
        name=name,
        num_sentences=len(sentences),
        num_stories=len({sentence.story for sentence in sentences}),
        num_stances=sum(len(sentence.stances) for sentence in sentences),
        num_loaded_terms=sum(len(sentence.loaded_terms) for sentence in sentences),
        num_labels=sum(len(sentence.classes) for sentence in sentences),
        num_spans=sum(len(sentence.spans) for sentence in sentences),
    )


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {
            item.name: _plain(getattr(value, item.name))
            for item in fields(value)
            if item.metadata.get("is_plain", True)
        }
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
