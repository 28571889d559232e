"""Gold labels that are perhaps themselves wrong, by confident learning (Northcutt et al., 2021).

A stance is suspected where the system gives a label other than the gold one more probability than
it gives that label, on average, where gold has it. The probabilities must come from a system that
did not train on the sentence, as in test split and folds. Loaded terms are left out: a span that
gold lacks has no label to doubt, so their likely slips are the most confident spurious ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from model.records import STANCE_LABELS, LabelledSentence
from train.score.browse.errors import scores_of
from train.score.outputs import SystemOutput

EXTRA = "label-errors"
"""The extra of the distribution that brings cleanlab."""

Place = tuple[int, int]
"""A sentence among the gold ones, and a stance among its stances."""


@dataclass(frozen=True, slots=True)
class SuspectedLabels:
    """`places`, the least likely gold label first; `why_none` says why nobody looked, else None."""

    places: tuple[Place, ...]
    num_stances: int
    why_none: str | None = None


def suspect_labels(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput]
) -> SuspectedLabels:
    """The stances with a suspected gold label. Only such as the system got wrong can be among them.

    Nobody looks where cleanlab is not installed, the system gives no probabilities, or gold has
    one label alone.
    """
    places, labels, rows = [], [], []
    for number, (sentence, output) in enumerate(zip(gold, outputs, strict=True)):
        for place, stance in enumerate(sentence.stances):
            scores = scores_of(output, place)
            if not scores:
                return _nobody_looked("the system gives no probabilities")
            places.append((number, place))
            labels.append(STANCE_LABELS.index(str(stance.label)))
            rows.append([scores.get(label, 0.0) for label in STANCE_LABELS])
    if len(set(labels)) < 2:
        return _nobody_looked("gold has fewer than two labels to be taken for one another")
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        return _nobody_looked(f"install nabra[{EXTRA}] and evaluate again")
    ranked = find_label_issues(
        np.array(labels),
        np.array(rows),
        filter_by="confident_learning",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    wrong = [
        (number, place)
        for number, place in (places[i] for i in ranked)
        if outputs[number].stances[place] != gold[number].stances[place].label
    ]
    return SuspectedLabels(tuple(wrong), len(places))


def _nobody_looked(reason: str) -> SuspectedLabels:
    return SuspectedLabels((), 0, reason)
