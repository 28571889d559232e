"""The loaded-term lexicon and where its terms stand in a sentence.

The lexicon names the terms that the classifier's spans are counted by, labels silver data, and is a
baseline that the classifier has to beat.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from model.errors import InputError
from model.records import LOADED_CATEGORIES, LoadedTerm, Mention, TermVoice, Voice
from model.text.listing import Types, read_entries
from model.text.phrases import PhraseIndex
from model.text.words import bare_form

Polarity = Literal["pejorative", "laudatory", "neutral"]


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """One loaded term; `neutral` is a plainer wording, where there is one.

    An entry with `context` is loaded in politics and common elsewhere (أبطال): it counts only in a
    sentence that names a target.
    """

    term: str
    category: str
    polarity: Polarity
    weak: bool
    gloss: str
    why: str
    neutral: str | None
    context: bool


class Lexicon:
    """The entries of a lexicon file, found in text by whole words with clitics and spellings."""

    def __init__(self, forms: dict[str, LexiconEntry]) -> None:
        self.entries = list(dict.fromkeys(forms.values()))
        self._index = PhraseIndex(forms.items(), with_pronouns=True)

    @classmethod
    def read(cls, path: Path) -> Lexicon:
        """InputError names the entry that is wrong, or the form that stands in two entries."""
        required: dict[str, Types] = {
            "term": str,
            "category": str,
            "polarity": str,
            "gloss": str,
            "why": str,
        }
        optional: dict[str, Types] = {
            "forms": list,
            "weak": bool,
            "neutral": (str, type(None)),
            "context": bool,
        }
        forms: dict[str, LexiconEntry] = {}
        for where, fields in read_entries(path, required, optional):
            if fields["category"] not in LOADED_CATEGORIES:
                known = ", ".join(LOADED_CATEGORIES)
                raise InputError(where, f"unknown category {fields['category']}", f"known: {known}")
            if fields["polarity"] not in get_args(Polarity):
                known = ", ".join(get_args(Polarity))
                raise InputError(where, f"unknown polarity {fields['polarity']}", f"known: {known}")
            entry = LexiconEntry(
                term=fields["term"],
                category=fields["category"],
                polarity=fields["polarity"],
                weak=fields.get("weak", False),
                gloss=fields["gloss"],
                why=fields["why"],
                neutral=fields.get("neutral"),
                context=fields.get("context", False),
            )
            for form in (fields["term"], *fields.get("forms", ())):
                if form in forms and forms[form] != entry:
                    raise InputError(where, f"the form {form} stands under {forms[form].term}")
                forms[form] = entry
        return cls(forms)

    def look_up(self, text: str) -> LexiconEntry | None:
        """The entry of the first listed term inside a span's text, if there is one."""
        matches = self._index.find(text)
        return matches[0].entry if matches else None

    def name_term(self, text: str) -> str:
        """The form of a span by which it is counted: the listed term, else without safe clitics."""
        bare = text.strip(_MARKS_AROUND)
        matches = self._index.find(bare)
        if len(matches) == 1 and (matches[0].start, matches[0].end) == (0, len(bare)):
            return matches[0].entry.term
        return bare_form(bare)

    def find_terms(
        self, text: str, voices: Sequence[Voice], mentions: Sequence[tuple[str, Mention]]
    ) -> list[LoadedTerm]:
        """Every listed term in a sentence, and names in quotation marks that a second cue loads."""
        spans = [
            (match.start, match.end, match.entry.category, match.entry.weak)
            for match in self._index.find(text)
            if mentions or not match.entry.context
        ]
        spans += [
            (start, end, "scare_quotes", False)
            for start, end in _scare_quotes(text, mentions, spans)
        ]
        return attribute_terms(text, sorted(spans), voices, mentions, self)


_JOINING = " \t\"“”«»‘’'"
_WIDEST_JOINT = 4  # characters between the parts of one name
_MARKS_AROUND = "\"“”«»‘’'"
_QUOTED = re.compile(r"(?<=\S)\s+(?P<marked>[\"“«‘]\s*(?P<words>[^\"“”«»‘’]{1,60}?)\s*[\"”»’])")


def _scare_quotes(
    text: str,
    mentions: Sequence[tuple[str, Mention]],
    spans: Sequence[tuple[int, int, str, bool]],
) -> list[tuple[int, int]]:
    """Marks around a target's name that stand right behind a `label` or `doubt` term (ما يسمى)."""
    cue_ends = {end for _, end, category, _ in spans if category in ("label", "doubt")}
    names = _InOrder(mentions)
    found = []
    for match in _QUOTED.finditer(text):
        start, end = match.span("words")
        if match.start() in cue_ends and any(
            start <= mention.start and mention.end <= end for _, mention in names.near(start, end)
        ):
            found.append(match.span("marked"))
    return found


class _InOrder:
    """Mentions in the order of the text, so that those near a place are found at once."""

    def __init__(self, mentions: Sequence[tuple[str, Mention]]) -> None:
        self._mentions = sorted(mentions, key=lambda item: item[1].start)
        self._starts = [mention.start for _, mention in self._mentions]
        self._longest = max((item.end - item.start for _, item in mentions), default=0)

    def near(self, start: int, end: int) -> Sequence[tuple[str, Mention]]:
        """Every mention that reaches into `[start, end]`, and perhaps some just before it."""
        first = bisect_left(self._starts, start - self._longest)
        return self._mentions[first : bisect_right(self._starts, end)]


def attribute_terms(
    text: str,
    spans: Sequence[tuple[int, int, str, bool]],
    voices: Sequence[Voice],
    mentions: Sequence[tuple[str, Mention]],
    lexicon: Lexicon,
    confidences: Sequence[float] | None = None,
) -> list[LoadedTerm]:
    """Loaded terms from (start, end, category, weak) spans: whose voice, of whom, which name.

    The target is that of the nearest mention, by characters between them, the later one on a tie;
    `doubt` looks only to what follows it, since it is the claim behind it that is kept at arm's
    length. `label` spans on either side of one mention are parts of one name and share a group.
    """
    in_order = _InOrder(mentions)
    targets = [
        _nearest_target(span, in_order.near(span[0] - _REACH, span[1] + _REACH)) for span in spans
    ]
    groups = _name_groups(text, spans, mentions)
    return [
        LoadedTerm(
            start=start,
            end=end,
            text=text[start:end],
            term=lexicon.name_term(text[start:end]),
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


def voice_at(voices: Sequence[Voice], start: int, end: int) -> TermVoice:
    """Whose words a span is in: the innermost voice that holds it all, else the newsroom's own."""
    holding = [voice for voice in voices if voice.start <= start and end <= voice.end]
    return min(holding, key=lambda voice: voice.end - voice.start).kind if holding else "own"


_REACH = 40  # characters between a term and the mention that it is said of


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
