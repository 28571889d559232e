"""Who speaks: the words behind a cue that name the source."""

from __future__ import annotations

from collections.abc import Sequence

from model.text import cue_words
from model.text.cues import Cue
from model.text.spans import PUNCTUATION
from model.text.words import Word, words_between

_MOST_WORDS = 200  # of a name that nothing ends: reading on to the end of each takes the square
_WITH_PREPOSITION = ("نقلا", "وفقا", "طبقا")


def name_speaker(text: str, cue: Cue, words: Sequence[Word], start: int, stop: int) -> str | None:
    """The speaker as the sentence names it, between the cue and `stop`; None where it does not.

    `words` are those of the sentence, which begins at `start`. A name ends where time, place or
    manner of the saying begin. Before a colon the speaker is what stands before it.
    """
    if cue.kind == "colon":
        return text[start : cue.start].strip(PUNCTUATION) or None
    behind = words_between(words, cue.end, stop)[:_MOST_WORDS]
    if text[cue.start : cue.end].startswith(_WITH_PREPOSITION) and behind:
        behind = behind[1:] if behind[0].key == "عن" else behind
    if not behind:
        return None
    name_end = behind[0].start
    for position, word in enumerate(behind):
        gap = text[behind[position - 1].end : word.start] if position else ""
        if word.key in cue_words.CIRCUMSTANCE or word.key in cue_words.THAT or ":" in gap:
            break
        if text[word.start : word.end] == "على":  # its key is that of the name علي
            break
        if cue.kind == "according" and gap.strip():
            break
        name_end = word.end
    return text[behind[0].start : name_end].strip(PUNCTUATION) or None
