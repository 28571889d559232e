"""Systems on the same gold sentences: scored, compared, and the first of them looked into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from model.errors import RecordError
from model.records import LabelledSentence, LoadedTerm
from train.score.bootstrap import Interval
from train.score.browse.collect import Browse
from train.score.comparing import compare_systems
from train.score.counts import IntArray
from train.score.labels import count_stances_of_each, score_stances, score_targets
from train.score.outputs import SystemOutput
from train.score.partial import score_partial
from train.score.presence import score_presence
from train.score.scorecard import MEASURES, Reading, SystemScores
from train.score.slices import Facets, SideGap, Slice, Tilt, side_tilts, slice_stances, slice_terms
from train.score.spans import (
    SpanKey,
    count_spans,
    match_exact,
    match_overlap,
    score_characters,
    score_spans,
    without_weak,
)


def build_reading(
    name: str,
    gold: Sequence[LabelledSentence],
    outputs: Mapping[str, Sequence[SystemOutput]],
    *,
    facets: Facets | None = None,
    num_resamples: int = 1000,
    seed: int = 0,
) -> Reading:
    """Score every system on the same sentences, and compare the first of `outputs` with the others.

    The first one's errors are collected. With `facets` it is looked into: by slices, and by how
    its errors lean.

    RecordError where there is nothing to score, a gold stance has no label, or an output does not
    answer each gold stance. Intervals hold the trained systems fixed: they say what other stories
    would do to the figures, not what another seed would.
    """
    _check_reading(name, gold, outputs)
    stories = [sentence.story for sentence in gold]
    intervals, differences = compare_systems(
        MEASURES,
        {system: _count_by_sentence(gold, theirs) for system, theirs in outputs.items()},
        stories,
        num_resamples=num_resamples,
        seed=seed,
    )
    systems = tuple(
        _score_system(
            system,
            gold,
            theirs,
            intervals[system],
            num_resamples=num_resamples,
            seed=seed,
        )
        for system, theirs in outputs.items()
    )
    mine = next(iter(outputs.values()))
    slices: list[Slice] = []
    tilts: list[Tilt] = []
    gaps: list[SideGap] = []
    if facets is not None:
        slices = slice_stances(gold, mine, facets.stances, num_resamples=num_resamples)
        slices += slice_terms(gold, mine, facets.terms, num_resamples=num_resamples)
        tilts, gaps = side_tilts(gold, mine, facets.side_of, num_resamples=num_resamples)
    browse = Browse.of(gold, mine, facets)
    return Reading(
        name=name,
        num_sentences=len(gold),
        num_stories=len(set(stories)),
        systems=systems,
        differences=differences,
        errors=browse.summary(),
        slices=tuple(slices),
        tilts=tuple(tilts),
        side_gaps=tuple(gaps),
        browse=browse,
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
    *,
    num_resamples: int,
    seed: int,
) -> SystemScores:
    gold_spans, predicted_spans = _gold_spans(gold), _predicted_spans(outputs)
    weak = [_span_keys(term for term in one.loaded_terms if term.weak) for one in gold]
    right = [label for sentence in gold for label in _gold_labels(sentence)]
    given = [label for output in outputs for label in output.stances]
    targets = [stance.target for sentence in gold for stance in sentence.stances]
    presences = [output.presence for output in outputs if output.presence is not None]
    return SystemScores(
        name=name,
        stances=score_stances(right, given),
        targets=score_targets(right, given, targets),
        spans=score_spans(gold_spans, predicted_spans),
        spans_without_weak=score_spans(*without_weak(gold_spans, predicted_spans, weak)),
        characters=score_characters(gold_spans, predicted_spans),
        partial=score_partial(gold_spans, predicted_spans),
        presence=score_presence(
            [bool(spans) for spans in gold_spans],
            [bool(spans) for spans in predicted_spans],
            presences if len(presences) == len(outputs) else None,
            stories=[sentence.story for sentence in gold],
            num_resamples=num_resamples,
            seed=seed,
        ),
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


def _gold_labels(sentence: LabelledSentence) -> list[str]:
    return [str(stance.label) for stance in sentence.stances]


def _gold_spans(gold: Sequence[LabelledSentence]) -> list[set[SpanKey]]:
    return [_span_keys(sentence.loaded_terms) for sentence in gold]


def _predicted_spans(outputs: Sequence[SystemOutput]) -> list[set[SpanKey]]:
    return [_span_keys(output.loaded_terms) for output in outputs]


def _span_keys(terms: Iterable[LoadedTerm]) -> set[SpanKey]:
    """Parts of a discontinuous name are spans of their own."""
    return {(term.start, term.end, term.category) for term in terms}
