"""Whose words are these? Direct quotations here, reported speech in `claims`.

A quotation is `direct` where a cue attributes it; a name, a title or a distancing mark is none.
Speech behind a cue and a colon is direct without marks, and so are the answers of an interview.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from model.records import Article, Section, Voice
from model.text import cue_words
from model.text.claims import read_claims
from model.text.cues import Cue, find_cues
from model.text.quotes import Quotation, find_quotations, find_unclosed
from model.text.spans import PUNCTUATION, VoiceSpan, trim
from model.text.speakers import name_speaker
from model.text.unmarked import read_unmarked
from model.text.words import Word, find_words, without_pronoun, words_between

_REACH = 25  # words between a cue and the quotation that it opens
# A shorter quotation is a name, unless a cue stands right before it; behind a cue less is enough,
# behind بحسب, which names documents too, more is needed.
_FEWEST_WORDS = 4
_FEWEST_CLAIMED_WORDS = 3
_FEWEST_WORDS_ACCORDING = 6
_FRAGMENT_REACH = 8  # words between وصف and the fragment that it quotes
_TITLE_REACH = 3  # words between كتاب or بعنوان and a colon
_FURTHEST_ADJECTIVE = 12  # characters
_MOST_WORDS_OF_NAME = 4
_LONG_STEM = 4
_FURTHEST_NEXT = 3  # characters between two sentences of a line
_ENDS_SPEECH = (":", "”", "»", '"', "…")
_WHAT = ("ما", "مما", "بما", "لما")
_TANWIN = re.compile("\u064b|[^\\W\\d_]{2}اً")
# A line that opens with a dash, behind a line that asks.
_ANSWER = re.compile(
    r"(?<=[؟?])[ \t]*[\n\r\u2028\u2029]\s*[-–—•][ \t]*(?P<answer>[^\n\r\u2028\u2029]+)"
)


def find_voices(
    article: Article, spans: Sequence[tuple[Section, int, int]]
) -> list[tuple[Voice, ...]]:
    """For each sentence span of the article, its voices, with offsets into the sentence."""
    results: list[tuple[Voice, ...]] = []
    readers = {
        "headline": _Reader(article.headline, is_headline=True),
        "body": _Reader(article.text, is_headline=False),
    }
    for section, start, end in spans:
        found = readers[section].read_sentence(start, end)
        results.append(
            tuple(
                Voice(item.start - start, item.end - start, item.kind, item.speaker, item.cue)
                for item in found
            )
        )
    return results


class _Reader:
    """Reads the sentences of one text in order; a quotation may run on from one to the next."""

    def __init__(self, text: str, *, is_headline: bool) -> None:
        self.text = text
        self.is_headline = is_headline
        self.quotations = find_quotations(text)
        self._answers = [match.span("answer") for match in _ANSWER.finditer(text)]
        self._words = find_words(text)
        self._quoted = [(quotation.start, quotation.end) for quotation in self.quotations]
        self._spoken_until = -1  # where a sentence ended in speech without marks
        self._attributed: dict[Quotation, tuple[str | None, str | None] | None] = {}

    def read_sentence(self, start: int, end: int) -> list[VoiceSpan]:
        """The voices of `text[start:end]`, in order; direct spans cut reported ones."""
        for left, _ in _overlapping(self._answers, start, end):
            span = trim(self.text, max(start, left), end, " \t\n")
            return [VoiceSpan(*span, "direct", None, None)] if span[0] < span[1] else []
        words = words_between(self._words, start, end)
        quotations = list(self._quotations_in(start, end))
        unclosed = find_unclosed(self.text, start, end)
        if unclosed is not None and not any(q.end > unclosed for q in quotations):
            # Never closed: it counts where a cue leads up to it, and ends with the sentence.
            quotations.append(Quotation(unclosed, end + 1))
        inside = [(quotation.start, quotation.end) for quotation in quotations]
        outside: list[tuple[int, Word]] = []
        passed = 0
        for number, word in enumerate(words):
            while passed < len(inside) and inside[passed][1] <= word.start:
                passed += 1
            if passed == len(inside) or word.start < inside[passed][0]:
                outside.append((number, word))
        cues = find_cues(self.text, start, end, outside, is_headline=self.is_headline)
        direct = [
            item
            for quotation in quotations
            if (item := self._read_quotation(quotation, start, end, words, cues))
        ]
        unmarked = read_unmarked(
            self.text,
            start,
            end,
            words,
            cues,
            direct,
            is_headline=self.is_headline,
            goes_on=self._spoken_until >= 0
            and "\n" not in self.text[self._spoken_until : start]
            and start - self._spoken_until <= _FURTHEST_NEXT,
        )
        self._spoken_until = -1
        if unmarked and not self.text[unmarked[-1].end : end].strip(PUNCTUATION + "…"):
            self._spoken_until = end
        direct += unmarked
        claims = read_claims(
            self.text, start, end, words, cues, direct, is_headline=self.is_headline
        )
        return sorted([*direct, *claims], key=lambda item: item.start)

    def _quotations_in(self, start: int, end: int) -> list[Quotation]:
        """The quotations that overlap `text[start:end]`."""
        return [Quotation(*span) for span in _overlapping(self._quoted, start, end)]

    def _read_quotation(
        self,
        quotation: Quotation,
        start: int,
        end: int,
        words: Sequence[Word],
        cues: Sequence[Cue],
    ) -> VoiceSpan | None:
        if quotation not in self._attributed:
            self._attributed[quotation] = self._attribute(quotation, start, end, words, cues)
        attributed = self._attributed[quotation]
        left, right = trim(
            self.text, max(start, quotation.inner_start), min(end, quotation.inner_end), " \t\n"
        )
        if attributed is None or left >= right:
            return None
        speaker, cue = attributed
        opens_here = start <= quotation.start < end
        return VoiceSpan(left, right, "direct", speaker, cue if opens_here else None)

    def _attribute(
        self,
        quotation: Quotation,
        start: int,
        end: int,
        words: Sequence[Word],
        cues: Sequence[Cue],
    ) -> tuple[str | None, str | None] | None:
        """Speaker and cue of a quotation that is somebody's wording; None if it is typography."""
        before = self.text[start : quotation.start].rstrip()
        quoted = words_between(words, quotation.start, quotation.end)
        num_words = len(quoted)
        preceding = words_between(words, start, quotation.start)[-_REACH - 1 :]
        leads_up = before.endswith(":")
        if preceding and not leads_up and _names(preceding[-1]):
            return None
        cue = next((c for c in reversed(cues) if c.start < quotation.start), None)
        if cue is not None and self._opens(cue, quotation, preceding, quoted, leads_up=leads_up):
            stop = next(
                (w.start for w in preceding if w.start >= cue.end and w.key in cue_words.THAT),
                quotation.start,
            )
            speaker = name_speaker(self.text, cue, words, start, stop)
            return speaker, self.text[cue.start : cue.end]
        is_that = bool(preceding) and preceding[-1].key in cue_words.THAT
        if num_words >= _FEWEST_CLAIMED_WORDS and is_that and quotation.end <= end:
            return None, None  # a verb that the lists lack: دعا إلى أن «…»
        if num_words < _FEWEST_WORDS:
            return None
        if leads_up and not any(_names(word) for word in preceding[-_TITLE_REACH:]):
            return None, None
        behind = next((c for c in cues if c.start >= quotation.end), None)
        if behind is not None:
            gap = self.text[quotation.end : behind.joined_start].strip(PUNCTUATION)
            if gap in ("", "كما", "هكذا", "بهذا", "هذا ما", "بهذه الكلمات", "بهذه العبارة"):
                speaker = name_speaker(self.text, behind, words, start, end)
                return speaker, self.text[behind.start : behind.end]
        left = start
        while left and self.text[left - 1].isspace():
            left -= 1
        opens_sentence = not before.strip(PUNCTUATION)
        if opens_sentence and (self.text[max(0, left - 1) : left] in _ENDS_SPEECH or not before):
            return None, None
        return None

    def _opens(
        self,
        cue: Cue,
        quotation: Quotation,
        preceding: Sequence[Word],
        quoted: Sequence[Word],
        *,
        leads_up: bool,
    ) -> bool:
        """Whether the cue opens a quotation with these words before it and in it."""
        distance = sum(cue.end <= word.start for word in preceding)
        if cue.kind == "pretext" or distance > _REACH:
            return False
        if cue.kind == "according":
            return len(quoted) >= _FEWEST_WORDS_ACCORDING
        if leads_up:
            return True
        if cue.kind == "describing":
            return self._describes(cue, quotation, preceding, quoted, distance)
        if not distance:
            return not self._is_subject(cue, quotation, quoted)
        if preceding[-1].key in cue_words.THAT or len(quoted) >= _FEWEST_CLAIMED_WORDS:
            return True
        claimed = cue.key in cue_words.CLAIM_PREPOSITION or any(
            word.key in cue_words.THAT for word in preceding[-distance:]
        )
        return claimed and _is_wording(self.text, preceding[-1], quoted)

    def _describes(
        self,
        cue: Cue,
        quotation: Quotation,
        preceding: Sequence[Word],
        quoted: Sequence[Word],
        distance: int,
    ) -> bool:
        behind = self.text[quotation.end : quotation.end + _FURTHEST_ADJECTIVE].lstrip(PUNCTUATION)
        if behind.startswith(("المزعوم", "مزعوم")) or (not distance and cue.key == "وصف"):
            return False  # عن «…» المزعوم; يطلق عليهم وصف «…»
        before = next((word for word in reversed(preceding) if word.end <= cue.start), None)
        is_definite = any(word.key.startswith("ال") for word in quoted)
        if before and cue.key in cue_words.NAMING and before.key in _WHAT and is_definite:
            return False  # ما تسميه «…» gives a name, and says nothing
        return distance <= _FRAGMENT_REACH or preceding[-1].key in cue_words.THAT

    def _is_subject(self, cue: Cue, quotation: Quotation, quoted: Sequence[Word]) -> bool:
        """Marks right behind a verb name who says it where the sentence goes on: قال "فلان" إن."""
        if len(quoted) > _MOST_WORDS_OF_NAME or not quoted:
            return False
        announces = cue.key in cue_words.ANNOUNCING
        if announces and cue_words.is_action(self.text[quoted[0].start : quoted[0].end]):
            return False
        behind = self.text[quotation.end : quotation.end + 2].strip()[:1]
        return behind.isalpha() or behind == ":"


def _names(word: Word) -> bool:
    """Whether marks behind the word hold a title or a name: مهرجان «…»، شعار «…»."""
    key = word.key
    return key in cue_words.NAMED or key.lstrip("وب").removeprefix("ال") in cue_words.NAMED


def _is_wording(text: str, before: Word, quoted: Sequence[Word]) -> bool:
    """Whether one or two words in marks inside a claim are wording rather than a name."""
    if not quoted:
        return False
    if before.key in cue_words.COPULAS or quoted[0].key in cue_words.PREDICATES:
        return True
    if any(_TANWIN.search(text, word.start, word.end) for word in quoted):
        return True
    is_definite = any(word.key.startswith("ال") for word in quoted)
    if len(quoted) > 1:
        is_led = before.key in cue_words.PREPOSITIONS or cue_words.is_action(before.key[1:])
        return not is_definite and is_led
    stem = next(without_pronoun(quoted[0].key), "")
    return len(stem) >= _LONG_STEM


def _overlapping(
    spans: Sequence[tuple[int, int]], start: int, end: int
) -> Sequence[tuple[int, int]]:
    """Those of some ordered spans, none of which overlaps another, that overlap `[start, end)`."""
    left = bisect_right(spans, start, key=lambda span: span[1])
    return spans[left : bisect_left(spans, end, lo=left, key=lambda span: span[0])]
