"""Whose words are these? Direct quotations and reported speech, with cue and speaker.

A quotation is `direct` where a cue attributes it; a name, a title or a distancing mark is none.
Reported speech starts at أن / إن behind a cue (or right behind بزعم, بحجة, and behind the verb of a
headline), and ends at the next cue, at a comment of the newsroom's, or with the sentence.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from model.records import Article, Section, Voice
from model.text import cues
from model.text.quotes import Quotation, find_quotations
from model.text.words import Word, find_words, without_pronoun

_REACH = 25  # words between a cue and the أن or the quotation that it opens
# A shorter quotation is a name, unless a cue stands right before it; behind a cue less is enough.
_FEWEST_WORDS = 4
_FEWEST_CLAIMED_WORDS = 3
_FRAGMENT_REACH = 8  # words between وصف and the fragment that it quotes
_PUNCTUATION = ' \t\u00a0.،,:؛;!؟?"“”«»‘’-–—'

_DATELINE = re.compile(r"[^.:،\n]{2,60}(?::| [-–—]) ")

Kind = Literal["saying", "carrying", "doubting", "describing", "pretext", "according", "colon"]


@dataclass(frozen=True, slots=True)
class _Cue:
    """A cue in a text: `start` to `end` without the conjunction before it; `word` is its number."""

    kind: Kind
    start: int
    end: int
    word: int
    joined_start: int


@dataclass(frozen=True, slots=True)
class _Found:
    """A voice span with offsets into the whole text."""

    start: int
    end: int
    kind: Literal["direct", "reported"]
    speaker: str | None
    cue: str | None


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
        self._quotation_starts = [quotation.start for quotation in self.quotations]
        self._words = find_words(text)
        self._word_starts = [word.start for word in self._words]
        self._direct: dict[Quotation, tuple[str | None, str | None] | None] = {}

    def read_sentence(self, start: int, end: int) -> list[_Found]:
        """The voices of `text[start:end]`, in order; direct spans cut reported ones."""
        words = self._words_between(start, end)
        quotations = [q for q in self.quotations if q.start < end and start < q.end]
        outside = [
            (number, word)
            for number, word in enumerate(words)
            if not any(q.start <= word.start < q.end for q in quotations)
        ]
        found_cues = self._find_cues(start, end, outside)
        direct = [
            item
            for quotation in quotations
            if (item := self._read_quotation(quotation, start, end, words, found_cues))
        ]
        reported = self._read_reported(start, end, words, found_cues, direct)
        return sorted([*direct, *_cut(reported, direct, self.text)], key=lambda item: item.start)

    def _words_between(self, start: int, end: int) -> list[Word]:
        """The words that begin in `text[start:end]`."""
        left = bisect_right(self._word_starts, start - 1)
        return self._words[left : bisect_right(self._word_starts, end - 1)]

    def _find_cues(self, start: int, end: int, outside: list[tuple[int, Word]]) -> list[_Cue]:
        found: list[_Cue] = []
        if self.is_headline:
            colon = self.text.find(":", start, end)
            first_words = sum(word.start < colon for _, word in outside)
            if colon > 0 and 1 <= first_words <= 6 and not self.text[colon - 1].isdigit():
                found.append(_Cue("colon", colon, colon + 1, first_words - 1, colon))
        for number, word in outside:
            kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
                ("doubting", cues.DOUBTING),
                ("pretext", cues.PRETEXT),
                ("according", cues.ACCORDING),
                ("carrying", cues.CARRYING),
                ("describing", cues.DESCRIBING),
                ("saying", cues.SAYING),
            )
            for kind, known in kinds:
                key = cues.without_conjunction(word.key, known)
                if key is None and kind == "describing":  # وصفه، سمّاها: with their object
                    key = next((k for k in without_pronoun(word.key) if k in known), None)
                if key is not None and _says_something(key, number, outside):
                    start_of_cue = word.start + max(word.key.find(key), 0)
                    found.append(_Cue(kind, start_of_cue, word.end, number, word.start))
                    break
        return found

    def _read_quotation(
        self,
        quotation: Quotation,
        start: int,
        end: int,
        words: Sequence[Word],
        found_cues: Sequence[_Cue],
    ) -> _Found | None:
        if quotation not in self._direct:
            self._direct[quotation] = self._attribute(quotation, start, end, words, found_cues)
        attributed = self._direct[quotation]
        if attributed is None:
            return None
        opens_here = start <= quotation.start < end
        left, right = _trim(
            self.text, max(start, quotation.inner_start), min(end, quotation.inner_end), " \t\n"
        )
        if left >= right:
            return None
        speaker, cue = attributed
        return _Found(left, right, "direct", speaker, cue if opens_here else None)

    def _attribute(
        self,
        quotation: Quotation,
        start: int,
        end: int,
        words: Sequence[Word],
        found_cues: Sequence[_Cue],
    ) -> tuple[str | None, str | None] | None:
        """Speaker and cue of a quotation that is somebody's wording; None if it is typography."""
        before = self.text[start : quotation.start].rstrip()
        num_words = sum(quotation.start <= word.start < quotation.end for word in words)
        is_speech = num_words >= _FEWEST_WORDS
        preceding = [word for word in words if word.start < quotation.start]
        last_key = preceding[-1].key if preceding else ""
        cue = next((c for c in reversed(found_cues) if c.start < quotation.start), None)
        if cue is not None and cue.kind not in ("pretext", "according"):
            distance = sum(cue.end <= word.start for word in preceding)
            follows_at_once = before.endswith(":") or last_key in cues.THAT or distance == 0
            describes = cue.kind == "describing" and distance <= _FRAGMENT_REACH
            is_long_enough = num_words >= _FEWEST_CLAIMED_WORDS and distance <= _REACH
            if follows_at_once or describes or is_long_enough:
                stop = quotation.start
                for word in preceding:
                    if word.start >= cue.end and word.key in cues.THAT:
                        stop = word.start
                        break
                return self._speaker(cue, start, stop), self.text[cue.start : cue.end]
        if not is_speech:
            return None
        behind = next((c for c in found_cues if c.start >= quotation.end), None)
        if behind is not None and not self.text[quotation.end : behind.joined_start].strip(
            _PUNCTUATION + "كما"
        ):
            return self._speaker(behind, start, end), self.text[behind.start : behind.end]
        previous = self.text[:start].rstrip()
        opens_sentence = not before.strip(_PUNCTUATION)
        if opens_sentence and (previous.endswith((":", "”", "»", '"')) or not before):
            return None, None
        return None

    def _speaker(self, cue: _Cue, start: int, stop: int) -> str | None:
        """The words that name the speaker: behind a verb or preposition, before a colon."""
        if cue.kind == "colon":
            return self.text[start : cue.start].strip(_PUNCTUATION) or None
        behind = self._words_between(cue.end, stop)
        if self.text[cue.start : cue.end].startswith(("نقلا", "وفقا", "طبقا")):
            behind = behind[1:] if behind and behind[0].key == "عن" else behind
        if not behind:
            return None
        name_end = behind[0].start
        for position, word in enumerate(behind):
            gap = self.text[behind[position - 1].end : word.start] if position else ""
            if word.key in cues.CIRCUMSTANCE or word.key in cues.THAT or ":" in gap:
                break
            if self.text[word.start : word.end] == "على":  # its key is that of the name علي
                break
            if cue.kind == "according" and position and gap.strip():
                break
            name_end = word.end
        return self.text[behind[0].start : name_end].strip(_PUNCTUATION) or None

    def _read_reported(
        self,
        start: int,
        end: int,
        words: Sequence[Word],
        found_cues: Sequence[_Cue],
        direct: Sequence[_Found],
    ) -> list[_Found]:
        reported: list[_Found] = []
        for number, cue in enumerate(found_cues):
            following = found_cues[number + 1] if number + 1 < len(found_cues) else None
            stop = following.joined_start if following else end
            if cue.kind == "describing":
                continue
            if cue.kind == "according":
                item = self._according(cue, start, end, words, reported)
            else:
                begin = self._claim_start(cue, words, stop, direct)
                if begin is None:
                    continue
                speaker = self._speaker(cue, start, begin) if cue.kind != "pretext" else None
                finish = self._claim_end(begin, stop, words)
                item = self._make(begin, finish, speaker, cue)
            if item is not None:
                reported.append(item)
        return reported

    def _claim_start(
        self, cue: _Cue, words: Sequence[Word], stop: int, direct: Sequence[_Found]
    ) -> int | None:
        behind = [word for word in words[cue.word + 1 :] if word.start < stop]
        if not behind:
            return None
        if cue.kind in ("colon", "pretext"):
            return behind[0].start
        for word in behind[:_REACH]:
            if any(item.start <= word.start for item in direct if item.start > cue.end):
                return None
            if cues.without_conjunction(word.key, cues.THAT):
                return word.start
        verb_has_subject_before = self.is_headline and cue.word > 0
        return behind[0].start if verb_has_subject_before else None

    def _claim_end(self, begin: int, stop: int, words: Sequence[Word]) -> int:
        """Where a claim ends that runs to `stop` at most: before the newsroom's own comment."""
        inside = [word for word in words if begin < word.start < stop]
        for before, word in pairwise(inside):
            gap = self.text[before.end : word.start]
            if "،" in gap and cues.without_conjunction(word.key, cues.COMMENT):
                return before.end
        return stop

    def _according(
        self, cue: _Cue, start: int, end: int, words: Sequence[Word], known: Sequence[_Found]
    ) -> _Found | None:
        """بحسب X، claim — or claim، بحسب X, unless another cue has claimed it already."""
        speaker = self._speaker(cue, start, end)
        if cue.word == 0:
            comma = self.text.find("،", cue.end, end)
            return self._make(comma + 1, end, speaker, cue) if comma > 0 else None
        if any(item.start < cue.start for item in known):
            return None
        dateline = _DATELINE.match(self.text, start, cue.start)
        return self._make(dateline.end() if dateline else start, cue.joined_start, speaker, cue)

    def _make(self, begin: int, finish: int, speaker: str | None, cue: _Cue) -> _Found | None:
        left, right = _trim(self.text, begin, finish, _PUNCTUATION.replace('"', ""))
        if left >= right:
            return None
        return _Found(left, right, "reported", speaker, self.text[cue.start : cue.end])


def _says_something(key: str, number: int, outside: Sequence[tuple[int, Word]]) -> bool:
    """Whether a cue word is one here: نقل only before عن, and حسب الله is a name."""
    behind = [word.key for place, word in outside if number < place <= number + 4]
    if key in cues.ONLY_WITH:
        return any(word.startswith(cues.ONLY_WITH[key]) for word in behind)
    return not (key == "حسب" and behind[:1] == ["الله"])


def _trim(text: str, start: int, end: int, characters: str) -> tuple[int, int]:
    while start < end and text[start] in characters:
        start += 1
    while start < end and text[end - 1] in characters:
        end -= 1
    return start, end


def _cut(reported: Sequence[_Found], direct: Sequence[_Found], text: str) -> list[_Found]:
    """Reported spans without the direct quotations and their marks; crumbs of one word fall out."""
    pieces: list[_Found] = []
    for item in reported:
        cursor = item.start
        holes = [
            (d.start - 1, d.end + 1) for d in direct if d.start < item.end and item.start < d.end
        ]
        for hole_start, hole_end in [*sorted(holes), (item.end, item.end)]:
            left, right = _trim(text, cursor, max(cursor, hole_start), _PUNCTUATION)
            is_cut = (left, right) != (item.start, item.end)
            if right > left and not (is_cut and len(text[left:right].split()) < 2):
                pieces.append(_Found(left, right, "reported", item.speaker, item.cue))
            cursor = hole_end
    return pieces
