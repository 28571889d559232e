"""The tables of a scorecard, the same for the page and the Markdown.

A macro-F1 never stands without its support.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from train.score.comparing import Difference, Scored
from train.score.figures import bounds, figure, figure_with, level_text, precision_recall
from train.score.labels import StanceScores
from train.score.presence import PresenceScores
from train.score.scorecard import Reading, Scorecard
from train.score.spans import SpanScores
from train.score.task_reading import TaskReading

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
        confusion_table(reading.systems[0].name, reading.systems[0].stances),
        _span_table(reading),
        _category_table(reading),
    ]
    return tables + (
        [difference_table(reading.differences, MEASURE_TITLES)] if reading.differences else []
    )


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
                *(figure(scores.per_label[x].f1) for x in ("favor", "against", "none")),
            )
            for name, scores in scorecard.end_to_end.items()
        ),
    )  # fmt: skip


def dataset_table(scorecard: Scorecard) -> Table:
    """What the splits hold; columns for labels of other sets where there are any."""
    columns = {
        "sentences": "num_sentences",
        "stories": "num_stories",
        "stances": "num_stances",
        "loaded terms": "num_loaded_terms",
        "labels of other sets": "num_labels",
        "spans of other sets": "num_spans",
    }
    splits = scorecard.dataset.splits
    shown = {
        title: name
        for title, name in columns.items()
        if name not in ("num_labels", "num_spans") or any(getattr(s, name) for s in splits)
    }
    return Table(
        title="Dataset",
        note="",
        header=("split", *shown),
        rows=tuple(
            (split.name, *(str(getattr(split, name)) for name in shown.values()))
            for split in splits
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
                figure(system.stances.favor_against_f1),
                figure(system.targets.macro_f1),
                figure(system.stances.accuracy),
                *(figure(scores.f1) for scores in system.stances.per_label.values()),
            )
            for system in reading.systems
        ),
    )


def confusion_table(system: str, scores: StanceScores) -> Table:
    """Gold labels in rows, predicted ones in columns."""
    labels = tuple(scores.per_label)
    return Table(
        title=f"Confusion matrix of {system}",
        note="",
        header=("gold", *(f"predicted {label}" for label in labels)),
        rows=tuple(
            (label, *map(str, row)) for label, row in zip(labels, scores.confusion, strict=True)
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
            "sentence holds one; AUC: how often a sentence that holds one gets a higher score for "
            "it than one that holds none (½ by chance), – for systems without such a score. "
            "Without weak: routine partisan words neither rewarded nor punished."
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
            "any term, F1",
            f"any term, AUC {interval_level(reading)}",
            f"exact / overlap F1 without weak (n={without})",
        ),
        rows=tuple(
            (
                system.name,
                str(system.spans.span_f1_exact.micro.num_predicted),
                with_interval(system, "span_f1_exact"),
                precision_recall(system.spans.span_f1_exact.micro),
                with_interval(system, "span_f1_overlap"),
                precision_recall(system.spans.span_f1_overlap.micro),
                figure(system.characters.micro.f1),
                f"{figure(system.partial.merged.micro.f1)} / "
                f"{figure(system.partial.unmerged.micro.f1)}",
                figure(system.presence.held.f1),
                _area(system.presence),
                f"{figure(system.spans_without_weak.span_f1_exact.micro.f1)} / "
                f"{figure(system.spans_without_weak.span_f1_overlap.micro.f1)}",
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
        f"{figure(system.spans.span_f1_exact.macro_f1)} / "
        f"{figure(system.spans.span_f1_overlap.macro_f1)}"
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
    return f"{figure(exact.f1)} / {figure(overlap.f1)}"


def difference_table(differences: Sequence[Difference], titles: Mapping[str, str]) -> Table:
    """The first system's leads over each other one; `titles` names the measures in order."""
    first, level = differences[0].system, level_text(differences[0].interval)
    by_other: dict[str, list[Difference]] = {}
    for difference in differences:
        by_other.setdefault(difference.other, []).append(difference)
    return Table(
        title=f"Is {first} ahead?",
        note=(
            f"{first} minus the other, on the same resamples of whole stories, with the verdict on "
            f"{first}: a difference only where the interval leaves out 0 and the paired "
            "permutation test agrees, corrected for all comparisons here (p, Holm). The trained "
            "systems are held fixed: another seed is not in the interval."
        ),
        header=(f"{first} against", *(f"{title} {level}" for title in titles.values())),
        rows=tuple(
            (
                other,
                *(
                    f"{each.value:+.3f} {bounds(each.interval, '+')} p={each.p:.3f} {each.verdict}"
                    for each in row
                ),
            )
            for other, row in by_other.items()
        ),
    )


def _area(presence: PresenceScores) -> str:
    if presence.roc_auc is None or presence.roc_auc_interval is None:
        return figure(presence.roc_auc)
    return figure_with(presence.roc_auc, presence.roc_auc_interval)


def with_interval(system: Scored, measure: str) -> str:
    """A system's figure and its interval."""
    return figure_with(system.value(measure), system.intervals[measure])


def interval_level(reading: Reading | TaskReading) -> str:
    """What stands between the square brackets: `[95% interval]`."""
    return level_text(next(iter(reading.systems[0].intervals.values())))
