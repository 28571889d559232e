from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sklearn.metrics import f1_score

from model.errors import RecordError
from model.records import STANCE_LABELS, LabelledSentence
from train.score.end_to_end import judge_as_labelled, score_end_to_end

KEYS = [(target, holder) for target in ("a", "b", "c") for holder in ("newsroom", "source")]


def test_against_scikit_learn_with_a_label_for_what_is_absent() -> None:
    chance = random.Random(2)
    gold, found, right, given = [], [], [], []
    for _ in range(500):
        sentence = [
            {
                key: [chance.choice(STANCE_LABELS)]
                for key in chance.sample(KEYS, chance.randrange(4))
            }
            for _ in range(2)
        ]
        gold.append(sentence[0])
        found.append(sentence[1])
        for key in sentence[0].keys() | sentence[1].keys():
            right += sentence[0].get(key, ["absent"])
            given += sentence[1].get(key, ["absent"])
    scores = score_end_to_end(gold, found, [str(n // 5) for n in range(500)], num_resamples=50)
    expected = f1_score(right, given, labels=list(STANCE_LABELS), average="macro")
    assert scores.macro_f1 == pytest.approx(expected, abs=1e-12)
    assert scores.support == sum(label != "absent" for label in right)
    pairs = list(zip(right, given, strict=True))
    assert scores.num_missed == sum(g == "absent" for _, g in pairs)
    assert scores.num_spurious == sum(r == "absent" for r, _ in pairs)
    for label, one in scores.per_label.items():
        assert one.f1 == pytest.approx(f1_score(right, given, labels=[label], average="macro"))


def test_speakers_of_one_target_count_apart() -> None:
    key = ("a", "source")
    scores = score_end_to_end(
        [{key: ["favor", "against"]}], [{key: ["favor"]}], ["s"], num_resamples=10
    )
    assert (scores.support, scores.num_missed, scores.num_spurious) == (2, 1, 0)
    assert scores.macro_f1 == pytest.approx(1 / 3)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(RecordError, match="no gold sentence has a stance"):
        score_end_to_end([{}], [{}], ["s"])
    with pytest.raises(RecordError, match="2 sentences found for 1"):
        score_end_to_end([{}], [{}, {}], ["s"])


def test_what_was_labelled_goes_by_target_and_holder(
    make_sentence: Callable[..., LabelledSentence],
) -> None:
    """A stance that nobody judged is none to compare."""
    sentence = make_sentence(
        "قال قسد إن داعش غادرت",
        stances=[
            ("sdf", "favor", "قسد", "neutral"),
            ("isis", None, "داعش", "neutral"),
            ("sdf", "none", "قسد", "neutral"),
        ],
    )
    assert judge_as_labelled(sentence) == {("sdf", "newsroom"): ["favor", "none"]}
