"""Reported speech: which words of a sentence are the claim of a source.

A claim starts at أن / إن behind its cue, right behind بزعم and بحجة, behind the verb of a headline,
or at the noun that completes the verb (تتهمها بشن …). It ends where the next cue opens
a claim or a quotation, at a comment of the newsroom's, or with the sentence. Direct quotations cut
it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from model.text import cue_words
from model.text.cues import Cue, follows_a_comma
from model.text.spans import PUNCTUATION, VoiceSpan, trim
from model.text.speakers import name_speaker
from model.text.words import Word, without_pronoun, words_between

_REACH = 25  # words between a cue and the أن that it opens
_COMPLEMENT_REACH = 12  # words between a cue and the noun that completes it
_SHORTEST_CHARGE = 3  # letters of a word that begins with the ب of a charge
_DATELINE = re.compile(r"[^.:،\n]{2,60}(?::| [-–—]) ")


def read_claims(
    text: str,
    start: int,
    end: int,
    words: Sequence[Word],
    found_cues: Sequence[Cue],
    direct: Sequence[VoiceSpan],
    *,
    is_headline: bool,
) -> list[VoiceSpan]:
    """The reported spans of the sentence `text[start:end]`, cut by its direct ones."""
    claims: list[VoiceSpan] = []
    begins = {
        cue: begin
        for number, cue in enumerate(found_cues)
        if (begin := _claim_start(cue, number, found_cues, words, direct, end, is_headline))
        is not None
    }
    quoting = {cue for cue in found_cues if any(_introduces(cue, item) for item in direct)}
    stops = [
        cue.joined_start
        for cue in found_cues
        if cue in begins or cue in quoting or _is_joined(text, cue)
    ]
    for cue in found_cues:
        following = bisect_right(stops, cue.joined_start)
        stop = stops[following] if following < len(stops) else end
        if cue.kind == "according":
            item = _according(text, cue, start, end, stop, words, claims)
        elif cue in begins:
            begin = begins[cue]
            speaker = (
                None if cue.kind == "pretext" else name_speaker(text, cue, words, start, begin)
            )
            item = _make(text, begin, _claim_end(text, begin, stop, words), speaker, cue)
        else:
            continue
        if item is not None:
            claims.append(item)
    return _cut(text, claims, direct)


def _claim_start(
    cue: Cue,
    number: int,
    found_cues: Sequence[Cue],
    words: Sequence[Word],
    direct: Sequence[VoiceSpan],
    end: int,
    is_headline: bool,
) -> int | None:
    if cue.kind in ("describing", "according"):
        return None
    stop = found_cues[number + 1].joined_start if number + 1 < len(found_cues) else end
    reach = words[cue.word + 1 : cue.word + 1 + _REACH]
    behind = [word for word in reach if word.start < stop]
    if not behind:
        return None
    if cue.kind in ("colon", "pretext"):
        return next((word.start for word in behind if word.start >= cue.end), None)
    for before, word in pairwise([words[cue.word], *behind]):
        if any(cue.end < item.start <= word.start for item in direct):
            return None
        is_that = cue_words.without_conjunction(word.key, cue_words.THAT)
        if is_that and before.key not in cue_words.NOT_BEFORE_THAT:
            return word.start
    if (begin := _complement_start(cue, behind)) is not None:
        return begin
    has_subject_before = is_headline and cue.word > 0
    return behind[0].start if has_subject_before else None


def _complement_start(cue: Cue, behind: Sequence[Word]) -> int | None:
    """Where a claim without أن starts: behind the verb's preposition, or at a noun of action."""
    near = behind[:_COMPLEMENT_REACH]
    preposition = cue_words.CLAIM_PREPOSITION.get(cue.key)
    if preposition == "ب":
        for word in near[1:]:
            is_charge = word.key.startswith("ب") and len(word.key) >= _SHORTEST_CHARGE
            if is_charge and word.key not in cue_words.NO_CHARGE:
                return word.start
    elif preposition:
        for word, following in pairwise(near):
            if word.key == preposition:
                return following.start
    if cue.key in cue_words.ANNOUNCING:
        for word in near:
            forms = (word.key, *without_pronoun(word.key))
            if any(form in cue_words.ACTIONS for form in forms):
                return word.start
    return None


def _introduces(cue: Cue, item: VoiceSpan) -> bool:
    return item.start > cue.end and item.cue is not None


def _is_joined(text: str, cue: Cue) -> bool:
    """Whether a cue begins a clause of its own: وأضاف, or a participle behind a comma."""
    return cue.joined_start < cue.start or follows_a_comma(text, cue.start)


def _claim_end(text: str, begin: int, stop: int, words: Sequence[Word]) -> int:
    """Where a claim ends that runs to `stop` at most: before the newsroom's own comment."""
    inside = words_between(words, begin + 1, stop)
    for number, (before, word) in enumerate(pairwise(inside), start=1):
        if "،" not in text[before.end : word.start]:
            continue
        is_comment = cue_words.without_conjunction(word.key, cue_words.COMMENT) is not None
        opening = tuple(other.key for other in inside[number : number + 2])
        if is_comment or opening in cue_words.COMMENT_PAIRS:
            return before.end
    return stop


def _according(
    text: str,
    cue: Cue,
    start: int,
    end: int,
    stop: int,
    words: Sequence[Word],
    known: Sequence[VoiceSpan],
) -> VoiceSpan | None:
    """بحسب X، claim up to `stop` — or claim، بحسب X, unless another cue has claimed it already."""
    opens_clause = cue.word == 0 or cue.joined_start < cue.start
    if opens_clause:
        for word in words[cue.word + 1 : cue.word + 1 + _REACH]:
            if word.key.startswith("ف") and word.key[1:] in cue_words.THAT:
                speaker = name_speaker(text, cue, words, start, word.start)
                return _make(text, word.start, stop, speaker, cue)
        comma = text.find("،", cue.end, stop)
        speaker = name_speaker(text, cue, words, start, comma)
        return _make(text, comma + 1, stop, speaker, cue) if comma > 0 else None
    if any(item.start < cue.start for item in known):
        return None
    speaker = name_speaker(text, cue, words, start, end)
    dateline = _DATELINE.match(text, start, cue.start)
    return _make(text, dateline.end() if dateline else start, cue.joined_start, speaker, cue)


def _make(text: str, begin: int, finish: int, speaker: str | None, cue: Cue) -> VoiceSpan | None:
    left, right = trim(text, begin, finish, PUNCTUATION.replace('"', ""))
    if left >= right:
        return None
    return VoiceSpan(left, right, "reported", speaker, text[cue.start : cue.end])


def _cut(text: str, claims: Sequence[VoiceSpan], direct: Sequence[VoiceSpan]) -> list[VoiceSpan]:
    """Claims without the direct quotations and their marks; crumbs of one word fall out."""
    pieces: list[VoiceSpan] = []
    for item in claims:
        cursor = item.start
        holes = [
            (hole.start - 1, hole.end + 1)
            for hole in direct
            if hole.start < item.end and item.start < hole.end
        ]
        for hole_start, hole_end in [*sorted(holes), (item.end, item.end)]:
            left, right = trim(text, cursor, max(cursor, hole_start), PUNCTUATION)
            is_cut = (left, right) != (item.start, item.end)
            if right > left and not (is_cut and len(text[left:right].split()) < 2):
                pieces.append(VoiceSpan(left, right, "reported", item.speaker, item.cue))
            cursor = hole_end
    return pieces
