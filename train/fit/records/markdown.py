"""Markdown of what comes from elsewhere: it stays what it is, and never becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# `_` within a word is no markup; a mark or a number at the start could begin a list.
_NO_PLAIN = re.compile(r"[^\w .,;:/()+='-]|\b_|_\b|^[+=-]|^\d(?=\d*[.)])")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(value: object) -> str:
    """A value as it is, in a span of code; as plain text where that could not hold it."""
    text = str(value)
    holds = text.isprintable() and text.strip() and not set(text) & set("`|")
    return f"`{text}`" if holds else plain(text)


def plain(value: object) -> str:
    """Text on one line, in which nothing is markup."""
    text = " ".join(str(value).split())
    return _NO_PLAIN.sub(lambda found: f"&#{ord(found[0])};", text) or "(empty)"
