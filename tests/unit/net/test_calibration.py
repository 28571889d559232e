"""A checkpoint's calibration: read, written, applied; and what stays as it was without one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from model import load
from model.errors import CheckpointError
from model.net import checkpoint as checkpoints
from model.net.calibration import TaskCalibration, temper
from model.net.checkpoint import Checkpoint, add_calibration, checkpoint_hash, load_checkpoint
from model.net.classifier import Classifier
from model.net.network import FramingNetwork
from model.records import Article, Prediction
from model.tasks import DEFAULT_TASKS, Task
from tests.conftest import TEXTS

KNOWN = TaskCalibration(
    temperature=2.5,
    num_items=236,
    ece_before=0.3,
    ece_after=0.07,
    brier_before=0.71,
    brier_after=0.56,
    threshold=0.6,
    wished_risk=0.2,
    level=0.95,
    num_predictions=236,
    coverage=0.4,
    label_mix=(0.2, 0.3, 0.5),
    bias_slope=0.9,
    label_biases=(-0.4, 0.1, 0.3),
)
SPANS = replace(
    KNOWN, label_mix=(), bias_slope=None, label_biases=(), span_slope=0.7, span_bias=-1.5,
    span_ece_before=0.4, span_ece_after=0.06,
)  # fmt: skip
MORE_TASKS = (
    *DEFAULT_TASKS,
    Task("subjectivity", "classify", ("objective", "subjective")),
    Task("techniques", "tag", ("doubt", "repetition")),
    Task("same_event", "classify", ("yes", "no"), pair=True),
)


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint")


@pytest.fixture(scope="module")
def classifier(tiny_checkpoint: Path) -> Classifier:
    """One that has every kind of task, with weights large enough to find spans of many words."""
    known = load_checkpoint(tiny_checkpoint)
    torch.manual_seed(3)
    network = FramingNetwork(known.network.encoder, 0.0, MORE_TASKS).eval()
    for head in network.heads.values():
        torch.nn.init.normal_(head.weight, std=0.5)  # type: ignore[arg-type]
    return Classifier(replace(known, network=network))


def _calibrated(classifier: Classifier, **changed: Any) -> Classifier:
    calibration = {
        task.name: replace(KNOWN, label_mix=(), label_biases=(), **changed)
        for task in classifier.checkpoint.network.tasks
    }
    return Classifier(replace(classifier.checkpoint, calibration=calibration))


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32 - 1), st.floats(0.05, 20))
def test_a_temperature_divides_the_logits_and_keeps_their_order(
    seed: int, temperature: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=rng.choice([0.01, 1, 30]), size=(5, 4, 3)).astype(np.float32)
    probabilities = softmax(logits.astype(np.float64), axis=-1)
    tempered = temper(probabilities, temperature)
    assert tempered == pytest.approx(
        softmax(logits.astype(np.float64) / temperature, axis=-1), abs=1e-9
    )
    assert (tempered.argmax(axis=-1) == probabilities.argmax(axis=-1)).all()
    assert tempered.sum(axis=-1) == pytest.approx(1)


def test_a_temperature_of_1_changes_no_bit() -> None:
    probabilities = softmax(np.random.default_rng(1).normal(size=(50, 3)), axis=-1)
    assert temper(probabilities, 1.0) is probabilities


def test_a_calibration_is_read_as_it_was_written(checkpoint: Path) -> None:
    assert load_checkpoint(checkpoint).calibration == {}
    tags = replace(
        KNOWN, threshold=None, label_mix=(), bias_slope=None, label_biases=(), notes=("threshold",)
    )
    known = {"stance": KNOWN, "loaded_terms": tags}
    record = add_calibration(checkpoint, known)
    assert load_checkpoint(checkpoint).calibration == known
    assert record == json.loads((checkpoint / "nabra.json").read_text(encoding="utf-8"))
    assert record["calibration"]["stance"]["temperature"] == 2.5
    assert "bias_slope" not in record["calibration"]["loaded_terms"]
    assert "label_mix" not in record["calibration"]["loaded_terms"]


def test_a_checkpoint_from_before_there_was_calibration_is_read(checkpoint: Path) -> None:
    _change(checkpoint, lambda record: record.pop("calibration"))
    assert load_checkpoint(checkpoint).calibration == {}


def _change(checkpoint: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = checkpoint / "nabra.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ([1], "is no object"),
        ({"stance": 3}, "3 is no object"),
        ({"tone": KNOWN.to_dict()}, "calibration.tone: is none of the checkpoint's tasks"),
        ({"stance": {"temperature": 2.0}}, "field num_items is missing"),
        ({"stance": KNOWN.to_dict() | {"bias": 1}}, "unknown field bias"),
        *[
            ({"stance": KNOWN.to_dict() | {name: value}}, f"calibration.stance.{name}")
            for name, value in [
                ("temperature", 0), ("temperature", -1.5), ("temperature", "2"),
                ("temperature", None), ("temperature", True), ("temperature", [1]),
                ("threshold", 1.2), ("threshold", -0.1), ("threshold", "0.5"),
                ("ece_after", 1.1), ("brier_before", 2.1), ("coverage", None), ("level", "high"),
                ("num_items", -1), ("num_items", 2.5), ("num_predictions", None),
                ("label_mix", [0.5, 0.5]), ("label_mix", "abc"), ("notes", "none"), ("notes", [3]),
                ("label_mix", [0.5, 0.6, -0.1]), ("label_biases", [1, 2]), ("bias_slope", -1),
                ("label_biases", ["a", "b", "c"]), ("bias_slope", "steep"),
                ("mix_error", 1.5), ("span_bias", 1.0), ("bias_slope", 0),
            ]
        ],
        *[
            ({"loaded_terms": SPANS.to_dict() | {name: value}}, f"calibration.loaded_terms.{name}")
            for name, value in [
                ("span_slope", 0), ("span_slope", -1), ("span_slope", "1"), ("span_bias", "low"),
                ("span_bias", None), ("span_ece_before", 1.2), ("span_ece_after", -0.1),
            ]
        ],
    ],
)  # fmt: skip
def test_a_calibration_of_another_form_is_refused(
    checkpoint: Path, given: object, what: str
) -> None:
    _change(checkpoint, lambda record: record.update(calibration=given))
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(checkpoint)
    assert what in str(caught.value)
    assert str(caught.value).startswith(f"{checkpoint}/nabra.json: holds a calibration")
    assert str(caught.value).endswith("; calibrate it again")


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_no_number_is_no_temperature(checkpoint: Path, number: str) -> None:
    _change(checkpoint, lambda record: record.update(calibration={"stance": KNOWN.to_dict()}))
    path = checkpoint / "nabra.json"
    path.write_text(path.read_text().replace('"temperature": 2.5', f'"temperature": {number}'))
    with pytest.raises(CheckpointError, match="temperature"):
        load_checkpoint(checkpoint)


def test_the_record_is_replaced_whole(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before the new record has its name, the former one stands."""
    before = (checkpoint / "nabra.json").read_bytes()

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints.os, "replace", kill)
        with pytest.raises(KeyboardInterrupt):
            add_calibration(checkpoint, {"stance": KNOWN})
    assert (checkpoint / "nabra.json").read_bytes() == before
    add_calibration(checkpoint, {"stance": KNOWN})
    assert not list(checkpoint.glob(".*"))


def test_the_correction_of_spans_is_read_as_it_was_written(checkpoint: Path) -> None:
    known = {"stance": KNOWN, "loaded_terms": SPANS}
    record = add_calibration(checkpoint, known)
    assert load_checkpoint(checkpoint).calibration == known
    assert record["calibration"]["loaded_terms"]["span_slope"] == 0.7
    assert not any(name.startswith("span") for name in record["calibration"]["stance"])


def test_spans_stay_and_their_confidences_are_corrected(
    classifier: Classifier, article: Article
) -> None:
    sources = [article, *TEXTS, _LONG]
    known = replace(SPANS, temperature=1.0, threshold=0.3)
    tasks = classifier.checkpoint.network.tasks
    calibration = {task.name: known for task in tasks if task.kind == "tag"}
    ready = Classifier(replace(classifier.checkpoint, calibration=calibration))
    pairs = []
    for before, after in zip(classifier.predict(sources), ready.predict(sources), strict=True):
        assert _without_confidence(before) == _without_confidence(after)
        assert before.stances == after.stances
        for old, new in zip(before.loaded_terms, after.loaded_terms, strict=True):
            pairs.append((old.confidence, new.confidence, new.sure))
        for one, other in zip(before.spans["techniques"], after.spans["techniques"], strict=True):
            pairs.append((one["confidence"], other["confidence"], other["sure"]))
    assert len(pairs) > 25
    for old_confidence, new_confidence, sure in pairs:
        odds = (old_confidence / (1 - old_confidence)) ** 0.7 * np.exp(-1.5)
        assert new_confidence == pytest.approx(odds / (1 + odds), abs=1e-4)
        assert sure == (new_confidence >= 0.3)
    assert {sure for _, _, sure in pairs} == {True, False}


def test_what_decides_predictions_is_in_the_hash(checkpoint: Path) -> None:
    """What only tells of the calibration is not; without one the hash is as it always was."""
    bare = checkpoint_hash(checkpoint)
    _change(checkpoint, lambda record: record.pop("calibration"))
    assert checkpoint_hash(checkpoint) == bare
    hashes = {bare}
    for known in (KNOWN, replace(KNOWN, temperature=2.6), replace(KNOWN, threshold=None)):
        add_calibration(checkpoint, {"stance": known})
        hashes.add(checkpoint_hash(checkpoint))
    assert len(hashes) == 4
    add_calibration(checkpoint, {"stance": replace(KNOWN, threshold=None, ece_after=0.01)})
    assert checkpoint_hash(checkpoint) in hashes
    for known in (SPANS, replace(SPANS, span_slope=0.8), replace(SPANS, span_bias=-1.4)):
        add_calibration(checkpoint, {"loaded_terms": known})
        hashes.add(checkpoint_hash(checkpoint))
    assert len(hashes) == 7
    add_calibration(checkpoint, {"loaded_terms": replace(SPANS, span_ece_after=0.01)})
    assert checkpoint_hash(checkpoint) in hashes


def _without_confidence(prediction: Prediction) -> Prediction:
    return replace(
        prediction,
        stances=tuple(replace(s, scores=None, sure=None) for s in prediction.stances),
        loaded_terms=tuple(replace(t, confidence=None, sure=None) for t in prediction.loaded_terms),
        classes={task: found["label"] for task, found in prediction.classes.items()},
        spans={
            task: [(s["start"], s["end"], s["label"]) for s in spans]
            for task, spans in prediction.spans.items()
        },
    )


_LONG = " ".join(TEXTS[:1] * 6).replace(".", " و") + "."


@pytest.mark.parametrize("temperature", [0.05, 0.7, 4.0, 20.0])
def test_labels_and_spans_stay_and_confidences_move(
    classifier: Classifier, article: Article, temperature: float
) -> None:
    sources = [article, *TEXTS, _LONG]  # the last one is read in several windows
    assert len(classifier.checkpoint.encoder.windows([_LONG])[0]) > 1
    plain = classifier.predict(sources)
    tempered = _calibrated(classifier, temperature=temperature).predict(sources)
    assert sum(len(p.loaded_terms) for p in plain) > 20
    assert sum(len(p.spans["techniques"]) for p in plain) > 5
    for one, other in zip(plain, tempered, strict=True):
        assert _without_confidence(one) == _without_confidence(other)
        for before, after in zip(one.stances, other.stances, strict=True):
            assert before.scores is not None
            assert after.scores is not None
            assert sum(after.scores.values()) == pytest.approx(1)
            rise = max(after.scores.values()) - max(before.scores.values())
            assert rise >= 0 if temperature < 1 else rise <= 0
    moved = [
        t.confidence != u.confidence
        for one, other in zip(plain, tempered, strict=True)
        for t, u in zip(one.loaded_terms, other.loaded_terms, strict=True)
    ]
    assert sum(moved) > len(moved) / 2


def test_the_scores_are_those_of_divided_logits(classifier: Classifier) -> None:
    pairs = [(TEXTS[0], "قسد"), (TEXTS[1], "التحالف الدولي")]
    hot = _calibrated(classifier, temperature=3.0).classify("same_event", pairs)
    for before, after in zip(classifier.classify("same_event", pairs), hot, strict=True):
        logits = np.log(np.array(list(before.values()))) / 3
        expected = np.exp(logits) / np.exp(logits).sum()
        assert list(after.values()) == pytest.approx(expected.tolist(), abs=1e-5)


def test_a_prediction_below_the_threshold_says_so(classifier: Classifier, article: Article) -> None:
    sources = [article, *TEXTS]
    plain = classifier.predict(sources)
    confidences = sorted(
        [t.confidence for p in plain for t in p.loaded_terms if t.confidence]
        + [max(p.classes["subjectivity"]["scores"].values()) for p in plain]
        + [max(s.scores.values()) for p in plain for s in p.stances if s.scores]
    )
    middle = confidences[len(confidences) // 2]  # one prediction has just this confidence
    kept = _calibrated(classifier, temperature=1.0, threshold=middle).predict(sources)
    told = []
    for prediction in kept:
        told += [(s.sure, max((s.scores or {}).values())) for s in prediction.stances]
        told += [(t.sure, t.confidence) for t in prediction.loaded_terms]
        told += [(s["sure"], s["confidence"]) for s in prediction.spans["techniques"]]
        subjective = prediction.classes["subjectivity"]
        told.append((subjective["sure"], max(subjective["scores"].values())))
    assert {sure for sure, _ in told} == {True, False}
    assert all(sure == (confidence >= middle) for sure, confidence in told)
    for prediction in kept:
        assert Prediction.from_dict(json.loads(json.dumps(prediction.to_dict()))) == prediction


def test_without_a_threshold_nothing_is_said_of_it(
    classifier: Classifier, article: Article
) -> None:
    """The records of a checkpoint without calibration are what they always were."""
    for one in (classifier, _calibrated(classifier, threshold=None)):
        for prediction in one.predict([article, *TEXTS]):
            assert '"sure"' not in json.dumps(prediction.to_dict())
    plain = classifier.predict([article, *TEXTS])
    same = _calibrated(classifier, temperature=1.0, threshold=None).predict([article, *TEXTS])
    assert plain == same


def test_a_loaded_checkpoint_applies_what_it_holds(checkpoint: Path, article: Article) -> None:
    before = load(checkpoint).predict(article)
    add_calibration(checkpoint, {"stance": KNOWN})
    after = load(checkpoint).predict(article)
    assert isinstance(load(checkpoint).checkpoint, Checkpoint)
    for one, other in zip(before, after, strict=True):
        assert one.loaded_terms == other.loaded_terms  # a task that was not calibrated
        for stance, calibrated in zip(one.stances, other.stances, strict=True):
            assert stance.sure is None
            assert calibrated.scores is not None
            assert calibrated.sure == (max(calibrated.scores.values()) >= 0.6)
            assert stance.scores != calibrated.scores
