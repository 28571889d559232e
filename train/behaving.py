"""The behavioural tests of a run: cases made from its gold sentences, and what it makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from train.config import Run

if TYPE_CHECKING:
    from model.net.classifier import Classifier
    from model.records import LabelledSentence
    from train.score.behaviour.judge import BehaviourScores

MOST_FAILURES = 20


def judge_run(
    run: Run, splits: Mapping[str, Sequence[LabelledSentence]], classifier: Classifier
) -> BehaviourScores:
    """The behavioural tests over all gold: no case's label was learnt, but for its sentence's."""
    from model.text.lexicon import Lexicon
    from train.behaviour.generate import make_cases
    from train.behaviour.names import NameBook
    from train.judging import label_gold
    from train.readings import own_gold
    from train.score.behaviour.cases import sentences_of
    from train.score.behaviour.judge import judge_behaviour, keep_failures

    assert run.lists is not None, "own sentences come from a run with articles"
    gold = own_gold(run, splits)
    made = make_cases(gold, NameBook.read(run.lists[0]), Lexicon.read(run.lists[1]))
    outputs = label_gold(classifier, sentences_of(made.cases))
    return keep_failures(judge_behaviour(made.cases, outputs, made.left_out), most=MOST_FAILURES)
