"""The tables of what a reading's first system does well and badly, the worst on top."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from train.score.bootstrap import Interval
from train.score.browse.errors import KIND_TITLES
from train.score.figures import figure_with
from train.score.scorecard import Reading
from train.score.slices import FEWEST, SideGap, Slice
from train.score.tables import Table

_TASKS = {
    "stance": "stance, macro-F1 over the labels that the slice has",
    "loaded_terms": "loaded terms, exact F1",
}
_NUM_WORST = 12


def error_table(reading: Reading) -> Table:
    """How many errors of each kind the loaded terms have."""
    return Table(
        title=f"Errors of {reading.systems[0].name} in loaded terms",
        note=(
            "Each span counts once. Wrong category: the borders of a gold span of another category "
            "are met, or a character in common where none of its own category has any. Wrong "
            "borders: same category, a character in common. Missed and spurious: no partner."
        ),
        header=("", *KIND_TITLES.values()),
        rows=(("errors", *(str(reading.errors.kinds[kind]) for kind in KIND_TITLES)),),
    )


def worst_table(reading: Reading) -> Table | None:
    """The slices whose figures are lowest, small ones left out; None where there is none."""
    large = [made for made in reading.slices if not made.is_small]
    if not large:
        return None
    worst = sorted(large, key=lambda made: (made.figure, made.task, made.facet, made.value))
    return Table(
        title=f"Where {reading.systems[0].name} is worst",
        note=f"The lowest {_NUM_WORST} of {len(large)} slices with {FEWEST} gold labels or more.",
        header=("slice", "figure [interval]", "n", "stories"),
        rows=tuple(
            (f"{_TASKS[made.task].split(',')[0]}, {made.facet}: {made.value}", *_cells(made))
            for made in worst[:_NUM_WORST]
        ),
    )


def facet_tables(reading: Reading) -> list[Table]:
    """A table for each facet; slices of fewer than `FEWEST` gold labels are marked."""
    return [
        Table(
            title=f"By {facet}: {_TASKS[task]}",
            note="",
            header=(facet, "figure [interval]", "n", "stories"),
            rows=tuple(
                (f"{made.value} (few)" if made.is_small else made.value, *_cells(made))
                for made in made_of_facet
            ),
        )
        for (task, facet), made_of_facet in groupby(
            reading.slices, key=lambda made: (made.task, made.facet)
        )
    ]


def lean_tables(reading: Reading) -> list[Table]:
    """How the errors lean by side, and the gaps between sides; none where no target has one."""
    if not reading.tilts:
        return []
    tables = [
        Table(
            title=f"Do the errors of {reading.systems[0].name} lean to a side?",
            note=(
                "The mean of predicted minus gold polarity (against −1, none 0, favor +1): above 0 "
                "a side comes out better than it is written of, below 0 worse."
            ),
            header=("side", "lean [interval]", "n", "stories"),
            rows=tuple(
                (
                    f"{tilt.conflict}: {tilt.side}" + (" (few)" if tilt.support < FEWEST else ""),
                    _signed(tilt.figure, tilt.interval),
                    str(tilt.support),
                    str(tilt.interval.num_stories),
                )
                for tilt in sorted(reading.tilts, key=lambda tilt: tilt.figure)
            ),
        )
    ]
    if reading.side_gaps:
        tables.append(_gap_table(reading.side_gaps))
    return tables


def _gap_table(gaps: Sequence[SideGap]) -> Table:
    return Table(
        title="Are errors even between the sides of a conflict?",
        note=f"Sides with {FEWEST} stances or more; uneven where the interval leaves out 0.",
        header=("sides", "difference of leans [interval]", "verdict"),
        rows=tuple(
            (
                f"{gap.conflict}: {gap.side} − {gap.other}",
                _signed(gap.figure, gap.interval),
                "uneven" if gap.is_uneven else "no evidence that they are uneven",
            )
            for gap in sorted(gaps, key=lambda gap: (not gap.is_uneven, -abs(gap.figure)))
        ),
    )


def _cells(made: Slice) -> tuple[str, str, str]:
    return (
        figure_with(made.figure, made.interval),
        str(made.support),
        str(made.interval.num_stories),
    )


def _signed(figure: float, interval: Interval) -> str:
    return f"{figure:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]"
