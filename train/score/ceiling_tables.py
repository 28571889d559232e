"""The ceiling of annotators as a table, beside the system that it is a ceiling for."""

from __future__ import annotations

from train.score.ceiling import BARE
from train.score.figures import figure_with
from train.score.scorecard import Scorecard
from train.score.tables import MEASURE_TITLES, Table, with_interval

_TITLES = {**MEASURE_TITLES, BARE: "stance macro-F1 from the bare sentence"}


def ceiling_table(scorecard: Scorecard) -> Table | None:
    """A row for each measure, with the first system of the first reading; None without one."""
    ceiling = scorecard.ceiling
    if ceiling is None:
        return None
    system = scorecard.readings[0].systems[0] if scorecard.readings else None
    bare = next(iter(scorecard.end_to_end.values()), None)

    def beside(measure: str) -> str:
        if measure == BARE:
            return figure_with(bare.macro_f1, bare.interval) if bare else "–"
        return with_interval(system, measure) if system else "–"

    whose = f"{system.name}, {scorecard.readings[0].name}" if system else "the system"
    return Table(
        title="What one annotator scores against another",
        note=(
            f"{', '.join(ceiling.annotators)}: {ceiling.num_sentences} sentences of "
            f"{ceiling.num_stories} stories that two or more of them labelled; the mean over "
            f"{ceiling.num_pairs} pairs. The measures are those of the systems, the same both "
            "ways. n: stances of targets that both named; stances that either named; spans of the "
            "two together. It is a ceiling as far as they are people who labelled apart from each "
            "other: a second pass by the same reader, or by a language model, says how firm the "
            "guidelines are, not how far people agree. The system beside it is scored against "
            "gold, and on other sentences."
        ),
        header=("measure", "annotators [interval]", "n", whose),
        rows=tuple(
            (_TITLES[measure], figure_with(one.value, one.interval), str(one.support),
             beside(measure))
            for measure, one in ceiling.figures.items()
        ),
    )  # fmt: skip
