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
from model.text.cues import Cue, find_cues, follows_a_comma
from model.text.quotes import Quotation, find_quotations
from model.text.spans import PUNCTUATION, VoiceSpan, trim
from model.text.speakers import name_speaker
from model.text.words import Word, find_words, words_between

_REACH = 25  # words between a cue and the quotation that it opens
# A shorter quotation is a name, unless a cue stands right before it; behind a cue less is enough,
# behind بحسب, which names documents too, more is needed.
_FEWEST_WORDS = 4
_FEWEST_CLAIMED_WORDS = 3
_FEWEST_WORDS_ACCORDING = 6
_MOST_WORDS_BEFORE_COLON = 12  # of a speaker and the circumstances, where no marks follow
_FURTHEST_COLON = 200  # characters
_FRAGMENT_REACH = 8  # words between وصف and the fragment that it quotes
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
        self._attributed: dict[Quotation, tuple[str | None, str | None] | None] = {}

    def read_sentence(self, start: int, end: int) -> list[VoiceSpan]:
        """The voices of `text[start:end]`, in order; direct spans cut reported ones."""
        for left, _ in _overlapping(self._answers, start, end):
            span = trim(self.text, max(start, left), end, " \t\n")
            return [VoiceSpan(*span, "direct", None, None)] if span[0] < span[1] else []
        words = words_between(self._words, start, end)
        quotations = self._quotations_in(start, end)
        outside = [
            (number, word)
            for number, word in enumerate(words)
            if not self._quotations_in(word.start, word.start + 1)
        ]
        cues = find_cues(self.text, start, end, outside, is_headline=self.is_headline)
        direct = [
            item
            for quotation in quotations
            if (item := self._read_quotation(quotation, start, end, words, cues))
        ]
        direct += self._unmarked_speech(start, end, cues, words, quotations)
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
        num_words = len(words_between(words, quotation.start, quotation.end))
        preceding = words_between(words, start, quotation.start)[-_REACH - 1 :]
        cue = next((c for c in reversed(cues) if c.start < quotation.start), None)
        if cue is not None and self._opens(cue, before, preceding, num_words):
            stop = next(
                (w.start for w in preceding if w.start >= cue.end and w.key in cue_words.THAT),
                quotation.start,
            )
            speaker = name_speaker(self.text, cue, words, start, stop)
            return speaker, self.text[cue.start : cue.end]
        if num_words < _FEWEST_WORDS:
            return None
        behind = next((c for c in cues if c.start >= quotation.end), None)
        if behind is not None:
            gap = self.text[quotation.end : behind.joined_start].strip(PUNCTUATION)
            if gap in ("", "كما", "هكذا", "بهذا"):
                speaker = name_speaker(self.text, behind, words, start, end)
                return speaker, self.text[behind.start : behind.end]
        previous = self.text[:start].rstrip()
        opens_sentence = not before.strip(PUNCTUATION)
        if opens_sentence and (previous.endswith((":", "”", "»", '"', "…")) or not before):
            return None, None
        return None

    def _unmarked_speech(
        self,
        start: int,
        end: int,
        cues: Sequence[Cue],
        words: Sequence[Word],
        quotations: Sequence[Quotation],
    ) -> list[VoiceSpan]:
        """What stands behind قال فلان: without quotation marks, up to a cue behind a comma."""
        if self.is_headline or quotations:
            return []
        breaks = [
            cue.joined_start
            for cue in cues
            if cue.joined_start < cue.start and follows_a_comma(self.text, cue.joined_start)
        ]
        found: list[VoiceSpan] = []
        for cue in cues:
            if cue.kind not in ("saying", "carrying") or (found and cue.start < found[-1].end):
                continue
            colon = self.text.find(":", cue.end, min(end, cue.end + _FURTHEST_COLON))
            between = self.text[cue.end : colon]
            if colon < 0 or len(between.split()) > _MOST_WORDS_BEFORE_COLON:
                continue
            following = bisect_right(breaks, colon)
            stop = breaks[following] if following < len(breaks) else end
            left, right = trim(self.text, colon + 1, stop, PUNCTUATION)
            if len(self.text[left:right].split()) >= _FEWEST_WORDS:
                speaker = name_speaker(self.text, cue, words, start, colon)
                found.append(
                    VoiceSpan(left, right, "direct", speaker, self.text[cue.start : cue.end])
                )
        return found

    @staticmethod
    def _opens(cue: Cue, before: str, preceding: Sequence[Word], num_words: int) -> bool:
        """Whether the cue opens a quotation of so many words that `before` leads up to."""
        distance = sum(cue.end <= word.start for word in preceding)
        if cue.kind == "pretext" or distance > _REACH:
            return False
        if cue.kind == "according":
            return num_words >= _FEWEST_WORDS_ACCORDING
        stands_right_before = distance == 0 or preceding[-1].key in cue_words.THAT
        describes = cue.kind == "describing" and distance <= _FRAGMENT_REACH
        is_claimed = num_words >= _FEWEST_CLAIMED_WORDS
        return before.endswith(":") or stands_right_before or describes or is_claimed


def _overlapping(
    spans: Sequence[tuple[int, int]], start: int, end: int
) -> Sequence[tuple[int, int]]:
    """Those of some ordered spans, none of which overlaps another, that overlap `[start, end)`."""
    left = bisect_right(spans, start, key=lambda span: span[1])
    return spans[left : bisect_left(spans, end, lo=left, key=lambda span: span[0])]
