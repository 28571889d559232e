"""Calibrating a classifier: what it is asked, and that the temperature put in is found again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.errors import RecordError
from model.net.checkpoint import load_checkpoint
from model.net.classifier import Classifier
from model.net.decoding import decode_spans
from model.net.network import FramingNetwork
from model.records import (
    STANCE_LABELS,
    ClassLabel,
    LabelledSentence,
    LoadedTerm,
    TaskSpan,
)
from model.tasks import DEFAULT_TASKS, LOADED_TERMS, STANCE, Task
from model.text.words import find_words
from tests.sentences import labelled, stance_of
from train.calibrating import (
    ask,
    calibrate,
    collect_items,
    collect_outcomes,
    measure_reliability,
)
from train.judging import label_gold

SUBJECTIVITY = Task("subjectivity", "classify", ("objective", "subjective"))
TECHNIQUES = Task("techniques", "tag", ("doubt", "repetition"))
SAME_EVENT = Task("same_event", "classify", ("yes", "no"), pair=True)
TASKS = (*DEFAULT_TASKS, SUBJECTIVITY, TECHNIQUES, SAME_EVENT)
_NAMES = {"sdf": "قسد", "isis": "داعش", "intl-coalition": "التحالف الدولي"}
_WORDS = (
    "أعلنت", "مدينة", "خطة", "اجتماع", "طويل", "وفد", "خبراء", "عمل", "طريق", "جسر", "نهر", "مدرسة",
    "سوق", "قمح", "مطر", "جبل",
)  # fmt: skip


def _sentence(chance: random.Random, number: int, **changed: object) -> LabelledSentence:
    target = chance.choice(sorted(_NAMES))
    words = chance.choices(_WORDS, k=chance.randint(3, 24))  # the longest take several windows
    text = " ".join([*words[:2], _NAMES[target], *words[2:]])
    ends = find_words(text)
    first, last = sorted(chance.sample(range(len(ends)), 2))
    loaded = ends[first].start, ends[last].end
    term = text[slice(*loaded)]
    sentence = labelled(
        text,
        article_id=f"a{number}",
        story=f"s{number // 5}",
        stances=(stance_of(text, target, _NAMES[target], chance.choice(STANCE_LABELS)),),
        loaded_terms=(LoadedTerm(*loaded, term, term, "doubt", False, "own", None, None),),
        tasks=tuple(task.name for task in TASKS),
        classes=(
            ClassLabel("subjectivity", None, chance.choice(SUBJECTIVITY.labels)),
            ClassLabel("same_event", chance.choice(_WORDS), chance.choice(SAME_EVENT.labels)),
            ClassLabel("same_event", chance.choice(_WORDS), chance.choice(SAME_EVENT.labels)),
        ),
        spans=(TaskSpan("techniques", *loaded, term, "repetition"),),
    )
    return replace(sentence, **changed)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def gold() -> list[LabelledSentence]:
    chance = random.Random(1)
    return [_sentence(chance, number) for number in range(150)]


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path, gold: list[LabelledSentence]) -> Classifier:
    """One with every kind of task, whose stances differ from text to text."""
    known = load_checkpoint(tiny_checkpoint)
    torch.manual_seed(5)
    network = FramingNetwork(known.network.encoder, 0.0, TASKS).eval()
    for head in network.heads.values():
        torch.nn.init.normal_(head.weight, std=0.8)  # type: ignore[arg-type]
    made = Classifier(replace(known, network=network))
    items = collect_items(ask(made, gold), STANCE)
    assert items is not None
    logits = torch.tensor(np.log(items.probabilities))
    with torch.no_grad():
        head = network.heads["stance"]
        head.bias -= logits.mean(dim=0)  # type: ignore[operator]
        head.weight *= float(1 / logits.std(dim=0).mean())  # type: ignore[operator]
        head.bias *= float(1 / logits.std(dim=0).mean())  # type: ignore[operator]
    return made


def _sharpen(classifier: Classifier, times: float) -> Classifier:
    """The same network with all logits that many times as large."""
    known = classifier.checkpoint
    network = FramingNetwork(known.network.encoder, 0.0, TASKS).eval()
    network.load_state_dict(known.network.state_dict())
    with torch.no_grad():
        for head in network.heads.values():
            head.weight *= times  # type: ignore[operator]
            head.bias *= times  # type: ignore[operator]
    return Classifier(replace(known, network=network))


def _judged_by(
    classifier: Classifier, gold: Sequence[LabelledSentence], seed: int
) -> list[LabelledSentence]:
    """The sentences with no labels but stances, drawn by the classifier's own probabilities."""
    gold = [replace(s, tasks=("stance",), classes=(), spans=(), loaded_terms=()) for s in gold]
    items = collect_items(ask(classifier, gold), STANCE)
    assert items is not None
    rng = np.random.default_rng(seed)
    drawn = [STANCE_LABELS[rng.choice(3, p=row / row.sum())] for row in items.probabilities]
    return [
        replace(sentence, stances=(replace(sentence.stances[0], label=label),))
        for sentence, label in zip(gold, drawn, strict=True)
    ]


@pytest.mark.parametrize("task", [LOADED_TERMS, TECHNIQUES], ids=lambda task: task.name)
def test_gold_tags_are_those_that_decode_to_the_gold_spans(
    classifier: Classifier, gold: list[LabelledSentence], task: Task
) -> None:
    asked = ask(classifier, gold)
    items = collect_items(asked, task)
    assert items is not None
    assert any(len(reading.windows) > 1 for reading in asked.readings)
    tags, place = np.eye(3)[items.gold], 0
    for sentence, reading in zip(gold, asked.readings, strict=True):
        parts = []
        for window in reading.windows:
            shape = (len(window.word_spans), len(task.labels), 3)
            size = shape[0] * shape[1]
            assert set(items.stories[place : place + size]) <= {sentence.story}
            parts.append(tags[place : place + size].reshape(shape))
            place += size
        found = decode_spans(sentence.text, reading.windows, parts, task.labels)
        (term,) = sentence.loaded_terms
        category = "doubt" if task == LOADED_TERMS else "repetition"
        assert [(s.start, s.end, s.category) for s in found] == [(term.start, term.end, category)]
    assert place == len(items.gold)


def test_labels_are_asked_as_predictions_are(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    asked = ask(classifier, gold)
    outputs = label_gold(classifier, gold)
    for task, found, true in (
        (STANCE, [o.stances[0] for o in outputs], [s.stances[0].label for s in gold]),
        (SUBJECTIVITY, [o.classes[0] for o in outputs], [s.classes[0].label for s in gold]),
        (
            SAME_EVENT,
            [label for o in outputs for label in o.classes[1:]],
            [label.label for s in gold for label in s.classes[1:]],
        ),
    ):
        items = collect_items(asked, task)
        assert items is not None
        assert [task.labels[i] for i in items.probabilities.argmax(axis=1)] == found
        assert [task.labels[i] for i in items.gold] == true
        outcomes = collect_outcomes(classifier, asked, task)
        assert outcomes.is_right.tolist() == [a == b for a, b in zip(found, true, strict=True)]
        assert outcomes.confidences == pytest.approx(items.probabilities.max(axis=1), abs=1e-6)
        assert outcomes.stories == items.stories


def test_presence_is_asked_of_every_window(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    readings = ask(classifier, gold).readings
    outputs = label_gold(classifier, gold)
    for reading, output in zip(readings, outputs, strict=True):
        least = min(part[:, :, 0].min() for part in reading.tags["loaded_terms"])
        assert output.presence == pytest.approx(1 - least)
    known = classifier.checkpoint
    others = tuple(task for task in TASKS if task != LOADED_TERMS)
    network = FramingNetwork(known.network.encoder, 0.0, others).eval()
    without = Classifier(replace(known, network=network))
    assert {output.presence for output in label_gold(without, gold)} == {None}


def test_spans_are_right_with_the_same_borders_and_label(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    outputs = label_gold(classifier, gold)
    told = [
        replace(sentence, loaded_terms=output.loaded_terms[:1])
        for sentence, output in zip(gold, outputs, strict=True)
    ]
    outcomes = collect_outcomes(classifier, ask(classifier, told), LOADED_TERMS)
    found = [term for output in outputs for term in output.loaded_terms]
    assert len(outcomes.confidences) == len(found) > 100
    assert outcomes.confidences.tolist() == [term.confidence for term in found]
    assert outcomes.is_right.sum() == sum(bool(output.loaded_terms) for output in outputs)


def test_the_temperature_that_was_put_in_is_found(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    judged = _judged_by(classifier, gold * 3, seed=2)
    plain = calibrate(classifier, judged)["stance"]
    sharp = calibrate(_sharpen(classifier, 4.0), judged)["stance"]
    assert plain.temperature == pytest.approx(1, abs=0.25)
    assert sharp.temperature == pytest.approx(4 * plain.temperature, rel=1e-3)
    assert sharp.ece_before > plain.ece_before + 0.05
    assert sharp.ece_after == pytest.approx(plain.ece_after, abs=1e-3)
    assert sharp.brier_after == pytest.approx(plain.brier_after, abs=1e-3)
    assert sharp.num_items == sharp.num_predictions == 450
    shares = [sum(s.stances[0].label == label for s in judged) / 450 for label in STANCE_LABELS]
    assert sharp.label_mix == pytest.approx(shares)


def test_just_the_share_that_it_names_is_sure(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    sharp = _sharpen(classifier, 3.0)
    judged = _judged_by(_sharpen(classifier, 1.5), gold * 2, seed=3)
    calibration = calibrate(sharp, judged, wished_risk=0.15)
    known = calibration["stance"]
    assert known.threshold is not None
    assert known.notes == ()
    assert 0 < known.coverage < 1
    ready = Classifier(replace(sharp.checkpoint, calibration=calibration))
    completed = ready.complete(ask(ready, judged).drafts)
    sure = [stance.sure for prediction in completed for stance in prediction.stances]
    assert sure.count(True) == round(known.coverage * known.num_predictions)
    assert None not in sure
    reliability = measure_reliability(ready, judged, num_resamples=20)["stance"]
    assert reliability.kept is not None
    assert reliability.kept.num_kept == sure.count(True)
    assert reliability.kept.risk is not None
    assert reliability.kept.risk < 0.15
    assert reliability.temperature == known.temperature
    assert reliability.before.ece == pytest.approx(known.ece_before, abs=1e-6)
    assert reliability.after.ece == pytest.approx(known.ece_after, abs=1e-6)
    assert reliability.predicted is not None
    assert reliability.predicted.ece == pytest.approx(known.ece_after, abs=1e-4)


def test_spans_are_as_sure_as_they_are_right(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    """One span in eight is told to be right, by chance."""
    chance = random.Random(4)
    sharp = _sharpen(classifier, 3.0)
    told = [
        replace(
            sentence,
            loaded_terms=tuple(t for t in output.loaded_terms if chance.random() < 1 / 8),
        )
        for sentence, output in zip(gold, label_gold(sharp, gold), strict=True)
    ]
    calibration = calibrate(sharp, told, wished_risk=0.9)
    known = calibration["loaded_terms"]
    assert known.span_slope is not None
    assert known.span_ece_before is not None
    assert known.span_ece_after is not None
    assert known.span_ece_before > 0.2 > 0.1 > known.span_ece_after
    assert calibration["stance"].span_slope is None
    ready = Classifier(replace(sharp.checkpoint, calibration=calibration))
    measured = measure_reliability(ready, told, num_resamples=20)["loaded_terms"]
    assert measured.predicted is not None
    assert measured.uncorrected is not None
    assert measured.uncorrected.ece == pytest.approx(known.span_ece_before, abs=1e-5)
    assert measured.predicted.ece < 0.1
    assert measured.predicted.confidence == pytest.approx(measured.predicted.accuracy, abs=0.01)
    assert measured.predicted.accuracy == measured.uncorrected.accuracy
    assert measured.kept is not None, "the threshold is one of the corrected confidences"
    assert measured.kept.num_kept == round(known.coverage * known.num_predictions)
    assert measured.kept.threshold < measured.uncorrected.confidence
    assert measure_reliability(ready, told, num_resamples=20)["stance"].uncorrected is None


def test_other_mixes_of_labels_are_tried(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    """By the checkpoint's own biases and the mix that it was calibrated on."""
    judged = _judged_by(_sharpen(classifier, 2.0), gold * 3, seed=6)
    sharp = _sharpen(classifier, 3.0)
    calibration = calibrate(sharp, judged)
    known = calibration["stance"]
    assert known.bias_slope is not None
    ready = Classifier(replace(sharp.checkpoint, calibration=calibration))
    measured = measure_reliability(ready, judged, num_resamples=20)["stance"]
    assert len(measured.shifts) == 7
    assert measured.mix_error == known.mix_error
    own = measured.shifts["as it is"]
    assert own.mix == pytest.approx(known.label_mix)
    assert own.uncorrected.ece == pytest.approx(measured.after.ece)
    assert own.estimated == pytest.approx(known.label_mix, abs=0.01)
    # On what it was fitted to, a correction by the true mix can but be likelier.
    assert all(s.by_true_mix.nll < s.uncorrected.nll for s in measured.shifts.values())
    half = replace(known, label_mix=(0.6, 0.2, 0.2))
    other = Classifier(replace(sharp.checkpoint, calibration={"stance": half}))
    moved = measure_reliability(other, judged, num_resamples=20)["stance"]
    assert moved.shifts["as it is"].by_true_mix.nll > own.by_true_mix.nll
    bare = replace(known, bias_slope=None, label_biases=())
    without = Classifier(replace(sharp.checkpoint, calibration={"stance": bare}))
    assert measure_reliability(without, judged, num_resamples=20)["stance"].shifts == {}


def test_what_a_checkpoint_knows_plays_no_part_in_calibrating_it_again(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    first = calibrate(classifier, gold)
    ready = Classifier(replace(classifier.checkpoint, calibration=first))
    assert calibrate(ready, gold) == first
    assert set(first) == {task.name for task in TASKS}


def test_what_cannot_be_done_is_noted(classifier: Classifier, gold: list[LabelledSentence]) -> None:
    silent = _sharpen(classifier, 1.0)
    with torch.no_grad():
        silent.checkpoint.network.heads["loaded_terms"].weight.zero_()  # type: ignore[operator]
        bias = silent.checkpoint.network.heads["loaded_terms"].bias
        bias.copy_(torch.tensor([3.0, 0.0, 0.0] * 6))  # type: ignore[operator]
    few = [replace(s, tasks=("stance", "loaded_terms"), classes=(), spans=()) for s in gold[:9]]
    calibration = calibrate(silent, few)
    assert set(calibration) == {"stance", "loaded_terms"}
    assert calibration["stance"].temperature == 1
    assert "9 labels are too few" in calibration["stance"].notes[0]
    assert "no part of 9 predictions" in calibration["stance"].notes[1]
    assert calibration["loaded_terms"].notes == ("threshold: nothing is predicted",)
    assert calibration["loaded_terms"].num_predictions == 0
    measured = measure_reliability(silent, few, num_resamples=20)
    assert measured["loaded_terms"].curve is None
    assert measured["loaded_terms"].predicted is None
    assert measured["stance"].kept is None


def test_a_target_that_the_checkpoint_does_not_know_is_refused(
    classifier: Classifier, gold: list[LabelledSentence]
) -> None:
    stranger = replace(gold[0], stances=(replace(gold[0].stances[0], target="moon"),))
    with pytest.raises(RecordError, match="names the target moon"):
        calibrate(classifier, [stranger])
