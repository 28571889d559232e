"""The scores of every task that a network learns, whatever its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from model.records import LabelledSentence, LoadedTerm, TaskSpan
from model.tasks import LOADED_TERMS, STANCE, Task
from train.score.labels import StanceScores, score_stances
from train.score.outputs import SystemOutput
from train.score.spans import SpanKey, SpanScores, score_spans

TaskScores = StanceScores | SpanScores


def score_tasks(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput], tasks: Sequence[Task]
) -> dict[str, TaskScores]:
    """By task the scores on the sentences labelled for it; a task without any is left out."""
    scores: dict[str, TaskScores] = {}
    for task in tasks:
        if task.kind == "classify":
            pairs = [
                pair
                for sentence, output in zip(gold, outputs, strict=True)
                for pair in label_pairs(sentence, output, task)
            ]
            if pairs:
                gold_labels, found = zip(*pairs, strict=True)
                scores[task.name] = score_stances(gold_labels, found, task.labels)
        else:
            chosen = [
                (task_spans(sentence, task), task_spans(output, task))
                for sentence, output in zip(gold, outputs, strict=True)
                if task.name in labelled_tasks(sentence)
            ]
            if chosen:
                gold_spans, predicted = zip(*chosen, strict=True)
                scores[task.name] = score_spans(gold_spans, predicted, task.labels)
    return scores


def labelled_tasks(sentence: LabelledSentence) -> tuple[str, ...]:
    """The tasks that a sentence is labelled for."""
    return (STANCE.name, LOADED_TERMS.name) if sentence.tasks is None else sentence.tasks


def main_figure(scores: TaskScores) -> float:
    """Macro-F1 of labels, or exact micro-F1 of spans."""
    if isinstance(scores, StanceScores):
        return scores.macro_f1
    return scores.span_f1_exact.micro.f1


def main_figures(scores: Mapping[str, TaskScores]) -> dict[str, float]:
    """The main figure of each task, and their mean."""
    figures = {name: main_figure(task) for name, task in scores.items()}
    return figures | ({"mean": sum(figures.values()) / len(figures)} if figures else {})


def scores_record(scores: Mapping[str, TaskScores]) -> dict[str, Any]:
    """What a checkpoint's record keeps of each task: plain JSON, ratios to four places.

    `value` is the main figure and `measure` its name; `labels` are those of exact spans.
    """
    return {name: _record(task) for name, task in scores.items()}


def _record(scores: TaskScores) -> dict[str, Any]:
    if isinstance(scores, StanceScores):
        kind, measure, support, by_label = "classify", "macro_f1", scores.support, scores.per_label
    else:
        exact = scores.span_f1_exact
        kind, measure = "tag", "span_f1_exact"
        support, by_label = exact.micro.support, exact.per_category
    return {
        "kind": kind,
        "measure": measure,
        "value": round(main_figure(scores), 4),
        "support": support,
        "labels": {
            label: {
                "precision": round(one.precision, 4),
                "recall": round(one.recall, 4),
                "f1": round(one.f1, 4),
                "support": one.support,
            }
            for label, one in by_label.items()
        },
    }


def label_pairs(
    sentence: LabelledSentence, output: SystemOutput, task: Task
) -> list[tuple[str, str]]:
    """The (gold, found) labels of one sentence for a classifying task."""
    pairs = [
        (gold.label, found)
        for gold, found in zip(sentence.classes, output.classes, strict=True)
        if gold.task == task.name
    ]
    if task == STANCE:
        pairs += [
            (str(gold.label), found)
            for gold, found in zip(sentence.stances, output.stances, strict=True)
        ]
    return pairs


def task_spans(record: LabelledSentence | SystemOutput, task: Task) -> set[SpanKey]:
    """The spans of a tagging task in a sentence or an output."""
    found: set[SpanKey] = {_key(span) for span in record.spans if span.task == task.name}
    if task == LOADED_TERMS:
        found |= {_key(term) for term in record.loaded_terms}
    return {key for key in found if key[2] in task.labels}


def _key(span: LoadedTerm | TaskSpan) -> SpanKey:
    return span.start, span.end, span.category if isinstance(span, LoadedTerm) else span.label
