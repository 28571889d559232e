"""One record's fields to an `Article`, or the reason why it is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from model.archive.dates import to_iso_date
from model.records import Article, Dropped, article_id

MAX_TEXT_CHARS = 10_000_000
EXCERPT_CHARS = 80

_JSON_TYPES = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


class BadRecordError(Exception):
    """Why a record, or the rest of a file, is unusable. Readers turn it into a `Dropped`."""

    def __init__(self, reason: str, offset: int | None = None, raw: str | bytes = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.raw = raw

    def to_dropped(
        self, source: str, *, offset: int | None = None, raw: str | bytes = ""
    ) -> Dropped:
        """What the quarantine keeps; the fault's own offset and bytes come first."""
        return Dropped(
            source=source,
            reason=self.reason,
            offset=offset if self.offset is None else self.offset,
            excerpt=excerpt(self.raw or raw),
        )


def make_article(
    values: Mapping[str, object], *, source: str, outlet: str, offset: int | None = None
) -> Article:
    """The article of a record whose `values` are keyed by article field; its text stays as it is.

    `outlet` serves where the record has none. BadRecordError for a missing text, a field of another
    type, text over `MAX_TEXT_CHARS`, and characters that no UTF-8 file can hold.
    """
    text = _string(values, "text")
    if not text.strip():
        raise BadRecordError("no text")
    headline = _string(values, "headline")
    return Article(
        id=_identifier(values) or article_id(headline, text),
        outlet=_string(values, "outlet").strip() or outlet,
        published=_published(values),
        url=_string(values, "url").strip() or None,
        headline=headline,
        text=text,
        source=source,
        offset=offset,
    )


def printable(text: str) -> str:
    """The text with `?` for each lone surrogate, so that it can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _string(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong_type(name, value, "a string")
    if len(value) > MAX_TEXT_CHARS:
        raise BadRecordError(f"{name}: {len(value)} characters, more than {MAX_TEXT_CHARS}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as fault:
        code = ord(value[fault.start])
        raise BadRecordError(
            f"{name}: no valid Unicode (lone surrogate U+{code:04X})", raw=value
        ) from fault
    if "\0" in value:
        raise BadRecordError(f"{name}: NUL character", raw=value)
    return value


def _identifier(values: Mapping[str, object]) -> str:
    value = values.get("id")
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return str(value)
    return _string(values, "id")


def _published(values: Mapping[str, object]) -> str | None:
    value = values.get("published")
    if value is None or isinstance(value, str | date):
        return to_iso_date(value)
    raise _wrong_type("published", value, "a date")


def _wrong_type(name: str, value: object, wanted: str) -> BadRecordError:
    found = _JSON_TYPES.get(type(value), type(value).__name__)
    return BadRecordError(f"{name}: {found} where {wanted} belongs")


def excerpt(raw: str | bytes) -> str:
    """The first characters of a record, always printable as UTF-8."""
    if isinstance(raw, bytes):
        raw = raw[: 4 * EXCERPT_CHARS].decode("utf-8", "replace")
    return printable(raw[:EXCERPT_CHARS]).strip()
