"""AraBERT v02 preprocessing with an offset map back to the source.

The steps are those of the preprocessor of `bert-base-arabertv02`, in its order. What the classifier
reads is the view; what users see is always a slice of the source.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from model.text.repairs import REPAIRS

Parity = Literal["strict", "repaired"]
"""`strict`: to the letter what AraBERT reads; `repaired`: that of the text after `repairs`."""

PREPROCESSING_VERSION = "arabert-v02/2"

URL_PLACEHOLDER = "[رابط]"
EMAIL_PLACEHOLDER = "[بريد]"
USER_PLACEHOLDER = "[مستخدم]"
PLACEHOLDERS = (URL_PLACEHOLDER, EMAIL_PLACEHOLDER, USER_PLACEHOLDER)


@dataclass(frozen=True, slots=True)
class View:
    """A normalised text and, for each of its characters, the source slice that it stands for.

    `starts` and `ends` are as long as `text` and never decrease; marks that were removed belong to
    the character before them.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """The source slice behind `text[start:end]`. IndexError unless 0 ≤ start < end ≤ length."""
        if not 0 <= start < end <= len(self.text):
            raise IndexError(
                f"[{start}, {end}) is no span of a view of {len(self.text)} characters"
            )
        return self.starts[start], self.ends[end - 1]


_ARABIC = "\u0621-\u063a\u0641-\u064a"
_HOST = r"[-A-Za-z0-9@:%._+~#=]"

# No entity has so many digits that Python would refuse to read the number.
_ENTITY = re.compile(r"&(?:#[0-9]{1,1000};?|#[xX][0-9a-fA-F]{1,1000};?|[^\t\n\f <&#;]{1,32};?)")
_MARKS = re.compile("[\u064b-\u0652\u0640]+")
# The reference's patterns in its order; one of its eight for addresses can match nothing and is
# left out. Look-behinds only say that a run is entered at its start, which keeps the time linear.
_ADDRESSES = (
    re.compile(
        rf"(?:https?://.)?(?:www\.)?{_HOST}{{2,256}}\.[a-z]{{2,6}}\b[-a-zA-Z0-9@:%_+.~#?&/=]*"
    ),
    re.compile(r"https?://[a-zA-Z0-9_\-./~?=%&]+"),
    re.compile(r"www[a-zA-Z0-9_\-?=%&/.~]+"),
    re.compile(r"(?:(?<![a-zA-Z])|(?<=\.com))[a-zA-Z]++\.com"),
    re.compile(r"http\S+"),
    re.compile(r"www\S+"),
    re.compile(r"://"),
)
_EMAILS = (
    re.compile(r"(?<![\w-])[\w-]++@(?:[\w-]++\.)+[\w-]+"),
    re.compile(r"(?<!\S)\S+@\S+"),
)
_USER = re.compile(r"@\w+")
_LINE_BREAK = re.compile("<br />")
_TAG = re.compile(r"<[^>]+>")
_REPEAT = re.compile(r"(\D)\1{2,}")
_DIGITS = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")

# The vocabulary's alphabet: runs of word characters stay together, but for digits and Arabic
# letters that touch; every other character stands alone; what is not listed is dropped.
_TOKEN = re.compile(
    rf"[A-Za-z0-9\[\]{_ARABIC}]+"
    "|[!-%'-/:-@\\\\^-`{-~«·»،؛؟\u0653-\u065f\u066a-\u066c\u0671-\u0674\u06da\u0b4d–—‘’“”…]"
)
# Entered at the start of a run alone, and never given back: anything else takes quadratic time.
_DIGITS_LETTERS = re.compile(rf"(?<![0-9])([0-9]++)([{_ARABIC}]++)")
_LETTERS_DIGITS = re.compile(rf"(?<![{_ARABIC}])([{_ARABIC}]++)([0-9]++)")


class _Mapped:
    """A text under change, with the source slice of each of its characters."""

    __slots__ = ("ends", "starts", "text")

    def __init__(self, source: str) -> None:
        self.text = source
        self.starts: Sequence[int] = range(len(source))
        self.ends: Sequence[int] = range(1, len(source) + 1)

    def substitute(
        self,
        pattern: re.Pattern[str],
        replace: Callable[[re.Match[str]], str],
        end: int | None = None,
    ) -> None:
        """As `pattern.sub` on `text[:end]`, each replacement mapped to the slice it replaces."""
        matches = list(pattern.finditer(self.text, 0, len(self.text) if end is None else end))
        if not matches:
            return
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        cursor = 0
        for match in matches:
            begin, finish = match.span()
            pieces.append(self.text[cursor:begin])
            starts += self.starts[cursor:begin]
            ends += self.ends[cursor:begin]
            new = replace(match)
            if new:
                pieces.append(new)
                starts += [self.starts[begin]] * len(new)
                ends += [self.ends[finish - 1]] * len(new)
            elif ends:
                ends[-1] = self.ends[finish - 1]
            cursor = finish
        pieces.append(self.text[cursor:])
        starts += self.starts[cursor:]
        ends += self.ends[cursor:]
        self.text, self.starts, self.ends = "".join(pieces), starts, ends


def normalize(text: str, parity: Parity = "strict") -> View:
    """The text as AraBERT v02 reads it, and the way back. Never raises on a str."""
    mapped = _Mapped(text)
    if parity == "repaired":
        for pattern, repair in REPAIRS:
            mapped.substitute(pattern, repair)
    if "&" in text:
        mapped.substitute(_ENTITY, lambda match: html.unescape(match.group()))
    mapped.substitute(_MARKS, lambda match: "")
    if any(sign in mapped.text for sign in (".", "http", "www", "://")):
        for pattern in _ADDRESSES:
            mapped.substitute(pattern, lambda match: f" {URL_PLACEHOLDER} ")
    if "@" in mapped.text:
        for pattern in _EMAILS:
            mapped.substitute(pattern, lambda match: f" {EMAIL_PLACEHOLDER} ")
        mapped.substitute(_USER, lambda match: f" {USER_PLACEHOLDER} ")
    if "<" in mapped.text:
        mapped.substitute(_LINE_BREAK, lambda match: " ")
        # Behind the last > no < can begin a tag, and looking for one would take quadratic time.
        mapped.substitute(_TAG, lambda match: " ", end=mapped.text.rfind(">") + 1)
    mapped.text = mapped.text.translate(_DIGITS)
    mapped.substitute(_REPEAT, lambda match: match.group(1) * 2)
    return _join_tokens(mapped)


def _join_tokens(mapped: _Mapped) -> View:
    """Tokens of the vocabulary's alphabet, one space between them; a space stands for the gap."""
    text, source_starts, source_ends = mapped.text, mapped.starts, mapped.ends
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    left = -1  # where the token before ends in the source
    for begin, finish in _tokens(text):
        right = source_starts[begin]
        if pieces:
            starts.append(left if left < right else right)
            ends.append(right if left < right else left)
        pieces.append(text[begin:finish])
        starts += source_starts[begin:finish]
        ends += source_ends[begin:finish]
        left = source_ends[finish - 1]
    # A slash stands alone, as every mark does.
    return View(" ".join(pieces).replace("/", "-"), starts, ends)


def _tokens(text: str) -> Iterable[tuple[int, int]]:
    """The slices of the tokens.

    Digits with Arabic letters behind them are set apart, each from all that touches it, and then
    letters with digits behind them that still touch.
    """
    spans = map(re.Match.span, _TOKEN.finditer(text))
    breaks: set[int] = set()
    for pattern in (_DIGITS_LETTERS, _LETTERS_DIGITS):
        for match in pattern.finditer(text):
            if match.start(2) not in breaks:
                breaks.update((match.start(), match.start(2), match.end()))
    return _cut(spans, breaks) if breaks else spans


def _cut(spans: Iterable[tuple[int, int]], breaks: set[int]) -> Iterator[tuple[int, int]]:
    """The spans, cut at every break inside them."""
    for start, end in spans:
        for place in range(start + 1, end):
            if place in breaks:
                yield start, place
                start = place
        yield start, end
