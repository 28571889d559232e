from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from model.text.normalize import normalize


@pytest.mark.parametrize(
    ("source", "view"),
    [
        ("قَالَ الناطقُ", "قال الناطق"),
        ("التـــحالف", "التحالف"),
        ("قال:نعم", "قال : نعم"),
        ("كوفيد19 و 33مليون", "كوفيد 19 و 33 مليون"),
        ("HAMILTON-C6يعتبر", "HAMILTON - C 6 يعتبر"),
        ("ب12aج a1b 5cد", "ب 12 aج a1b 5cد"),
        ("٢٠٢٠/٠٤/٠٧", "2020 - 04 - 07"),
        ("رائع!!!!!!", "رائع ! !"),
        ("انظر https://example.org/a?b=1 الآن", "انظر [رابط] الآن"),
        ("راسل name@example.com", "راسل [رابط]"),
        ("راسل عبد@موقع", "راسل [بريد]"),
        ("كتب فلان،@موقع أمس", "كتب [بريد] أمس"),
        ("زوروا x.com أو ftp://ب", "زوروا [رابط] أو ftp [رابط] ب"),
        ("9ا٠a]ب0ى", "9 ا 0a]ب 0 ى"),
        ("<<br />ب>", ""),
        ("شكرا @user_1", "شكرا [مستخدم]"),
        ("<b>نص</b><br />آخر", "نص آخر"),
        ("«قسد» &amp; “حماس”", "« قسد » “ حماس ”"),
        ("😀", ""),
        ("", ""),
    ],
)
def test_gives_what_arabert_reads(source: str, view: str) -> None:
    assert normalize(source).text == view


def test_a_span_of_the_view_comes_back_with_its_marks() -> None:
    source = "لمليشيا قُوّاتِ سوريا"
    view = normalize(source)
    start = view.text.index("قوات")
    left, right = view.to_source(start, start + 4)
    assert source[left:right] == "قُوّاتِ"


def test_a_placeholder_comes_back_as_the_whole_address() -> None:
    source = "انظر https://example.org/a الآن"
    view = normalize(source)
    start = view.text.index("[رابط]")
    left, right = view.to_source(start, start + len("[رابط]"))
    assert source[left:right] == "https://example.org/a"


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (2, 2), (0, 99)])
def test_refuses_what_is_no_span(start: int, end: int) -> None:
    with pytest.raises(IndexError):
        normalize("نص قصير").to_source(start, end)


def test_equals_the_reference_on_its_published_pairs() -> None:
    if not os.environ.get("NABRA_DATA"):
        pytest.skip("NABRA_DATA is unset: no (raw, preprocessed) pairs to compare with")
    path = Path(os.environ["NABRA_DATA"], "data/arabert/v02_pairs.jsonl")
    pairs = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    wrong = [pair["raw"] for pair in pairs if normalize(pair["raw"]).text != pair["preprocessed"]]
    assert len(pairs) > 1000
    assert wrong == []


@pytest.mark.parametrize(
    "text",
    [
        "&#" + "9" * 5000 + ";",
        "&#x" + "f" * 5000,
        "ن" * 50_000 + " a@b",
        "<" * 50_000,
        "a" * 50_000 + " .com",
        "a@" + "b." * 20_000,
        "@" * 50_000,
        "1ب" * 20_000,
    ],
)
def test_hostile_text_costs_no_time_and_no_error(text: str) -> None:
    view = normalize(text)
    assert len(view.text) == len(view.starts)
