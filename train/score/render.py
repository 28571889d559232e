"""A scorecard as a page, as Markdown to paste, and as a few lines for the terminal.

Page and Markdown show the same tables (`tables.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from train.score.behaviour.tables import behaviour_tables, failure_lines
from train.score.browse.page import BrowserView, make_visible, script_policy, view_browser
from train.score.ceiling_tables import ceiling_table
from train.score.comparing import Difference, Scored
from train.score.figures import level_text
from train.score.findings import findings, task_findings
from train.score.labels import StanceScores
from train.score.outlet_tables import GIVEN_AWAY, describe_probe, outlet_table
from train.score.reliability_tables import calibration_tables, diagrams
from train.score.scorecard import MEASURES, Reading, Scorecard
from train.score.slice_tables import error_table, facet_tables, lean_tables, worst_table
from train.score.tables import (
    MEASURE_TITLES,
    Table,
    dataset_table,
    end_to_end_table,
    reading_tables,
    with_interval,
)
from train.score.task_reading import TaskReading
from train.score.task_tables import TASK_MEASURE_TITLES, task_reading_tables, task_tables

_READING_TITLES = {
    "test": "Test split: the checkpoint on sentences it never saw",
    "file": "The labelled sentences that were given",
    "folds": "Grouped folds, pooled: every story predicted by a model that did not see it",
    "outlets": "Held-out outlets: each predicted by a model that read none of its articles",
    "targets": "Held-out targets: each judged by a model that never met its name",
    "conflicts": "Held-out conflicts: each judged by a model trained on the others",
    "time": "Later days: the last 30% of the sentences, by a model trained on those before",
}
_TASKS_TITLE = "Task by task: the checkpoint on the test sentences that are labelled for each"
_VERDICT_MARKS = {"ahead": "▲", "behind": "▼", "no evidence of a difference": "≈"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One system in a chart, all figures in per cent of the axis from 0 to 1."""

    name: str
    label: str
    width: float
    low: float
    high: float


def to_markdown(scorecard: Scorecard) -> str:
    """The tables as GitHub Markdown."""
    parts = [
        "# Scorecard",
        *map(_markdown_text, _provenance(scorecard)),
        markdown_table(dataset_table(scorecard)),
    ]
    parts += map(_markdown_text, scorecard.notes)
    for reading in scorecard.readings:
        parts += [f"## {_reading_title(reading)}", _reading_size(reading)]
        parts += [f"**{_markdown_text(finding)}**" for finding in findings(reading)]
        parts += markdown_tables(reading_tables(reading) + _deep_tables(reading))
    for other in scorecard.task_readings:
        parts += [f"## {_markdown_text(_task_reading_title(other))}"]
        parts += [_markdown_text(_task_reading_size(other))]
        parts += [f"**{_markdown_text(finding)}**" for finding in task_findings(other)]
        parts += markdown_tables(task_reading_tables(other))
    for table in (ceiling_table(scorecard), end_to_end_table(scorecard)):
        parts += markdown_tables([table]) if table else []
    parts += markdown_tables(calibration_tables(scorecard.reliability))
    if scorecard.outlets:
        parts += [f"## {GIVEN_AWAY}", _markdown_text(describe_probe(scorecard.outlets))]
        parts += markdown_tables([outlet_table(scorecard.outlets)])
    if scorecard.behaviour:
        parts += markdown_tables(behaviour_tables(scorecard.behaviour))
    if tables := task_tables(scorecard):
        parts += [f"## {_TASKS_TITLE}", *markdown_tables(tables)]
    return "\n\n".join(parts) + "\n"


def to_html(scorecard: Scorecard) -> str:
    """One page that needs nothing else: no font, no request, no script but that of the browser."""
    browser = _view_browser(scorecard)
    script = template("browse.js.j2").render() if browser and browser.num_errors else None
    return template("scorecard.html.j2").render(
        policy=script_policy(script),
        browser=browser,
        script=Markup(script or ""),
        provenance=_provenance(scorecard),
        dataset=dataset_table(scorecard),
        notes=scorecard.notes,
        readings=[
            {
                "title": _reading_title(reading),
                "size": _reading_size(reading),
                "findings": findings(reading),
                "system": reading.systems[0].name,
                "charts": [
                    (_measure_title(reading, m), _bars(reading.systems, m)) for m in MEASURES
                ],
                "tables": reading_tables(reading) + _deep_tables(reading),
                "facets": facet_tables(reading),
            }
            for reading in scorecard.readings
        ],
        task_readings=[
            {
                "title": _task_reading_title(reading),
                "size": _task_reading_size(reading),
                "findings": task_findings(reading),
                "charts": [
                    (
                        f"{TASK_MEASURE_TITLES[m]} (n={reading.num_labels})",
                        _bars(reading.systems, m),
                    )
                    for m in reading.measures
                ],
                "tables": task_reading_tables(reading),
            }
            for reading in scorecard.task_readings
        ],
        tasks_title=_TASKS_TITLE,
        tasks=task_tables(scorecard),
        ceiling=ceiling_table(scorecard),
        end_to_end=end_to_end_table(scorecard),
        calibration=calibration_tables(scorecard.reliability),
        diagrams=diagrams(scorecard.reliability),
        given_away=_given_away(scorecard),
        behaviour=behaviour_tables(scorecard.behaviour) if scorecard.behaviour else [],
        failures=failure_lines(scorecard.behaviour) if scorecard.behaviour else [],
    )


def _given_away(scorecard: Scorecard) -> dict[str, Any] | None:
    """The section on what the representation gives away; None where it was not probed."""
    if scorecard.outlets is None:
        return None
    return {
        "title": GIVEN_AWAY,
        "told": describe_probe(scorecard.outlets),
        "table": outlet_table(scorecard.outlets),
    }


def template(name: str) -> Template:
    """A template of this room: all that it is given is escaped and made visible, nothing may be
    missing."""
    environment = Environment(
        loader=PackageLoader("train.score"),
        autoescape=True,
        finalize=make_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def to_text(scorecard: Scorecard) -> str:
    """One line a system, marked with the verdict on the first system against it; then the tasks."""
    blocks = [
        _systems_text(
            f"{reading.name}: {_reading_size(reading)}",
            reading.systems,
            reading.differences,
            MEASURE_TITLES,
            findings(reading),
        )
        for reading in scorecard.readings
    ]
    blocks += [
        _systems_text(
            f"{other.dataset}, {other.name}: {_task_reading_size(other)}",
            other.systems,
            other.differences,
            {measure: TASK_MEASURE_TITLES[measure] for measure in other.measures},
            task_findings(other),
        )
        for other in scorecard.task_readings
    ]
    blocks += [
        "\n".join([table.title, *_text_rows([table.header, *table.rows])])
        for table in task_tables(scorecard)
    ]
    return "\n\n".join(blocks) + "\n"


def _view_browser(scorecard: Scorecard) -> BrowserView | None:
    """Of the grouped folds, where every gold sentence is predicted unseen, or the first reading."""
    readings = sorted(scorecard.readings, key=lambda reading: reading.name != "folds")
    for reading in readings:
        if reading.browse is not None:
            system = reading.systems[0].name
            return view_browser(system, _reading_title(reading), reading.browse, reading.errors)
    return None


def _deep_tables(reading: Reading) -> list[Table]:
    worst = worst_table(reading)
    return [error_table(reading), *([worst] if worst else []), *lean_tables(reading)]


def _systems_text(
    heading: str,
    systems: Sequence[Scored],
    differences: Sequence[Difference],
    titles: Mapping[str, str],
    found: Sequence[str],
) -> str:
    marks = {(each.other, each.measure): _VERDICT_MARKS[each.verdict] for each in differences}
    rows = [["system", *titles.values()]]
    for system in systems:
        figures = [
            f"{with_interval(system, measure)} {marks.get((system.name, measure), '')}"
            for measure in titles
        ]
        rows.append([system.name, *figures])
    legend = f"  {level_text(next(iter(systems[0].intervals.values())))}"
    if marks:
        legend += f"; {systems[0].name} is ▲ ahead, ▼ behind, ≈ no evidence of a difference"
    return "\n".join([heading, *_text_rows(rows), legend, *(f"  {finding}" for finding in found)])


def _text_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows with their columns one below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [("  " + "  ".join(map(str.ljust, row, widths))).rstrip() for row in rows]


def _bars(systems: Sequence[Scored], measure: str) -> list[Bar]:
    return [
        Bar(
            name=system.name,
            label=with_interval(system, measure),
            width=round(100 * system.value(measure), 1),
            low=round(100 * system.intervals[measure].low, 1),
            high=round(100 * system.intervals[measure].high, 1),
        )
        for system in systems
    ]


def _measure_title(reading: Reading, measure: str) -> str:
    system = reading.systems[0]
    is_stance = measure == "macro_f1"
    support = system.stances.support if is_stance else system.spans.span_f1_exact.micro.support
    return f"{MEASURE_TITLES[measure]} (n={support})"


def _reading_title(reading: Reading) -> str:
    return _READING_TITLES.get(reading.name, reading.name)


def _reading_size(reading: Reading) -> str:
    stances = reading.systems[0].stances
    labels = ", ".join(f"{label} {one.support}" for label, one in stances.per_label.items())
    num_terms = reading.systems[0].spans.span_f1_exact.micro.support
    return (
        f"{reading.num_sentences} sentences of {reading.num_stories} stories; "
        f"{stances.support} stances ({labels}); {num_terms} loaded terms"
    )


def _task_reading_title(reading: TaskReading) -> str:
    return (
        f"{reading.dataset}, task {reading.task}. {_READING_TITLES.get(reading.name, reading.name)}"
    )


def _task_reading_size(reading: TaskReading) -> str:
    scores = reading.systems[0].scores
    labels = (
        scores.per_label if isinstance(scores, StanceScores) else scores.span_f1_exact.per_category
    )
    what = "labels" if isinstance(scores, StanceScores) else "spans"
    return (
        f"{reading.num_sentences} sentences of {reading.num_stories} stories; "
        f"{reading.num_labels} {what} of {reading.task} "
        f"({', '.join(f'{label} {one.support}' for label, one in labels.items())})"
    )


def _provenance(scorecard: Scorecard) -> list[str]:
    hashes = {"Dataset": scorecard.dataset.hash} | {
        f"Checkpoint {name}": value for name, value in scorecard.checkpoints.items()
    }
    return [f"{name}: {value}" for name, value in hashes.items()]


def markdown_tables(tables: Sequence[Table]) -> list[str]:
    """Each table under its title, with its note."""
    parts = []
    for table in tables:
        parts += [f"### {_markdown_text(table.title)}", markdown_table(table)]
        parts += [_markdown_text(table.note)] if table.note else []
    return parts


def markdown_table(table: Table) -> str:
    """One table as GitHub Markdown, figures to the right."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(_markdown_text(cell).replace("|", "\\|") for cell in cells) + " |"

    rule = "| " + " | ".join(["---", *["---:"] * (len(table.header) - 1)]) + " |"
    return "\n".join([line(table.header), rule, *map(line, table.rows)])


def _markdown_text(text: str) -> str:
    """One line, in which a name from a config opens no element and escapes nothing."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("<", "&lt;")
