"""The mix of an archive's stance labels: found from predictions, and put into them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from model.errors import RecordError
from model.net.calibration import TaskCalibration
from model.records import STANCE_LABELS, Prediction, Stance
from train.label_mix import correct_stances, estimate_stance_mix
from train.score.counts import FloatArray
from train.score.label_shift import BiasCorrection, reweigh

MIX = (0.2, 0.3, 0.5)
CORRECTION = BiasCorrection(0.8, (-0.5, 0.1, 0.4))


def _known(**changed: object) -> dict[str, TaskCalibration]:
    values = {
        "temperature": 2.0, "num_items": 200, "ece_before": 0.3, "ece_after": 0.05,
        "brier_before": 0.7, "brier_after": 0.5, "threshold": 0.7, "wished_risk": 0.2,
        "level": 0.95, "num_predictions": 200, "coverage": 0.3, "label_mix": MIX,
        "bias_slope": CORRECTION.slope, "label_biases": CORRECTION.biases,
        "mix_error": 0.04,
    } | changed  # fmt: skip
    return {"stance": TaskCalibration(**values)}  # type: ignore[arg-type]


def _predictions(rows: FloatArray) -> list[Prediction]:
    """Two stances a sentence; one of nobody has judged."""
    judged = [
        Stance(
            "sdf", "newsroom", None, (), STANCE_LABELS[int(np.argmax(row))],
            scores=dict(zip(STANCE_LABELS, np.round(row, 6).tolist(), strict=True)),
            sure=bool(max(row) >= 0.7),
        )
        for row in rows
    ]  # fmt: skip
    unjudged = Stance("isis", "newsroom", None, (), None)
    return [
        Prediction("a", n, "body", 0, 1, "م", (), "paper", None, None, (*pair, unjudged), ())
        for n, pair in enumerate(zip(judged[::2], judged[1::2], strict=True))
    ]


def _archive(mix: Sequence[float], num: int, seed: int) -> FloatArray:
    """Probabilities as a network with these biases gives them; the true ones are drawn."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, size=num, p=mix)
    evidence = rng.normal(size=(num, 3)) + 1.5 * np.eye(3)[labels]
    true = np.exp(1.5 * evidence) * np.array(MIX)
    logits = (np.log(true) - np.array(CORRECTION.biases)) / CORRECTION.slope
    rows = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def test_the_mix_of_an_archive_is_found() -> None:
    for mix in (MIX, (0.6, 0.3, 0.1), (0.1, 0.7, 0.2)):
        found = estimate_stance_mix(_predictions(_archive(mix, 8_000, seed=1)), _known())
        assert found.num_items == 8_000
        assert found.shares == pytest.approx(mix, abs=0.03)


def test_predictions_are_corrected_for_it() -> None:
    rows = _archive((0.6, 0.3, 0.1), 400, seed=2)
    predictions = _predictions(rows)
    corrected = [correct_stances(p, _known(), (0.6, 0.3, 0.1)) for p in predictions]
    expected = reweigh(CORRECTION.apply(rows), MIX, np.array([0.6, 0.3, 0.1]))
    judged = [stance for p in corrected for stance in p.stances if stance.scores]
    for stance, row in zip(judged, expected, strict=True):
        assert stance.scores is not None
        assert list(stance.scores.values()) == pytest.approx(row.tolist(), abs=1e-4)
        assert sum(stance.scores.values()) == pytest.approx(1, abs=1e-9)
        assert stance.label == max(stance.scores, key=stance.scores.__getitem__)
        assert stance.sure == (stance.scores[stance.label] >= 0.7)
    before = [stance.label for p in predictions for stance in p.stances if stance.scores]
    assert [stance.label for stance in judged] != before
    for one, other in zip(predictions, corrected, strict=True):
        assert one.stances[-1] == other.stances[-1]  # nobody judged it
        assert one.text == other.text


def test_without_biases_no_mix_is_told() -> None:
    predictions = _predictions(_archive(MIX, 4, seed=3))
    for calibration in ({}, _known(bias_slope=None, label_biases=())):
        with pytest.raises(RecordError, match="calibrate it on more gold of every label"):
            estimate_stance_mix(predictions, calibration)
        with pytest.raises(RecordError, match="knows nothing of its stances' biases"):
            correct_stances(predictions[0], calibration, MIX)


@pytest.mark.parametrize(("error", "told"), [(None, "unknown"), (0.32, "0.32")])
def test_a_mix_that_would_be_far_off_is_not_told(error: float | None, told: str) -> None:
    predictions = _predictions(_archive(MIX, 400, seed=4))
    with pytest.raises(RecordError, match=f"an error of {told}, more than 0.1"):
        estimate_stance_mix(predictions, _known(mix_error=error))
    if error is not None:
        assert estimate_stance_mix(predictions, _known(mix_error=error), max_error=0.4).shares


def test_an_archive_without_stances_is_refused() -> None:
    with pytest.raises(RecordError, match="hold no stance with scores"):
        estimate_stance_mix([], _known())
