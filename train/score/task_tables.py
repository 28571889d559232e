"""The tables of tasks: their scores label by label, and the readings of other sets' tasks."""

from __future__ import annotations

from train.score.counts import LabelScores
from train.score.figures import figure, precision_recall
from train.score.labels import StanceScores, TargetMeans
from train.score.scorecard import Scorecard
from train.score.spans import SpanScores
from train.score.tables import (
    Table,
    confusion_table,
    difference_table,
    interval_level,
    with_interval,
)
from train.score.task_reading import TaskReading
from train.score.tasks import TaskScores

TASK_MEASURE_TITLES = {
    "macro_f1": "macro-F1",
    "span_f1_exact": "exact F1",
    "span_f1_overlap": "overlap F1",
    "span_f1_partial": "partial F1",
}


def task_tables(scorecard: Scorecard) -> list[Table]:
    """A table for each task; none where the readings say all of it already."""
    read = [system for reading in scorecard.readings for system in reading.systems]
    shown: list[TaskScores] = [
        scores for system in read for scores in (system.stances, system.spans)
    ]
    shown += [system.scores for reading in scorecard.task_readings for system in reading.systems]
    if all(scores in shown for scores in scorecard.tasks.values()):
        return []
    return [
        _label_table(name, scores)
        if isinstance(scores, StanceScores)
        else _task_span_table(name, scores)
        for name, scores in scorecard.tasks.items()
    ]


def task_reading_tables(reading: TaskReading) -> list[Table]:
    """All tables of one reading; a lone system has none of differences."""
    first = reading.systems[0]
    tables = [_systems_table(reading)]
    if isinstance(first.scores, StanceScores):
        tables += [_label_table(f"{reading.task}, {first.name}", first.scores)]
        tables += [confusion_table(first.name, first.scores)]
        if first.pairs is not None:
            tables.append(_pair_table(reading, first.pairs))
    else:
        tables += [_task_span_table(f"{reading.task}, {first.name}", first.scores)]
    titles = {measure: TASK_MEASURE_TITLES[measure] for measure in reading.measures}
    return tables + ([difference_table(reading.differences, titles)] if reading.differences else [])


def _systems_table(reading: TaskReading) -> Table:
    is_labels = isinstance(reading.systems[0].scores, StanceScores)
    level = interval_level(reading)
    measured = [
        f"{TASK_MEASURE_TITLES[measure]} {level} (n={reading.num_labels})"
        for measure in reading.measures
    ]
    if is_labels:
        note = (
            "n: gold labels. The macro-F1 averages all labels of the task. Favor/against: mean F1 "
            "of these two, where the task has them. By second text: the mean over them of the "
            "macro-F1 over the labels that each has in gold."
        )
        more = ("favor/against", "by second text", "accuracy")
    else:
        note = (
            "n: gold spans. Exact: same borders and label. Overlap: at least one character in "
            "common with a gold span of the label, each span counted once. Partial: credit for the "
            "share of a span that is found, as SemEval-2020 task 11 and ArAIEval give it, with "
            "overlapping spans of a label merged. P / R: precision and recall."
        )
        more = ("exact P / R", "partial P / R", "spans found")
    rows = []
    for system in reading.systems:
        scores, partial = system.scores, system.partial
        figures = [with_interval(system, measure) for measure in reading.measures]
        if isinstance(scores, StanceScores):
            by_pair = system.pairs.macro_f1 if system.pairs else None
            rest = [figure(each) for each in (scores.favor_against_f1, by_pair, scores.accuracy)]
        else:
            exact = scores.span_f1_exact.micro
            share = precision_recall(partial.merged.micro) if partial else figure(None)
            rest = [precision_recall(exact), share, str(exact.num_predicted)]
        rows.append((system.name, *figures, *rest))
    return Table(
        title=f"{reading.task}: systems",
        note=note,
        header=("system", *measured, *more),
        rows=tuple(rows),
    )


def _pair_table(reading: TaskReading, first: TargetMeans) -> Table:
    return Table(
        title=f"{reading.task} by second text, macro-F1",
        note="Over the labels that each has in gold. n: gold labels.",
        header=("second text", "n", *(system.name for system in reading.systems)),
        rows=tuple(
            (
                second,
                str(sum(scores.support.values())),
                *(
                    figure(system.pairs.per_target[second].macro_f1 if system.pairs else None)
                    for system in reading.systems
                ),
            )
            for second, scores in first.per_target.items()
        ),
    )


def _label_table(task: str, scores: StanceScores) -> Table:
    macro = ("macro average", str(scores.support), "", "", figure(scores.macro_f1))
    return Table(
        title=f"{task}: macro-F1 {figure(scores.macro_f1)} (n={scores.support})",
        note=(
            f"n: gold labels; accuracy {figure(scores.accuracy)}. The macro average is over all "
            "labels, those without gold too."
        ),
        header=("label", "n", "precision", "recall", "F1"),
        rows=(
            *((label, str(one.support), *_ratios(one)) for label, one in scores.per_label.items()),
            macro,
        ),
    )


def _task_span_table(task: str, scores: SpanScores) -> Table:
    exact, overlap = scores.span_f1_exact, scores.span_f1_overlap
    support = str(exact.micro.support)
    macro = ("", "", figure(exact.macro_f1), "", "", figure(overlap.macro_f1))
    return Table(
        title=f"{task}: exact F1 {figure(exact.micro.f1)} (n={support})",
        note=(
            "n: gold spans. Exact: same borders and label. Overlap: at least one character in "
            "common with a gold span of the label, each span counted once. The macro average is "
            "over the labels that have gold spans."
        ),
        header=(
            "label",
            "n",
            *(f"{way} {ratio}" for way in ("exact", "overlap") for ratio in ("P", "R", "F1")),
        ),
        rows=(
            *(
                (label, str(one.support), *_ratios(one), *_ratios(overlap.per_category[label]))
                for label, one in exact.per_category.items()
            ),
            ("all labels", support, *_ratios(exact.micro), *_ratios(overlap.micro)),
            ("macro average", support, *macro),
        ),
    )


def _ratios(scores: LabelScores) -> tuple[str, str, str]:
    """Precision, recall and F1; – where no gold is and none was predicted."""
    if not scores.support and not scores.num_predicted:
        return "–", "–", "–"
    return figure(scores.precision), figure(scores.recall), figure(scores.f1)
