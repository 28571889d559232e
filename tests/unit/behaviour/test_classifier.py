"""Cases asked of a real (tiny, untrained) classifier, by the path that evaluation takes."""

from __future__ import annotations

from pathlib import Path

from model import load
from train.behaviour.generate import Behaviour
from train.judging import label_gold
from train.score.behaviour.cases import sentences_of
from train.score.behaviour.judge import judge_behaviour


def test_a_classifier_answers_with_probabilities(
    tiny_checkpoint: Path, behaviour: Behaviour
) -> None:
    cases = behaviour.cases[::400]
    assert {case.kind for case in cases} == {"invariance", "direction", "symmetry", "minimum"}
    outputs = label_gold(load(tiny_checkpoint), sentences_of(cases))
    for output in outputs:
        for label, scores in zip(output.stances, output.scores, strict=True):
            assert scores[label] == max(scores.values())
    scores = judge_behaviour(cases, outputs, behaviour.left_out)
    assert scores.has_scores
    assert sum(rate.num_cases for rate in scores.kinds) == len(cases)
    assert scores.left_out
    for side in scores.sides:
        assert -1 <= side.mean_difference <= 1
