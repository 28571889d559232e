"""Calibrates a classifier on gold sentences, by the very path that archives take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model.net.calibration import TaskCalibration, temper
from model.records import LabelledSentence, Prediction
from model.tasks import LOADED_TERMS, STANCE, Task
from train.judging import draft_gold
from train.score.calibration import fit_temperature, score_calibration
from train.score.counts import FloatArray
from train.score.label_shift import (
    BiasCorrection,
    ShiftScores,
    fit_bias_correction,
    label_shares,
    measure_mix_error,
    score_shifts,
    vary_mix,
)
from train.score.reliability import Items, Outcomes, Reliability, build_reliability
from train.score.selective import choose_threshold
from train.score.span_confidence import choose_correction
from train.score.spans import SpanKey
from train.score.tasks import labelled_tasks, task_spans

if TYPE_CHECKING:
    from model.net.classifier import Classifier
    from model.net.deciding import Reading

WISHED_RISK = 0.2
LEVEL = 0.95
_PLACES = 6
"""As many decimal places as a confidence has in the files, and so a threshold."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Gold sentences, and what the network made of them: with each sentence's reading, and by task
    the probabilities of pairs other than stances, for each sentence in order of its labels."""

    gold: Sequence[LabelledSentence]
    drafts: Sequence[Prediction]
    readings: Sequence[Reading]
    pairs: Mapping[str, Sequence[Sequence[FloatArray]]]


@dataclass(slots=True)
class _Rows:
    """Items of a task while they are collected."""

    probabilities: list[FloatArray] = field(default_factory=list)
    gold: list[int] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)

    def items(self) -> Items:
        rows = np.concatenate([np.atleast_2d(part) for part in self.probabilities])
        return Items(rows, np.array(self.gold), tuple(self.stories))


def calibrate(
    classifier: Classifier,
    validation: Sequence[LabelledSentence],
    *,
    wished_risk: float = WISHED_RISK,
    level: float = LEVEL,
) -> dict[str, TaskCalibration]:
    """By task the temperature and the threshold that the validation split gives.

    What the classifier's checkpoint knows of calibration plays no part. A task without a label in
    the split is left out. RecordError where the classifier cannot be asked, as for `label_gold`.
    """
    asked = ask(classifier, validation)
    found = {}
    for task in classifier.checkpoint.network.tasks:
        items = collect_items(asked, task)
        if items is not None:
            found[task.name] = _calibrate_task(asked, task, items, classifier, wished_risk, level)
    return found


def calibrate_checkpoint(
    path: Path, validation: Sequence[LabelledSentence]
) -> dict[str, TaskCalibration]:
    """Calibrate the checkpoint that lies there, and write what was found into it."""
    from model.net.classifier import load
    from train.fit.checkpoints import write_calibration

    calibration = calibrate(load(path), validation)
    write_calibration(path, calibration)
    return calibration


def describe(task: str, known: TaskCalibration) -> str:
    """A line for the user: what the calibration of a task found, or why it found nothing."""
    found = (
        f"{task}: temperature {known.temperature:.2f}, expected calibration error "
        f"{known.ece_before:.3f} → {known.ece_after:.3f} on {known.num_items} labels"
    )
    if known.span_slope is not None:
        found += (
            f"; confidence of spans corrected, its calibration error {known.span_ece_before:.3f} → "
            f"{known.span_ece_after:.3f} on stories left out"
        )
    if known.threshold is not None:
        found += (
            f"; sure from {known.threshold:.2f}, {known.coverage:.0%} of "
            f"{known.num_predictions} predictions"
        )
    return "; ".join([found, *known.notes])


def measure_reliability(
    classifier: Classifier,
    gold: Sequence[LabelledSentence],
    *,
    num_bins: int = 10,
    num_resamples: int = 1000,
) -> dict[str, Reliability]:
    """By task how reliable the predictions are, with the calibration of the checkpoint.

    Give it another split than the one that was calibrated on. A task without a label is left out.
    """
    asked = ask(classifier, gold)
    found = {}
    for task in classifier.checkpoint.network.tasks:
        items = collect_items(asked, task)
        if items is None:
            continue
        known = classifier.checkpoint.calibration.get(task.name)
        temperature = known.temperature if known else 1.0
        tempered = temper(items.probabilities, temperature)
        found[task.name] = build_reliability(
            items,
            tempered,
            collect_outcomes(classifier, asked, task),
            uncorrected=_uncorrected(classifier, asked, task),
            shifts=_shift(items, tempered, task, known) if known else {},
            mix_error=known.mix_error if known else None,
            temperature=temperature,
            threshold=known.threshold if known else None,
            num_bins=num_bins,
            num_resamples=num_resamples,
        )
    return found


def _uncorrected(classifier: Classifier, asked: Asked, task: Task) -> Outcomes | None:
    """The outcomes without the correction of a span's confidence; None where there is none."""
    known = classifier.checkpoint.calibration.get(task.name)
    if known is None or known.span_slope is None:
        return None
    bare = replace(known, span_slope=None, span_bias=None)
    return collect_outcomes(_with(classifier, task, bare), asked, task)


def _shift(
    items: Items, tempered: FloatArray, task: Task, known: TaskCalibration
) -> dict[str, ShiftScores]:
    """What other mixes of labels would do here; nothing where the biases of labels are unknown."""
    if known.bias_slope is None or not known.label_biases or not known.label_mix:
        return {}
    return score_shifts(
        tempered,
        items.gold,
        vary_mix(items.gold, task.labels),
        unbiased=BiasCorrection(known.bias_slope, known.label_biases).apply(tempered),
        trained_mix=known.label_mix,
    )


def ask(classifier: Classifier, gold: Sequence[LabelledSentence]) -> Asked:
    """Read the gold sentences once. RecordError where the classifier cannot be asked."""
    drafts = draft_gold(classifier, gold)
    pairs = {}
    for task in classifier.checkpoint.network.tasks:
        if task.kind == "classify" and task.pair:
            asked = [
                [(s.text, label.pair) for label in s.classes if label.task == task.name]
                for s in gold
            ]
            flat = [(text, str(second)) for listed in asked for text, second in listed]
            read = iter(classifier.read_pairs(task.name, flat))
            pairs[task.name] = [[next(read) for _ in listed] for listed in asked]
    return Asked(gold, drafts, classifier.read(drafts), pairs)


def collect_items(asked: Asked, task: Task) -> Items | None:
    """What a task was asked and what is gold: labels, or a tag for each word and label.

    None where no sentence is labelled for it.
    """
    rows = _Rows()
    for number, (sentence, reading) in enumerate(zip(asked.gold, asked.readings, strict=True)):
        if task.kind == "tag":
            if task.name in labelled_tasks(sentence):
                _add_tags(rows, sentence, reading, task)
            continue
        for scores, label in _label_scores(asked, number, task):
            rows.probabilities.append(scores)
            rows.gold.append(task.labels.index(label))
            rows.stories.append(sentence.story)
    return rows.items() if rows.gold else None


def collect_outcomes(classifier: Classifier, asked: Asked, task: Task) -> Outcomes:
    """What the classifier, with its calibration, predicts for a task: labels or spans."""
    rows: list[tuple[float, bool, str]] = []
    if task.kind == "tag":
        predictions = classifier.decide(asked.drafts, asked.readings)
        for sentence, prediction in zip(asked.gold, predictions, strict=True):
            if task.name in labelled_tasks(sentence):
                gold = task_spans(sentence, task)
                spans = _predicted_spans(prediction, task)
                rows += [(confidence, key in gold, sentence.story) for key, confidence in spans]
    else:
        known = classifier.checkpoint.calibration.get(task.name)
        for number, sentence in enumerate(asked.gold):
            for scores, label in _label_scores(asked, number, task):
                tempered = temper(scores, known.temperature if known else 1.0)
                best = int(tempered.argmax())
                confidence = round(float(tempered[best]), _PLACES)
                rows.append((confidence, task.labels[best] == label, sentence.story))
    return Outcomes(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows], dtype=bool),
        tuple(row[2] for row in rows),
    )


def _calibrate_task(
    asked: Asked, task: Task, items: Items, classifier: Classifier, wished_risk: float, level: float
) -> TaskCalibration:
    fit = fit_temperature(np.log(np.maximum(items.probabilities, 1e-300)), items.gold)
    tempered = temper(items.probabilities, fit.temperature)
    before, after = (
        score_calibration(rows, items.gold) for rows in (items.probabilities, tempered)
    )
    is_label = task.kind == "classify"
    mix = label_shares(items.gold, len(task.labels)).tolist() if is_label else ()
    correction = fit_bias_correction(tempered, items.gold) if is_label else None
    found = TaskCalibration(
        temperature=fit.temperature,
        num_items=fit.num_items,
        ece_before=round(before.ece, _PLACES),
        ece_after=round(after.ece, _PLACES),
        brier_before=round(before.brier, _PLACES),
        brier_after=round(after.brier, _PLACES),
        threshold=None,
        wished_risk=wished_risk,
        level=level,
        num_predictions=0,
        coverage=0.0,
        label_mix=tuple(mix),
        notes=(f"temperature: {fit.reason}",) if fit.reason else (),
        bias_slope=correction.slope if correction else None,
        label_biases=correction.biases if correction else (),
        mix_error=measure_mix_error(tempered, items.gold, items.stories) if correction else None,
    )
    outcomes = collect_outcomes(_with(classifier, task, found), asked, task)
    if not len(outcomes.confidences):
        return replace(found, notes=(*found.notes, "threshold: nothing is predicted"))
    if task.kind == "tag":
        found = _correct_spans(found, outcomes)
        outcomes = collect_outcomes(_with(classifier, task, found), asked, task)
    chosen = choose_threshold(
        outcomes.confidences, outcomes.is_right, outcomes.stories, wished=wished_risk, level=level
    )
    return replace(
        found,
        threshold=chosen.threshold,
        num_predictions=chosen.num_items,
        coverage=round(chosen.coverage, _PLACES),
        notes=(*found.notes, *([f"threshold: {chosen.reason}"] if chosen.reason else ())),
    )


def _correct_spans(known: TaskCalibration, outcomes: Outcomes) -> TaskCalibration:
    """With what corrects the confidence of the spans that the tempered classifier predicts."""
    chosen = choose_correction(outcomes.confidences, outcomes.is_right, outcomes.stories)
    return replace(
        known,
        span_slope=chosen.slope,
        span_bias=chosen.bias,
        span_ece_before=chosen.ece_before,
        span_ece_after=chosen.ece_after,
        notes=(*known.notes, *([f"confidence of spans: {chosen.reason}"] if chosen.reason else ())),
    )


def _with(classifier: Classifier, task: Task, calibration: TaskCalibration) -> Classifier:
    checkpoint = replace(classifier.checkpoint, calibration={task.name: calibration})
    return type(classifier)(checkpoint)


def _label_scores(asked: Asked, number: int, task: Task) -> Iterator[tuple[FloatArray, str]]:
    """The untempered probabilities for each gold label of a classifying task in a sentence."""
    sentence, reading = asked.gold[number], asked.readings[number]
    if task == STANCE:
        for stance, scores in zip(sentence.stances, reading.stances, strict=True):
            if stance.label is not None and scores is not None:
                yield scores, stance.label
    labels = [label.label for label in sentence.classes if label.task == task.name]
    if task.pair:
        yield from zip(asked.pairs[task.name][number], labels, strict=True)
    else:
        yield from ((reading.classes[task.name], label) for label in labels)


def _add_tags(rows: _Rows, sentence: LabelledSentence, reading: Reading, task: Task) -> None:
    from train.fit.examples import tagged_words

    tags = [np.zeros(part.shape[:2], dtype=np.int64) for part in reading.tags[task.name]]
    for place, layer, tag, _ in tagged_words(reading.windows, task, sentence):
        tags[place.window][place.word, layer] = tag
    for part, gold in zip(reading.tags[task.name], tags, strict=True):
        rows.probabilities.append(part.reshape(-1, part.shape[-1]))
        rows.gold.extend(gold.reshape(-1).tolist())
        rows.stories.extend([sentence.story] * gold.size)


def _predicted_spans(prediction: Prediction, task: Task) -> list[tuple[SpanKey, float]]:
    if task == LOADED_TERMS:
        return [
            ((term.start, term.end, term.category), float(term.confidence or 0))
            for term in prediction.loaded_terms
        ]
    return [
        ((span["start"], span["end"], span["label"]), float(span["confidence"]))
        for span in prediction.spans[task.name]
    ]
