"""What a checkpoint knows of its own probabilities: temperatures, and when to say "not sure"."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from model.errors import CheckpointError, RecordError
from model.records import Record
from model.tasks import Task

_OF_SPANS = ("span_slope", "span_bias", "span_ece_before", "span_ece_after")
_LEAST = 1e-9  # a confidence nearer to 0 or 1 counts as this near
_RATIOS = ("ece_before", "ece_after", "wished_risk", "level", "coverage")


@dataclass(frozen=True, slots=True)
class TaskCalibration(Record):
    """Of one task, measured on the validation split, without its temperature and with it.

    The temperature rests on `num_items` labels (of a tagging task: a tag for each word and label).
    Of `num_predictions` labels or spans the share `coverage` reaches `threshold`, which keeps their
    risk to `wished_risk` by a bound of `level`; it is None where none does. `label_mix` are the
    labels' shares, empty for spans; `notes` say what could not be done, and why.

    `label_biases`, with `bias_slope`, take from the logarithms of tempered probabilities what the
    network prefers one label by; an archive's mix of labels is estimated with them alone. Such an
    estimate was `mix_error` off (total variation distance) on halves of the validation stories.

    Of a tagging task `span_slope` and `span_bias` turn the confidence of a span into how often such
    spans are right, see `correct_confidences`. By fits on other stories than those judged, the
    calibration error of the `num_predictions` spans went from `span_ece_before` to
    `span_ece_after`.
    """

    temperature: float
    num_items: int
    ece_before: float
    ece_after: float
    brier_before: float
    brier_after: float
    threshold: float | None
    wished_risk: float
    level: float
    num_predictions: int
    coverage: float
    label_mix: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    bias_slope: float | None = None
    label_biases: tuple[float, ...] = ()
    mix_error: float | None = None
    span_slope: float | None = None
    span_bias: float | None = None
    span_ece_before: float | None = None
    span_ece_after: float | None = None

    _omit_none: ClassVar[frozenset[str]] = frozenset({"bias_slope", "mix_error", *_OF_SPANS})
    _omit_empty: ClassVar[frozenset[str]] = frozenset({"label_mix", "notes", "label_biases"})

    def correct_spans(self, confidences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The confidences of spans as they are to be written; the same without a correction."""
        if self.span_slope is None or self.span_bias is None:
            return confidences
        return correct_confidences(confidences, self.span_slope, self.span_bias)

    def is_sure(self, confidence: float) -> bool | None:
        """Whether a prediction of this confidence is to be believed; None without a threshold."""
        return None if self.threshold is None else confidence >= self.threshold


def temper(probabilities: npt.NDArray[np.float64], temperature: float) -> npt.NDArray[np.float64]:
    """Probabilities as if the logits had been divided by the temperature, over the last axis.

    The order of the labels stays. With a temperature of 1 they are the very same numbers. Taking
    probabilities, it also serves the mean over the windows of a long text, whose likeliest label
    would not stay if each window were tempered.
    """
    if temperature == 1:
        return probabilities
    powers = (probabilities / probabilities.max(axis=-1, keepdims=True)) ** (1 / temperature)
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def correct_confidences(
    confidences: npt.NDArray[np.float64], slope: float, bias: float
) -> npt.NDArray[np.float64]:
    """Confidences whose log-odds are multiplied by a positive slope, and moved (Platt 1999).

    Their order stays.
    """
    return np.asarray(np.exp(-np.logaddexp(0, -slope * log_odds(confidences) - bias)))


def log_odds(confidences: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Logarithms of confidence over doubt, finite even at 0 and 1."""
    held = np.clip(confidences, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(held) - np.log1p(-held))


def read_calibration(
    given: object, tasks: Sequence[Task], where: object
) -> dict[str, TaskCalibration]:
    """The calibration in a checkpoint's record, by task; empty for None, as older ones have it.

    CheckpointError names what is of another form.
    """
    if given is None:
        return {}
    known = {task.name: task for task in tasks}
    found = {}
    try:
        if not isinstance(given, Mapping):
            raise RecordError("calibration", "is no object")
        for name, values in given.items():
            if name not in known:
                raise RecordError(f"calibration.{name}", "is none of the checkpoint's tasks")
            found[name] = TaskCalibration.from_dict(values)
            _check(found[name], known[name])
    except RecordError as error:
        raise CheckpointError(
            where, f"holds a calibration of another form: {error}", "calibrate it again"
        ) from None
    return found


def _check(calibration: TaskCalibration, task: Task) -> None:
    """RecordError for a value that no calibration has."""
    limits = dict.fromkeys(_RATIOS, 1.0) | {"brier_before": 2.0, "brier_after": 2.0}
    for name in ("threshold", "mix_error", "span_ece_before", "span_ece_after"):
        if getattr(calibration, name) is not None:
            limits[name] = 1.0
    for name, most in limits.items():
        if not _lies(getattr(calibration, name), 0, most):
            what = f"is {getattr(calibration, name)!r}, not between 0 and {most:g}"
            raise RecordError(f"calibration.{task.name}.{name}", what)
    if not _lies(calibration.temperature, 0, math.inf) or calibration.temperature == 0:
        what = f"is {calibration.temperature!r}, no positive number"
        raise RecordError(f"calibration.{task.name}.temperature", what)
    for name in ("num_items", "num_predictions"):
        count = getattr(calibration, name)
        if type(count) is not int or count < 0:
            raise RecordError(f"calibration.{task.name}.{name}", f"is {count!r}, no count")
    for name in ("bias_slope", "span_slope"):
        slope = getattr(calibration, name)
        if slope is not None and not (_lies(slope, 0, math.inf) and slope > 0):
            raise RecordError(
                f"calibration.{task.name}.{name}", f"is {slope!r}, no positive number"
            )
    bias = calibration.span_bias
    if (bias is None) != (calibration.span_slope is None) or not (
        bias is None or _lies(bias, -math.inf, math.inf)
    ):
        what = f"is {bias!r}, where a slope and a bias, or neither, are due"
        raise RecordError(f"calibration.{task.name}.span_bias", what)
    notes = calibration.notes
    if not isinstance(notes, tuple) or not all(isinstance(note, str) for note in notes):
        raise RecordError(f"calibration.{task.name}.notes", f"is {notes!r}, no list of texts")
    for name in ("label_mix", "label_biases"):
        entries, least = getattr(calibration, name), 0 if name == "label_mix" else -math.inf
        is_tuple = isinstance(entries, tuple) and len(entries) in (0, len(task.labels))
        if not is_tuple or not all(_lies(entry, least, math.inf) for entry in entries):
            what = f"is {entries!r}, no number for each of {len(task.labels)} labels"
            raise RecordError(f"calibration.{task.name}.{name}", what)


def _lies(value: object, least: float, most: float) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and least <= value <= most  # type: ignore[arg-type,operator]
