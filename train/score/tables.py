"""The tables of a scorecard, the same for the page and the Markdown.

A macro-F1 never stands without its support.
"""

from __future__ import annotations

from dataclasses import dataclass

from train.score.bootstrap import Interval
from train.score.comparing import Difference
from train.score.counts import LabelScores
from train.score.labels import StanceScores
from train.score.scorecard import MEASURES, Reading, Scorecard, SystemScores
from train.score.spans import SpanScores

MEASURE_TITLES = {
    "macro_f1": "stance macro-F1",
    "span_f1_exact": "loaded terms, exact F1",
    "span_f1_overlap": "loaded terms, overlap F1",
}


@dataclass(frozen=True, slots=True)
class Table:
    """What both the page and the Markdown show; the first column names the row."""

    title: str
    note: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def reading_tables(reading: Reading) -> list[Table]:
    """All tables of one reading; a lone system has none of differences."""
    tables = [
        _stance_table(reading),
        _confusion_table(reading.systems[0]),
        _span_table(reading),
        _category_table(reading),
    ]
    return tables + ([_difference_table(reading)] if reading.differences else [])


def task_tables(scorecard: Scorecard) -> list[Table]:
    """A table for each task; none where the readings say all of it already."""
    read = [system for reading in scorecard.readings for system in reading.systems]
    shown = [scores for system in read for scores in (system.stances, system.spans)]
    if all(scores in shown for scores in scorecard.tasks.values()):
        return []
    return [
        _label_table(name, scores)
        if isinstance(scores, StanceScores)
        else _task_span_table(name, scores)
        for name, scores in scorecard.tasks.items()
    ]


def end_to_end_table(scorecard: Scorecard) -> Table | None:
    """The stances of bare sentences; None where none was scored."""
    if not scorecard.end_to_end:
        return None
    support = next(iter(scorecard.end_to_end.values())).support
    return Table(
        title="Stance from the bare sentence",
        note=(
            "Voices and names are found, too: a gold stance whose target or holder was not found "
            "is an error, and so is one that the gold lacks."
        ),
        header=("checkpoint", f"macro-F1 (n={support})", "not found", "found, not in gold",
                "favor F1", "against F1", "none F1"),
        rows=tuple(
            (
                name,
                figure_with(scores.macro_f1, scores.interval),
                str(scores.num_missed),
                str(scores.num_spurious),
                *(_figure(scores.per_label[x].f1) for x in ("favor", "against", "none")),
            )
            for name, scores in scorecard.end_to_end.items()
        ),
    )  # fmt: skip


def dataset_table(scorecard: Scorecard) -> Table:
    """What the splits hold."""
    return Table(
        title="Dataset",
        note="",
        header=("split", "sentences", "stories", "stances", "loaded terms"),
        rows=tuple(
            (
                split.name,
                str(split.num_sentences),
                str(split.num_stories),
                str(split.num_stances),
                str(split.num_loaded_terms),
            )
            for split in scorecard.dataset.splits
        ),
    )


def _stance_table(reading: Reading) -> Table:
    support = reading.systems[0].stances
    return Table(
        title="Stance",
        note=(
            "n: gold stances. Favor/against: mean F1 of these two labels. By target: the mean over "
            "targets of the macro-F1 over the labels that each has in gold."
        ),
        header=(
            "system",
            f"macro-F1 {interval_level(reading)} (n={support.support})",
            "favor/against",
            "by target",
            "accuracy",
            *(f"{label} F1 (n={one.support})" for label, one in support.per_label.items()),
        ),
        rows=tuple(
            (
                system.name,
                with_interval(system, "macro_f1"),
                _figure(system.stances.favor_against_f1),
                _figure(system.targets.macro_f1),
                _figure(system.stances.accuracy),
                *(_figure(scores.f1) for scores in system.stances.per_label.values()),
            )
            for system in reading.systems
        ),
    )


def _confusion_table(system: SystemScores) -> Table:
    labels = tuple(system.stances.per_label)
    return Table(
        title=f"Confusion matrix of {system.name}",
        note="",
        header=("gold", *(f"predicted {label}" for label in labels)),
        rows=tuple(
            (label, *map(str, row))
            for label, row in zip(labels, system.stances.confusion, strict=True)
        ),
    )


def _span_table(reading: Reading) -> Table:
    with_weak = reading.systems[0].spans.span_f1_exact.micro.support
    without = reading.systems[0].spans_without_weak.span_f1_exact.micro.support
    return Table(
        title="Loaded terms, all categories",
        note=(
            "Exact: same borders and category. Overlap: at least one character in common with a "
            "gold span of the category, each span counted once. P / R: precision and recall. "
            "Characters: F1 over the characters of the spans. Partial: SemEval-2020 task 11, with "
            "overlapping spans of a category merged, and as they are. Any term: F1 of whether a "
            "sentence holds one. Without weak: routine partisan words neither rewarded nor "
            "punished."
        ),
        header=(
            "system",
            "found",
            f"exact F1 {interval_level(reading)} (n={with_weak})",
            "P / R",
            f"overlap F1 {interval_level(reading)} (n={with_weak})",
            "P / R",
            "characters",
            "partial, merged / as they are",
            "any term",
            f"exact / overlap F1 without weak (n={without})",
        ),
        rows=tuple(
            (
                system.name,
                str(system.spans.span_f1_exact.micro.num_predicted),
                with_interval(system, "span_f1_exact"),
                _precision_recall(system.spans.span_f1_exact.micro),
                with_interval(system, "span_f1_overlap"),
                _precision_recall(system.spans.span_f1_overlap.micro),
                _figure(system.characters.micro.f1),
                f"{_figure(system.partial.merged.micro.f1)} / "
                f"{_figure(system.partial.unmerged.micro.f1)}",
                _figure(system.presence.held.f1),
                f"{_figure(system.spans_without_weak.span_f1_exact.micro.f1)} / "
                f"{_figure(system.spans_without_weak.span_f1_overlap.micro.f1)}",
            )
            for system in reading.systems
        ),
    )


def _category_table(reading: Reading) -> Table:
    support = {
        category: scores.support
        for category, scores in reading.systems[0].spans.span_f1_exact.per_category.items()
    }
    by_category = (
        (
            category,
            str(num_gold),
            *(_category_f1(system.spans, category) for system in reading.systems),
        )
        for category, num_gold in support.items()
    )
    macro = (
        f"{_figure(system.spans.span_f1_exact.macro_f1)} / "
        f"{_figure(system.spans.span_f1_overlap.macro_f1)}"
        for system in reading.systems
    )
    return Table(
        title="Loaded terms by category, exact / overlap F1",
        note=(
            "The macro average is over the categories that have gold spans; "
            "– where there are none and none was predicted."
        ),
        header=("category", "n", *(system.name for system in reading.systems)),
        rows=(*by_category, ("macro average", str(sum(support.values())), *macro)),
    )


def _category_f1(spans: SpanScores, category: str) -> str:
    exact = spans.span_f1_exact.per_category[category]
    overlap = spans.span_f1_overlap.per_category[category]
    if not exact.support and not exact.num_predicted:
        return "–"
    return f"{_figure(exact.f1)} / {_figure(overlap.f1)}"


def _difference_table(reading: Reading) -> Table:
    first = reading.systems[0].name
    by_other: dict[str, list[Difference]] = {}
    for difference in reading.differences:
        by_other.setdefault(difference.other, []).append(difference)
    return Table(
        title=f"Is {first} ahead?",
        note=(
            f"{first} minus the other, on the same resamples of whole stories, with the verdict on "
            f"{first}: a difference only where the interval leaves out 0 and the paired "
            "permutation test agrees, corrected for all comparisons here (p, Holm). The trained "
            "systems are held fixed: another seed is not in the interval."
        ),
        header=(
            f"{first} against",
            *(f"{MEASURE_TITLES[m]} {interval_level(reading)}" for m in MEASURES),
        ),
        rows=tuple(
            (
                other,
                *(
                    f"{each.value:+.3f} {_bounds(each.interval, '+')} p={each.p:.3f} {each.verdict}"
                    for each in row
                ),
            )
            for other, row in by_other.items()
        ),
    )


def _label_table(task: str, scores: StanceScores) -> Table:
    macro = ("macro average", str(scores.support), "", "", _figure(scores.macro_f1))
    return Table(
        title=f"{task}: macro-F1 {_figure(scores.macro_f1)} (n={scores.support})",
        note=(
            f"n: gold labels; accuracy {_figure(scores.accuracy)}. The macro average is over all "
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
    macro = ("", "", _figure(exact.macro_f1), "", "", _figure(overlap.macro_f1))
    return Table(
        title=f"{task}: exact F1 {_figure(exact.micro.f1)} (n={support})",
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
    return _figure(scores.precision), _figure(scores.recall), _figure(scores.f1)


def with_interval(system: SystemScores, measure: str) -> str:
    """A system's figure and its interval."""
    return figure_with(system.value(measure), system.intervals[measure])


def figure_with(figure: float, interval: Interval) -> str:
    """A figure and its interval: `0.612 [0.520, 0.700]`."""
    return f"{_figure(figure)} {_bounds(interval)}"


def _bounds(interval: Interval, sign: str = "") -> str:
    return f"[{interval.low:{sign}.3f}, {interval.high:{sign}.3f}]"


def interval_level(reading: Reading) -> str:
    """What stands between the square brackets: `[95% interval]`."""
    return f"[{reading.systems[0].intervals['macro_f1'].level:.0%} interval]"


def _precision_recall(scores: LabelScores) -> str:
    return f"{_figure(scores.precision)} / {_figure(scores.recall)}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
