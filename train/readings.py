"""The readings of a run: its classifier beside the baselines, on test split, folds and worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from model.errors import NabraError
from train.config import Run
from train.settings import OWN

if TYPE_CHECKING:
    from model.records import LabelledSentence
    from model.text.aliases import Target
    from train.contest import Answers
    from train.score.outputs import SystemOutput
    from train.score.scorecard import Reading
    from train.score.task_reading import TaskReading

Watch = Callable[..., Iterable[Any]]
"""Passes on what it is given, and shows how far it has come: `watch(folds, unit=" folds")`."""
Splits = Mapping[str, Sequence["LabelledSentence"]]
Fold = tuple[list["LabelledSentence"], list["LabelledSentence"]]


_FEWEST_STORIES = 2
"""One to test on, another to learn from."""


@dataclass(slots=True)
class Readings:
    """Of the run's own articles for nabra's own tasks, and of sets of other hands for theirs.

    `notes` say why something could not be read.
    """

    own: list[Reading] = field(default_factory=list)
    others: list[TaskReading] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_run_sets(
    run: Run,
    splits: Splits,
    outputs: Sequence[SystemOutput],
    *,
    folds: bool,
    worlds: bool,
    watch: Watch,
) -> Readings:
    """Every set of the run beside the baselines: the test split, whose outputs are given; folds.

    A set is read over folds of all its gold where its test split holds few stories, or with `folds`
    in any case. With `worlds` the run's own articles are, and what no training has seen of them.
    Where the run learns one of nabra's own tasks alone, its articles are read as another set is,
    and in no worlds.
    """
    from model.tasks import DEFAULT_TASKS
    from train.contest import beside_rivals, by_set

    readings = Readings()
    fewest = run.config.evaluation.fewest_test_stories
    everything = [sentence for held in splits.values() for sentence in held]
    read = [name for name in by_set(everything) if name != OWN or _own_tasks(run)]
    test = by_set(splits["test"])
    asked = [number for name in read for number in test.get(name, ())]
    answers = beside_rivals(
        run,
        splits["train"],
        [splits["test"][number] for number in asked],
        [outputs[number] for number in asked],
    )
    folded = []
    for name in read:
        tested = answers[name].gold if name in answers else []
        if tested:
            _add(readings, run, "test", name, answers[name], splits["train"])
        is_few = len({sentence.story for sentence in tested}) < fewest
        if folds or is_few or (worlds and name == OWN):
            folded.append(name)
    folded = _foldable(run, splits, folded, readings.notes)
    if folded:
        by_story = _read_folds(run, splits, folded, readings, watch)
        if worlds and OWN in by_story and _own_tasks(run) == len(DEFAULT_TASKS):
            _read_worlds(run, splits, by_story[OWN], readings, watch)
    return readings


def _foldable(run: Run, splits: Splits, names: Sequence[str], notes: list[str]) -> list[str]:
    """The sets whose stories can be divided into folds; adds to the notes why others cannot."""
    foldable = []
    for name in names:
        if name != OWN and run.config.datasets[name].division == "official":
            notes.append(
                f"Not read over folds: {name} is divided as its authors did, and its stories are "
                "not known to be whole; set division: stories."
            )
        elif len({sentence.story for sentence in gold_of(run, splits, name)}) < _FEWEST_STORIES:
            notes.append(f"Not read over folds: {name} holds fewer than two stories.")
        else:
            foldable.append(name)
    return foldable


def _own_tasks(run: Run) -> int:
    """How many of nabra's own two tasks the run learns."""
    from model.tasks import DEFAULT_TASKS

    return len(set(DEFAULT_TASKS) & set(run.config.task_list))


def _add(
    readings: Readings,
    run: Run,
    place: str,
    name: str,
    answers: Answers,
    train: Sequence[LabelledSentence] | None = None,
) -> None:
    """One more reading of a set; with `train`, by what of the test split training has seen."""
    from model.tasks import DEFAULT_TASKS
    from train.contest import task_of
    from train.facets import make_facets
    from train.score.reading import build_reading
    from train.score.task_reading import build_task_reading

    resamples = run.config.evaluation.resamples
    gold, outputs = answers.gold, answers.outputs
    if name == OWN and _own_tasks(run) == len(DEFAULT_TASKS):
        seen = None if train is None else [s for s in train if s.dataset is None]
        facets = make_facets(targets_of(run), seen)
        readings.own.append(
            build_reading(place, gold, outputs, facets=facets, num_resamples=resamples)
        )
    else:
        task = task_of(run, name)
        readings.others.append(
            build_task_reading(place, name, task, gold, outputs, num_resamples=resamples)
        )


def _read_folds(
    run: Run, splits: Splits, names: Sequence[str], readings: Readings, watch: Watch
) -> dict[str, Answers]:
    """Every gold story of these sets predicted by a model that never saw it."""
    from train.contest import train_and_ask
    from train.data.split import grouped_folds

    settings = run.config.evaluation
    sentences = [sentence for held in splits.values() for sentence in held]
    by_name = {name: gold_of(run, splits, name) for name in names}
    # Fold for fold one training for all sets: none of it has seen a story of any of them.
    parts = zip(
        *(grouped_folds(gold, settings.folds, run.config.split.seed) for gold in by_name.values()),
        strict=True,
    )
    folds: list[Fold] = []
    for part in parts:
        tested = [sentence for fold in part for sentence in fold]
        if not tested:
            continue  # there are more folds than stories
        stories = {sentence.story for sentence in tested}
        folds.append(([s for s in sentences if s.story not in stories], tested))
    answers = train_and_ask(run, folds, run.dir / "folds", watch=partial(watch, unit=" folds"))
    for name, answered in answers.items():
        _add(readings, run, "folds", name, answered)
    return answers


def _read_worlds(
    run: Run, splits: Splits, by_story: Answers, readings: Readings, watch: Watch
) -> None:
    """The run's own articles, by models that have seen nothing of their outlet, target or days."""
    from train.contest import MODEL, train_and_ask
    from train.data.worlds import WORLDS, hold_out
    from train.score.held_out import RIVALS, with_seen
    from train.score.reading import build_reading

    settings = run.config.evaluation
    gold = gold_of(run, splits, OWN)
    gold_ids = {id(sentence) for sentence in gold}
    others = [s for held in splits.values() for s in held if id(s) not in gold_ids]
    conflicts = {target.id: target.conflict for target in targets_of(run).values()}
    for world in WORLDS:
        try:
            held = hold_out(
                world, gold, others, num_folds=settings.folds, conflict_of=conflicts.__getitem__
            )
        except NabraError as error:
            readings.notes.append(f"Not read: {error}.")
            continue
        found = train_and_ask(
            run,
            [(one.train, one.test) for one in held],
            run.dir / "worlds" / world,
            RIVALS,
            watch=partial(watch, unit=f" folds of {world}"),
        )[OWN]
        compared = with_seen(found.gold, found.outputs, by_story.gold, by_story.outputs[MODEL])
        readings.own.append(
            build_reading(world, found.gold, compared, num_resamples=settings.resamples)
        )


def targets_of(run: Run) -> Mapping[str, Target]:
    """The targets that the run's articles are read for."""
    from model.text.targets import TargetList

    assert run.lists is not None, "own sentences come from a run with articles"
    return TargetList.read(run.lists[0]).targets


def own_gold(run: Run, splits: Splits) -> list[LabelledSentence]:
    """The hand-labelled sentences of the run's own articles, whatever their split."""
    return gold_of(run, splits, OWN)


def gold_of(run: Run, splits: Splits, name: str) -> list[LabelledSentence]:
    """The hand-labelled sentences of one set, whatever their split."""
    from train.data.dataset import read_manifest

    silver = set(read_manifest(run.dataset_dir)["silver_articles"])
    return [
        sentence
        for held in splits.values()
        for sentence in held
        if (sentence.dataset or OWN) == name and sentence.article_id not in silver
    ]
