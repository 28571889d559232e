"""What the browser of errors puts into the scorecard's page.

Texts are foreign: they go in as data that opens no element, and the policy of the page lets run the
one script that was written here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from train.score.browse.collect import Browse, ErrorSummary
from train.score.browse.errors import KIND_TITLES, TermErrorKind
from train.score.browse.rows import encode_rows

# Explicit directions reorder what follows them, other controls and lone surrogates break the page.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NO_DATA = re.compile("[<>&\u2028\u2029\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BrowserView:
    """What the template shows: the data for the script, and a list for a reader without scripts."""

    system: str
    reading: str
    data: Markup
    num_errors: int
    num_rows: int
    summary: ErrorSummary
    kind_titles: dict[TermErrorKind, str]


def view_browser(system: str, reading: str, browse: Browse, summary: ErrorSummary) -> BrowserView:
    """The errors of one system on one reading, ready for the page."""
    payload = encode_rows(browse)
    payload["kind_titles"] = list(KIND_TITLES.values())
    return BrowserView(
        system=system,
        reading=reading,
        data=embed(payload),
        num_errors=len(browse.errors),
        num_rows=len(payload["rows"]["kind"]),
        summary=summary,
        kind_titles=KIND_TITLES,
    )


def embed(payload: Any) -> Markup:
    """JSON for a script element: none of its texts can end the element or open another."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(_NO_DATA.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


def script_policy(script: str | None) -> str:
    """A content security policy under which nothing loads, and only this script runs."""
    source = "'none'"
    if script is not None:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        source = f"'sha256-{digest}'"
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {source}; "
        "base-uri 'none'; form-action 'none'"
    )


def make_visible(value: object) -> object:
    """Passes every value on its way into the page; markup made here is left alone."""
    if isinstance(value, Markup):
        return value
    return _UNSEEN.sub(lambda match: f"[U+{ord(match[0]):04X}]", str(value))
