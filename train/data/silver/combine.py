"""From the votes of many rules to one label with a confidence.

A rule votes for one label of an item or abstains; an abstention is no vote, and is left out. Both
ways to combine are fitted on votes, with the gold labels of those items that have one:

- `majority`: the label with most votes, each rule counting once. A tie gives no label. The
  confidence is the share of gold items with the same label and about the same share of votes that
  are right; without gold, the share of the votes itself.
- `dawid_skene`: crowd-kit's EM estimates each rule's confusion matrix and the labels together. It
  takes the votes of an item for independent given its label: rules that look up one lexicon are
  not, so what they agree on comes out surer than it is.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from model.errors import InputError

Votes = Mapping[str, str]
"""Rule → the label that it votes for."""

Combination = Literal["majority", "dawid_skene"]
_MOST_FITTED = 20_000  # items: EM is slow, and learns no more about a few dozen rules from more
_PRIOR_ITEMS = 4  # the weight of the plain share beside the gold items of its bin
_BIN = 5  # shares are binned in fifths
_LEAST = 1e-6
_RIGHT = 0.8  # the share of a rule's votes that is believed right before anything is seen
_TRUST = 1.0  # the weight of that belief, in votes for each vote of the rule
_MOST_ROUNDS = 100  # of EM


@dataclass(frozen=True, slots=True)
class Decision:
    """The combined label, None where the votes decide nothing, and the rules that voted for it."""

    label: str | None
    confidence: float
    rules: tuple[str, ...]


Decide = Callable[[Votes], Decision]
UNDECIDED = Decision(None, 0.0, ())


def fit(
    combination: Combination, items: Sequence[Votes], gold: Sequence[str | None] | None = None
) -> Decide:
    """How to decide items, learned from these; `gold` holds the right label where it is known."""
    known: Sequence[str | None] = [None] * len(items) if gold is None else gold
    if len(known) != len(items):
        raise InputError("gold", f"{len(known)} labels for {len(items)} items")
    return (_fit_majority if combination == "majority" else _fit_dawid_skene)(items, known)


def _fit_majority(items: Sequence[Votes], gold: Sequence[str | None]) -> Decide:
    right, seen = Counter[tuple[str, int]](), Counter[tuple[str, int]]()
    for votes, true in zip(items, gold, strict=True):
        label, share = _most_voted(votes)
        if true is not None and label is not None:
            seen[label, _bin(share)] += 1
            right[label, _bin(share)] += label == true

    def decide(votes: Votes) -> Decision:
        label, share = _most_voted(votes)
        if label is None:
            return UNDECIDED
        place = label, _bin(share)
        confidence = (right[place] + _PRIOR_ITEMS * share) / (seen[place] + _PRIOR_ITEMS)
        return _decision(label, confidence, votes)

    return decide


def _most_voted(votes: Votes) -> tuple[str | None, float]:
    """The label with most votes and its share; None on a tie or without a vote."""
    ranked = Counter(votes.values()).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None, 0.0
    return ranked[0][0], ranked[0][1] / len(votes)


def _bin(share: float) -> int:
    return math.ceil(share * _BIN - 1e-9)


def _fit_dawid_skene(items: Sequence[Votes], gold: Sequence[str | None]) -> Decide:
    priors, errors = estimate_errors(items, gold)

    def decide(votes: Votes) -> Decision:
        scores = {
            label: math.log(max(prior, _LEAST))
            + sum(
                math.log(max(errors[rule, vote][label], _LEAST))
                for rule, vote in votes.items()
                if (rule, vote) in errors  # what was never seen tells nothing
            )
            for label, prior in priors.items()
        }
        if not votes or not scores:
            return UNDECIDED
        best = max(scores, key=lambda label: (scores[label], label))
        confidence = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
        return _decision(best, confidence, votes)

    return decide


def estimate_errors(
    items: Sequence[Votes], gold: Sequence[str | None]
) -> tuple[dict[str, float], dict[tuple[str, str], dict[str, float]]]:
    """The prior of each label, and P(vote | label, the rule votes) for each rule and vote.

    Items with gold come first where there are more than can be fitted. Nothing is drawn by chance:
    EM starts from the shares of the votes.
    """
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    order = sorted(range(len(items)), key=lambda number: gold[number] is None)[:_MOST_FITTED]
    fitted = [(items[number], gold[number]) for number in sorted(order) if items[number]]
    labels = sorted({vote for votes, _ in fitted for vote in votes.values()})
    if not fitted:
        return {}, {}
    tasks = [*fitted, *_anchors([votes for votes, _ in fitted], labels)]
    rows = [
        (task, rule, vote) for task, (votes, _) in enumerate(tasks) for rule, vote in votes.items()
    ]
    truth = {task: true for task, (_, true) in enumerate(tasks) if true in labels}
    model = DawidSkene(n_iter=_MOST_ROUNDS)
    with warnings.catch_warnings():  # crowd-kit 1.4 calls pandas in ways that pandas 3.1 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        model.fit(
            pd.DataFrame(rows, columns=["task", "worker", "label"]),
            true_labels=pd.Series(truth, dtype=object),
        )
    assert model.errors_ is not None
    assert model.priors_ is not None
    priors = {str(label): float(prior) for label, prior in model.priors_.items()}
    errors = {
        (str(rule), str(vote)): {str(label): float(p) for label, p in row.items()}
        for (rule, vote), row in model.errors_.iterrows()
    }
    return priors, errors


def _anchors(items: Sequence[Votes], labels: Sequence[str]) -> list[tuple[Votes, str]]:
    """Made-up items with a known label, which say that each rule is right in `_RIGHT` of its votes.

    EM alone cannot read a rule that votes for one label only: whatever the truth, that is what it
    votes when it votes. (crowd-kit's `initial_error` counts in the first round alone.) A rule gets
    `_TRUST` anchors for each of its votes, by label as the majority has them.
    """
    shares = Counter(label for votes in items if (label := _most_voted(votes)[0]) is not None)
    cast = Counter(rule for votes in items for rule in votes)
    anchors: list[tuple[Votes, str]] = []
    for true in labels:
        wrong = [label for label in labels if label != true]
        share = _TRUST * shares[true] / max(1, shares.total())
        sizes = {rule: max(1, round(number * share)) for rule, number in sorted(cast.items())}
        for place in range(max(sizes.values())):
            votes = {
                rule: true
                if place < math.ceil(_RIGHT * size) or not wrong
                else wrong[place % len(wrong)]
                for rule, size in sizes.items()
                if place < size
            }
            anchors.append((votes, true))
    return anchors


def _decision(label: str, confidence: float, votes: Votes) -> Decision:
    agreeing = tuple(sorted(rule for rule, vote in votes.items() if vote == label))
    return Decision(label, round(confidence, 4), agreeing)
