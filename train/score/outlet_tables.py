"""The outlet probe as a table, and what it says in plain words."""

from __future__ import annotations

from collections.abc import Mapping

from train.score.bootstrap import Verdict
from train.score.figures import figure_with
from train.score.outlets import MAJORITY, MIN_SENTENCES, MIN_STORIES, NUM_FOLDS, OutletProbe
from train.score.tables import Table

GIVEN_AWAY = "What the representation gives away"
_VERDICTS: Mapping[Verdict, str] = {
    "ahead": "more",
    "behind": "less",
    "no evidence of a difference": "no evidence of a difference",
}


def outlet_table(probe: OutletProbe) -> Table:
    """A row for each probe; the lead is the first one's, in accuracy."""
    leads = {lead.other: lead for lead in probe.leads}
    left_out = (
        f" Left out, with fewer than {MIN_SENTENCES} sentences or {MIN_STORIES} stories: "
        f"{', '.join(probe.left_out)}."
        if probe.left_out
        else ""
    )
    return Table(
        title=(
            f"The outlet of a sentence, of {len(probe.support)} (n={probe.num_sentences}, "
            f"{probe.num_stories} stories)"
        ),
        note=(
            "Logistic regression on the mean of the encoder's last states of each gold sentence "
            f"by itself, on TF-IDF of its words, and so on: {NUM_FOLDS} folds, each asked of "
            "stories that the others tell nothing of. The network was never given the outlet, but "
            "has read the training split's sentences. An untrained encoder has the same shape and "
            f"weights by chance.{left_out}"
        ),
        header=("read from", "accuracy [interval]", "macro-F1 [interval]",
                f"{probe.probes[0].name} minus it, accuracy"),
        rows=tuple(
            (
                one.name,
                figure_with(one.accuracy, one.accuracy_interval),
                figure_with(one.macro_f1, one.macro_f1_interval),
                ""
                if (lead := leads.get(one.name)) is None
                else f"{lead.value:+.3f} [{lead.interval.low:+.3f}, {lead.interval.high:+.3f}] "
                f"p={lead.p:.3f} {_VERDICTS[lead.verdict]}",
            )
            for one in probe.probes
        ),
    )  # fmt: skip


def describe_probe(probe: OutletProbe) -> str:
    """What the figures say, in a sentence or two."""
    first, *others = probe.probes
    accuracies = {one.name: one.accuracy for one in others}
    told = (
        f"Of {len(probe.support)} outlets the right one is told from {first.name} for "
        f"{first.accuracy:.0%} of the sentences; always naming the most frequent one is right for "
        f"{accuracies[MAJORITY]:.0%}."
    )
    words = {
        "ahead": "more than can be told from {} ({:.0%})",
        "behind": "less than can be told from {} ({:.0%})",
        "no evidence of a difference": "neither more nor less, by this evidence, than can be told "
        "from {} ({:.0%})",
    }
    compared = "; ".join(
        words[lead.verdict].format(lead.other, accuracies[lead.other])
        for lead in probe.leads
        if lead.other != MAJORITY
    )
    return f"{told} That is {compared}."
