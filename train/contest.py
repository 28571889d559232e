"""A run's classifier and what it has to beat, each trained on one split and asked on another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from train.config import Run
from train.settings import OWN

if TYPE_CHECKING:
    from model.records import LabelledSentence, Stance
    from model.tasks import Task
    from train.score.baselines import Baseline
    from train.score.outputs import SystemOutput

MODEL = "nabra"
Fold = tuple[Sequence["LabelledSentence"], Sequence["LabelledSentence"]]
"""What a system learns from, and what it is asked."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Gold sentences of one set, and by system what it says of each, the classifier first."""

    gold: list[LabelledSentence] = field(default_factory=list)
    outputs: dict[str, list[SystemOutput]] = field(default_factory=dict)

    def add(
        self, gold: Sequence[LabelledSentence], outputs: Mapping[str, Sequence[SystemOutput]]
    ) -> None:
        """More sentences, with an output of each system for each."""
        self.gold.extend(gold)
        for name, theirs in outputs.items():
            self.outputs.setdefault(name, []).extend(theirs)


def train_and_ask(
    run: Run,
    folds: Sequence[Fold],
    folder: Path,
    rivals: Collection[str] | None = None,
    *,
    watch: Callable[[Sequence[Fold]], Iterable[Fold]] = iter,
) -> dict[str, Answers]:
    """By set (`OWN`: the run's articles) the test sentences of all folds, and what each system says
    that was trained on the rest.

    Every fold is trained as the run trains, in a folder of its own; `rivals` names the baselines,
    None all of them. `watch` passes the folds on, and shows how far it has come.
    """
    answers: dict[str, Answers] = {}
    for (train, test), found in zip(watch(folds), _label_folds(run, folds, folder), strict=True):
        for name, more in beside_rivals(run, train, test, found, rivals).items():
            answers.setdefault(name, Answers()).add(more.gold, more.outputs)
    return answers


def _label_folds(run: Run, folds: Sequence[Fold], folder: Path) -> Iterator[list[SystemOutput]]:
    """What a classifier trained for each fold says of its test sentences, fold by fold.

    On a CPU as many are trained at once as this process has threads, each in a process of its own:
    a small network gains little from a second thread.
    """
    import torch
    from joblib import Parallel, delayed, parallel_config

    threads = 1 if torch.cuda.is_available() else torch.get_num_threads()
    at_once = max(1, min(threads, len(folds)))
    with parallel_config(backend="loky", inner_max_num_threads=threads // at_once):
        yield from Parallel(n_jobs=at_once, return_as="generator")(
            delayed(_train_and_label)(run, train, test, folder / str(number))
            for number, (train, test) in enumerate(folds)
        )


def _train_and_label(
    run: Run, train: Sequence[LabelledSentence], test: Sequence[LabelledSentence], folder: Path
) -> list[SystemOutput]:
    """From the fold's own checkpoint where this very training came to its end before."""
    from model.net.checkpoint import RECORD
    from model.net.classifier import load
    from train.fit.checkpoints import Folders, fit_checkpoint
    from train.fit.encoder.pretrained import hushed_libraries
    from train.fit.fitted import drop_state, is_fitted
    from train.judging import label_gold
    from train.repeats import with_training
    from train.steps import training_inputs

    training = run.config.training
    quiet = with_training(run, report_to=[])
    folders = Folders.under(folder)
    inputs = training_inputs(run.config)
    seed = next(iter(training.seeds), training.seed)  # as of the run's own checkpoint
    with hushed_libraries():  # it may be a process of its own
        if not (folders.checkpoint / RECORD).is_file() or not is_fitted(
            quiet, train, (), folders=folders, inputs=inputs, seed=seed
        ):
            fit_checkpoint(
                quiet,
                train,
                (),
                folders=folders,
                inputs=inputs,
                seed=seed,
                on_change="restart",  # what a killed evaluation left is of no worth to anybody
                quiet=True,
            )
        drop_state(folders)
        return label_gold(load(folders.checkpoint), test)


def beside_rivals(
    run: Run,
    train: Sequence[LabelledSentence],
    test: Sequence[LabelledSentence],
    outputs: Sequence[SystemOutput],
    rivals: Collection[str] | None = None,
) -> dict[str, Answers]:
    """By set the test sentences, with the classifier's outputs and those of the baselines.

    A baseline learns from the training sentences of that set alone; without any there is none.
    """
    answers = {}
    for name, held in by_set(test).items():
        gold = [test[number] for number in held]
        learnt = [train[number] for number in by_set(train).get(name, ())]
        named = {MODEL: [outputs[number] for number in held]}
        if learnt:
            named |= rival_outputs(run, name, learnt, gold, rivals)
        answers[name] = Answers(gold, named)
    return answers


def by_set(sentences: Sequence[LabelledSentence]) -> dict[str, list[int]]:
    """By set (`OWN`: the run's articles) the numbers of its sentences."""
    found: dict[str, list[int]] = {}
    for number, sentence in enumerate(sentences):
        found.setdefault(sentence.dataset or OWN, []).append(number)
    return found


def rival_outputs(
    run: Run,
    name: str,
    train: Sequence[LabelledSentence],
    test: Sequence[LabelledSentence],
    rivals: Collection[str] | None = None,
) -> dict[str, list[SystemOutput]]:
    """What the baselines say of the test sentences of a set; `rivals` names them, None all."""
    from threadpoolctl import threadpool_limits

    outputs = {}
    known = _own_baselines(run) if name == OWN else _task_baselines(run, name, (*train, *test))
    with threadpool_limits(limits=1):  # a linear model's products are small: threads wait
        for system, baseline in known.items():
            if rivals is None or system in rivals:
                baseline.fit(train)
                outputs[system] = baseline.predict(test)
    return outputs


def rivals_of(
    run: Run | None,
) -> Callable[[Sequence[LabelledSentence]], dict[str, list[SystemOutput]]]:
    """What the baselines say that learnt from the run's training split; nothing without a run."""
    if run is None or run.lists is None:
        return lambda _: {}
    from train.data.dataset import read_dataset

    train = [s for s in read_dataset(run.dataset_dir)["train"] if s.dataset is None]
    return lambda sentences: rival_outputs(run, OWN, train, sentences) if train else {}


def _own_baselines(run: Run) -> dict[str, Baseline]:
    from model.tasks import LOADED_TERMS, STANCE
    from model.text.lexicon import Lexicon
    from model.text.stances import holder_words
    from model.text.targets import TargetList
    from train.data.silver.wording import find_terms, judge_by_wording
    from train.score.baselines import MajorityBaseline, MemoryBaseline, RuleBaseline
    from train.score.outputs import SystemOutput
    from train.score.probes import label_probes
    from train.score.tfidf import TfidfBaseline, TfidfFeatures
    from train.score.views import OwnView

    assert run.lists is not None, "own sentences come from a run with articles"
    targets = TargetList.read(run.lists[0]).targets
    lexicon = Lexicon.read(run.lists[1])

    def label_by_rule(sentence: LabelledSentence) -> SystemOutput:
        terms = find_terms(sentence.text, sentence.voices, sentence.stances, lexicon)
        labels = (judge_by_wording(stance, terms, lexicon) for stance in sentence.stances)
        return SystemOutput(tuple(labels), tuple(terms))

    def read_words(sentence: LabelledSentence, stance: Stance) -> str:
        return holder_words(sentence.text, sentence.voices, stance).text

    names = {target.id: target.name for target in targets.values()}
    view = OwnView(
        read_words,
        names,
        asked="stance" if STANCE in run.config.task_list else "",
        categories=LOADED_TERMS.labels if LOADED_TERMS in run.config.task_list else (),
    )
    features = TfidfFeatures(view)
    return {
        "tfidf": TfidfBaseline(features),
        "svm": TfidfBaseline(features, "svm"),
        "lexicon": RuleBaseline(label_by_rule),
        "memory": MemoryBaseline(view),
        "majority": MajorityBaseline(view),
        **(label_probes(replace(view, target_names={})) if view.asked else {}),
    }


def _task_baselines(
    run: Run, name: str, sentences: Sequence[LabelledSentence]
) -> dict[str, Baseline]:
    """Those that have something to go by: no probe of the outlet where all come from one."""
    from train.score.baselines import MajorityBaseline, MemoryBaseline
    from train.score.probes import OUTLET_ONLY, TARGET_BLIND, TEXT_BLIND, label_probes
    from train.score.tfidf import TfidfBaseline, TfidfFeatures
    from train.score.views import TaskView

    task = task_of(run, name)
    view = TaskView(task)
    features = TfidfFeatures(view)
    probes = label_probes(view, reads_pairs=True)
    blind = {
        TARGET_BLIND: task.pair,
        TEXT_BLIND: task.pair,
        OUTLET_ONLY: len({sentence.outlet for sentence in sentences}) > 1,
    }
    return {
        "tfidf": TfidfBaseline(features),
        "svm": TfidfBaseline(features, "svm"),
        **({"memory": MemoryBaseline(view)} if task.kind == "tag" else {}),
        "majority": MajorityBaseline(view),
        **{
            probe: probes[probe]
            for probe, has_sense in blind.items()
            if has_sense and task.kind == "classify"
        },
    }


def task_of(run: Run, name: str) -> Task:
    """The task that the labels of a set feed; of the run's own articles the first one, if alone."""
    from model.tasks import DEFAULT_TASKS

    if name == OWN:
        return next(task for task in run.config.task_list if task in DEFAULT_TASKS)
    tasks = {task.name: task for task in run.config.task_list}
    return tasks[run.config.datasets[name].task]
