"""The readings of a run: its classifier beside the baselines, on test split, folds and worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from model.errors import NabraError
from train.config import Run

if TYPE_CHECKING:
    from model.records import LabelledSentence
    from model.text.aliases import Target
    from train.score.outputs import SystemOutput
    from train.score.scorecard import Reading

Watch = Callable[..., Iterable[Any]]
"""Passes on what it is given, and shows how far it has come: `watch(folds, unit=" folds")`."""


def read_own_tasks(
    run: Run,
    splits: dict[str, list[LabelledSentence]],
    outputs: Sequence[SystemOutput],
    notes: list[str],
    *,
    worlds: bool,
    watch: Watch,
) -> list[Reading]:
    """The readings of nabra's own tasks beside the baselines; none where the run lacks one.

    Adds to the notes why a world could not be read.
    """
    from model.tasks import DEFAULT_TASKS
    from train.contest import MODEL, rival_outputs
    from train.facets import make_facets
    from train.score.reading import build_reading

    settings = run.config.evaluation
    own = [number for number, s in enumerate(splits["test"]) if s.dataset is None]
    if not own or not set(DEFAULT_TASKS) <= set(run.config.task_list):
        return []
    test = [splits["test"][number] for number in own]
    named = {MODEL: [outputs[number] for number in own]}
    train = [s for s in splits["train"] if s.dataset is None]
    named |= rival_outputs(run, train, test)
    facets = make_facets(targets_of(run), train)
    readings = [build_reading("test", test, named, facets=facets, num_resamples=settings.resamples)]
    if worlds or len({sentence.story for sentence in test}) < settings.fewest_test_stories:
        readings += _read_folds(run, splits, notes, worlds=worlds, watch=watch)
    return readings


def _read_folds(
    run: Run,
    splits: dict[str, list[LabelledSentence]],
    notes: list[str],
    *,
    worlds: bool,
    watch: Watch,
) -> list[Reading]:
    """Every gold story predicted by a model that never saw it, and so for each world asked for."""
    from train.contest import MODEL, train_and_ask
    from train.data.split import grouped_folds
    from train.data.worlds import WORLDS, hold_out
    from train.facets import make_facets
    from train.score.held_out import RIVALS, with_seen
    from train.score.reading import build_reading

    settings = run.config.evaluation
    sentences = [sentence for held in splits.values() for sentence in held]
    gold = own_gold(run, splits)
    gold_ids = {id(sentence) for sentence in gold}
    others = [sentence for sentence in sentences if id(sentence) not in gold_ids]
    folds = []
    for fold in grouped_folds(gold, settings.folds, run.config.split.seed):
        stories = {sentence.story for sentence in fold}
        folds.append(([s for s in sentences if s.story not in stories], fold))
    tested, outputs = train_and_ask(run, watch(folds, unit=" folds"), run.dir / "folds")
    targets = targets_of(run)
    facets = make_facets(targets)
    readings = [
        build_reading("folds", tested, outputs, facets=facets, num_resamples=settings.resamples)
    ]
    conflicts = {target.id: target.conflict for target in targets.values()}
    for world in WORLDS if worlds else ():
        try:
            held = hold_out(
                world, gold, others, num_folds=settings.folds, conflict_of=conflicts.__getitem__
            )
        except NabraError as error:
            notes.append(f"Not read: {error}.")
            continue
        tested_here, found = train_and_ask(
            run,
            watch([(one.train, one.test) for one in held], unit=f" folds of {world}"),
            run.dir / "worlds" / world,
            RIVALS,
        )
        compared = with_seen(tested_here, found, tested, outputs[MODEL])
        readings.append(
            build_reading(world, tested_here, compared, num_resamples=settings.resamples)
        )
    return readings


def targets_of(run: Run) -> Mapping[str, Target]:
    """The targets that the run's articles are read for."""
    from model.text.targets import TargetList

    assert run.lists is not None, "own sentences come from a run with articles"
    return TargetList.read(run.lists[0]).targets


def own_gold(run: Run, splits: Mapping[str, Sequence[LabelledSentence]]) -> list[LabelledSentence]:
    """The hand-labelled sentences of the run's own articles, whatever their split."""
    from train.data.dataset import read_manifest

    silver = set(read_manifest(run.dataset_dir)["silver_articles"])
    return [
        sentence
        for held in splits.values()
        for sentence in held
        if sentence.dataset is None and sentence.article_id not in silver
    ]
