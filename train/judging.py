"""What a classifier says of gold sentences, by the very path that archives take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import RecordError
from model.records import ClassLabel, LabelledSentence, Prediction, TaskSpan
from model.tasks import LOADED_TERMS, STANCE
from train.score.end_to_end import EndToEnd, judge_as_labelled, score_end_to_end
from train.score.outputs import SystemOutput
from train.score.tasks import main_figures, score_tasks

if TYPE_CHECKING:
    from model.net.classifier import Classifier
    from model.net.deciding import Reading as NetReading
    from model.net.encoding import TextEncoder
    from model.net.network import FramingNetwork
    from model.text.surroundings import Context


def label_gold(classifier: Classifier, gold: Sequence[LabelledSentence]) -> list[SystemOutput]:
    """What the classifier says of gold sentences whose voices, targets and pairs are given.

    A class label of a task that it has not gets "". RecordError where it cannot be asked: a target
    that it does not know, a task that reads pairs for a label without one, or the other way round.
    """
    drafts = draft_gold(classifier, gold)
    readings = classifier.read(drafts)
    completed = classifier.decide(drafts, readings)
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
            tuple(stance.scores for stance in done.stances if stance.scores is not None),
            _presence(classifier, reading),
        )
        for done, found, reading in zip(completed, classes, readings, strict=True)
    ]


def _presence(classifier: Classifier, reading: NetReading) -> float | None:
    from model.net.deciding import find_presence

    if LOADED_TERMS not in classifier.checkpoint.network.tasks:
        return None
    return find_presence(classifier.checkpoint, LOADED_TERMS.name, reading)


def find_stances(
    classifier: Classifier, gold: Sequence[LabelledSentence]
) -> list[dict[tuple[str, str], list[str]]]:
    """What the classifier makes of the bare texts: labels by target and holder."""
    from model.net.classifier import as_article

    found: list[dict[tuple[str, str], list[str]]] = []
    drafts, owners = [], []
    for number, sentence in enumerate(gold):
        pieces = classifier.draft(as_article(sentence.text))
        drafts += pieces
        owners += [number] * len(pieces)
        found.append({})
    for owner, done in zip(owners, classifier.complete_stream(drafts), strict=True):
        for stance in done.stances:
            key = (stance.target, stance.holder)
            found[owner].setdefault(key, []).append(str(stance.label))
    return found


def score_bare(
    name: str, classifier: Classifier, gold: Sequence[LabelledSentence]
) -> dict[str, EndToEnd]:
    """The stances of bare sentences, under the classifier's name; nothing without gold ones."""
    if not any(sentence.stances for sentence in gold):
        return {}
    stories = [sentence.story for sentence in gold]
    judged = [judge_as_labelled(sentence) for sentence in gold]
    return {name: score_end_to_end(judged, find_stances(classifier, gold), stories)}


def draft_gold(classifier: Classifier, gold: Sequence[LabelledSentence]) -> list[Prediction]:
    """Gold sentences without their labels, for the classifier to complete.

    RecordError where it cannot be asked, as for `label_gold`.
    """
    _refuse_others(classifier, gold)
    return [
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


def _refuse_others(classifier: Classifier, gold: Sequence[LabelledSentence]) -> None:
    tasks = {task.name: task for task in classifier.checkpoint.network.tasks}
    targets = classifier.checkpoint.targets.targets
    for sentence in gold:
        where = f"{sentence.article_id}:{sentence.index}"
        for stance in sentence.stances if STANCE.name in tasks else ():
            if stance.target not in targets:
                what = f"names the target {stance.target}, which the checkpoint does not know"
                raise RecordError(where, what, "train with its name in data.targets")
        for label in sentence.classes:
            task = tasks.get(label.task)
            if task and task.pair != (label.pair is not None):
                held, asked = ("no pair", "pairs") if task.pair else ("a pair", "none")
                what = f"its label of {task.name} has {held}, and the checkpoint reads {asked}"
                raise RecordError(where, what, "evaluate a checkpoint of the same task")


def _classes(
    classifier: Classifier, gold: Sequence[LabelledSentence], completed: Sequence[Prediction]
) -> list[tuple[str, ...]]:
    """A label for each class label of the gold; those with a pair are asked for task by task."""
    known = {task.name for task in classifier.checkpoint.network.tasks}
    asked: dict[str, list[tuple[str, str]]] = {}
    for sentence in gold:
        for label in sentence.classes:
            if label.pair is not None and label.task in known:
                asked.setdefault(label.task, []).append((sentence.text, label.pair))
    scores = {task: iter(classifier.classify(task, pairs)) for task, pairs in asked.items()}

    def best(label: ClassLabel, done: Prediction) -> str:
        if label.task not in known:
            return ""
        if label.pair is None:
            return str(done.classes[label.task]["label"])
        found = next(scores[label.task])
        return max(found, key=found.__getitem__)

    return [
        tuple(best(label, done) for label in sentence.classes)
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
