"""An archive whose labels are mixed otherwise than training's: its mix, and predictions for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from model.errors import RecordError
from model.net.calibration import TaskCalibration
from model.records import STANCE_LABELS, Prediction, Stance
from model.tasks import STANCE
from train.score.counts import FloatArray
from train.score.label_shift import BiasCorrection, LabelMix, estimate_mix, reweigh

MAX_ERROR = 0.1


def estimate_stance_mix(
    predictions: Iterable[Prediction],
    calibration: Mapping[str, TaskCalibration],
    *,
    max_error: float = MAX_ERROR,
) -> LabelMix:
    """The mix of stance labels in an archive, from predictions of the calibrated checkpoint alone.

    It presumes that the texts of each label are like those of validation, only more or fewer.
    RecordError where the checkpoint was not calibrated for this, or on halves of its validation
    stories the estimate was further off than `max_error`, or nothing is predicted.
    """
    known, correction = _correction(calibration)
    if known.mix_error is None or known.mix_error > max_error:
        error = "unknown" if known.mix_error is None else f"{known.mix_error:.2f}"
        what = f"tells a mix of labels with an error of {error}, more than {max_error:g}"
        raise RecordError(
            "the checkpoint", what, "calibrate it on gold of more stories, or give the mix"
        )
    rows = [_scores(stance) for p in predictions for stance in p.stances if stance.scores]
    if not rows:
        raise RecordError("predictions", "hold no stance with scores", "predict an archive first")
    return estimate_mix(correction.apply(np.array(rows)), known.label_mix)


def correct_stances(
    prediction: Prediction, calibration: Mapping[str, TaskCalibration], mix: Sequence[float]
) -> Prediction:
    """The prediction with stance scores, and labels, as they are under another mix of labels."""
    from model.net.deciding import name_scores

    known, correction = _correction(calibration)

    def correct(stance: Stance) -> Stance:
        if not stance.scores:
            return stance
        rows = correction.apply(_scores(stance)[np.newaxis])
        (row,) = reweigh(rows, known.label_mix, np.asarray(mix))
        scores = name_scores(STANCE_LABELS, row)
        label = STANCE_LABELS[int(row.argmax())]
        return replace(stance, label=label, scores=scores, sure=known.is_sure(scores[label]))

    return replace(prediction, stances=tuple(correct(stance) for stance in prediction.stances))


def _correction(
    calibration: Mapping[str, TaskCalibration],
) -> tuple[TaskCalibration, BiasCorrection]:
    known = calibration.get(STANCE.name)
    if known is None or known.bias_slope is None or not known.label_biases:
        what = "knows nothing of its stances' biases, without which no mix can be told"
        raise RecordError("the checkpoint", what, "calibrate it on more gold of every label")
    return known, BiasCorrection(known.bias_slope, known.label_biases)


def _scores(stance: Stance) -> FloatArray:
    return np.array([(stance.scores or {})[label] for label in STANCE_LABELS])
