"""The quality of a model, beside what it has to beat, with how sure each figure is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from model.errors import RecordError
from model.records import LabelledSentence, LoadedTerm
from train.score.bootstrap import (
    Interval,
    Statistic,
    Verdict,
    difference_interval,
    judge_difference,
    story_interval,
    sum_by_story,
)
from train.score.counts import IntArray
from train.score.labels import StanceScores, count_stances_of_each, macro_f1, score_stances
from train.score.outputs import SystemOutput
from train.score.spans import (
    SpanKey,
    SpanScores,
    count_spans,
    match_exact,
    match_overlap,
    micro_f1,
    score_spans,
    without_weak,
)
from train.score.tasks import TaskScores

SCORECARD_VERSION = 1
MAX_MISTAKES = 6

MEASURES: Mapping[str, Statistic] = {
    "macro_f1": macro_f1,
    "span_f1_exact": micro_f1,
    "span_f1_overlap": micro_f1,
}
"""What gets an interval and is compared: stance macro-F1, and micro-F1 of the loaded terms."""


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """What a split of the dataset holds."""

    name: str
    num_sentences: int
    num_stories: int
    num_stances: int
    num_loaded_terms: int


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """Which data the figures rest on; `hash` is that of the whole dataset."""

    hash: str
    splits: tuple[SplitFacts, ...]


@dataclass(frozen=True, slots=True)
class SystemScores:
    """One system's scores; `intervals` has one for each of the `MEASURES`."""

    name: str
    stances: StanceScores
    spans: SpanScores
    spans_without_weak: SpanScores
    intervals: Mapping[str, Interval]

    def value(self, measure: str) -> float:
        """The figure of one of the `MEASURES`."""
        return {
            "macro_f1": self.stances.macro_f1,
            "span_f1_exact": self.spans.span_f1_exact.micro.f1,
            "span_f1_overlap": self.spans.span_f1_overlap.micro.f1,
        }[measure]


@dataclass(frozen=True, slots=True)
class Difference:
    """The lead of a reading's first system over another: `system` minus `other`."""

    measure: str
    system: str
    other: str
    value: float
    interval: Interval
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Mistake:
    """A stance that the first system got wrong. `target` is the target's id."""

    story: str
    text: str
    target: str
    holder: str
    gold: str
    predicted: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Several systems on the same gold sentences.

    `test` is one checkpoint on its test split; `folds` pools the held-out parts of grouped folds,
    each predicted by the systems that did not see it. `mistakes` shows one story each.
    """

    name: str
    num_sentences: int
    num_stories: int
    systems: tuple[SystemScores, ...]
    differences: tuple[Difference, ...]
    mistakes: tuple[Mistake, ...]


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All readings of a model, and the hashes of what they rest on (`checkpoints`: by system).

    `notes` are sentences that a reader of the figures has to know. `tasks` are the checkpoint's
    scores on its test split by task; other tasks than nabra's own stand in no reading.
    """

    dataset: DatasetFacts
    checkpoints: Mapping[str, str]
    readings: tuple[Reading, ...]
    notes: tuple[str, ...] = ()
    schema_version: int = SCORECARD_VERSION
    tasks: Mapping[str, TaskScores] = field(default_factory=dict)

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
    )


def build_reading(
    name: str,
    gold: Sequence[LabelledSentence],
    outputs: Mapping[str, Sequence[SystemOutput]],
    *,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Reading:
    """Score every system on the same sentences, and compare the first of `outputs` with the others.

    RecordError where there is nothing to score, a gold stance has no label, or an output does not
    answer each gold stance. Intervals hold the trained systems fixed: they say what other stories
    would do to the figures, not what another seed would.
    """
    _check_reading(name, gold, outputs)
    stories = [sentence.story for sentence in gold]
    counts = {
        system: {
            measure: sum_by_story(by_sentence, stories)
            for measure, by_sentence in _count_by_sentence(gold, theirs).items()
        }
        for system, theirs in outputs.items()
    }
    systems = tuple(
        _score_system(
            system,
            gold,
            theirs,
            {
                measure: story_interval(
                    statistic, counts[system][measure], num_resamples=num_resamples, seed=seed
                )
                for measure, statistic in MEASURES.items()
            },
        )
        for system, theirs in outputs.items()
    )
    first, *others = outputs
    differences = tuple(
        _compare(measure, first, other, counts, num_resamples=num_resamples, seed=seed)
        for other in others
        for measure in MEASURES
    )
    return Reading(
        name=name,
        num_sentences=len(gold),
        num_stories=len(set(stories)),
        systems=systems,
        differences=differences,
        mistakes=_first_mistakes(gold, outputs[first]),
    )


def _check_reading(
    name: str, gold: Sequence[LabelledSentence], outputs: Mapping[str, Sequence[SystemOutput]]
) -> None:
    if not gold or not outputs:
        raise RecordError(f"reading {name}", "there is no sentence or no system to score")
    for sentence in gold:
        if any(stance.label is None for stance in sentence.stances):
            raise RecordError(
                f"{sentence.article_id}:{sentence.index}", "a gold stance has no label", "label it"
            )
    for system, theirs in outputs.items():
        where = f"reading {name}, system {system}"
        if len(theirs) != len(gold):
            raise RecordError(where, f"{len(theirs)} outputs for {len(gold)} sentences")
        for sentence, output in zip(gold, theirs, strict=True):
            if len(output.stances) != len(sentence.stances):
                raise RecordError(
                    f"{where}, sentence {sentence.article_id}:{sentence.index}",
                    f"{len(output.stances)} stance labels for {len(sentence.stances)} stances",
                )


def _score_system(
    name: str,
    gold: Sequence[LabelledSentence],
    outputs: Sequence[SystemOutput],
    intervals: Mapping[str, Interval],
) -> SystemScores:
    gold_spans, predicted_spans = _gold_spans(gold), _predicted_spans(outputs)
    weak = [_span_keys(term for term in one.loaded_terms if term.weak) for one in gold]
    return SystemScores(
        name=name,
        stances=score_stances(
            [label for sentence in gold for label in _gold_labels(sentence)],
            [label for output in outputs for label in output.stances],
        ),
        spans=score_spans(gold_spans, predicted_spans),
        spans_without_weak=score_spans(*without_weak(gold_spans, predicted_spans, weak)),
        intervals=intervals,
    )


def _count_by_sentence(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput]
) -> dict[str, IntArray]:
    """For each measure the counts that it follows from, one row a sentence."""
    gold_spans, predicted_spans = _gold_spans(gold), _predicted_spans(outputs)
    return {
        "macro_f1": count_stances_of_each(
            [_gold_labels(sentence) for sentence in gold], [output.stances for output in outputs]
        ),
        "span_f1_exact": count_spans(gold_spans, predicted_spans, match_exact),
        "span_f1_overlap": count_spans(gold_spans, predicted_spans, match_overlap),
    }


def _compare(
    measure: str,
    first: str,
    other: str,
    counts: Mapping[str, Mapping[str, IntArray]],
    *,
    num_resamples: int,
    seed: int,
) -> Difference:
    statistic = MEASURES[measure]
    ours, theirs = counts[first][measure], counts[other][measure]
    interval = difference_interval(statistic, ours, theirs, num_resamples=num_resamples, seed=seed)
    return Difference(
        measure=measure,
        system=first,
        other=other,
        value=float(statistic(ours.sum(axis=0)) - statistic(theirs.sum(axis=0))),
        interval=interval,
        verdict=judge_difference(interval),
    )


def _first_mistakes(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput]
) -> tuple[Mistake, ...]:
    """The first wrong stance of each story, up to `MAX_MISTAKES`."""
    found: dict[str, Mistake] = {}
    for sentence, output in zip(gold, outputs, strict=True):
        for stance, predicted in zip(sentence.stances, output.stances, strict=True):
            if stance.label is not None and predicted != stance.label:
                mistake = Mistake(
                    story=sentence.story,
                    text=sentence.text,
                    target=stance.target,
                    holder=stance.holder,
                    gold=stance.label,
                    predicted=predicted,
                )
                found.setdefault(sentence.story, mistake)
    return tuple(found.values())[:MAX_MISTAKES]


def _gold_labels(sentence: LabelledSentence) -> list[str]:
    return [str(stance.label) for stance in sentence.stances]


def _gold_spans(gold: Sequence[LabelledSentence]) -> list[set[SpanKey]]:
    return [_span_keys(sentence.loaded_terms) for sentence in gold]


def _predicted_spans(outputs: Sequence[SystemOutput]) -> list[set[SpanKey]]:
    return [_span_keys(output.loaded_terms) for output in outputs]


def _span_keys(terms: Iterable[LoadedTerm]) -> set[SpanKey]:
    """Parts of a discontinuous name are spans of their own."""
    return {(term.start, term.end, term.category) for term in terms}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    return value
