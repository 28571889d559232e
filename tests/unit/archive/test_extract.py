import pytest

from model.archive import extract
from model.archive.article import BadRecordError
from model.archive.extract import PageExtractor

BODY = (
    "أكد الناطق الرسمي باسم قوات التحالف الدولي ضد تنظيم الدولة، اليوم الثلاثاء، أن الدعم مستمر.\n"
    "وقال في حوار مع وسائل إعلام كردية إن قوات التحالف تقوم بتأمين الدعم المالي."
)
DATE = '<meta property="article:published_time" content="2020-04-07T10:00:00+03:00">'
PAGE = """<html><head><title>التحالف يؤكد - صحيفة</title>
<meta property="og:title" content="التحالف يؤكد">
<link rel="canonical" href="https://example.org/a/1">
{}</head><body><nav>الرئيسية</nav><article><h1>التحالف يؤكد</h1>{}</article>
<footer>© 2024 جميع الحقوق محفوظة</footer></body></html>""".format(
    DATE, "".join(f"<p>{line}</p>" for line in BODY.split("\n"))
)


@pytest.fixture(scope="module")
def pages():
    with PageExtractor() as extractor:
        yield extractor


def test_a_page_gives_headline_body_address_and_date(pages):
    assert pages.extract(PAGE) == {
        "headline": "التحالف يؤكد",
        "text": BODY,
        "url": "https://example.org/a/1",
        "published": "2020-04-07",
    }


def test_a_copyright_year_is_no_date(pages):
    assert pages.extract(PAGE.replace(DATE, ""))["published"] is None


@pytest.mark.parametrize(
    "page",
    [
        "<article><div><span>{0}</span><p>{0}</p></div><p>{1}</p></article>",
        "<main><article><div><br>{0}</div><p>{1}</p></article></main>",
        "<article><p>{0}</p><p>{1}</p><section><p>{0}</p><p>{1}</p></section></article>",
    ],
)
def test_a_paragraph_that_markup_doubles_counts_once(pages, page):
    found = pages.extract(f"<html><body>{page.format(*BODY.split(chr(10)))}</body></html>")
    assert found["text"] == BODY


@pytest.mark.parametrize("html", ["", "plain", "<div>" * 100_000, "<html><body></body></html>"])
def test_a_page_without_an_article_has_no_text(pages, html):
    assert not pages.extract(html)["text"]


def test_the_worker_is_started_late_reused_and_ended():
    with PageExtractor() as extractor:
        assert extractor._process is None
        extractor.extract(PAGE)
        worker = extractor._process
        extractor.extract(PAGE)
        assert extractor._process is worker
    assert worker.returncode is not None


def test_a_page_that_takes_too_long_costs_itself():
    with PageExtractor(time_limit=0.001) as extractor:
        with pytest.raises(BadRecordError, match=r"took over 0\.001 s"):
            extractor.extract(PAGE)
        extractor.time_limit = 60
        assert extractor.extract(PAGE)["text"] == BODY


def test_a_page_that_crashes_the_worker_costs_itself(tmp_path, monkeypatch):
    with PageExtractor() as extractor:
        with monkeypatch.context() as patch:
            worker = tmp_path / "worker.py"
            worker.write_text("import sys; sys.stdin.readline(); sys.stdout.write('half a rep')")
            patch.setattr(extract, "_WORKER", worker)
            with pytest.raises(BadRecordError, match="crashed the extraction"):
                extractor.extract(PAGE)
        assert extractor.extract(PAGE)["text"] == BODY


def test_a_worker_that_died_between_pages_is_replaced():
    with PageExtractor() as extractor:
        extractor.extract(PAGE)
        extractor._process.kill()
        extractor._process.wait()
        assert extractor.extract(PAGE)["text"] == BODY
