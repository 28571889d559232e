"""What the stance rules look at: one stance, and the loaded words around its target's names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from model.records import Category, LoadedTerm, Mention, Sentence, Stance, Voice
from model.text.lexicon import Lexicon, Polarity
from model.text.words import Word, find_words, words_between

_CLAUSE_END = re.compile("[،,؛;:!؟?.()\n]|\\s[-–—]\\s")
_JOINING = " \t\"“”«»‘’'"
_MARKS = '"“”«»‘’'


@dataclass(frozen=True, slots=True)
class SaidTerm:
    """A loaded term in the holder's words, with the polarity of its lexicon entry."""

    start: int
    end: int
    text: str
    category: Category
    polarity: Polarity
    weak: bool
    nearest: str | None


@dataclass(frozen=True, slots=True)
class Habit:
    """How the newsroom writes a target's names in the whole article."""

    num_bare: int = 0
    num_marked: int = 0
    num_loaded: int = 0


@dataclass(frozen=True, slots=True)
class Evidence:
    """One stance to judge. `mentions` and `terms` are all that the holder's words name and say."""

    text: str
    stance: Stance
    mentions: tuple[tuple[str, Mention], ...]
    terms: tuple[SaidTerm, ...]
    voices: tuple[Voice, ...]
    words: tuple[Word, ...]
    habit: Habit = field(default_factory=Habit)

    def terms_of(self, *categories: Category) -> list[SaidTerm]:
        """The terms of these categories."""
        return [term for term in self.terms if term.category in categories]

    def terms_at(self, place: int) -> list[SaidTerm]:
        """The terms that hold a place."""
        return [term for term in self.terms if term.start <= place < term.end]

    def is_holders(self, place: int) -> bool:
        """Whether a place stands in the holder's own words."""
        is_direct = any(v.kind == "direct" and v.start <= place < v.end for v in self.voices)
        return is_direct == (self.stance.holder == "source")

    def pairs(self, *categories: Category) -> Iterator[tuple[Mention, SaidTerm]]:
        """Every name of the target with every term of these categories."""
        for mention in self.stance.mentions:
            for term in self.terms_of(*categories):
                yield mention, term

    def clause(self, place: int) -> tuple[int, int]:
        """The stretch around a place that no comma, stop or bracket parts."""
        start, end = 0, len(self.text)
        for match in _CLAUSE_END.finditer(self.text):
            if match.end() <= place:
                start = match.end()
            elif match.start() >= place:
                end = match.start()
                break
        return start, end

    def share_clause(self, mention: Mention, term: SaidTerm) -> bool:
        """Whether no comma, stop or bracket stands between the two."""
        start, end = min(mention.end, term.end), max(mention.start, term.start)
        return start >= end or _CLAUSE_END.search(self.text, start, end) is None

    def adjoin(self, left_end: int, right_start: int) -> bool:
        """Whether only spaces and quotation marks stand between two places."""
        between = self.text[left_end:right_start]
        return 0 < len(between) <= 4 and not between.strip(_JOINING)

    def between(self, start: int, end: int) -> Sequence[Word]:
        """The words that begin in a stretch."""
        return words_between(self.words, start, end)

    def others_between(self, start: int, end: int) -> bool:
        """Whether a name of another target begins in a stretch."""
        return any(
            target != self.stance.target and start <= mention.start < end
            for target, mention in self.mentions
        )

    def is_marked(self, mention: Mention) -> bool:
        """Whether quotation marks stand right around a name."""
        return self.text[mention.start - 1 : mention.start] in tuple(_MARKS) and self.text[
            mention.end : mention.end + 1
        ] in tuple(_MARKS)


def gather(
    sentence: Sentence,
    stances: Sequence[Stance],
    terms: Sequence[LoadedTerm],
    lexicon: Lexicon,
    habits: Mapping[str, Habit],
) -> list[Evidence]:
    """The evidence for each stance of a sentence, in order."""
    words = tuple(find_words(sentence.text))
    said = [(term, _said(term, lexicon)) for term in terms]
    gathered = []
    for stance in stances:
        is_source = stance.holder == "source"
        mentions = [
            (other.target, mention)
            for other in stances
            if (other.holder, other.speaker) == (stance.holder, stance.speaker)
            for mention in other.mentions
        ]
        gathered.append(
            Evidence(
                text=sentence.text,
                stance=stance,
                mentions=tuple(sorted(mentions, key=lambda item: item[1].start)),
                terms=tuple(one for term, one in said if (term.voice == "direct") == is_source),
                voices=sentence.voices,
                words=words,
                habit=Habit() if is_source else habits.get(stance.target, Habit()),
            )
        )
    return gathered


def _said(term: LoadedTerm, lexicon: Lexicon) -> SaidTerm:
    entry = lexicon.look_up(term.text)
    if term.category in ("doubt", "scare_quotes"):
        polarity: Polarity = "pejorative"
    else:
        polarity = entry.polarity if entry is not None else "neutral"
    return SaidTerm(
        term.start, term.end, term.text, term.category, polarity, term.weak, term.target
    )


def note_habits(article: Sequence[tuple[str, Sequence[Stance]]]) -> dict[str, Habit]:
    """The newsroom's habit with each target, from the (text, stances) of an article's sentences."""
    bare: dict[str, int] = {}
    marked: dict[str, int] = {}
    loaded: dict[str, int] = {}
    for text, stances in article:
        for stance in stances:
            for mention in stance.mentions if stance.holder == "newsroom" else ():
                around = text[max(0, mention.start - 1) : mention.start], text[mention.end :][:1]
                is_marked = all(mark and mark in _MARKS for mark in around)
                count = marked if is_marked else bare
                count[stance.target] = count.get(stance.target, 0) + 1
                if mention.connotation != "neutral":
                    sign = 1 if mention.connotation == "laudatory" else -1
                    loaded[stance.target] = loaded.get(stance.target, 0) + sign
    return {
        target: Habit(bare.get(target, 0), marked.get(target, 0), loaded.get(target, 0))
        for target in {*bare, *marked}
    }
