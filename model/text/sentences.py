"""From an article to its headline and body sentences.

A sentence ends at . ! ؟ ? or at a line end; never at an Arabic comma or ؛, never inside a number,
an abbreviation or initials, and inside a quotation only where that holds several whole sentences.
What runs on for tens of thousands of characters is cut at a space, so that what is done within a
sentence, and may take the square of its length, stays bounded.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain

from model.records import Article, Section, Sentence
from model.text.quotes import Quotation, find_quotations
from model.text.voice import find_voices

_LINE = re.compile(r"[^\n\r\u2028\u2029]+")
_ENDING = re.compile(r"[.!?؟…]+")
_CLOSERS = "»”’\"')]"
_OPENERS = _CLOSERS + " «“‘"
_LETTER = re.compile(r"[^\W\d_]")
_TAG_LINE = re.compile(
    r"^[^\w#]*+(?:https?://\S++|www\.\S++|(?:#\S++\s*+)++"
    r"|(?:كلمات مفتاحية|الكلمات المفتاحية|وسوم|الوسوم|[اإ]قرأ[وي]? أيض(?:ا|ًا|اً)|للمزيد)\s*:.*)\W*$"
)
# One letter before a full stop is an initial or a title (د. م. أ.ف.ب), unless it names a member of
# a series (المجموعة ب.); these are abbreviations too.
_ABBREVIATIONS = frozenset({"هـ", "كم", "سم", "كلم", "ملم", "كغ"})
_SERIES = frozenset({"المجموعة", "الفئة", "فيتامين", "الحرف", "حرف", "القاعة", "المستوى", "الخيار"})
_WORD_BEFORE = re.compile(r"[\w\u0640\u064b-\u0652]+$")
# Words beside a full stop that no other full stop touches.
_LAST_WORD = re.compile(r"(?<![.\u0621-\u064a])[\u0621-\u064a]{2,}$")
_FIRST_WORD = re.compile(r"[\u0621-\u064a]{2,}(?![.\u0621-\u064a])")
_FEWEST_QUOTED_WORDS = 3
_CLAUSE_REACH = 200  # characters
_NEAR = 24  # characters before a full stop that are looked at
_FEWEST_WORDS_BEFORE_DOTS = 4
_FEWEST_WORDS_BEHIND_DOTS = 4
# Behind dots these carry the clause on.
_CARRIES_ON = re.compile(
    r"(?:و?[أا]ن(?:ه|ها|هم)?|و?إلى|و?من|و?في|و?على|و?عن|حتى|التي|الذي|الذين|مثل|أو|أي|بل"
    r"|و?غيره(?:ا|م)?|[إا]لخ|(?:مؤكد|مشير|موضح|مضيف|متمني|مبين|لافت|معتبر|مشدد|داعي|مطالب)(?:ا|اً|ًا|ة)"
    r")(?!\w)"
)
_LONGEST = 20_000  # characters; the longest seen in real news have 7,000
_BRACKETS = {")": "(", "]": "["}


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
    starts = [quotation.start for quotation in quotations]
    spans: list[tuple[int, int]] = []
    for line in _LINE.finditer(text):
        if _TAG_LINE.match(line.group()):
            continue
        start = line.start()
        for end in _sentence_ends(text, line.start(), line.end(), quotations, starts):
            spans.append((start, end))
            start = end
        spans.append((start, line.end()))
    return _trimmed(spans, text)


def _trimmed(spans: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """Spans without white space at their edges; those without a letter are no sentences."""
    kept = []
    for start, end in chain.from_iterable(_cut(text, *span) for span in spans):
        piece = text[start:end]
        if _LETTER.search(piece):
            left = len(piece) - len(piece.lstrip())
            kept.append((start + left, start + len(piece.rstrip())))
    return kept


def _cut(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The span, or pieces of one that no sentence has the length of."""
    while end - start > _LONGEST:
        space = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
        place = space if space >= 0 else start + _LONGEST
        yield start, place
        start = place
    yield start, end


def _sentence_ends(
    text: str, start: int, end: int, quotations: list[Quotation], starts: list[int]
) -> list[int]:
    """Where sentences of the line `text[start:end]` end; `starts`: where the quotations begin."""
    ends: list[int] = []
    for match in _ENDING.finditer(text, start, end):
        number = bisect_right(starts, match.start()) - 1
        inside = quotations[number] if number >= 0 else None
        if inside is not None and match.start() >= inside.end:
            inside = None
        line_end = end if inside is None else inside.inner_end
        if inside is None:
            place = _end_after(text, match, ends[-1] if ends else start, end)
            if place is not None:
                ends.append(place)
            continue
        rest = text[match.end() : min(line_end, match.end() + _CLAUSE_REACH)]
        if not rest.strip():
            # The quotation's own last mark. A full stop ends the sentence with it; ؟ and ! do where
            # nothing goes on behind the quotation, or where it held a whole sentence before.
            place = _end_after(text, match, inside.inner_start, line_end)
            holds_several = bool(ends) and ends[-1] > inside.start
            behind = text[inside.end : min(end, inside.end + _CLAUSE_REACH)]
            is_stop = match.group()[0] == "."
            closed = _skip_closers(text, inside.end, end)
            if closed < end and _ENDING.match(text, closed):
                continue  # another mark behind the quotation ends the sentence
            if place is not None and (is_stop or holds_several or not behind.strip()):
                ends.append(closed)
        elif len(rest.split()) >= _FEWEST_QUOTED_WORDS and text[match.end()] not in _CLOSERS:
            place = _end_after(text, match, inside.inner_start, end)
            if place is not None:
                ends.append(place)
    return [place for place in ends if place < end]


def _end_after(text: str, match: re.Match[str], begin: int, line_end: int) -> int | None:
    """Where the sentence from `begin` ends whose last mark this is, its closing marks included.

    None where the mark ends none.
    """
    dots = match.group()
    after = _skip_closers(text, match.end(), line_end)
    is_pause = not dots.strip(".…") and (len(dots) > 1 or dots == "…")
    if is_pause and not _opens_sentence(text, match, begin, line_end):
        return None  # dots hold a pause, unless a whole clause follows a whole one
    if _stands_in_brackets(text, match.end(), after, begin, line_end):
        return None
    if after < line_end and not text[after].isspace():
        return after if is_pause or _joins_words(text, match) else None
    if dots == "." and after == match.end():
        word = _WORD_BEFORE.search(text, max(begin, match.start() - 12), match.start())
        if word and _is_abbreviation(text, word):
            return None
        if word and word.group().isdigit() and _opens_line(text, word.start()):
            return None  # the number of a list item
    return after


def _skip_closers(text: str, place: int, line_end: int) -> int:
    while place < line_end and text[place] in _CLOSERS:
        place += 1
    return place


def _stands_in_brackets(text: str, mark: int, after: int, begin: int, line_end: int) -> bool:
    """Whether a bracket behind the mark was opened in mid-sentence: عاد (هل تذكرونه؟) إلى …"""
    if after == mark or text[mark] not in _BRACKETS:
        return False
    if not text[after : min(line_end, after + _CLAUSE_REACH)].strip():
        return False
    opened = text.rfind(_BRACKETS[text[mark]], max(begin, mark - _CLAUSE_REACH), mark)
    return opened >= 0 and bool(text[begin : min(opened, begin + _CLAUSE_REACH)].strip())


def _is_abbreviation(text: str, word: re.Match[str]) -> bool:
    """Whether a full stop behind the word belongs to it: a title, an initial, a unit."""
    letters = word.group()
    if letters in _ABBREVIATIONS:
        return True
    if len(letters) > 1 or letters.isdigit():
        return False
    before = text[max(0, word.start() - _NEAR) : word.start()].split()
    return not before or before[-1] not in _SERIES


def _opens_sentence(text: str, dots: re.Match[str], begin: int, line_end: int) -> bool:
    """Whether dots part two whole clauses, the second of which begins with no number."""
    before = text[max(begin, dots.start() - _CLAUSE_REACH) : dots.start()].split("\n")[-1]
    if before.rfind("(") > before.rfind(")"):
        return False
    behind = text[dots.end() : min(line_end, dots.end() + _CLAUSE_REACH)].lstrip(_OPENERS)
    clause = _ENDING.split(behind)[0]
    return (
        len(before.split()) >= _FEWEST_WORDS_BEFORE_DOTS
        and len(clause.split()) >= _FEWEST_WORDS_BEHIND_DOTS
        and not behind[:1].isdigit()
        and _CARRIES_ON.match(behind) is None
    )


def _joins_words(text: str, match: re.Match[str]) -> bool:
    """A mark between two Arabic words, its space forgotten; أ.ف.ب and إن.بي.كيه are names."""
    before = _LAST_WORD.search(text, max(0, match.start() - 20), match.start())
    after = _FIRST_WORD.match(text, match.end())
    return before is not None and after is not None


def _opens_line(text: str, place: int) -> bool:
    while place and text[place - 1].isspace() and text[place - 1] != "\n":
        place -= 1
    return place == 0 or text[place - 1] == "\n"
