"""One task of a set of other hands: systems on the same sentences, scored and compared.

What `reading` does for nabra's own two tasks, for any labels: the same counts, intervals and tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from model.errors import RecordError
from model.records import LabelledSentence
from model.tasks import STANCE, Task
from train.score.bootstrap import Interval, Statistic
from train.score.comparing import Difference, compare_systems
from train.score.labels import (
    StanceScores,
    TargetMeans,
    count_stances_of_each,
    macro_f1,
    score_stances,
    score_targets,
)
from train.score.outputs import SystemOutput
from train.score.partial import PartialScores, count_partial, partial_f1, score_partial
from train.score.spans import (
    SpanScores,
    count_spans,
    match_exact,
    match_overlap,
    micro_f1,
    score_spans,
)
from train.score.tasks import TaskScores, label_pairs, labelled_tasks, task_spans

LABEL_MEASURES: Mapping[str, Statistic] = {"macro_f1": macro_f1}
SPAN_MEASURES: Mapping[str, Statistic] = {
    "span_f1_exact": micro_f1,
    "span_f1_overlap": micro_f1,
    "span_f1_partial": partial_f1,
}
"""What gets an interval and is compared, by the kind of the task."""

MOST_PAIRS = 20
"""Scores are given for each second text where there are no more of them: targets, not titles."""


@dataclass(frozen=True, slots=True)
class TaskSystem:
    """One system's scores; `intervals` has one for each measure of the task's kind.

    `pairs`: scores for each second text, None where there is none or there are too many of them.
    `partial` is the score of SemEval-2020 task 11 (and ArAIEval), of spans alone.
    """

    name: str
    scores: TaskScores
    intervals: Mapping[str, Interval]
    pairs: TargetMeans | None = None
    partial: PartialScores | None = None

    def value(self, measure: str) -> float:
        """The figure of one measure of the task's kind."""
        if isinstance(self.scores, StanceScores):
            return {"macro_f1": self.scores.macro_f1}[measure]
        return {
            "span_f1_exact": self.scores.span_f1_exact.micro.f1,
            "span_f1_overlap": self.scores.span_f1_overlap.micro.f1,
            "span_f1_partial": self.partial.merged.micro.f1 if self.partial else 0.0,
        }[measure]


@dataclass(frozen=True, slots=True)
class TaskReading:
    """Several systems on the same sentences of one set, for the task that it is labelled for.

    `name` is `test` or `folds`, as that of a `Reading`; `dataset` names the set. `num_labels`
    counts gold labels or spans.
    """

    name: str
    dataset: str
    task: str
    num_sentences: int
    num_stories: int
    num_labels: int
    systems: tuple[TaskSystem, ...]
    differences: tuple[Difference, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """What is compared."""
        return tuple(self.systems[0].intervals)


def build_task_reading(
    name: str,
    dataset: str,
    task: Task,
    gold: Sequence[LabelledSentence],
    outputs: Mapping[str, Sequence[SystemOutput]],
    *,
    num_resamples: int = 1000,
    seed: int = 0,
) -> TaskReading:
    """Score every system on the sentences labelled for the task; compare the first with the others.

    RecordError where there is nothing to score, or an output does not answer each gold label.
    """
    where = f"reading {name} of {dataset}, task {task.name}"
    asked = [number for number, one in enumerate(gold) if task.name in labelled_tasks(one)]
    if not asked or not outputs:
        raise RecordError(where, "there is no sentence or no system to score")
    chosen = [gold[number] for number in asked]
    answers: dict[str, list[SystemOutput]] = {}
    for system, theirs in outputs.items():
        if len(theirs) != len(gold):
            what = f"{len(theirs)} outputs for {len(gold)} sentences"
            raise RecordError(f"{where}, system {system}", what)
        answers[system] = [theirs[number] for number in asked]
        _check_answers(f"{where}, system {system}", chosen, answers[system], task)
    measures = LABEL_MEASURES if task.kind == "classify" else SPAN_MEASURES
    stories = [sentence.story for sentence in chosen]
    intervals, differences = compare_systems(
        measures,
        {system: _count(chosen, theirs, task) for system, theirs in answers.items()},
        stories,
        num_resamples=num_resamples,
        seed=seed,
    )
    score = _score_labels if task.kind == "classify" else _score_spans
    systems = tuple(
        score(system, chosen, theirs, task, intervals[system]) for system, theirs in answers.items()
    )
    return TaskReading(
        name=name,
        dataset=dataset,
        task=task.name,
        num_sentences=len(chosen),
        num_stories=len(set(stories)),
        num_labels=_support(systems[0].scores),
        systems=systems,
        differences=differences,
    )


def _check_answers(
    where: str, gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput], task: Task
) -> None:
    for sentence, output in zip(gold, outputs, strict=True):
        answered = [("class labels", len(output.classes), len(sentence.classes))]
        if task == STANCE:
            answered.append(("stance labels", len(output.stances), len(sentence.stances)))
        for what, given, asked in answered if task.kind == "classify" else ():
            if given != asked:
                raise RecordError(
                    f"{where}, sentence {sentence.article_id}:{sentence.index}",
                    f"{given} {what} for {asked}",
                )


def _count(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput], task: Task
) -> dict[str, NDArray[Any]]:
    """For each measure the counts that it follows from, one row a sentence."""
    if task.kind == "classify":
        pairs = [label_pairs(*both, task) for both in zip(gold, outputs, strict=True)]
        right = [[label for label, _ in listed] for listed in pairs]
        given = [[label for _, label in listed] for listed in pairs]
        return {"macro_f1": count_stances_of_each(right, given, task.labels)}
    marked = [task_spans(sentence, task) for sentence in gold]
    found = [task_spans(output, task) for output in outputs]
    return {
        "span_f1_exact": count_spans(marked, found, match_exact, task.labels),
        "span_f1_overlap": count_spans(marked, found, match_overlap, task.labels),
        "span_f1_partial": count_partial(marked, found, task.labels, merge=True),
    }


def _score_labels(
    name: str,
    gold: Sequence[LabelledSentence],
    outputs: Sequence[SystemOutput],
    task: Task,
    intervals: Mapping[str, Interval],
) -> TaskSystem:
    pairs = [pair for both in zip(gold, outputs, strict=True) for pair in label_pairs(*both, task)]
    right, given = [label for label, _ in pairs], [label for _, label in pairs]
    seconds = [second for sentence in gold for second in _second_texts(sentence, task)]
    by_pair = task.pair and len(set(seconds)) <= MOST_PAIRS
    return TaskSystem(
        name=name,
        scores=score_stances(right, given, task.labels),
        intervals=intervals,
        pairs=score_targets(right, given, seconds, task.labels) if by_pair else None,
    )


def _score_spans(
    name: str,
    gold: Sequence[LabelledSentence],
    outputs: Sequence[SystemOutput],
    task: Task,
    intervals: Mapping[str, Interval],
) -> TaskSystem:
    marked = [task_spans(sentence, task) for sentence in gold]
    found = [task_spans(output, task) for output in outputs]
    return TaskSystem(
        name=name,
        scores=score_spans(marked, found, task.labels),
        intervals=intervals,
        partial=score_partial(marked, found, task.labels),
    )


def _second_texts(sentence: LabelledSentence, task: Task) -> list[str]:
    """The second text of each label, in the order of `label_pairs`."""
    seconds = [str(label.pair) for label in sentence.classes if label.task == task.name]
    return seconds + ([stance.target for stance in sentence.stances] if task == STANCE else [])


def _support(scores: TaskScores) -> int:
    if isinstance(scores, SpanScores):
        return scores.span_f1_exact.micro.support
    return scores.support
