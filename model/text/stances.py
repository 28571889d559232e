"""Which stances a sentence can hold, and the words that each is read from."""

from __future__ import annotations

from collections.abc import Sequence

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


def holder_words(text: str, voices: Sequence[Voice], stance: Stance) -> str:
    """The holder's own words: the sentence without its direct quotations, or that speaker's."""
    direct = [voice for voice in voices if voice.kind == "direct"]
    if stance.holder == "newsroom":
        for voice in sorted(direct, key=lambda voice: -voice.start):
            text = f"{text[: voice.start]} {text[voice.end :]}"
        return text
    return " ".join(
        text[voice.start : voice.end] for voice in direct if voice.speaker == stance.speaker
    )
