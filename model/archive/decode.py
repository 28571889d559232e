"""Bytes to text: UTF-8, UTF-16 with a byte order mark, else the older Arabic code pages."""

from __future__ import annotations

import codecs

import charset_normalizer

from model.archive.article import BadRecordError

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CODE_PAGES = ["cp1256", "iso8859_6"]
_GUESS_BYTES = 1 << 16


def decode(data: bytes) -> str:
    """The text of a whole file, without its byte order mark; line ends stay as they are.

    BadRecordError, with the offset of the first bad byte, where no encoding fits or NUL bytes show
    that this is no text.
    """
    encoding = detect_encoding(data)
    try:
        text = data.decode(encoding or "utf-8-sig")
    except UnicodeDecodeError as fault:
        known = "UTF-8, UTF-16 or an Arabic code page" if encoding is None else encoding
        raise BadRecordError(f"not decodable as {known}", fault.start, data) from fault
    if (nul := text.find("\0")) >= 0:
        is_wide = encoding == "utf-16"
        offset = len(text[:nul].encode("utf-16")) if is_wide else data.index(b"\0")
        raise BadRecordError("NUL characters: no text file", offset, data)
    return text


def detect_encoding(head: bytes) -> str | None:
    """The codec for a file that starts with `head` (which may end inside a character), or None.

    UTF-8 with a few broken bytes is None and no code page: cp1256 would accept any bytes and turn
    the whole text into other Arabic letters.
    """
    if head.startswith(_UTF16_MARKS):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as fault:
        # The guess reads from the first byte that is not UTF-8: pages of markup may stand before.
        sample = head[fault.start : fault.start + _GUESS_BYTES]
        if _is_mostly_utf8(head):
            return None
        best = charset_normalizer.from_bytes(sample, cp_isolation=_CODE_PAGES).best()
        return best.encoding if best else None
    return "utf-8-sig"


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether most bytes above ASCII form valid UTF-8; in a code page hardly any do."""
    num_high = len(data) - len(data.decode("ascii", "ignore"))
    num_bad = len(data) - len(data.decode("utf-8", "ignore").encode())
    return num_bad * 2 < num_high
