"""What a classifier says of gold sentences, by the very path that archives take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model.records import LabelledSentence, Prediction, TaskSpan
from train.score.outputs import SystemOutput
from train.score.tasks import main_figures, score_tasks

if TYPE_CHECKING:
    from model.net.classifier import Classifier
    from model.net.encoding import TextEncoder
    from model.net.network import FramingNetwork
    from model.text.surroundings import Context


def label_gold(classifier: Classifier, gold: Sequence[LabelledSentence]) -> list[SystemOutput]:
    """What the classifier says of gold sentences whose voices, targets and pairs are given."""
    drafts = [
        Prediction.extend(
            sentence,
            outlet=sentence.outlet,
            published=sentence.published,
            url=None,
            stances=tuple(replace(stance, label=None, origin=None) for stance in sentence.stances),
            loaded_terms=(),
        )
        for sentence in gold
    ]
    completed = classifier.complete(drafts)
    classes = _classes(classifier, gold, completed)
    return [
        SystemOutput(
            tuple(str(stance.label) for stance in done.stances),
            done.loaded_terms,
            found,
            tuple(
                TaskSpan(task, span["start"], span["end"], span["text"], span["label"])
                for task, spans in done.spans.items()
                for span in spans
            ),
        )
        for done, found in zip(completed, classes, strict=True)
    ]


def _classes(
    classifier: Classifier, gold: Sequence[LabelledSentence], completed: Sequence[Prediction]
) -> list[tuple[str, ...]]:
    """A label for each class label of the gold; those with a pair are asked for task by task."""
    asked: dict[str, list[tuple[str, str]]] = {}
    for sentence in gold:
        for label in sentence.classes:
            if label.pair is not None:
                asked.setdefault(label.task, []).append((sentence.text, label.pair))
    scores = {task: iter(classifier.classify(task, pairs)) for task, pairs in asked.items()}

    def best(scores: Mapping[str, float]) -> str:
        return max(scores, key=scores.__getitem__)

    return [
        tuple(
            best(next(scores[label.task]))
            if label.pair is not None
            else str(done.classes[label.task]["label"])
            for label in sentence.classes
        )
        for sentence, done in zip(gold, completed, strict=True)
    ]


def make_validation(
    gold: Sequence[LabelledSentence], lists: tuple[Path, Path] | None, context: Context
) -> Callable[[FramingNetwork, TextEncoder], dict[str, float]]:
    """A function that scores a network in training on gold sentences: a figure for each task."""
    from model.net.checkpoint import Checkpoint, read_lists
    from model.net.classifier import Classifier

    targets, lexicon = read_lists(lists)

    def validate(network: FramingNetwork, encoder: TextEncoder) -> dict[str, float]:
        checkpoint = Checkpoint(network, encoder, targets, lexicon, {}, Path(), context)
        outputs = label_gold(Classifier(checkpoint), gold)
        return main_figures(score_tasks(gold, outputs, network.tasks))

    return validate
