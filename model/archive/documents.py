"""Files that hold one article each: plain text and saved web pages."""

from __future__ import annotations

import re

from model.archive.article import MAX_TEXT_CHARS, BadRecordError, make_article
from model.archive.dates import to_iso_date
from model.archive.decode import decode
from model.archive.extract import PageExtractor
from model.archive.remote import Place
from model.records import Article

MAX_HTML_BYTES = 10_000_000
MAX_TXT_BYTES = 4 * MAX_TEXT_CHARS
_BLANK_LINE = re.compile(r"\n\s*\n")


def read_txt(path: Place, source: str, outlet: str) -> Article:
    """The article of a text file: a date line if any, the headline, a blank line, the body.

    A file of one paragraph, or whose first paragraph runs over several lines, has no headline. The
    body is a slice of the decoded file.
    """
    rest = decode(_read_bytes(path, MAX_TXT_BYTES)).strip()
    first_line, _, after = rest.partition("\n")
    published = to_iso_date(first_line)
    if published:
        rest = after.strip()
    headline, text = "", rest
    if blank := _BLANK_LINE.search(rest):
        first = rest[: blank.start()].strip()
        if "\n" not in first:
            headline, text = first, rest[blank.end() :]
    values = {"headline": headline, "text": text, "published": published}
    return make_article(values, source=source, outlet=outlet, offset=0)


def read_html(path: Place, source: str, outlet: str, pages: PageExtractor) -> Article:
    """The article that a saved web page holds, without its menus, comments and advertisements."""
    page = pages.extract(decode(_read_bytes(path, MAX_HTML_BYTES)))
    return make_article(page, source=source, outlet=outlet, offset=0)


def _read_bytes(path: Place, limit: int) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise BadRecordError(f"larger than {limit} bytes", raw=data)
    return data
