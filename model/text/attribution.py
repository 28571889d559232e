"""Of whom a loaded term is said, in whose voice, and which terms are parts of one name."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence

from model.records import LoadedTerm, Mention, TermVoice, Voice

_REACH = 40  # characters between a term and the mention that it is said of
_JOINING = " \t\"“”«»‘’'"
_WIDEST_JOINT = 4  # characters between the parts of one name


def attribute_terms(
    text: str,
    spans: Sequence[tuple[int, int, str, bool]],
    voices: Sequence[Voice],
    mentions: Sequence[tuple[str, Mention]],
    name_term: Callable[[str], str],
    confidences: Sequence[float] | None = None,
) -> list[LoadedTerm]:
    """Loaded terms from (start, end, category, weak) spans: whose voice, of whom, which name.

    The target is that of the nearest mention, by characters between them, the later one on a tie;
    `doubt` looks only to what follows it, since it is the claim behind it that is kept at arm's
    length. `label` spans on either side of one mention are parts of one name and share a group.
    """
    in_order = InOrder(mentions)
    targets = [
        _nearest_target(span, in_order.near(span[0] - _REACH, span[1] + _REACH)) for span in spans
    ]
    groups = _name_groups(text, spans, mentions)
    return [
        LoadedTerm(
            start=start,
            end=end,
            text=text[start:end],
            term=name_term(text[start:end]),
            category=category,  # type: ignore[arg-type]
            weak=weak,
            voice=voice_at(voices, start, end),
            target=target,
            group=group,
            confidence=confidences[number] if confidences is not None else None,
        )
        for number, ((start, end, category, weak), target, group) in enumerate(
            zip(spans, targets, groups, strict=True)
        )
    ]


class InOrder:
    """Mentions in the order of the text, so that those near a place are found at once."""

    def __init__(self, mentions: Sequence[tuple[str, Mention]]) -> None:
        self._mentions = sorted(mentions, key=lambda item: item[1].start)
        self._starts = [mention.start for _, mention in self._mentions]
        self._longest = max((item.end - item.start for _, item in mentions), default=0)

    def near(self, start: int, end: int) -> Sequence[tuple[str, Mention]]:
        """Every mention that reaches into `[start, end]`, and perhaps some just before it."""
        first = bisect_left(self._starts, start - self._longest)
        return self._mentions[first : bisect_right(self._starts, end)]


def voice_at(voices: Sequence[Voice], start: int, end: int) -> TermVoice:
    """Whose words a span is in: the innermost voice that holds it all, else the newsroom's own."""
    holding = [voice for voice in voices if voice.start <= start and end <= voice.end]
    return min(holding, key=lambda voice: voice.end - voice.start).kind if holding else "own"


def _nearest_target(
    span: tuple[int, int, str, bool], mentions: Sequence[tuple[str, Mention]]
) -> str | None:
    start, end, category, _ = span
    best: tuple[int, int, str] | None = None
    for target, mention in mentions:
        if mention.start < end and start < mention.end:
            distance = 0
        elif mention.start >= end:
            distance = mention.start - end
        elif category == "doubt":
            continue
        else:
            distance = start - mention.end
        if distance <= _REACH and (best is None or (distance, -mention.start) < best[:2]):
            best = (distance, -mention.start, target)
    return best[2] if best else None


def _name_groups(
    text: str,
    spans: Sequence[tuple[int, int, str, bool]],
    mentions: Sequence[tuple[str, Mention]],
) -> list[int | None]:
    groups: list[int | None] = [None] * len(spans)
    labels = [number for number, span in enumerate(spans) if span[2] == "label"]
    ends = {spans[number][1]: number for number in labels}
    starts = {spans[number][0]: number for number in labels}
    next_group = 1
    for _, mention in mentions:
        before = _joined(text, ends, mention.start, -1)
        after = _joined(text, starts, mention.end, 1)
        if before is not None and after is not None:
            group = groups[before] or groups[after]
            if group is None:
                group, next_group = next_group, next_group + 1
            groups[before] = groups[after] = group
    return groups


def _joined(text: str, edges: Mapping[int, int], edge: int, step: int) -> int | None:
    """The span whose edge lies a space or a quotation mark away, looking before or behind."""
    for distance in range(1, _WIDEST_JOINT + 1):
        place = edge + step * distance
        between = text[min(edge, place) : max(edge, place)]
        if between.strip(_JOINING):
            return None
        if place in edges:
            return edges[place]
    return None
