"""The page: hostile text stays text, nothing is fetched, and every share shows its support.

`UPDATE_GOLDEN=1 pytest tests/unit/report/test_page.py` writes the golden file anew.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from model.records import LOADED_CATEGORIES, Prediction
from model.report.aggregate import TargetName, aggregate
from model.report.page import CATEGORIES, LIMITS, render_page

Marked = Callable[..., Prediction]
Targets = dict[str, TargetName]

GOLDEN = Path(__file__).parents[2] / "golden" / "report_main.html"
VOID = {"meta", "input", "br"}

HOSTILE = (
    '</title></script><script>alert(1)</script><img src=x onerror="a()">'
    "\"'><b>\u202eمعكوس\u2066\x00"
)
"""Breaks out of elements, attributes and directions alike."""


@dataclass
class Node:
    tag: str
    attrs: dict[str, str | None]
    children: list[Node | str] = field(default_factory=list)

    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)

    def all(self, tag: str = "", **attrs: str) -> list[Node]:
        found = []
        for child in self.children:
            if isinstance(child, Node):
                wanted = {key.rstrip("_").replace("_", "-"): v for key, v in attrs.items()}
                has_all = all(v in (child.attrs.get(k) or "").split(" ") for k, v in wanted.items())
                if tag in ("", child.tag) and has_all:
                    found.append(child)
                found += child.all(tag, **attrs)
        return found


class Tree(HTMLParser):
    """Parses a page whose elements must all be closed, in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self.open = [self.root]
        self.feed(page)
        self.close()
        assert self.open == [self.root], f"never closed: {[node.tag for node in self.open[1:]]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def _render(
    sentences: list[Prediction], targets: Targets | None = None, **manifest: Any
) -> tuple[str, Node]:
    page = render_page(aggregate(sentences, targets or {}), title="Title", manifest=manifest)
    return page, Tree(page).root


@pytest.fixture
def root(sample: list[Prediction], targets: Targets) -> Node:
    return _render(sample, targets)[1]


def _poison(value: Any) -> Any:
    """The record with every free text in it made hostile, labels and offsets left alone."""
    if isinstance(value, tuple):
        return tuple(_poison(item) for item in value)
    if not isinstance(value, str) and not hasattr(value, "__dataclass_fields__"):
        return value
    changes = {}
    for item in fields(value):
        old = getattr(value, item.name)
        if item.name in ("article_id", "outlet", "published", "speaker", "term", "target", "url"):
            changes[item.name] = HOSTILE
        elif isinstance(old, tuple):
            changes[item.name] = _poison(old)
    return replace(value, **changes)


def _hostile_sentence(marked: Marked) -> Prediction:
    sentence = marked(
        HOSTILE + " {label:a|" + HOSTILE.replace("|", "") + "} {direct:س|{m:a:-|قسد}} {m:a|قسد}",
        ["a newsroom against 0.9", "a source favor 0.9"],
    )
    poisoned = _poison(sentence)
    assert isinstance(poisoned, Prediction)
    return poisoned


def _hostile_page(marked: Marked) -> str:
    report = aggregate(
        [_hostile_sentence(marked)], {HOSTILE: TargetName(HOSTILE, HOSTILE, HOSTILE + "2", HOSTILE)}
    )
    manifest = {HOSTILE: HOSTILE, "main_scores": {HOSTILE: {HOSTILE: HOSTILE}}}
    return render_page(report, title=HOSTILE, manifest=manifest)


def test_hostile_text_makes_no_element(marked: Marked) -> None:
    root = Tree(_hostile_page(marked)).root
    assert len(root.all("script")) == 1
    assert not root.all("img")
    assert not [n for n in root.all() if any(key.startswith("on") for key in n.attrs)]
    assert len(root.all("b")) == len(root.all("b", class_="m"))
    assert "<script>alert(1)</script>" in root.all("h1")[0].text()


def test_characters_that_reorder_a_page_are_shown_instead(marked: Marked) -> None:
    page = _hostile_page(marked)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", page)
    assert "[U+202E]معكوس[U+2066][U+0000]" in page


def test_a_lone_surrogate_does_not_stop_the_page(marked: Marked) -> None:
    page, _ = _render([marked("كلمة \ud83d هنا", outlet="\udfff")])
    assert "[U+D83D]" in page.encode("utf-8").decode("utf-8")


def test_foreign_text_is_isolated(sample: list[Prediction], targets: Targets) -> None:
    sample = [replace(s, outlet="OUTLET") if s.outlet == "Thawra Press" else s for s in sample]
    _, root = _render(sample, targets)

    def unisolated(node: Node, is_isolated: bool) -> int:
        inside = is_isolated or node.tag in ("bdi", "option", "title", "script", "style")
        own = sum("OUTLET" in c for c in node.children if isinstance(c, str)) if not inside else 0
        return own + sum(unisolated(c, inside) for c in node.children if isinstance(c, Node))

    assert "OUTLET" in root.text()
    assert unisolated(root, False) == 0


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", " https://x", "", None])
def test_only_addresses_of_the_web_are_linked(marked: Marked, url: str | None) -> None:
    _, root = _render([marked("أ", url=url)])
    assert {(a.attrs["href"] or "")[0] for a in root.all("a")} == {"#"}
    _, linked = _render([marked("أ", url="https://example.org/1")])
    assert [a.text() for a in linked.all("a") if a.attrs["href"] == "https://example.org/1"]


def test_nothing_is_fetched_and_only_our_own_style_and_script_apply(root: Node) -> None:
    (policy,) = root.all("meta", http_equiv="Content-Security-Policy")
    for tag in ("style", "script"):
        (node,) = root.all(tag)
        digest = base64.b64encode(hashlib.sha256(node.text().encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in (policy.attrs["content"] or "")
        assert not node.attrs
    assert (policy.attrs["content"] or "").startswith("default-src 'none'; ")
    assert not root.all("link")
    assert not [n for n in root.all() if {"src", "srcset", "style", "action"} & set(n.attrs)]
    assert "url(" not in root.all("style")[0].text()
    assert "@import" not in root.all("style")[0].text()


def test_a_sentence_is_shown_letter_by_letter(sample: list[Prediction], root: Node) -> None:
    (articles,) = root.all("section", id="articles")
    shown = [node.text() for tag in ("h3", "p") for node in articles.all(tag, lang="ar")]
    assert sorted(shown) == sorted(sentence.text for sentence in sample)


def test_overlapping_terms_are_each_marked(marked: Marked) -> None:
    _, root = _render([marked("أ"), marked('{label:a|مليشيا {scare_quotes:a|"قسد"}}', index=1)])
    (paragraph,) = root.all("p", lang="ar")
    marks = [(n.attrs["class"], n.text()) for n in paragraph.all("mark")]
    assert marks == [
        ("t label", "مليشيا "),
        ("t label over", '"قسد"'),
        ("t scare_quotes", '"قسد"'),
    ]
    signs = [node.attrs.get("data-sign") for node in paragraph.all("span", class_="s")]
    assert signs == [None, "NQ"]


def test_newsroom_and_source_stand_apart_in_the_names(marked: Marked) -> None:
    sentence = marked(
        "{m:sdf|قسد} قال: «{direct:س|{m:sdf:-|العصابات}}»",
        ["sdf newsroom none 0.9", "sdf source against 0.9"],
    )
    _, root = _render([sentence])
    (table,) = root.all("table", class_="matrix")
    rows = {holder: table.all("tr", class_=holder)[0].text() for holder in ("newsroom", "source")}
    assert "قسد" in rows["newsroom"]
    assert "العصابات" not in rows["newsroom"]
    assert "العصابات" in rows["source"]
    assert "قسد" not in rows["source"]


def test_a_share_never_stands_without_its_support(root: Node) -> None:
    text = "".join(part.text() for part in root.all("main"))
    shares = re.findall(r".{12}\(\d+%\)", text)
    assert shares
    assert all(re.search(r"\d+ of \d+ \(", share) for share in shares)
    for bar in root.all("ul", class_="bars")[0].all("li"):
        (support,) = bar.all("span", class_="support")
        labels = [int(node.text()) for node in bar.all("text")]
        assert sum(labels) == int(support.text())


def test_a_bar_of_few_sentences_is_marked(marked: Marked) -> None:
    few = [marked("{m:a|قسد}", ["a newsroom against 1"], index=i, outlet="few") for i in range(9)]
    many = [replace(few[0], index=i, outlet="many") for i in range(10)]
    _, root = _render(few + many)
    bars = root.all("ul", class_="bars")[0].all("li")
    assert [(bar.attrs.get("class"), bar.all("bdi")[0].text()) for bar in bars] == [
        (None, "many"),
        ("few", "few"),
    ]


def test_a_wide_archive_is_cut_and_says_by_how_much(marked: Marked) -> None:
    sentences = [
        marked(f"{{m:t{t}|قسد}}", [f"t{t} newsroom none 1"], outlet=f"o{o}", article_id=f"{o}-{t}")
        for o in range(LIMITS["outlets"] + 3)
        for t in range(LIMITS["targets"] + 2)
    ]
    page, root = _render(sentences)
    (table,) = root.all("table", class_="matrix")
    assert len(table.all("tbody")) == LIMITS["targets"]
    assert len(table.all("thead")[0].all("th")) == LIMITS["outlets"]
    assert "and 3 more outlets" in page
    assert "and 2 more targets" in page


def test_without_predictions_the_page_says_what_to_do() -> None:
    page, root = _render([])
    assert "There were no predictions to read" in page
    assert "nabra predict" in page
    assert not root.all("table")


def test_without_findings_each_section_says_so(marked: Marked) -> None:
    page, _ = _render([marked("نزحت مئتا عائلة.")])
    for line in ("No loaded term was found", "No sentence names anybody", "no stance to show"):
        assert line in page


def test_the_classifiers_quality_is_told_or_its_absence(marked: Marked) -> None:
    scores = {"test": {"macro_f1": 0.7123, "sentences": 214}}
    page, root = _render([marked("أ")], main_scores=scores)
    (quality,) = root.all("aside", class_="quality")
    assert "makes mistakes" in quality.text()
    assert [dd.text() for dd in quality.all("dd")] == ["0.712", "214"]
    assert "carries no scores" not in page
    assert "carries no scores" in _render([marked("أ")], main_scores=None)[0]


def test_no_score_is_told_twice(marked: Marked) -> None:
    """`tasks` repeats nabra's own two, which `test` has; others stand there alone."""
    task = {"measure": "macro_f1", "value": 0.25, "support": 4}
    own, other = {"stance": task, "loaded_terms": task}, {"tone": task}
    shown = {
        name: [dd.text() for dd in root.all("aside", class_="quality")[0].all("dd")]
        for name, scores in {
            "own": {"test": {"macro_f1": 0.5}, "tasks": own},
            "both": {"test": {"macro_f1": 0.5}, "tasks": own | other},
            "apart": {"tasks": own},
        }.items()
        for root in [_render([marked("أ")], main_scores=scores)[1]]
    }
    assert shown == {"own": ["0.500"], "both": ["0.500", "0.250"], "apart": ["0.250", "0.250"]}


def test_the_page_can_be_read_without_eyes_or_script(root: Node) -> None:
    assert [len(root.all(tag)) for tag in ("main", "nav", "footer", "h1")] == [1, 1, 1, 1]
    levels = [int(n.tag[1]) for n in root.all() if re.fullmatch("h[1-6]", n.tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(th.attrs.get("scope") for th in root.all("th"))
    ids = [node.attrs["id"] for node in root.all() if "id" in node.attrs]
    assert len(ids) == len(set(ids))
    anchors = [a.attrs["href"] or "" for a in root.all("a")]
    assert all(href[1:] in ids for href in anchors if href.startswith("#"))
    assert "hidden" in root.all("form")[0].attrs
    assert not [n for n in root.all() if n.tag != "form" and "hidden" in n.attrs]


def test_arabic_is_set_from_right_to_left(root: Node) -> None:
    arabic = [node for node in root.all() if node.attrs.get("lang") == "ar" and node.tag != "mark"]
    assert arabic
    inline = [node for node in arabic if node.tag != "b"]
    assert all(node.attrs.get("dir") == "rtl" for node in inline)


def test_every_category_has_a_look_of_its_own(root: Node) -> None:
    assert tuple(CATEGORIES) == LOADED_CATEGORIES
    assert len({category.sign for category in CATEGORIES.values()}) == len(CATEGORIES)
    style = root.all("style")[0].text()
    assert all(f".{key} {{ --c: var(--{key}); }}" in style for key in CATEGORIES)


def test_the_page_is_the_same_each_time(sample: list[Prediction], targets: Targets) -> None:
    assert _render(sample, targets)[0] == _render(sample, targets)[0]


def test_body_is_the_golden_file(sample: list[Prediction], targets: Targets) -> None:
    page, _ = _render(sample[3:6], targets)
    body = page[page.index("<main") : page.index("<footer")]
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(body, encoding="utf-8")
    assert body == GOLDEN.read_text(encoding="utf-8")
