"""The pages in a real browser: nothing that an article holds may run or reach its neighbours."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from model.records import (
    LOADED_CATEGORIES,
    LabelledSentence,
    LoadedTerm,
    Mention,
    Prediction,
    Stance,
    Voice,
)
from model.report.aggregate import TargetName, aggregate
from model.report.page import render_page
from tests.sentences import labelled
from train.score.browse.label_errors import SuspectedLabels
from train.score.outputs import SystemOutput
from train.score.reading import build_reading
from train.score.render import to_html
from train.score.scorecard import DatasetFacts, Scorecard, count_split
from train.score.slices import Facets

pytestmark = pytest.mark.e2e

HOSTILE = (
    "</bdi></script></style></textarea><!--<script>document.title='owned'</script>"
    "<img src=x onerror=\"document.title='owned'\">--><script>document.title=`owned`</script>"
    "&lt;b&gt;\u2028\"'\\u003c]]>"
)
OVERRIDES = "\u202e\u2067\u202d"
"""Directions that nothing closes."""
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
NUM_ROWS = 100_000

Open = Callable[..., str]


@pytest.fixture
def open_page(tmp_path: Path) -> Open:
    """`open_page(html, fragment)`: the document as it stands once its scripts have run."""
    if BROWSER is None:
        pytest.skip("no chromium on this machine")

    def opened(html: str, fragment: str = "", *, seconds: int = 60) -> str:
        page = tmp_path / "page.html"
        page.write_text(html, encoding="utf-8")
        command = [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr",
            "--dump-dom", page.as_uri() + (f"#{fragment}" if fragment else ""),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=True)
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert complaints == [], "no script failed, and the policy blocked nothing"
        return done.stdout

    return opened


def hostile_prediction() -> Prediction:
    text = f"قسد {HOSTILE}\u202e"
    term = LoadedTerm(0, len(text), text, HOSTILE, "label", False, "own", HOSTILE, None)
    stance = Stance(
        HOSTILE, "newsroom", HOSTILE, (Mention(0, 3, "قسد", HOSTILE, "neutral"),), "none"
    )
    voices = (Voice(4, 9, "direct", HOSTILE, HOSTILE),)
    return Prediction(
        "a", 0, "headline", 0, len(text), text, voices, HOSTILE, None, "javascript:alert(1)",
        (stance,), (term,),
    )  # fmt: skip


def test_hostile_text_stays_text(open_page: Open) -> None:
    targets = {HOSTILE: TargetName(HOSTILE, HOSTILE, HOSTILE, HOSTILE)}
    report = aggregate([hostile_prediction()], targets)
    dom = open_page(render_page(report, title=HOSTILE, manifest={}))
    assert "<title>owned" not in dom
    assert "onerror=&quot;" in dom or 'onerror="' not in dom
    assert "<img" not in dom


def test_a_wide_table_scrolls_in_its_own_frame(open_page: Open) -> None:
    names = {f"t{n}": TargetName(f"t{n}", f"هدف {n}", f"Target {n}", "-") for n in range(3)}
    predictions = [
        Prediction(
            f"a{n}", 0, "body", 0, 8, "قال هدفا", (), f"outlet-{n // 6}", None, None,
            (Stance(name, "newsroom", None, (Mention(4, 8, "هدفا", "هدف", "neutral"),), "none"),),
            (),
        )
        for n, name in enumerate(sorted(names) * 50)
    ]  # fmt: skip
    html = render_page(aggregate(predictions, names), title="wide", manifest={})
    without_policy = re.sub(r"<meta[^>]*Content-Security-Policy[^>]*>", "", html)
    measure = (
        "<script>const root = document.documentElement;"
        "root.dataset.widths = [root.scrollWidth, root.clientWidth,"
        "Math.max(...[...document.querySelectorAll('.scroll')].map(f => f.scrollWidth))].join()"
        "</script>"
    )
    dom = open_page(without_policy.replace("</body>", f"{measure}</body>"))
    found = re.search(r'data-widths="(\d+),(\d+),(\d+)"', dom)
    assert found
    page, window, table = map(int, found.groups())
    assert table > window, "a table is wider than the window, or this shows nothing"
    assert page <= window


def sentence(
    text: str, story: str, *, target: str = "sdf", label: str = "against",
    terms: Sequence[LoadedTerm] = (), outlet: str = "outlet",
) -> LabelledSentence:  # fmt: skip
    stance = Stance(
        target, "source", f"{target}!", (Mention(0, 3, text[:3], "", "neutral"),), label
    )
    return labelled(
        text,
        article_id=story,
        outlet=outlet,
        story=story,
        stances=(stance,),
        loaded_terms=tuple(terms),
    )


def term(text: str, start: int, end: int, category: str, confidence: float) -> LoadedTerm:
    words = text[start:end]
    return LoadedTerm(start, end, words, words, category, False, "own", None, None, confidence)


def scorecard_of(
    gold: Sequence[LabelledSentence], outputs: Sequence[SystemOutput], name: str = "nabra"
) -> Scorecard:
    """Without slices, which would take most of the test's time; the browser has its facets."""
    facets = Facets(
        {"target": lambda _, stance: stance.target, "outlet": lambda one, _: one.outlet},
        {"category": lambda _, term: term.category, "outlet": lambda one, _: one.outlet},
        lambda _: None,
    )
    reading = build_reading("test", gold, {name: outputs}, num_resamples=2)
    assert reading.browse is not None
    reading = replace(reading, browse=replace(reading.browse, facets=facets))
    return Scorecard(DatasetFacts("0", (count_split("test", gold),)), {}, (reading,))


def listed(dom: str, section: str = "errors") -> list[str]:
    """The items of a list of the browser, each as its markup."""
    block = dom.split(f'<section id="{section}">')[1].split("</section>")[0]
    return re.findall(r"<li>.*?</li>", block.split('<ol class="errors"')[1], re.DOTALL)


def test_hostile_sentences_stay_text_in_the_scorecard(open_page: Open) -> None:
    text = f"قسد {OVERRIDES}{HOSTILE}{OVERRIDES}"
    marked = term(text, 0, len(text), "label", 0.9)
    gold = [sentence(text, HOSTILE, target=HOSTILE, outlet=HOSTILE), sentence("قسد هنا", "plain")]
    outputs = [
        SystemOutput(("none",), (marked,), scores=({"none": 0.8, "against": 0.2},)),
        SystemOutput(("favor",), ()),
    ]
    dom = open_page(to_html(scorecard_of(gold, outputs, HOSTILE)))
    assert "<title>Scorecard</title>" in dom
    assert not re.search(r"<(img|textarea|b>)", dom.split("<body>")[1].replace("<b>", ""))
    assert dom.count("<script") == 1, "the data is read and gone; the script of the page is left"
    items = listed(dom)
    assert len(items) == 3
    for item in items[:2]:
        assert "[U+202E][U+2067][U+202D]" in item
        assert "&lt;script&gt;document.title=`owned`&lt;/script&gt;" in item
    assert not set(OVERRIDES) & set(dom), "nothing reorders what follows it"
    assert "قسد</span> هنا" in items[2]


@pytest.fixture(scope="module")
def page() -> str:
    """Twelve sentences with an error of each kind in turn, of two outlets, and a stance."""
    gold, outputs = [], []
    for i in range(12):
        text = f"قسد 🔥 هجوم سافر رقم {i}"
        spans = [term(text, 6, 10, "emotive", 0.5 + i / 100)]
        wide = [term(text, 6, 15, "emotive", 0.5 + i / 100)]
        other = [term(text, 6, 10, "doubt", 0.5 + i / 100)]
        there, found = ((spans, []), ([], spans), (spans, other), (spans, wide))[i % 4]
        gold.append(sentence(text, f"story {i}", terms=there, outlet="ab"[i % 2]))
        outputs.append(SystemOutput(("against",), tuple(found)))
    gold.append(sentence("قسد في الجنوب", "story 12", label="none", outlet="a"))
    sure = {"favor": 0.9, "none": 0.04, "against": 0.06}
    outputs.append(SystemOutput(("favor",), (), scores=(sure,)))
    return to_html(scorecard_of(gold, outputs))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", [12, 11, 7, 3, 10, 6, 2, 9, 5, 1, 0, 4, 8]),
        ("kind=missed", [0, 4, 8]),
        ("kind=spurious", [9, 5, 1]),
        ("kind=category", [10, 6, 2]),
        ("kind=boundary", [11, 7, 3]),
        ("kind=terms&outlet=a", [10, 6, 2, 0, 4, 8]),
        (f"kind={quote('none → favor')}", [12]),
        ("kind=stances", [12]),
        ("category=emotive&kind=missed&outlet=b", []),
        (f"text={quote('رقم 1')}", [11, 10, 1]),
        ("kind=no+such+kind&outlet=no+such", [12, 11, 10, 9, 7, 6, 5, 3, 2, 1, 0, 4, 8]),
    ],
)
def test_an_address_narrows_the_list(
    asked: str, expected: list[int], page: str, open_page: Open
) -> None:
    """The surest first; those without a confidence, missed ones, last."""
    items = listed(open_page(page, asked))
    stories = [int(re.findall(r"<bdi>story (\d+)</bdi>", item)[0]) for item in items]
    assert sorted(stories) == sorted(expected)
    sure = [
        float(found[0]) for item in items if (found := re.findall(r"confidence ([\d.]+)", item))
    ]
    assert sure == sorted(sure, reverse=True)
    assert not any("confidence" in item for item in items[len(sure) :])
    assert [story for story in stories if story in (0, 4, 8)] == stories[len(sure) :]


def test_gold_and_predicted_spans_are_marked_in_the_sentence(page: str, open_page: Open) -> None:
    """Offsets hold behind a character of two units."""
    item = listed(open_page(page, f"kind=boundary&text={quote('رقم 3')}"))[0]
    assert '<p class="sentence" dir="rtl" lang="ar">قسد 🔥 ' in item
    assert '<span class="gold own-gold found own-found">هجوم</span>' in item
    assert '<span class="found own-found"> سافر</span> رقم 3' in item


def test_counts_follow_the_slice(page: str, open_page: Open) -> None:
    dom = open_page(page, "outlet=b&kind=boundary")
    counts = dict(re.findall(r'value="([^"]*)">[^<]*<span class="count">(\d+)<', dom))
    assert counts == {
        "": "6", "terms": "6", "stances": "0", "missed": "0", "spurious": "3", "category": "0",
        "boundary": "3", "none → favor": "0",
    }  # fmt: skip


def test_suspected_labels_stand_apart(open_page: Open) -> None:
    """They have a list of their own, in their own order, with an address of its own."""
    gold = [sentence(f"قسد {i}", f"story {i}", outlet="ab"[i % 2]) for i in range(4)]
    outputs = [
        SystemOutput((said,), (), scores=({said: 0.9 - i / 10, "against": 0.05},))
        for i, said in enumerate(("none", "favor", "none", "none"))
    ]
    card = scorecard_of(gold, outputs)
    browse = card.readings[0].browse
    assert browse is not None
    browse = replace(browse, suspected=SuspectedLabels(((2, 0), (0, 0), (1, 0)), 4))
    reading = replace(card.readings[0], browse=browse, errors=browse.summary())
    html = to_html(replace(card, readings=(reading,)))
    for asked, errors, suspects in (
        ("", [0, 1, 2, 3], [2, 0, 1]),
        ("suspect-outlet=a", [0, 1, 2, 3], [2, 0]),
        (f"outlet=b&suspect-kind={quote('against → favor')}", [1, 3], [1]),
    ):
        dom = open_page(html, asked)
        assert "3 stances whose gold label may be the wrong one" in dom
        for section, expected in (("errors", errors), ("suspects", suspects)):
            items = listed(dom, section)
            found = [int(re.findall(r"<bdi>story (\d+)</bdi>", item)[0]) for item in items]
            assert found == expected


def test_a_hundred_thousand_rows_open_and_are_narrowed(open_page: Open) -> None:
    chance = random.Random(0)
    words = "قال المتحدث إن القوات دخلت البلدة فجر اليوم بعد معارك استمرت سافر غاشم"
    gold, outputs = [], []
    for i in range(NUM_ROWS):
        text = "قسد " + " ".join(chance.choices(words.split(), k=22))
        category = LOADED_CATEGORIES[i % 5]
        span = term(text, 4, 12, category, chance.random())
        wide = term(text, 4, 14, category, chance.random())
        other = term(text, 4, 12, LOADED_CATEGORIES[(i + 1) % 5], chance.random())
        sides = ([span], []), ([], [span]), ([span], [other]), ([span], [wide])
        there, found = sides[i % 4]
        gold.append(sentence(text, f"s{i // 5}", terms=there, outlet=f"outlet {i % 30}"))
        outputs.append(SystemOutput(("against",), tuple(found)))
    html = to_html(scorecard_of(gold, outputs))
    asked = "kind=boundary&outlet=outlet+19&category=praise&page=2"
    dom = open_page(html, asked, seconds=120)
    place = LOADED_CATEGORIES.index("praise")
    expected = [i for i in range(NUM_ROWS) if (i % 4, i % 5, i % 30) == (3, place, 19)]
    assert "100,000 errors" in dom
    assert re.findall(r'value="">all <span class="count">([^<]*)<', dom)
    counter = re.findall(r'class="counter"[^>]*>([^<]*)<', dom)[0]
    assert counter == f"51–100 of {len(expected):,}"
    assert len(listed(dom)) == 50
    assert len(dom) < 1_000_000, "fifty rows stand in the document, no more"
