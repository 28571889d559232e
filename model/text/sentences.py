"""From an article to its headline and body sentences.

A sentence ends at . ! ؟ ? or at a line end; never at an Arabic comma or ؛, never inside a number,
an abbreviation or initials, and inside a quotation only where that holds several whole sentences.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from model.records import Article, Section, Sentence
from model.text.quotes import Quotation, find_quotations
from model.text.voice import find_voices

_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
_ENDING = re.compile(r"[.!?؟]+")
_CLOSERS = "»”’\"')]"
_LETTER = re.compile(r"[^\W\d_]")
_TAG_LINE = re.compile(
    r"^[^\w#]*+(?:https?://\S++|www\.\S++|(?:#\S++\s*+)++"
    r"|(?:كلمات مفتاحية|الكلمات المفتاحية|وسوم|الوسوم|[اإ]قرأ[وي]? أيض(?:ا|ًا|اً)|للمزيد)\s*:.*)\W*$"
)
# One letter before a full stop is an initial or a title (د. م. أ.ف.ب); so are these.
_ABBREVIATIONS = frozenset({"أ", "د", "م", "ق", "ص", "ج", "ت", "هـ", "ه", "ا", "إلخ", "الخ"})
_WORD_BEFORE = re.compile(r"[\w\u0640\u064b-\u0652]+$")
# Words beside a full stop that no other full stop touches.
_LAST_WORD = re.compile(r"(?<![.\u0621-\u064a])[\u0621-\u064a]{2,}$")
_FIRST_WORD = re.compile(r"[\u0621-\u064a]{2,}(?![.\u0621-\u064a])")
_FEWEST_QUOTED_WORDS = 3
_CLAUSE_REACH = 200  # characters
_FEWEST_WORDS_BEFORE_DOTS = 7
_FEWEST_WORDS_BEHIND_DOTS = 4


def segment(article: Article) -> list[Sentence]:
    """The headline, if there is one, and the body's sentences in order, with their voices."""
    whole_headline = _trimmed([(0, len(article.headline))], article.headline)
    spans: list[tuple[Section, int, int]] = [("headline", *span) for span in whole_headline]
    spans += [("body", *span) for span in split_sentences(article.text)]
    slices = [
        (article.headline if section == "headline" else article.text)[start:end]
        for section, start, end in spans
    ]
    voices = find_voices(article, spans)
    return [
        Sentence(
            article_id=article.id,
            index=index,
            section=section,
            start=start,
            end=end,
            text=text,
            voices=found,
        )
        for index, ((section, start, end), text, found) in enumerate(
            zip(spans, slices, voices, strict=True)
        )
    ]


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Half-open spans of the sentences of a text, without the white space around them."""
    quotations = find_quotations(text)
    spans: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        if _TAG_LINE.match(line.group()):
            continue
        start = line.start()
        for end in _sentence_ends(text, line.start(), line.end(), quotations):
            spans.append((start, end))
            start = end
        spans.append((start, line.end()))
    return _trimmed(spans, text)


def _trimmed(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Spans without white space at their edges; those without a letter are no sentences."""
    kept = []
    for start, end in spans:
        piece = text[start:end]
        if _LETTER.search(piece):
            left = len(piece) - len(piece.lstrip())
            kept.append((start + left, start + len(piece.rstrip())))
    return kept


def _sentence_ends(text: str, start: int, end: int, quotations: list[Quotation]) -> list[int]:
    starts = [quotation.start for quotation in quotations]
    ends: list[int] = []
    for match in _ENDING.finditer(text, start, end):
        place = _end_after(text, match, end)
        if place is None:
            continue
        number = bisect_right(starts, match.start()) - 1
        inside = quotations[number] if number >= 0 else None
        if inside is None or match.start() >= inside.end:
            ends.append(place)
        elif not text[match.end() : min(inside.inner_end, match.end() + _CLAUSE_REACH)].strip():
            # The quotation's own last mark. A full stop ends the sentence with it; ؟ and ! do where
            # nothing goes on behind the quotation, or where it held a whole sentence before.
            holds_several = bool(ends) and ends[-1] > inside.start
            rest = text[inside.end : min(end, inside.end + _CLAUSE_REACH)]
            if "." in match.group() or holds_several or not rest.strip():
                ends.append(max(place, inside.end))
        elif (
            len(text[match.end() : min(inside.inner_end, match.end() + _CLAUSE_REACH)].split())
            >= _FEWEST_QUOTED_WORDS
        ):
            ends.append(place)
    return [place for place in ends if place < end]


def _end_after(text: str, match: re.Match[str], line_end: int) -> int | None:
    """Where the sentence ends whose last mark this is, its closing marks included; None if none."""
    dots = match.group()
    after = match.end()
    while after < line_end and text[after] in _CLOSERS:
        after += 1
    if dots.startswith("..") and not _opens_sentence(text, match, line_end):
        return None  # two dots or more hold a pause, unless a whole sentence follows a whole one
    if after < line_end and not text[after].isspace():
        return after if dots == "." and _joins_words(text, match) else None
    if dots == ".":
        word = _WORD_BEFORE.search(text, max(0, match.start() - 12), match.start())
        if word and (word.group() in _ABBREVIATIONS) and after == match.end():
            return None
        if word and word.group().isdigit() and _opens_line(text, word.start()):
            return None  # the number of a list item
    return after


def _opens_sentence(text: str, dots: re.Match[str], line_end: int) -> bool:
    """Whether two dots part two long clauses, the second of which begins with no number."""
    before = text[max(0, dots.start() - _CLAUSE_REACH) : dots.start()].split("\n")[-1]
    before = _ENDING.split(before)[-1]
    behind = text[dots.end() : min(line_end, dots.end() + _CLAUSE_REACH)].lstrip(_CLOSERS + " ")
    clause = _ENDING.split(behind)[0]
    return (
        len(before.split()) >= _FEWEST_WORDS_BEFORE_DOTS
        and len(clause.split()) >= _FEWEST_WORDS_BEHIND_DOTS
        and not behind[:1].isdigit()
    )


def _joins_words(text: str, match: re.Match[str]) -> bool:
    """A full stop between two Arabic words, its space forgotten; أ.ف.ب and إن.بي.كيه are names."""
    before = _LAST_WORD.search(text, max(0, match.start() - 20), match.start())
    after = _FIRST_WORD.match(text, match.end())
    return before is not None and after is not None


def _opens_line(text: str, place: int) -> bool:
    return place == 0 or text[max(0, text.rfind("\n", 0, place) + 1) : place].strip() == ""
