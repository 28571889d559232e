"""Checkpoints side by side on the same gold sentences, the first compared with the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import NabraError
from train.config import Run

if TYPE_CHECKING:
    from model.net.classifier import Classifier
    from model.records import LabelledSentence
    from model.tasks import Task
    from train.given import Given
    from train.score.end_to_end import EndToEnd
    from train.score.outputs import SystemOutput
    from train.score.scorecard import Scorecard
    from train.score.slices import Facets
    from train.score.task_reading import TaskReading
    from train.score.tasks import TaskScores

Outputs = Mapping[str, Sequence["SystemOutput"]]
Rivals = Callable[[Sequence["LabelledSentence"]], Outputs]
FILE, TEST = "file", "test"
"""What a reading goes by: a file that the user names, or the runs' own test split."""


def shared_test(runs: Sequence[Run]) -> list[LabelledSentence]:
    """The gold test sentences of all the runs. NabraError says how a test split is another."""
    from train.data.dataset import read_dataset

    first, *others = runs
    gold = read_dataset(first.dataset_dir)["test"]
    if not gold:
        raise NabraError(first.dataset_dir, "the test split is empty", "raise split.test")
    for run in others:
        theirs = read_dataset(run.dataset_dir)["test"]
        if difference := _difference(gold, theirs, str(first.path)):
            raise NabraError(
                run.path,
                f"its test split is not that of {first.path}: {difference}",
                "prepare both from the same data and split, or name a file: --data FILE",
            )
    return gold


def _difference(
    ours: Sequence[LabelledSentence], theirs: Sequence[LabelledSentence], first: str
) -> str:
    """How the second differs from the first; empty where it holds the same, in whatever order."""
    one, other = ({(s.article_id, s.index): s for s in held} for held in (ours, theirs))
    told = []
    if lacking := [key for key in one if key not in other]:
        told.append(f"it lacks {len(lacking)} of {len(one)} sentences ({_name(lacking[0])})")
    if more := [key for key in other if key not in one]:
        told.append(f"it has {len(more)} that {first} lacks ({_name(more[0])})")
    changed = [key for key, sentence in one.items() if other.get(key, sentence) != sentence]
    if changed:
        told.append(
            f"{len(changed)} sentences differ in text, labels or story ({_name(changed[0])})"
        )
    return ", ".join(told)


def _name(key: tuple[str, int]) -> str:
    return f"{key[0]}:{key[1]}"


def tasks_of(checkpoints: Mapping[str, Path]) -> dict[str, tuple[Task, ...]]:
    """The tasks of each checkpoint, by its record. CheckpointError where there is none."""
    from model.net.checkpoint import read_record, read_tasks

    return {name: tuple(read_tasks(read_record(path), path)) for name, path in checkpoints.items()}


def put_side_by_side(
    checkpoints: Mapping[str, Path],
    given: Given,
    *,
    place: str,
    source: str,
    num_resamples: int = 1000,
    rivals: Rivals = lambda _: {},
) -> Scorecard:
    """The scorecard of checkpoints by name on gold sentences that come from `source`.

    `rivals` are asked, too, of sentences that are labelled for nabra's own tasks.

    A task stands in a reading with all checkpoints that have it with the same labels; the first of
    them is compared with the others. Where there are several checkpoints, the scorecard's tasks go
    by `TASK (CHECKPOINT)`. NabraError where no checkpoint has a task that is labelled.
    """
    from model.net.checkpoint import checkpoint_hash
    from model.net.classifier import load
    from model.tasks import DEFAULT_TASKS
    from train.facets import make_facets
    from train.fit.checkpoints import hash_sentences
    from train.judging import score_bare
    from train.score.reading import build_reading
    from train.score.scorecard import DatasetFacts, Scorecard, count_split
    from train.score.tasks import labelled_tasks, score_tasks

    gold = given.gold
    own = [number for number, sentence in enumerate(gold) if sentence.tasks is None]
    known: dict[str, list[Task]] = {}
    outputs: dict[str, list[SystemOutput]] = {}
    tasks: dict[str, TaskScores] = {}
    end_to_end: dict[str, EndToEnd] = {}
    facets: Facets | None = None
    for name, path in checkpoints.items():
        classifier = load(path)
        there = given.own_names.get(name)
        known[name] = _named_alike(classifier, given.task, there)
        outputs[name] = _ask(classifier, gold, given.task, there)
        for task, scores in score_tasks(gold, outputs[name], known[name]).items():
            tasks[task if len(checkpoints) == 1 else f"{task} ({name})"] = scores
        if own and set(DEFAULT_TASKS) <= set(known[name]):
            end_to_end |= score_bare(name, classifier, [gold[number] for number in own])
            facets = facets or make_facets(classifier.checkpoint.targets.targets)
    if not tasks:
        asked = sorted({task for sentence in gold for task in labelled_tasks(sentence)})
        what = f"has labels for {', '.join(asked) or 'nothing'}, and no checkpoint has that task"
        raise NabraError(source, what, "give a file that is labelled for the checkpoint's tasks")
    both = {
        name: [theirs[number] for number in own]
        for name, theirs in outputs.items()
        if own and set(DEFAULT_TASKS) <= set(known[name])
    }
    readings = []
    if both:
        judged = [gold[number] for number in own]
        asked_all = {**both, **rivals(judged)}
        readings.append(
            build_reading(place, judged, asked_all, facets=facets, num_resamples=num_resamples)
        )
    return Scorecard(
        dataset=DatasetFacts(
            hash=hash_sentences(gold), splits=(count_split(Path(source).name, gold),)
        ),
        checkpoints={name: checkpoint_hash(path) for name, path in checkpoints.items()},
        readings=tuple(readings),
        notes=(*given.notes, *_unshared(gold, known), *_seen_notes(checkpoints, gold)),
        tasks=tasks,
        end_to_end=end_to_end,
        task_readings=tuple(
            _read_tasks(gold, known, outputs, set(both), place=place, num_resamples=num_resamples)
        ),
    )


def _named_alike(classifier: Classifier, task: Task | None, there: str | None) -> list[Task]:
    """The checkpoint's tasks, the one that a public set feeds by the name that the others use."""
    tasks = classifier.checkpoint.network.tasks
    return [replace(one, name=task.name) if task and one.name == there else one for one in tasks]


def _ask(
    classifier: Classifier, gold: Sequence[LabelledSentence], task: Task | None, there: str | None
) -> list[SystemOutput]:
    """What it says of the gold; `there` is what it calls the task, None where as the gold does."""
    from train.judging import label_gold

    if task is None or there is None:
        return label_gold(classifier, gold)
    renamed = [
        replace(
            sentence,
            tasks=(there,),
            classes=tuple(replace(label, task=there) for label in sentence.classes),
            spans=tuple(replace(span, task=there) for span in sentence.spans),
        )
        for sentence in gold
    ]
    return [
        replace(
            output,
            spans=tuple(
                replace(span, task=task.name) for span in output.spans if span.task == there
            ),
        )
        for output in label_gold(classifier, renamed)
    ]


def _read_tasks(
    gold: Sequence[LabelledSentence],
    known: Mapping[str, Sequence[Task]],
    outputs: Outputs,
    read: set[str],
    *,
    place: str,
    num_resamples: int,
) -> Iterable[TaskReading]:
    """A reading for each set and each of its tasks, with the checkpoints that have the task.

    On nabra's own labels only where a checkpoint has one of the two tasks; `read` have both.
    """
    from train.score.task_reading import build_task_reading
    from train.score.tasks import labelled_tasks
    from train.settings import OWN

    by_set: dict[str, list[int]] = {}
    for number, sentence in enumerate(gold):
        by_set.setdefault(OWN if sentence.tasks is None else sentence.dataset or "-", []).append(
            number
        )
    for name, held in by_set.items():
        asked = {task for number in held for task in labelled_tasks(gold[number])}
        for task in _distinct(known):
            having = [system for system, tasks in known.items() if _has(tasks, task)]
            if task.name not in asked or (name == OWN and set(having) <= read):
                continue
            yield build_task_reading(
                place,
                name,
                task,
                [gold[number] for number in held],
                {system: [outputs[system][number] for number in held] for system in having},
                num_resamples=num_resamples,
            )


def _distinct(known: Mapping[str, Sequence[Task]]) -> list[Task]:
    """Every task that some checkpoint has, those alone once that differ in the order of labels."""
    found: dict[object, Task] = {}
    for tasks in known.values():
        for task in tasks:
            found.setdefault(_identity(task), task)
    return list(found.values())


def _identity(task: Task) -> object:
    return task.name, task.kind, task.pair, frozenset(task.labels)


def _has(tasks: Sequence[Task], task: Task) -> bool:
    return any(_identity(one) == _identity(task) for one in tasks)


def _unshared(
    gold: Sequence[LabelledSentence], known: Mapping[str, Sequence[Task]]
) -> Iterable[str]:
    """A sentence for each labelled task that a checkpoint lacks, or has with other labels."""
    from train.score.tasks import labelled_tasks

    asked = {task for sentence in gold for task in labelled_tasks(sentence)}
    for task in _distinct(known):
        if task.name not in asked:
            continue
        for system, tasks in known.items():
            if not _has(tasks, task):
                there = next((one for one in tasks if one.name == task.name), None)
                has = f"has the labels {', '.join(there.labels)}" if there else "lacks it"
                yield (
                    f"Not compared in the task {task.name} ({', '.join(task.labels)}): "
                    f"{system} {has}."
                )


def _seen_notes(checkpoints: Mapping[str, Path], gold: Sequence[LabelledSentence]) -> Iterable[str]:
    """What checkpoints have learnt of the gold, as far as the dataset of their run lies beside."""
    from train.data.dataset import read_dataset
    from train.score.leaks import find_leaks

    for name, path in checkpoints.items():
        try:
            splits = read_dataset(path.resolve().parent / "dataset")
        except NabraError:
            continue
        leaks = find_leaks([*splits["train"], *splits["validation"]], gold)
        if leaks.num_copies:
            yield (
                f"{name} was trained on {leaks.num_copies} of these {leaks.num_sentences} "
                "sentences, nearly word for word: its figures say little of new text."
            )
