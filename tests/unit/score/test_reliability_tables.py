from __future__ import annotations

from dataclasses import replace

import numpy as np

from train.score.label_shift import score_shifts, vary_mix
from train.score.reliability import Items, Outcomes, Reliability, build_reliability
from train.score.reliability_tables import calibration_tables, diagrams, reliability_table


def reliability(threshold: float | None) -> Reliability:
    """Forty items, twice too sure."""
    confidences = np.repeat([0.9, 0.7], 20)
    probabilities = np.stack([confidences, 1 - confidences], axis=1)
    gold = np.array(([0] * 13 + [1] * 7) + ([0] * 11 + [1] * 9))
    stories = tuple(str(n % 8) for n in range(40))
    tempered = np.stack([0.5 + (confidences - 0.5) / 2, 0.5 - (confidences - 0.5) / 2], axis=1)
    outcomes = Outcomes(tempered[:, 0], gold == 0, stories)
    return build_reliability(
        Items(probabilities, gold, stories),
        tempered,
        outcomes,
        temperature=2.5,
        threshold=threshold,
    )


def test_before_and_after_stand_in_one_row() -> None:
    table = reliability_table({"stance": reliability(0.65)})
    assert table is not None
    (row,) = table.rows
    assert row[:3] == ("stance", "2.50", "0.200")  # |0.9 - 0.65| and |0.7 - 0.55|, half each
    assert row[3].startswith("0.050 [")
    assert row[6:] == ("40", "0.500, 0.350")
    uncalibrated = reliability_table({"stance": reliability(None)})
    assert uncalibrated is not None
    assert uncalibrated.rows[0][-1] == "no threshold"
    assert reliability_table({}) is None


def spans() -> Reliability:
    """Forty spans, 0.9 and 0.7 sure, of which 24 are right; corrected to 0.65 and 0.55."""
    items = Items(np.array([[0.9, 0.1]] * 4), np.array([0, 0, 0, 1]), tuple("abcd"))
    is_right = np.array([True] * 13 + [False] * 7 + [True] * 11 + [False] * 9)
    stories = tuple(str(n % 8) for n in range(40))
    before, after = (
        Outcomes(np.repeat(confidences, 20), is_right, stories)
        for confidences in ([0.9, 0.7], [0.65, 0.55])
    )
    return build_reliability(
        items, items.probabilities, after, uncorrected=before, temperature=1.0, threshold=None
    )


def test_spans_before_and_after_stand_in_one_row() -> None:
    tables = calibration_tables({"stance": reliability(None), "terms": spans()})
    assert [table.title for table in tables] == [
        "Calibration on the test split", "Confidence of predicted spans",
    ]  # fmt: skip
    (row,) = tables[1].rows
    assert row[:6] == ("terms", "40", "0.600", "0.800", "0.600", "0.200")
    assert row[6].startswith("0.000 [")
    assert len(calibration_tables({"stance": reliability(None)})) == 1
    assert calibration_tables({}) == []
    titles = [drawn.title for drawn in diagrams({"terms": spans()})]
    assert titles == [
        "terms, before", "terms, temperature 1.00", "terms, spans before", "terms, spans corrected",
    ]  # fmt: skip
    bars = diagrams({"terms": spans()})[3].bars
    assert [bar[2] for bar in bars] == ["20 at 0.55: 0.55 right", "20 at 0.65: 0.65 right"]


def test_other_mixes_stand_in_a_table_of_their_own() -> None:
    """Labels of two kinds, foreseen at 0.8 and 0.6: halving one makes the other commoner."""
    probabilities = np.array([[0.8, 0.2], [0.4, 0.6]])[np.repeat([0, 1], 20)]
    gold = np.array([0] * 16 + [1] * 4 + [0] * 8 + [1] * 12)
    found = score_shifts(probabilities, gold, vary_mix(gold, ("a", "b")))
    found["as it is"] = replace(found["as it is"], estimated=(0.55, 0.45))
    shown = replace(reliability(None), shifts=found, mix_error=0.234)
    _, table = calibration_tables({"stance": shown})
    assert table.title == "stance: when labels are mixed otherwise"
    assert table.note.endswith("an estimated mix was 0.23 off.")
    assert [row[0] for row in table.rows] == [
        "as it is", "a doubled", "a halved", "b doubled", "b halved",
    ]  # fmt: skip
    own, doubled = table.rows[:2]
    assert own[1:5] == ("0.60 / 0.40", "0.000", "0.000", "0.000")
    assert own[5] == own[6] == f"{(0.32 + 0.48) / 2:.3f}"
    assert own[8] == "0.05", "0.60 / 0.40 was taken for 0.55 / 0.45"
    assert doubled[1] == "0.75 / 0.25"
    assert float(doubled[2]) > 0.05
    assert doubled[3] == "0.000"
    assert float(doubled[6]) < float(doubled[5])
    assert doubled[8] == "0.00"
    assert (
        "halves of the validation"
        not in calibration_tables({"stance": replace(shown, mix_error=None)})[1].note
    )


def test_diagrams_show_what_the_bins_hold() -> None:
    before, after = diagrams({"stance": reliability(None)})
    assert [bar[2] for bar in before.bars] == ["20 at 0.70: 0.55 right", "20 at 0.90: 0.65 right"]
    assert [bar[0] for bar in after.bars] == [90.0, 108.0]  # 0.5 and 0.6 of 180; bins end at 0.6
    assert before.curve == ""
    assert after.curve == "90.0,117.0 180.0,108.0"  # half with 0.35 wrong, all with 0.40
