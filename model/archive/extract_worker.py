"""The worker of `PageExtractor`: a JSON string (a page) comes in on a line, a JSON object goes out.

Run as a script; it imports nothing of nabra, and ends when its input does.
"""

from __future__ import annotations

import json
import sys

import trafilatura

_MEMORY_LIMIT = 4 << 30
_LONG_LINE = 30  # characters; shorter ones (a name, «قال:») may well be said twice


def extract(html: str) -> dict[str, str | None]:
    """`headline`, `text`, `url`, `published` of a page, all None where it holds no article."""
    page = trafilatura.bare_extraction(
        html,
        with_metadata=True,
        include_comments=False,
        # A date found anywhere on the page, such as a copyright line, is worse than none.
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    if page is None:
        return {"headline": None, "text": None, "url": None, "published": None}
    headline, text = page.title or "", page.text or ""
    # Extraction keeps the <h1>: the headline must not be counted again as the body's first line.
    first_line, _, rest = text.partition("\n")
    if headline and first_line.strip() == headline.strip():
        text = rest
    return {
        "headline": headline.strip(),
        "text": _once(text).strip(),
        "url": page.url,
        "published": page.date,
    }


def _once(text: str) -> str:
    """The lines without those long ones that stood before: some markup makes extraction give a
    paragraph twice, and not always in a row (trafilatura #768, #880)."""
    seen: set[str] = set()
    kept = []
    for line in text.split("\n"):
        if len(line) < _LONG_LINE or line not in seen:
            kept.append(line)
        seen.add(line)
    return "\n".join(kept)


def main() -> None:
    """Answers pages until the input ends."""
    replies = sys.stdout.buffer
    sys.stdout = sys.stderr  # A stray message must not be taken for a reply.
    _limit_memory()
    for line in sys.stdin.buffer:
        try:
            reply = extract(json.loads(line))
        except Exception as fault:  # Whatever a page breaks costs that page.
            reply = {"error": type(fault).__name__}
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > _MEMORY_LIMIT:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_LIMIT, hard))


if __name__ == "__main__":
    main()
