"""The three faces of a scorecard, against golden files.

`UPDATE_GOLDEN=1 pytest tests/unit/score/test_render.py` writes the golden files anew.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from model.records import ClassLabel, LabelledSentence, LoadedTerm, TaskSpan
from model.tasks import Task
from train.score.labels import score_stances
from train.score.outputs import SystemOutput
from train.score.reading import build_reading
from train.score.render import to_html, to_markdown, to_text
from train.score.scorecard import DatasetFacts, Scorecard, count_split
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


def test_the_page_fetches_and_runs_nothing(scorecard: Scorecard) -> None:
    page = _read(to_html(scorecard))
    policies = [
        attributes["content"]
        for tag, attributes in page.tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(policies) == 1
    assert str(policies[0]).startswith("default-src 'none'")
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object"}
    assert not {key for _, attributes in page.tags for key in attributes} & {"src", "href"}


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
    mistakes = tuple(replace(each, text=evil, story=evil) for each in reading.mistakes)
    differences = tuple(replace(each, other=evil) for each in reading.differences)
    poisoned = replace(
        reading, name=evil, systems=systems, mistakes=mistakes, differences=differences
    )
    html = to_html(replace(scorecard, readings=(poisoned,)))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
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
        LabelledSentence(
            f"d:{n}", 0, "body", 0, 3, "نص ", (), "o", None, f"s{n // 2}", (), (),
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
    assert "<script" not in html + markdown
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
