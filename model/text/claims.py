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
from model.text.words import Word, words_between

_REACH = 25  # words between a cue and the أن that it opens
_SHORT_REACH = 10  # the same behind a participle, whose speaker is known, and behind بحسب
_COMPLEMENT_REACH = 18  # words between a cue and the noun that completes it
_SUBJECT_REACH = 5  # words of a speaker before the verb of a headline
_SHORTEST_CHARGE = 3  # letters of a word that begins with the ب of a charge
_MOST_WORDS_OF_FRAGMENT = 3
_GOES_ON = re.compile(r"[»”\"]\s+(?!و)\w")
_FURTHEST_LEADER = 3  # characters
_NEXT_CLAUSE = re.compile("،[ ]*و")
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
        if (begin := _claim_start(text, cue, number, found_cues, words, direct, end, is_headline))
        is not None
    }
    last_quoted = max((item.start for item in direct if item.cue is not None), default=start)
    quoting = {cue for cue in found_cues if cue.end < last_quoted}
    stops = [
        cue.joined_start
        for cue in found_cues
        if cue in begins or cue in quoting or _is_joined(text, cue)
    ]
    for cue in found_cues:
        following = bisect_right(stops, cue.joined_start)
        stop = stops[following] if following < len(stops) else end
        if cue.kind == "according":
            claims += _according(text, cue, start, end, stop, words, claims)
            continue
        if cue in begins:
            begin = begins[cue]
            speaker = (
                None if cue.kind == "pretext" else name_speaker(text, cue, words, start, begin)
            )
            if is_headline and following < len(stops):
                stop = _subject_start(text, begin, stop, words)
            claims += _make(text, begin, _claim_end(text, begin, stop, words), speaker, cue)
    return _cut(text, claims, direct)


def _claim_start(
    text: str,
    cue: Cue,
    number: int,
    found_cues: Sequence[Cue],
    words: Sequence[Word],
    direct: Sequence[VoiceSpan],
    end: int,
    is_headline: bool,
) -> int | None:
    if cue.kind == "according":
        return None
    # بحسب الوكالة may stand between a verb and its أن.
    stop = next(
        (c.joined_start for c in found_cues[number + 1 : number + 4] if c.kind != "according"), end
    )
    num_words = _SHORT_REACH if cue.kind == "carrying" else _REACH
    reach = words[cue.word + 1 : cue.word + 1 + num_words]
    behind = [word for word in reach if word.start < stop]
    if not behind:
        return None
    if cue.kind == "describing":
        opened = next((item for item in direct if cue.end < item.start < stop), None)
        if opened is not None:
            return opened.start if _is_fragment(text, opened) else None
        return _complement_start(text, cue, behind)
    if cue.kind in ("colon", "pretext"):
        return next((word.start for word in behind if word.start >= cue.end), None)
    for before, word in pairwise([words[cue.word], *behind]):
        opened = next((item for item in direct if cue.end < item.start <= word.start), None)
        if opened is not None:
            return opened.start if _is_fragment(text, opened) else None
        is_that = cue_words.without_conjunction(word.key, cue_words.THAT)
        if is_that and before.key not in cue_words.NOT_BEFORE_THAT:
            return word.start
    is_denied = cue.word > 0 and words[cue.word - 1].key in cue_words.NEGATIONS
    if not is_denied and (begin := _complement_start(text, cue, behind)) is not None:
        return begin
    has_subject_before = is_headline and cue.word > 0 and cue.key not in cue_words.AMBIGUOUS
    opens_plainly = behind[0].key in cue_words.PLAIN_OPENINGS and cue.key in cue_words.SAYING
    return behind[0].start if has_subject_before or opens_plainly else None


def _complement_start(text: str, cue: Cue, behind: Sequence[Word]) -> int | None:
    """Where a claim without أن starts: behind the verb's preposition, or at a noun of action."""
    near = behind[:_COMPLEMENT_REACH]
    if near[0].key in cue_words.SHOWING_THINGS:
        return None
    if cue.key in cue_words.BARE and _is_bare_noun(near[0]):
        return near[0].start
    preposition = cue_words.CLAIM_PREPOSITION.get(cue.key)
    if preposition == "ب":
        for word in near:
            is_charge = word.key.startswith("ب") and len(word.key) >= _SHORTEST_CHARGE
            if is_charge and word.key not in cue_words.NO_CHARGE:
                return word.start
    elif preposition:
        for word, following in pairwise(near):
            # على is told from the name علي by its letters.
            if word.key == preposition and text[word.start : word.end] not in ("علي", "الي"):
                named = words_between(near, following.start, near[-1].end)[:2]
                is_topic = any(other.key.startswith("ال") for other in named)
                return None if is_topic and cue.kind == "describing" else following.start
    if cue.key in cue_words.ANNOUNCING:
        for word in near:
            if cue_words.is_action(text[word.start : word.end]):
                return word.start
    return None


def _is_bare_noun(word: Word) -> bool:
    is_function_word = word.key in cue_words.PREPOSITIONS or word.key in cue_words.CIRCUMSTANCE
    return not is_function_word and not word.key.startswith(("و", "ل"))


def _is_fragment(text: str, item: VoiceSpan) -> bool:
    """Whether the claim goes on behind a few quoted words: أعلن «تحييد» ثلاثة."""
    is_short = len(text[item.start : item.end].split()) <= _MOST_WORDS_OF_FRAGMENT
    return is_short and _GOES_ON.match(text, item.end) is not None


def _is_joined(text: str, cue: Cue) -> bool:
    """Whether a cue begins a clause of its own: وأضاف, or a participle behind a comma."""
    has_conjunction = cue.joined_start < cue.start and cue.kind != "carrying"
    begins_clause = has_conjunction or follows_a_comma(text, cue.joined_start)
    return begins_clause and cue.key not in cue_words.AMBIGUOUS


def _subject_start(text: str, begin: int, stop: int, words: Sequence[Word]) -> int:
    """In a headline the next speaker stands before the next cue: … والأمم المتحدة تحذر."""
    before = words_between(words, begin + 1, stop)[-_SUBJECT_REACH:]
    for word in reversed(before):
        if text[word.start] == "و":
            return word.start
    return stop


def _claim_end(text: str, begin: int, stop: int, words: Sequence[Word]) -> int:
    """The claim ends before a comment of the newsroom's, or before another act of speech."""
    inside = words_between(words, begin, stop)
    for number, (before, word) in enumerate(pairwise(inside), start=1):
        key = word.key
        behind = inside[number + 1].key if number + 1 < len(inside) else ""
        if key in ("حيث", "وحيث"):
            ends = cue_words.tells_past(behind)
        elif key in ("فيما", "وفيما"):
            ends = behind not in cue_words.NO_CLAUSE
        elif key == "وسط":
            ends = behind in cue_words.RUMOURS
        elif "،" in text[before.end : word.start] or "," in text[before.end : word.start]:
            ends = _is_comment(key, behind)
        else:
            ends = key in cue_words.FEELING
        if ends:
            return before.end
    for word in reversed(inside):
        if word.key not in cue_words.LEADERS or stop - word.end > _FURTHEST_LEADER:
            break
        stop = word.start
    return stop


def _is_comment(key: str, behind: str) -> bool:
    """Whether a word behind a comma, and the one behind it, begin the newsroom's own clause."""
    if key == "كما" and behind in cue_words.THAT:
        return False
    is_comment = cue_words.without_conjunction(key, cue_words.COMMENT) is not None
    return is_comment or key in cue_words.ACTS or (key, behind) in cue_words.COMMENT_PAIRS


def _according(
    text: str,
    cue: Cue,
    start: int,
    end: int,
    stop: int,
    words: Sequence[Word],
    known: Sequence[VoiceSpan],
) -> list[VoiceSpan]:
    """بحسب X، claim up to `stop` — or claim، بحسب X, unless another cue has claimed it already.

    Between two commas (…، بحسب X، …) the claim may go on behind it, up to a clause with و.
    """
    has_conjunction = cue.joined_start == cue.start - 1
    if cue.word == 0 or has_conjunction:
        for word in words[cue.word + 1 : cue.word + 1 + _REACH]:
            if word.key.startswith("ف") and word.key[1:] in cue_words.THAT:
                speaker = name_speaker(text, cue, words, start, word.start)
                return _make(text, word.start, stop, speaker, cue)
        comma = text.find("،", cue.end, stop)
        speaker = name_speaker(text, cue, words, start, comma)
        finish = _claim_end(text, comma + 1, stop, words)
        return _make(text, comma + 1, finish, speaker, cue) if comma > 0 else []
    if any(item.start < cue.start for item in known):
        return []
    speaker = name_speaker(text, cue, words, start, end)
    dateline = _DATELINE.match(text, start, cue.start)
    begin = dateline.end() if dateline else start
    claims = _make(text, begin, cue.joined_start, speaker, cue)
    comma = text.find("،", cue.end, stop)
    is_parenthesis = comma > 0 and follows_a_comma(text, cue.joined_start)
    if not is_parenthesis or len(words_between(words, cue.end, comma)) > _SHORT_REACH:
        return claims
    behind = words_between(words, comma, stop)
    if behind and _goes_on(behind[0].key, behind[1].key if len(behind) > 1 else ""):
        clause = _NEXT_CLAUSE.search(text, comma + 1, stop)
        finish = _claim_end(text, behind[0].start, clause.start() if clause else stop, words)
        claims += _make(text, behind[0].start, finish, speaker, cue)
    return claims


def _goes_on(key: str, behind: str) -> bool:
    """Whether the words behind a parenthesis carry on the clause before it."""
    is_new = key.startswith(("و", "ف", "ل")) or _is_comment(key, behind)
    return not is_new and key not in cue_words.CARRYING and key not in ("حيث", "بعد", "بعدما")


def _make(text: str, begin: int, finish: int, speaker: str | None, cue: Cue) -> list[VoiceSpan]:
    left, right = trim(text, begin, finish, PUNCTUATION.replace('"', ""))
    if text[left:right].endswith(" وذلك"):
        left, right = trim(text, left, right - len("وذلك"), PUNCTUATION.replace('"', ""))
    if left >= right:
        return []
    return [VoiceSpan(left, right, "reported", speaker, text[cue.start : cue.end])]


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
