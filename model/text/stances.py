"""Which stances a sentence can hold, and the words that each is read from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from model.records import Holder, Mention, Stance, Voice
from model.text.targets import TargetMention


def draft_stances(mentions: Sequence[TargetMention], voices: Sequence[Voice]) -> tuple[Stance, ...]:
    """One stance without a label for each target, holder and speaker that the mentions name."""
    grouped: dict[tuple[str, Holder, str | None], list[Mention]] = {}
    for target, mention in mentions:
        holder, speaker = holder_of(mention, voices)
        grouped.setdefault((target, holder, speaker), []).append(mention)
    return tuple(
        Stance(target=target, holder=holder, speaker=speaker, mentions=tuple(found), label=None)
        for (target, holder, speaker), found in grouped.items()
    )


def holder_of(mention: Mention, voices: Sequence[Voice]) -> tuple[Holder, str | None]:
    """Whose words name the target: a source's inside a direct quotation, else the newsroom's."""
    for voice in voices:
        if voice.kind == "direct" and voice.start <= mention.start and mention.end <= voice.end:
            return "source", voice.speaker
    return "newsroom", None


class HolderWords(NamedTuple):
    """The holder's own words, and the slices of them that name the target."""

    text: str
    mentions: tuple[tuple[int, int], ...]


def holder_words(text: str, voices: Sequence[Voice], stance: Stance) -> HolderWords:
    """Of the newsroom the sentence without its direct quotations, of a source its quotations."""
    direct = [voice for voice in voices if voice.kind == "direct"]
    if stance.holder == "newsroom":
        kept = list(_outside(direct, len(text)))
    else:
        kept = [(v.start, v.end) for v in direct if v.speaker == stance.speaker]
    mentions: list[tuple[int, int]] = []
    written = 0
    for start, end in kept:
        moved = written - start
        mentions += [
            (mention.start + moved, mention.end + moved)
            for mention in stance.mentions
            if start <= mention.start and mention.end <= end
        ]
        written += end - start + 1
    return HolderWords(" ".join(text[start:end] for start, end in kept), tuple(mentions))


def _outside(voices: Sequence[Voice], length: int) -> Iterator[tuple[int, int]]:
    """What lies before, between and behind the voices."""
    start = 0
    for voice in sorted(voices, key=lambda voice: voice.start):
        yield start, max(start, voice.start)
        start = max(start, voice.end)
    yield start, length
