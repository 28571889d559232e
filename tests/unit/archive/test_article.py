import json

import pytest

from model.archive import article as article_module
from model.archive.article import BadRecordError, make_article
from model.records import article_id


def make(**values):
    return make_article({"text": "نص", **values}, source="a.jsonl:1", outlet="default")


def test_a_record_with_every_field():
    article = make(
        id="7", outlet="sana", published="2020/04/07", url="https://x.org", headline="عنوان"
    )
    assert article.to_dict() == {
        "id": "7",
        "outlet": "sana",
        "published": "2020-04-07",
        "url": "https://x.org",
        "headline": "عنوان",
        "text": "نص",
        "source": "a.jsonl:1",
    }


def test_absent_fields_get_their_defaults():
    article = make()
    assert article.id == article_id("", "نص")
    assert article.outlet == "default"
    assert (article.published, article.url, article.headline) == (None, None, "")
    assert make(outlet=" ", id="", url="").to_dict() == article.to_dict()


def test_the_text_is_never_edited():
    text = "  نَصّ\r\n\u200f مع\u00a0فراغ ـ\u2028 \ufeff\n"
    assert make(text=text).text == text


@pytest.mark.parametrize(("given", "kept"), [(30341, "30341"), (0, "0"), (1.5, "1.5"), ("٧", "٧")])
def test_number_ids_become_strings(given, kept):
    assert make(id=given).id == kept


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("text", None, "no text"),
        ("text", " \n\u00a0", "no text"),
        ("text", 5, "text: a number where a string belongs"),
        ("text", ["نص"], "text: a list where a string belongs"),
        ("headline", {}, "headline: an object where a string belongs"),
        ("outlet", True, "outlet: a boolean where a string belongs"),
        ("url", 1.5, "url: a number where a string belongs"),
        ("id", True, "id: a boolean where a string belongs"),
        ("id", float("inf"), "id: a number where a string belongs"),
        ("published", 1586217600, "published: a number where a date belongs"),
        ("text", "نص \ud800", "text: no valid Unicode (lone surrogate U+D800)"),
        ("headline", "\udc00", "headline: no valid Unicode (lone surrogate U+DC00)"),
        ("id", "\udfff", "id: no valid Unicode (lone surrogate U+DFFF)"),
        ("text", "نص\0", "text: NUL character"),
    ],
)
def test_what_is_no_article_says_why(field, value, reason):
    with pytest.raises(BadRecordError) as fault:
        make(**{field: value})
    assert fault.value.reason == reason
    json.dumps(fault.value.to_dropped("a:1").to_dict(), ensure_ascii=False).encode("utf-8")


def test_a_text_over_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr(article_module, "MAX_TEXT_CHARS", 10)
    assert make(text="x" * 10).text == "x" * 10
    with pytest.raises(BadRecordError, match="11 characters, more than 10"):
        make(text="x" * 11)


def test_an_excerpt_is_short_and_printable():
    dropped = BadRecordError("why", 3, b"\xff" + "نص ".encode() * 200).to_dropped("a.txt")
    assert (dropped.source, dropped.reason, dropped.offset) == ("a.txt", "why", 3)
    assert dropped.excerpt.startswith("\ufffdنص")
    assert len(dropped.excerpt) <= 80
