from __future__ import annotations

from model.records import Section, Sentence
from model.text.surroundings import Surroundings


def sentence(article: str, index: int, text: str, section: Section = "body") -> Sentence:
    return Sentence(article, index, section, 0, len(text), text, ())


ARTICLES = [
    sentence("a", 0, "عنوان أول", "headline"),
    sentence("a", 1, "جملة أولى"),
    sentence("a", 2, "جملة ثانية"),
    sentence("b", 0, "بلا عنوان"),
    sentence("b", 2, "سقطت جملة قبلها"),
]


def test_no_context() -> None:
    assert Surroundings("none").read(ARTICLES) is None


def test_the_headline_of_the_same_article() -> None:
    assert Surroundings("headline").read(ARTICLES) == ["", "عنوان أول", "عنوان أول", "", ""]


def test_the_sentence_before_in_the_same_article() -> None:
    expected = ["", "عنوان أول", "جملة أولى", "", ""]
    assert Surroundings("previous").read(ARTICLES) == expected


def test_calls_go_on_from_each_other() -> None:
    whole = Surroundings("headline").read(ARTICLES)
    parted = Surroundings("headline")
    assert [parted.read([item]) for item in ARTICLES] == [[text] for text in whole or []]
