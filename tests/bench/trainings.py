"""Trains a run's network under other settings and counts what it gets right, story by story."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from model.net.checkpoint import Checkpoint, read_lists
from model.net.classifier import Classifier
from model.records import LabelledSentence
from model.tasks import Task
from train.config import Run, read_run
from train.data.dataset import read_dataset
from train.fit import fitting
from train.fit.batches import Schedule
from train.judging import label_gold
from train.prepare import prepare_run
from train.score.bootstrap import Interval, Statistic, difference_interval, sum_by_story
from train.score.counts import IntArray
from train.score.labels import count_stances_of_each, macro_f1
from train.score.outputs import SystemOutput
from train.score.spans import count_spans, match_exact, match_overlap, micro_f1
from train.score.tasks import label_pairs, task_spans

_MATCHES = {"exact": match_exact, "overlap": match_overlap}


@dataclass(frozen=True, slots=True)
class Result:
    """Of some trainings: counts by measure, seed and story, and the CPU seconds of each training.

    A classifying task is a measure (macro-F1); a tagging one has two (micro-F1): exact, overlap.
    """

    counts: dict[str, IntArray]
    seconds: list[float]

    def figure(self, measure: str) -> float:
        """The figure over all seeds together."""
        return float(_statistic(measure)(self.counts[measure].sum(axis=(0, 1))))

    def figures(self, measure: str) -> list[float]:
        """The figure of each seed."""
        return [float(_statistic(measure)(counts.sum(axis=0))) for counts in self.counts[measure]]

    def lead_over(self, other: Result, measure: str) -> tuple[float, Interval]:
        """The difference of the two figures, with its interval over stories."""
        ours, theirs = (result.counts[measure].sum(axis=0) for result in (self, other))
        interval = difference_interval(_statistic(measure), ours, theirs)
        return self.figure(measure) - other.figure(measure), interval


def _statistic(measure: str) -> Statistic:
    return micro_f1 if measure.endswith(tuple(_MATCHES)) else macro_f1


def prepared(config: str, folder: Path, overrides: Sequence[str] = ()) -> Run:
    """The run of a config with its dataset, made once in `folder`."""
    run = read_run(config, [*overrides, f"output_dir={folder / Path(config).stem}"])
    if not run.dataset_dir.is_dir():
        prepare_run(run, quiet=True)
    return run


def train_and_count(run: Run, seeds: Sequence[int], *, plain: bool = False) -> Result:
    """Train with each seed and count on the test split.

    `plain`: batches of 32 rows as they come, as the Trainer draws them by itself.
    """
    splits = read_dataset(run.dataset_dir)
    counts = []
    seconds = []
    for seed in seeds:
        start = time.process_time()
        with mock.patch.object(fitting, "plan_steps", shuffled if plain else fitting.plan_steps):
            classifier = fit_classifier(run, splits["train"], splits["validation"], seed)
        seconds.append(time.process_time() - start)
        outputs = label_gold(classifier, splits["test"])
        counts.append(count(splits["test"], outputs, run.config.task_list))
    by_measure = {name: np.stack([found[name] for found in counts]) for name in counts[0]}
    return Result(by_measure, seconds)


def fit_classifier(
    run: Run,
    train: Sequence[LabelledSentence],
    validation: Sequence[LabelledSentence],
    seed: int,
) -> Classifier:
    """The run's classifier, trained on these sentences; nothing of it stays on the disk."""
    lists = read_lists(run.lists)
    with tempfile.TemporaryDirectory() as folder:
        fit = fitting.fit_network(
            run.config,
            train,
            validation,
            {target.id: target.name for target in lists[0].targets.values()},
            seed=seed,
            trainer_dir=Path(folder),
            metrics_path=Path(folder, "metrics.jsonl"),
            score=None,
            show_progress=False,
        )
    context = run.config.training.context
    return Classifier(Checkpoint(fit.network, fit.text_encoder, *lists, {}, Path(), context))


def count(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput], tasks: Sequence[Task]
) -> dict[str, IntArray]:
    """By measure what a system gets right, (stories, …): see `Result`."""
    stories = [sentence.story for sentence in gold]
    counts: dict[str, IntArray] = {}
    for task in tasks:
        if task.kind == "classify":
            pairs = [
                label_pairs(sentence, output, task)
                for sentence, output in zip(gold, outputs, strict=True)
            ]
            right, found = ([[pair[i] for pair in some] for some in pairs] for i in (0, 1))
            by_sentence = count_stances_of_each(right, found, task.labels)
            counts[task.name] = sum_by_story(by_sentence, stories)
            continue
        spans = [[task_spans(record, task) for record in records] for records in (gold, outputs)]
        for name, match in _MATCHES.items():
            by_sentence = count_spans(*spans, match, task.labels)
            counts[f"{task.name} {name}"] = sum_by_story(by_sentence, stories)
    return counts


def shuffled(
    lengths: Sequence[int],
    weights: Sequence[float],
    *,
    epochs: int,
    pass_tokens: int,
    num_passes: int,
    seed: int,
) -> Schedule:
    """As many rows a step as the budget holds on average, in an order that heeds no length."""
    rows = max(1, round(pass_tokens / (sum(lengths) / len(lengths))))
    steps = []
    ends = []
    for epoch in range(epochs):
        order = np.random.default_rng((seed, epoch)).permutation(len(lengths))
        steps += [order[first : first + rows] for first in range(0, len(order), rows)]
        ends.append(len(steps))
    return Schedule(steps, ends)
