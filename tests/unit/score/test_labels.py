"""Label scores on cases worked out by hand; `test_differential_labels` has the random ones."""

from __future__ import annotations

import time

import numpy as np
import pytest

from model.errors import RecordError
from model.records import STANCE_LABELS
from train.score.labels import (
    count_stances,
    count_stances_by,
    count_stances_of_each,
    count_targets_by_story,
    favor_against_f1,
    macro_f1,
    score_stances,
    score_targets,
    target_macro_f1,
)


def test_stances_on_a_case_worked_out_by_hand() -> None:
    gold = ["favor", "against", "against", "none", "none", "none"]
    predicted = ["favor", "against", "none", "none", "none", "against"]
    scores = score_stances(gold, predicted)
    assert scores.confusion == ((1, 0, 0), (0, 1, 1), (0, 1, 2))
    assert scores.per_label["against"].precision == 0.5
    assert scores.per_label["against"].recall == 0.5
    assert scores.per_label["none"].support == 3
    assert scores.per_label["none"].num_predicted == 3
    assert scores.favor_against_f1 == pytest.approx((1 + 0.5) / 2)
    assert scores.macro_f1 == pytest.approx((1 + 0.5 + 2 / 3) / 3)
    assert scores.accuracy == pytest.approx(4 / 6)


def test_a_label_that_nobody_uses_counts_in_the_macro_average() -> None:
    scores = score_stances(["none", "against"], ["none", "against"])
    assert scores.macro_f1 == pytest.approx(2 / 3)
    assert scores.per_label["favor"].support == 0


def test_no_stances_at_all_score_zero() -> None:
    scores = score_stances([], [])
    assert (scores.macro_f1, scores.accuracy, scores.support) == (0.0, 0.0, 0)


def test_other_label_sets_have_no_favor_and_against() -> None:
    assert score_stances(["SUBJ"], ["OBJ"], labels=("OBJ", "SUBJ")).favor_against_f1 is None


def test_counts_of_many_resamples_are_scored_at_once() -> None:
    one, two = np.diag([2, 3, 4]), np.array([[0, 2, 0], [1, 0, 0], [0, 0, 5]])
    assert macro_f1(np.stack([one, two])) == pytest.approx([1.0, 1 / 3])


@pytest.mark.parametrize(
    ("gold", "predicted", "what"),
    [
        (["favor"], ["neutral"], "unknown label neutral"),
        ([None], ["favor"], "unknown label None"),
        (["favor"], [], "0 items beside 1 in gold"),
    ],
)
def test_stances_that_cannot_be_scored_are_refused(
    gold: list[str], predicted: list[str], what: str
) -> None:
    with pytest.raises(RecordError, match=what):
        score_stances(gold, predicted)


def test_targets_on_a_case_worked_out_by_hand() -> None:
    """A label that gold never gives a target does not count there, even where it is predicted."""
    targets = ["hamas", "hamas", "hamas", "idf", "idf", "idf"]
    gold = ["against", "against", "none", "favor", "against", "none"]
    predicted = ["against", "favor", "none", "favor", "none", "none"]
    scores = score_targets(gold, predicted, targets)
    assert list(scores.per_target) == ["hamas", "idf"]
    hamas, idf = scores.per_target.values()
    assert hamas.support == {"favor": 0, "against": 2, "none": 1}
    assert hamas.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert idf.macro_f1 == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert scores.macro_f1 == pytest.approx((hamas.macro_f1 + idf.macro_f1) / 2)
    assert score_targets([], [], []).macro_f1 == 0


def test_a_target_that_a_resample_lacks_does_not_count() -> None:
    counts = count_stances_by(
        ["idf", "idf"], ["hamas", "idf"], ["favor", "none"], ["favor", "none"]
    )
    assert counts.sum(axis=(1, 2)).tolist() == [0, 2]
    assert target_macro_f1(counts) == 1


def test_counts_of_targets_by_story_add_up_to_those_of_targets() -> None:
    rng = np.random.default_rng(3)
    draw = {
        name: [names[i] for i in rng.integers(0, len(names), 200)]
        for name, names in {
            "stories": ["a", "b", "c"],
            "targets": ["hamas", "idf"],
            "gold": STANCE_LABELS,
            "predicted": STANCE_LABELS,
        }.items()
    }
    counts = count_targets_by_story(
        **draw, story_names=["a", "b", "c"], target_names=["hamas", "idf"]
    )
    by_target = count_stances_by(draw["targets"], ["hamas", "idf"], draw["gold"], draw["predicted"])
    by_story = count_stances_by(draw["stories"], ["a", "b", "c"], draw["gold"], draw["predicted"])
    assert (counts.sum(axis=0) == by_target).all()
    assert (counts.sum(axis=1) == by_story).all()
    whole = score_targets(draw["gold"], draw["predicted"], draw["targets"])
    assert float(target_macro_f1(counts.sum(axis=0))) == whole.macro_f1


def test_sentences_keep_their_labels_apart() -> None:
    gold = [["favor", "none"], [], ["against"]]
    predicted = [["favor", "favor"], [], ["none"]]
    counts = count_stances_of_each(gold, predicted)
    assert counts.shape == (3, 3, 3)
    for row, *pair in zip(counts, gold, predicted, strict=True):
        assert (row == count_stances(*pair)).all()
    with pytest.raises(RecordError, match="stances of sentence 2: 2 items beside 1"):
        count_stances_of_each(gold, [*predicted[:2], ["none", "none"]])
    with pytest.raises(RecordError, match="2 items beside 3"):
        count_stances_of_each(gold, predicted[:2])


def test_favor_and_against_of_many_resamples() -> None:
    one, two = np.diag([2, 3, 0]), np.array([[0, 2, 0], [1, 1, 0], [0, 0, 5]])
    assert favor_against_f1(np.stack([one, two])) == pytest.approx([1.0, 0.2])


def test_keys_that_are_no_names_are_refused() -> None:
    with pytest.raises(RecordError, match="unknown key c; known are a, b"):
        count_stances_by(["c"], ["a", "b"], ["favor"], ["favor"])
    with pytest.raises(RecordError, match="keys of stances: 2 items beside 1"):
        count_stances_by(["a", "b"], ["a", "b"], ["favor"], ["favor"])


def test_a_hundred_thousand_sentences_are_counted_in_a_moment() -> None:
    rng = np.random.default_rng(2)
    gold = [[STANCE_LABELS[i], STANCE_LABELS[i - 1]] for i in rng.integers(0, 3, 100_000)]
    start = time.process_time()
    counts = count_stances_of_each(gold, gold)
    assert time.process_time() - start < 3
    assert counts.sum() == np.trace(counts.sum(axis=0)) == 200_000
