"""The three faces of a scorecard, against golden files.

`UPDATE_GOLDEN=1 pytest tests/unit/score/test_render.py` writes the golden files anew.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model.records import ClassLabel, LabelledSentence, LoadedTerm, TaskSpan
from model.tasks import Task
from tests.sentences import labelled
from train.score.bootstrap import Interval
from train.score.ceiling import Ceiling, CeilingFigure
from train.score.comparing import Difference
from train.score.labels import score_stances
from train.score.outlets import MAJORITY, OutletProbe, ProbeScores
from train.score.outputs import SystemOutput
from train.score.reading import build_reading
from train.score.render import template, to_html, to_markdown, to_text
from train.score.scorecard import DatasetFacts, Scorecard, count_split
from train.score.slices import Facets
from train.score.spans import score_spans
from train.score.task_reading import TaskReading, build_task_reading
from train.score.tasks import TaskScores

GOLDEN = Path(__file__).parents[2] / "golden"
LABELS = ("against", "none", "favor", "none", "against")


@pytest.fixture
def scorecard(
    make_sentence: Callable[..., LabelledSentence],
    make_term: Callable[..., LoadedTerm],
    perfect: Callable[[LabelledSentence], SystemOutput],
) -> Scorecard:
    """Eight stories of five sentences; one system errs on every seventh, the other always."""
    text = "اقتحمت لمليشيا “قسد” البلدة في هجوم سافر"
    gold = [
        make_sentence(
            text,
            story=f"story-{i // 5}",
            stances=[("sdf", LABELS[i % 5], "قسد", "neutral")],
            terms=[("لمليشيا", "label"), ("سافر", "emotive", i % 3 == 0)],
        )
        for i in range(40)
    ]
    shifted = (make_term(text, "هجوم سافر", "emotive"),)
    good = [
        perfect(sentence) if i % 7 else SystemOutput(stances=("favor",), loaded_terms=shifted)
        for i, sentence in enumerate(gold)
    ]
    silent = [SystemOutput(stances=("none",), loaded_terms=())] * len(gold)
    splits = (count_split("train", gold * 4), count_split("test", gold))
    return Scorecard(
        dataset=DatasetFacts("0f" * 32, splits),
        checkpoints={"nabra": "a1" * 32},
        readings=(
            build_reading("test", gold, {"nabra": good, "majority": silent, "a|b": good}),
            build_reading("folds", gold, {"nabra": good}),
        ),
        notes=("The lexicon was written by the people who wrote the seeds.",),
    )


def _check_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_markdown_is_the_golden_file(scorecard: Scorecard) -> None:
    _check_golden("scorecard.md", to_markdown(scorecard))


def test_text_is_the_golden_file(scorecard: Scorecard) -> None:
    text = to_text(scorecard)
    _check_golden("scorecard.txt", text)
    assert len(text.splitlines()) <= 40


def test_every_markdown_row_has_the_columns_of_its_table(scorecard: Scorecard) -> None:
    for block in to_markdown(scorecard).split("\n\n"):
        if block.startswith("|"):
            columns = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert len(columns) == 1, block


def test_a_macro_f1_never_stands_without_support(scorecard: Scorecard) -> None:
    for page in (to_markdown(scorecard), to_html(scorecard)):
        assert len(re.findall(r"macro-F1 [^|<]*\(n=40\)", page)) >= 2
    assert "40 stances (favor 8, against 16, none 16)" in to_text(scorecard)


def test_an_area_stands_with_its_interval(scorecard: Scorecard) -> None:
    reading = scorecard.readings[0]
    first, *others = reading.systems
    area = replace(first.presence, roc_auc=0.75, roc_auc_interval=Interval(0.6, 0.9, 0.95, 8))
    systems = (replace(first, presence=area), *others)
    card = replace(scorecard, readings=(replace(reading, systems=systems),))
    assert "| 1.000 | 0.750 [0.600, 0.900] |" in to_markdown(card)
    assert "<td>0.750 [0.600, 0.900]</td>" in to_html(card)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _read(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    assert page.open == [], "every element is closed"
    return page


def test_the_page_fetches_nothing_and_runs_the_browsers_script_alone(
    scorecard: Scorecard,
) -> None:
    html = to_html(scorecard)
    page = _read(html)
    policies = [
        attributes["content"]
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert str(policies[0]).startswith("default-src 'none'")
    data, script = re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL)
    assert json.loads(data)["rows"]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert re.findall(r"script-src ([^;]*);", str(policies[0])) == [f"'sha256-{digest}'"]
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "errors-data"}, {}]
    names = {tag for tag, _ in page.tags}
    assert not names & {"link", "img", "iframe", "object"}
    assert not {key for _, attributes in page.tags for key in attributes} & {"src", "href"}


def test_what_would_reorder_a_line_is_spelled_out(scorecard: Scorecard) -> None:
    reading = scorecard.readings[0]
    systems = tuple(replace(system, name="x\u202ey") for system in reading.systems)
    html = to_html(replace(scorecard, readings=(replace(reading, systems=systems),)))
    assert "Errors of <bdi>x[U+202E]y</bdi>" in html
    assert "\u202e" not in html


def test_the_script_writes_no_markup() -> None:
    script = template("browse.js.j2").render()
    assert "textContent" in script
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "style"):
        assert way not in script


def test_a_perfect_system_has_no_browser_and_no_script(
    scorecard: Scorecard, perfect: Callable[[LabelledSentence], SystemOutput]
) -> None:
    browse = scorecard.readings[0].browse
    assert browse is not None
    outputs = {"nabra": [perfect(sentence) for sentence in browse.gold]}
    card = replace(scorecard, readings=(build_reading("test", browse.gold, outputs),))
    html = to_html(card)
    _read(html)
    assert "<script" not in html
    assert "script-src &#39;none&#39;;" in html
    assert "No error was found" in html


def test_the_browser_shows_the_folds_where_there_are_some(scorecard: Scorecard) -> None:
    title = 'id="errors">'

    def shown(card: Scorecard) -> str:
        return to_html(card).split(title)[1].split("</section>")[0]

    test, folds = scorecard.readings
    assert "Grouped folds" in shown(scorecard)
    assert "Test split" in shown(replace(scorecard, readings=(test,)))
    other = replace(folds, name="outlets")
    assert "Test split" in shown(replace(scorecard, readings=(test, other)))
    assert title not in to_html(replace(scorecard, readings=(replace(test, browse=None),)))


def test_without_a_script_the_surest_errors_are_listed(scorecard: Scorecard) -> None:
    html = to_html(scorecard)
    errors, suspects = html.split('<section id="suspects">')
    items = errors.split('<ol class="errors">')[1].split("</ol>")[0]
    assert items.count("<li>") == len(scorecard.readings[1].errors.examples) == 17
    assert items.count('<p class="sentence" dir="rtl" lang="ar">') == items.count("<li>")
    assert "Nobody looked for wrong gold labels: the system gives no probabilities." in suspects


def test_the_page_shows_a_chart_for_each_measure_and_arabic_right_to_left(
    scorecard: Scorecard,
) -> None:
    page = _read(to_html(scorecard))
    assert sum(tag == "svg" for tag, _ in page.tags) == 2 * 3
    assert sum(tag == "rect" for tag, _ in page.tags) == 3 * 3 + 3
    arabic = [attributes for tag, attributes in page.tags if attributes.get("lang") == "ar"]
    assert arabic
    assert all(attributes["dir"] == "rtl" for attributes in arabic)


def test_the_page_escapes_what_it_is_given(scorecard: Scorecard) -> None:
    evil = "</svg><script>alert(1)</script>"
    reading = scorecard.readings[0]
    systems = tuple(replace(system, name=evil) for system in reading.systems)
    differences = tuple(replace(each, other=evil) for each in reading.differences)
    browse = reading.browse
    assert browse is not None
    gold = [replace(s, text=evil, story=evil, outlet=evil) for s in browse.gold]
    facets = Facets({"outlet": lambda s, _: s.outlet}, {evil: lambda s, _: evil}, lambda _: None)
    examples = tuple(replace(e, text=evil, subject=evil) for e in reading.errors.examples)
    poisoned = replace(
        reading,
        name=evil,
        systems=systems,
        differences=differences,
        errors=replace(reading.errors, examples=examples),
        browse=replace(browse, gold=gold, facets=facets),
    )
    html = to_html(replace(scorecard, readings=(poisoned,)))
    assert html.count("<script") == 2
    assert html.count("</svg>") == 3
    assert "&lt;script&gt;" in html
    assert "\\u003cscript\\u003e" in html
    _read(html)


@pytest.fixture
def other_tasks() -> dict[str, TaskScores]:
    """A task of labels and one of spans, worked by hand."""
    labels = ["objective", "subjective", "unclear"]
    gold = [{(0, 4, "claim"), (6, 9, "name")}, {(1, 5, "name")}]
    found = [{(0, 4, "claim"), (6, 8, "name")}, set()]
    return {
        "subjectivity": score_stances(
            ["objective", "subjective", "objective"], ["objective"] * 3, labels
        ),
        "armpro": score_spans(gold, found, ["claim", "name", "doubt"]),
    }


LABEL_ROWS = [
    ["label", "n", "precision", "recall", "F1"],
    ["objective", "2", "0.667", "1.000", "0.800"],
    ["subjective", "1", "0.000", "0.000", "0.000"],
    ["unclear", "0", "–", "–", "–"],
    ["macro average", "3", "", "", "0.267"],
]
SPAN_ROWS = [
    ["label", "n", "exact P", "exact R", "exact F1", "overlap P", "overlap R", "overlap F1"],
    ["claim", "1", "1.000", "1.000", "1.000", "1.000", "1.000", "1.000"],
    ["name", "2", "0.000", "0.000", "0.000", "1.000", "0.500", "0.667"],
    ["doubt", "0", "–", "–", "–", "–", "–", "–"],
    ["all labels", "3", "0.500", "0.333", "0.400", "1.000", "0.667", "0.800"],
    ["macro average", "3", "", "", "0.500", "", "", "0.833"],
]


@pytest.mark.parametrize("readings", [0, 2])
def test_each_task_has_its_table_in_all_three(
    readings: int, scorecard: Scorecard, other_tasks: dict[str, TaskScores]
) -> None:
    card = replace(scorecard, readings=scorecard.readings[:readings], tasks=other_tasks)
    titles = ("subjectivity: macro-F1 0.267 (n=3)", "armpro: exact F1 0.400 (n=3)")
    markdown, text, html = to_markdown(card), to_text(card), to_html(card)
    for rows, title in zip((LABEL_ROWS, SPAN_ROWS), titles, strict=True):
        start = markdown.index(f"### {title}")
        lines = markdown[start:].split("\n\n")[1].splitlines()
        assert [line[2:-2].split(" | ") for line in (lines[0], *lines[2:])] == rows
        (block,) = (part for part in text.split("\n\n") if part.startswith(title))
        assert [line.split() for line in block.splitlines()[1:]] == [
            " ".join(row).split() for row in rows
        ]
        table = html[html.index(f"<h3>{title}</h3>") :].split("</table>")[0]
        cells = re.findall(r"<t[hd](?: [^>]*)?>(.*?)</t[hd]>", table)
        assert cells == [cell for row in rows for cell in row]
    _read(html)
    assert markdown.startswith(to_markdown(replace(card, tasks={})))


def test_what_the_readings_say_is_not_said_again(
    scorecard: Scorecard, other_tasks: dict[str, TaskScores]
) -> None:
    system = scorecard.readings[0].systems[0]
    own: dict[str, TaskScores] = {"stance": system.stances, "loaded_terms": system.spans}
    for face in (to_markdown, to_html, to_text):
        assert face(replace(scorecard, tasks=own)) == face(scorecard)
        every = face(replace(scorecard, tasks=own | other_tasks))
        assert every.count("stance: macro-F1 0.864 (n=40)") == 1
        assert every.count("armpro: exact F1") == 1


def test_nabras_own_tasks_are_shown_where_no_reading_says_the_same(scorecard: Scorecard) -> None:
    """As on sets of other hands that feed the same task."""
    stances = score_stances(["favor", "none"], ["favor", "favor"])
    for readings in ((), scorecard.readings):
        card = replace(scorecard, readings=readings, tasks={"stance": stances})
        for face in (to_markdown, to_html, to_text):
            assert "stance: macro-F1 0.222 (n=2)" in face(card)


def test_what_the_representation_gives_away_is_told(scorecard: Scorecard) -> None:
    evil = "<script>alert(1)</script>|"
    scores = [
        ProbeScores(name, 0.5, Interval(0.4, 0.6, 0.95, 9), 0.3, Interval(0.2, 0.4, 0.95, 9))
        for name in (evil, MAJORITY)
    ]
    lead = Difference("accuracy", "a", MAJORITY, 0.2, Interval(0.1, 0.3, 0.95, 9), 0.01, "ahead")
    probe = OutletProbe({evil: 30, "b": 20}, (evil,), 50, 9, tuple(scores), (lead,))
    card = replace(scorecard, readings=(), outlets=probe)
    markdown, html = to_markdown(card), to_html(card)
    for face in (markdown, html):
        assert face.count("What the representation gives away") == 1
        assert "0.500 [0.400, 0.600]" in face
        assert "+0.200 [+0.100, +0.300] p=0.010 more" in face
        assert "for 50% of the sentences" in face
        assert "<script" not in face
    _read(html)
    for face in (to_markdown(scorecard), to_html(scorecard)):
        assert "gives away" not in face


def test_a_ceiling_is_shown_with_whom_it_is_of(scorecard: Scorecard) -> None:
    evil = "<script>alert(1)</script>|"
    figure = CeilingFigure(0.8, Interval(0.7, 0.9, 0.95, 9), 30)
    ceiling = Ceiling((evil, "b"), 1, 40, 8, {"macro_f1": figure})
    for face in (to_markdown, to_html):
        shown = face(replace(scorecard, ceiling=ceiling))
        assert shown.count("What one annotator scores against another") == 1
        assert "0.800 [0.700, 0.900]" in shown
        assert "40 sentences of 8 stories" in shown
        assert "<script>alert" not in shown
        assert "annotator" not in face(scorecard)
    _read(to_html(replace(scorecard, ceiling=ceiling)))


def test_an_empty_scorecard_has_three_faces(scorecard: Scorecard) -> None:
    card = replace(scorecard, readings=(), notes=())
    assert to_text(card).strip() == ""
    assert to_markdown(card).endswith("| test | 40 | 8 | 40 | 80 |\n")
    _read(to_html(card))


@pytest.fixture
def task_readings() -> tuple[TaskReading, ...]:
    """Labels with an Arabic second text, and spans; one system is always right, one guesses."""
    labels = Task("stance", "classify", ("favor", "against"), pair=True)
    spans = Task("claims", "tag", ("claim", "name"))
    gold = [
        labelled(
            "نص ", article_id=f"d:{n}", story=f"s{n // 2}",
            dataset="d", tasks=("stance", "claims"),
            classes=(ClassLabel("stance", "لقاح كورونا", ("favor", "against")[n % 2]),),
            spans=(TaskSpan("claims", 0, 2, "نص", "claim"),),
        )
        for n in range(20)
    ]  # fmt: skip
    right = [SystemOutput((), (), (g.classes[0].label,), g.spans) for g in gold]
    wrong = [SystemOutput((), (), ("favor",), ()) for _ in gold]
    outputs = {"nabra": right, "text-blind": wrong}
    return (
        build_task_reading("test", "mawqif", labels, gold, outputs),
        build_task_reading("folds", "armpro", spans, gold, outputs),
        build_task_reading("test", "alone", labels, gold, {"text-blind": wrong}),
    )


def test_readings_of_other_sets_stand_in_all_three(
    scorecard: Scorecard, task_readings: tuple[TaskReading, ...]
) -> None:
    card = replace(scorecard, task_readings=task_readings)
    markdown, text, html = to_markdown(card), to_text(card), to_html(card)
    for face in (markdown, html):
        assert "mawqif, task stance. Test split" in face
        assert "armpro, task claims. Grouped folds" in face
        assert "20 labels of stance (favor 10, against 10)" in face
        assert "20 spans of claims (claim 20, name 0)" in face
    assert "| nabra | 1.000 [1.000, 1.000] | 1.000 | 1.000 | 1.000 |" in markdown
    assert "| text-blind | 0.333 [0.333, 0.333] | 0.333 | 0.333 | 0.500 |" in markdown
    exact = "1.000 [1.000, 1.000]"
    assert (
        f"| nabra | {exact} | {exact} | {exact} | 1.000 / 1.000 | 1.000 / 1.000 | 20 |" in markdown
    )
    assert "| لقاح كورونا | 20 | 1.000 | 0.333 |" in markdown
    assert "| text-blind | +0.667 [+0.667, +0.667] p=0.002 ahead |" in markdown
    assert "mawqif, test: 20 sentences of 10 stories; 20 labels" in text
    assert "text-blind  0.333 [0.333, 0.333] ▲" in text
    assert markdown.count("### Is nabra ahead?") == 2 + 1  # each with a rival, and the own one
    before = _read(to_html(scorecard))
    charts = [sum(tag == "svg" for tag, _ in page.tags) for page in (before, _read(html))]
    assert charts[1] - charts[0] == 1 + 3 + 1


def test_what_the_readings_of_other_sets_say_is_not_said_again(
    scorecard: Scorecard, task_readings: tuple[TaskReading, ...]
) -> None:
    labels, spans, _ = task_readings
    tasks = {reading.task: reading.systems[0].scores for reading in (labels, spans)}
    card = replace(scorecard, readings=(), tasks=tasks, task_readings=task_readings[:2])
    assert "Task by task" not in to_markdown(card)
    assert "Task by task" in to_markdown(replace(card, task_readings=(labels,)))


def test_names_in_readings_of_other_sets_are_no_markup(
    scorecard: Scorecard, task_readings: tuple[TaskReading, ...]
) -> None:
    evil = "a|b\n<script>alert(1)</script>"
    labels = task_readings[0]
    systems = tuple(replace(system, name=evil) for system in labels.systems)
    differences = tuple(
        replace(each, other=evil, system=evil, verdict="behind") for each in labels.differences
    )
    poisoned = replace(
        labels, name=evil, dataset=evil, task=evil, systems=systems, differences=differences
    )
    card = replace(scorecard, task_readings=(poisoned,), notes=(evil,), checkpoints={evil: "0"})
    html, markdown = to_html(card), to_markdown(card)
    assert "<script>alert" not in html + markdown
    assert "&lt;script" in html
    _read(html)


def test_the_splits_count_labels_of_other_sets(scorecard: Scorecard) -> None:
    assert "other sets" not in to_markdown(scorecard)
    split = replace(scorecard.dataset.splits[0], num_spans=7)
    card = replace(scorecard, dataset=DatasetFacts("0", (split, scorecard.dataset.splits[1])))
    assert "| loaded terms | spans of other sets |" in to_markdown(card)
    assert "| train | 160 | 8 | 160 | 320 | 7 |" in to_markdown(card)


def test_labels_from_a_config_are_no_markup(scorecard: Scorecard) -> None:
    evil = "a|b\\\n<script>alert(1)</script>\\|"
    spans = score_spans([{(0, 1, evil)}], [{(0, 1, evil)}], [evil])
    tasks: dict[str, TaskScores] = {"one": score_stances([evil], [evil], [evil]), evil: spans}
    card = replace(scorecard, readings=(), tasks=tasks)
    html, markdown = to_html(card), to_markdown(card)
    assert "<script" not in html + markdown
    _read(html)
    tables = [part for part in markdown.split("\n\n") if part.startswith("|")]
    assert len(tables) == 3
    for table in tables:
        rows = table.splitlines()
        # A pipe behind an even number of backslashes ends a cell.
        columns = {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows}
        assert len(columns) == 1, table
