"""Speech that stands behind a colon without quotation marks: قال فلان: …"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from model.text import cue_words
from model.text.cues import Cue, follows_a_comma
from model.text.spans import PUNCTUATION, VoiceSpan, trim
from model.text.speakers import name_speaker
from model.text.words import Word, words_between

_FEWEST_WORDS = 4
_FEWEST_PERSONAL_WORDS = 2
_MOST_WORDS_BEFORE_COLON = 12  # of a speaker and the circumstances
_PERSONAL_REACH = 8  # words in which speech that goes on shows who speaks
_FURTHEST_COLON = 200  # characters
_TRANSITION_REACH = 20  # words between وعن and the verb of the next speech
# A line of an interview or a headline: a name, a colon and speech.
_NAME = re.compile(r"\s*(?P<name>[^\W\d]+(?: [^\W\d]+){0,2})\s?:(?!\S*[/\d])")


def read_unmarked(
    text: str,
    start: int,
    end: int,
    words: Sequence[Word],
    cues: Sequence[Cue],
    direct: Sequence[VoiceSpan],
    *,
    is_headline: bool,
    goes_on: bool,
) -> list[VoiceSpan]:
    """The direct spans of `text[start:end]` that have no marks.

    `goes_on`: the sentence before it, in the same line, ended in such speech.
    Speech ends where the next cue behind a comma begins, or with the sentence. Behind a name alone,
    and in a headline, it is the source's own wording only in the first person; with أن or إن it is
    reported, unless the speaker speaks of himself.
    """
    breaks = [place for cue in cues if (place := _break_before(text, cue, words)) is not None]
    found: list[VoiceSpan] = []
    if goes_on and not direct:
        stop = breaks[0] if breaks else end
        if _is_personal(words_between(words, start, stop)[:_PERSONAL_REACH]):
            left, right = trim(text, start, stop, PUNCTUATION)
            found.append(VoiceSpan(left, right, "direct", None, None))
    if is_headline or not cues:
        return found if found or direct else _read_line(text, start, end, words, cues)
    for cue in cues:
        if cue.kind not in ("saying", "carrying") or (found and cue.start < found[-1].end):
            continue
        colon = text.find(":", cue.end, min(end, cue.end + _FURTHEST_COLON))
        if colon < 0 or len(text[cue.end : colon].split()) > _MOST_WORDS_BEFORE_COLON:
            continue
        following = bisect_right(breaks, colon)
        stop = breaks[following] if following < len(breaks) else end
        if any(cue.end < item.start < stop for item in direct):
            continue
        left, right = trim(text, colon + 1, stop, PUNCTUATION)
        spoken = words_between(words, left, right)
        if len(spoken) < _FEWEST_WORDS:
            continue
        if spoken[0].key in cue_words.THAT and not _is_personal(spoken):
            continue
        speaker = name_speaker(text, cue, words, start, colon)
        found.append(VoiceSpan(left, right, "direct", speaker, text[cue.start : cue.end]))
    return found


def _read_line(
    text: str, start: int, end: int, words: Sequence[Word], cues: Sequence[Cue]
) -> list[VoiceSpan]:
    colon = next((cue.start for cue in cues if cue.kind == "colon"), -1)
    name: str | None = None
    if colon < 0:
        match = _NAME.match(text, start, end)
        if match is None:
            return []
        colon, name = match.end() - 1, match["name"]
    left, right = trim(text, colon + 1, end, PUNCTUATION)
    spoken = words_between(words, left, right)
    if len(spoken) < _FEWEST_PERSONAL_WORDS or not _is_personal(spoken):
        return []
    speaker = name or text[start:colon].strip(PUNCTUATION)
    return [VoiceSpan(left, right, "direct", speaker, text[colon])]


def _is_personal(spoken: Sequence[Word]) -> bool:
    return any(word.key in cue_words.FIRST_PERSON for word in spoken)


def _break_before(text: str, cue: Cue, words: Sequence[Word]) -> int | None:
    """Where speech before this cue ends: at the cue, or at وعن and the like that lead to it."""
    if follows_a_comma(text, cue.joined_start):
        return cue.joined_start if cue.joined_start < cue.start or cue.kind == "carrying" else None
    for number in range(cue.word - 1, max(0, cue.word - _TRANSITION_REACH), -1):
        word = words[number]
        if follows_a_comma(text, word.start):
            leads_over = word.key in cue_words.TRANSITIONS
            return word.start if leads_over else None
    return None
