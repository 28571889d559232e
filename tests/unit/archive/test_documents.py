import pytest

from model.archive import documents
from model.archive.article import BadRecordError
from model.archive.documents import read_html, read_txt
from model.records import article_id

HEADLINE = "التحالف يؤكد دعم “قسد” بملايين الدولارات"
BODY = 'أكد الناطق أن التحالف سيواصل الدعم.\n\nوقال "كاغينز"  إن الدعم مستمر:\nسطر ثان.'


def read(tmp_path, text, newline="\n"):
    path = tmp_path / "a.txt"
    path.write_bytes(text.replace("\n", newline).encode())
    return read_txt(path, str(path), "thawra")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_date_headline_body(tmp_path, newline):
    article = read(tmp_path, f"الثلاثاء 2020/04/07\n\n{HEADLINE}\n\n{BODY}\n\n", newline)
    assert article.published == "2020-04-07"
    assert article.headline == HEADLINE
    assert article.text == BODY.replace("\n", newline)
    assert article.outlet == "thawra"
    assert article.id == article_id(article.headline, article.text)
    assert article.source.endswith("a.txt")


def test_the_date_line_may_be_absent(tmp_path):
    article = read(tmp_path, f"\n{HEADLINE}\n \n{BODY}")
    assert (article.published, article.headline, article.text) == (None, HEADLINE, BODY)


def test_the_date_line_needs_no_blank_line_after_it(tmp_path):
    article = read(tmp_path, f"٧ نيسان ٢٠٢٠\n{HEADLINE}\n\n{BODY}")
    assert (article.published, article.headline) == ("2020-04-07", HEADLINE)


@pytest.mark.parametrize("text", ["فقرة واحدة.", "سطر\nوسطر", "سطر\nوسطر\n\nفقرة ثانية."])
def test_without_a_headline_line_all_is_body(tmp_path, text):
    article = read(tmp_path, f"2020/04/07\n\n{text}")
    assert (article.headline, article.text) == ("", text)


def test_a_headline_that_holds_a_date_is_no_date_line(tmp_path):
    article = read(tmp_path, "حدث في 2020/04/07\n\nنص.")
    assert (article.published, article.headline) == (None, "حدث في 2020/04/07")


@pytest.mark.parametrize("text", [" \n\n", "2020/04/07\n"])
def test_a_file_without_a_body_has_no_text(tmp_path, text):
    with pytest.raises(BadRecordError, match="no text"):
        read(tmp_path, text)


class Pages:
    def __init__(self):
        self.asked = []

    def extract(self, html):
        self.asked.append(html)
        return {"headline": "ع", "text": "نص", "url": "https://x.org/1", "published": "2020-04-07"}


def test_a_web_page_is_decoded_and_extracted(tmp_path):
    path = tmp_path / "a.html"
    html = "<p>أكد الناطق الرسمي باسم قوات التحالف أن الدعم سيستمر</p>"
    path.write_bytes(html.encode("cp1256"))
    pages = Pages()
    article = read_html(path, "a.html", "outlet", pages)
    assert pages.asked == [html]
    assert (article.headline, article.text, article.url) == ("ع", "نص", "https://x.org/1")
    assert (article.published, article.outlet) == ("2020-04-07", "outlet")


def test_a_huge_page_is_never_extracted(tmp_path, monkeypatch):
    monkeypatch.setattr(documents, "MAX_HTML_BYTES", 10)
    path = tmp_path / "a.html"
    path.write_text("<p>0123456789")
    pages = Pages()
    with pytest.raises(BadRecordError, match="larger than 10 bytes"):
        read_html(path, "a.html", "outlet", pages)
    assert pages.asked == []
