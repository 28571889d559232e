"""A run's classifier and what it has to beat, each trained on one split and asked on another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from train.config import Run

if TYPE_CHECKING:
    from model.records import LabelledSentence, Stance
    from train.score.baselines import Baseline
    from train.score.outputs import SystemOutput

MODEL = "nabra"


def train_and_ask(
    run: Run,
    folds: Iterable[tuple[Sequence[LabelledSentence], Sequence[LabelledSentence]]],
    folder: Path,
    rivals: Collection[str] | None = None,
) -> tuple[list[LabelledSentence], dict[str, list[SystemOutput]]]:
    """The test sentences of all folds, and what each system says that was trained on the rest.

    Every fold is trained as the run trains, in a folder of its own; `rivals` names the baselines,
    None all of them.
    """
    from model.net.classifier import load
    from train.fit.checkpoints import Folders, fit_checkpoint
    from train.judging import label_gold
    from train.repeats import with_training
    from train.steps import training_inputs

    training = run.config.training
    tested: list[LabelledSentence] = []
    outputs: dict[str, list[SystemOutput]] = {}
    for number, (train, test) in enumerate(folds):
        folders = Folders.under(folder / str(number))
        fit_checkpoint(
            with_training(run, report_to=[]),
            train,
            (),
            folders=folders,
            inputs=training_inputs(run.config),
            seed=next(iter(training.seeds), training.seed),  # as of the run's own checkpoint
            on_change="restart",  # what a killed evaluation left is of no worth to anybody
            quiet=True,
        )
        found = {MODEL: label_gold(load(folders.checkpoint), test)}
        own = [sentence for sentence in train if sentence.dataset is None]
        for name, output in (found | rival_outputs(run, own, test, rivals)).items():
            outputs.setdefault(name, []).extend(output)
        tested += test
    return tested, outputs


def rival_outputs(
    run: Run,
    train: Sequence[LabelledSentence],
    test: Sequence[LabelledSentence],
    rivals: Collection[str] | None = None,
) -> dict[str, list[SystemOutput]]:
    """What the baselines say of the test sentences, by name; `rivals` names them, None all."""
    outputs = {}
    for name, baseline in _baselines(run).items():
        if rivals is None or name in rivals:
            baseline.fit(train)
            outputs[name] = baseline.predict(test)
    return outputs


def _baselines(run: Run) -> dict[str, Baseline]:
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
        return holder_words(sentence.text, sentence.voices, stance)

    names = {target.id: target.name for target in targets.values()}
    features = TfidfFeatures(OwnView(read_words, names))
    return {
        "tfidf": TfidfBaseline(features),
        "svm": TfidfBaseline(features, "svm"),
        "lexicon": RuleBaseline(label_by_rule),
        "memory": MemoryBaseline(),
        "majority": MajorityBaseline(),
        **label_probes(OwnView(read_words)),
    }
