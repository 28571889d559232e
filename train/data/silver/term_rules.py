"""Candidates for loaded terms, and the rules that vote to keep or to drop each.

Candidates are the lexicon's matches, doubting words that open a claim, and short stretches in
quotation marks that are nobody's speech. A rule reads one candidate and gives KEEP, DROP or None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from model.records import LabelledSentence, LoadedTerm, Mention, Sentence
from model.text.attribution import attribute_terms
from model.text.lexicon import Lexicon, LexiconEntry
from model.text.quotes import find_quotations
from model.text.words import Word, find_words, words_between
from train.data.silver.word_lists import (
    ALLEGED,
    DOUBT_VERBS,
    MARTYRS,
    NAMED_AFTER,
    PLAY_AND_TRADE,
    PRETEXTS,
    SO_CALLED,
    TITLES,
    any_form,
    is_form,
)

KEEP, DROP = "keep", "drop"
_MOST_MARKED_WORDS = 4
_NEAR = 40  # characters
_FEW_PLAY_WORDS = 3  # from here on an article tells of play or trade
Mentions = Sequence[tuple[str, Mention]]


@dataclass(frozen=True, slots=True)
class Scene:
    """What an article tells of a candidate: its whole text, and how many targets it names."""

    text: str
    num_mentions: int
    num_play_words: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A stretch that may be a loaded term; `entry` is the lexicon's, where that proposes it."""

    sentence: Sentence
    term: LoadedTerm
    entry: LexiconEntry | None
    others: tuple[LoadedTerm, ...]
    mentions: tuple[tuple[str, Mention], ...]
    words: tuple[Word, ...]
    scene: Scene

    @property
    def own_words(self) -> Sequence[Word]:
        """The words of the stretch."""
        return words_between(self.words, self.term.start, self.term.end)

    def before(self, most: int) -> Sequence[Word]:
        """The last words before it."""
        return words_between(self.words, 0, self.term.start)[-most:]

    def behind(self, most: int) -> Sequence[Word]:
        """The first words behind it."""
        return words_between(self.words, self.term.end, len(self.sentence.text))[:most]


def describe(texts: Sequence[str], num_mentions: int) -> Scene:
    """The scene of an article whose sentences are given."""
    whole = "\n".join(texts)
    play = sum(is_form(word.key, PLAY_AND_TRADE) for word in find_words(whole))
    return Scene(whole, num_mentions, play)


def propose(
    sentence: Sentence, mentions: Mentions, lexicon: Lexicon, scene: Scene
) -> list[Candidate]:
    """Every candidate of a sentence, in order."""
    text = sentence.text
    words = find_words(text)
    listed = lexicon.find_terms(text, sentence.voices, mentions)
    entries = {(term.start, term.end): lexicon.look_up(term.text) for term in listed}
    spans = {(t.start, t.end, str(t.category), t.weak) for t in listed}
    doubts = [(t.start, t.end) for t in listed if t.category == "doubt"]
    for word in words:
        if is_form(word.key, DOUBT_VERBS | PRETEXTS) and not any(
            start <= word.start < end for start, end in doubts
        ):
            spans.add((word.start, word.end, "doubt", False))
    marked = {(t.start, t.end) for t in listed if t.category == "scare_quotes"}
    for quotation in find_quotations(text):
        held = words_between(words, quotation.start, quotation.end)
        is_speech = any(
            voice.kind == "direct"
            and voice.start < quotation.inner_end
            and quotation.inner_start < voice.end
            and not (voice.start < quotation.start and quotation.end < voice.end)
            for voice in sentence.voices
        )
        place = (quotation.start, quotation.end)
        if 1 <= len(held) <= _MOST_MARKED_WORDS and not is_speech and place not in marked:
            spans.add((*place, "scare_quotes", False))
    terms = attribute_terms(text, sorted(spans), sentence.voices, mentions, lexicon.name_term)
    return [
        Candidate(
            sentence=sentence,
            term=term,
            entry=entries.get((term.start, term.end)),
            others=tuple(other for other in terms if other is not term),
            mentions=tuple(mentions),
            words=tuple(words),
            scene=scene,
        )
        for term in terms
    ]


def firm_entry(c: Candidate) -> str | None:
    """The lexicon lists it, neither as weak nor as common elsewhere."""
    is_firm = c.entry is not None and not c.entry.weak and not c.entry.context
    return KEEP if is_firm and c.term.category != "scare_quotes" else None


def weak_entry(c: Candidate) -> str | None:
    """The lexicon lists it as a routine word; kept where it is said of a target."""
    if c.entry is None or not c.entry.weak or c.term.category == "scare_quotes":
        return None
    if _is_kept_away(c):
        return None
    return KEEP if c.term.target is not None else DROP


def common_word(c: Candidate) -> str | None:
    """A word that is common outside politics, in a sentence that names a target."""
    if c.entry is None or not c.entry.context or c.term.category == "scare_quotes":
        return None
    return KEEP if c.mentions and not _is_kept_away(c) else None


def beside_a_name(c: Candidate) -> str | None:
    """A label, act or praise right beside a target's name."""
    if c.term.category in ("scare_quotes", "doubt"):
        return None
    for _, mention in c.mentions:
        gap = max(mention.start - c.term.end, c.term.start - mention.end)
        if gap in (1, 2):
            return KEEP
    return None


def in_company(c: Candidate) -> str | None:
    """Another listed term stands near: charged wording comes in groups."""
    if c.term.category == "scare_quotes" or _is_kept_away(c):
        return None
    near = any(
        other.category not in ("scare_quotes", "doubt")
        and 0 <= max(other.start - c.term.end, c.term.start - other.end) <= _NEAR
        for other in c.others
    )
    return KEEP if near else None


def doubting_verb(c: Candidate) -> str | None:
    """زعم and ادعى, which keep the writer away from a claim."""
    return KEEP if any_form(c.own_words, DOUBT_VERBS) and c.term.category == "doubt" else None


def pretext_word(c: Candidate) -> str | None:
    """بحجة, بزعم, بذريعة."""
    return KEEP if any_form(c.own_words, PRETEXTS) and c.term.category == "doubt" else None


def so_called(c: Candidate) -> str | None:
    """Marks behind ما يسمى, ما يسميه فلان or before المزعوم distance."""
    if c.term.category != "scare_quotes":
        return None
    return KEEP if _is_so_called(c.before(3), c.behind(1)) else None


def marks_behind_a_label(c: Candidate) -> str | None:
    """Marks right behind a loaded word for the same name: مليشيا "قسد"."""
    if c.term.category != "scare_quotes":
        return None
    beside = any(
        other.category == "label" and 0 < c.term.start - other.end <= 2 for other in c.others
    )
    return KEEP if beside else None


def marks_against_habit(c: Candidate) -> str | None:
    """Marks around words that the article writes bare more often than marked, or only marked."""
    if c.term.category != "scare_quotes" or len(inner := c.term.text[1:-1].strip()) < 3:
        return None
    num_marked = sum(
        c.scene.text.count(f"{opening}{inner}{closing}")
        for opening, closing in ('""', "“”", "«»", "‘’")
    )
    num_bare = c.scene.text.count(inner) - num_marked
    if num_bare > num_marked:
        return KEEP
    return DROP if num_marked > 1 and not num_bare else None


def marks_alone(c: Candidate) -> str | None:
    """Marks without a second cue are typography: a title, an acronym, a person, a medium."""
    if c.term.category != "scare_quotes":
        return None
    cues = (so_called, marks_behind_a_label, marks_against_habit, loaded_inside)
    return None if any(rule(c) == KEEP for rule in cues) else DROP


def loaded_inside(c: Candidate) -> str | None:
    """Flattering or softening words in marks, in the newsroom's voice, are kept at a distance."""
    if c.term.category != "scare_quotes" or c.term.voice == "direct":
        return None
    inside = any(
        other.category in ("euphemism", "praise", "label")
        and c.term.start <= other.start
        and other.end <= c.term.end
        for other in c.others
    )
    return KEEP if inside else None


def play_or_trade(c: Candidate) -> str | None:
    """In sport, markets and the arts charged words are figures of speech."""
    told = c.scene.num_play_words
    if told >= _FEW_PLAY_WORDS and told > c.scene.num_mentions:
        return DROP
    return None


def fixed_name(c: Candidate) -> str | None:
    """Part of a name that is given: شارع الشهداء, العقيد باسل."""
    if c.term.category in ("scare_quotes", "doubt"):
        return None
    lead = c.before(1)
    is_definite = any(word.key.startswith("ال") for word in c.own_words)
    return DROP if (_opens_a_name(lead) and is_definite) or any_form(lead, TITLES) else None


def title_in_marks(c: Candidate) -> str | None:
    """A listed word inside a short stretch in marks that is no speech is part of a title."""
    if c.term.category in ("scare_quotes", "doubt") or c.term.voice == "direct":
        return None
    inside = any(
        other.category == "scare_quotes"
        and other.start < c.term.start
        and c.term.end < other.end
        and other.target is None
        for other in c.others
    )
    return DROP if inside else None


def sober_article(c: Candidate) -> str | None:
    """The article names no target at all."""
    return DROP if not c.scene.num_mentions else None


def said_aloud(c: Candidate) -> str | None:
    """In a source's own words charged wording is at home; in what the newsroom retells, less so."""
    if c.term.category in ("scare_quotes", "doubt"):
        return None
    return KEEP if c.term.voice == "direct" else None


def martyr_word(c: Candidate) -> str | None:
    """شهيد and استشهد of the dead, not in the name of a place or office."""
    if not any_form(c.own_words, MARTYRS):
        return None
    return None if _opens_a_name(c.before(1)) else KEEP


def name_kept_away(c: Candidate) -> str | None:
    """A flattering name that ما يسمى and marks keep away is no label of the writer's."""
    return DROP if c.term.category == "label" and _is_kept_away(c) else None


def _is_kept_away(c: Candidate) -> bool:
    """Whether a label stands inside marks that ما يسمى opens."""
    if c.term.category != "label":
        return False
    return any(
        other.category == "scare_quotes"
        and other.start <= c.term.start
        and c.term.end <= other.end
        and _is_so_called(
            words_between(c.words, 0, other.start)[-3:],
            words_between(c.words, other.end, len(c.sentence.text))[:1],
        )
        for other in c.others
    )


def _opens_a_name(lead: Sequence[Word]) -> bool:
    """Whether a word without article leads to a name: شارع الشهداء, and not البلدة شهداء."""
    return any_form(lead, NAMED_AFTER) and not lead[-1].key.lstrip("وف").startswith("ال")


def _is_so_called(before: Sequence[Word], behind: Sequence[Word]) -> bool:
    return any_form(before, SO_CALLED) or any_form(behind, ALLEGED)


TermRule = Callable[[Candidate], str | None]
TERM_RULES: dict[str, TermRule] = {
    rule.__name__: rule
    for rule in (
        firm_entry, weak_entry, common_word, beside_a_name, in_company, doubting_verb,
        pretext_word, so_called, marks_behind_a_label, marks_against_habit, loaded_inside,
        marks_alone, play_or_trade, fixed_name, title_in_marks, sober_article, said_aloud,
        martyr_word, name_kept_away,
    )
}  # fmt: skip


def vote_on_term(candidate: Candidate) -> dict[str, str]:
    """The vote of every rule that does not abstain."""
    votes = ((name, rule(candidate)) for name, rule in TERM_RULES.items())
    return {name: vote for name, vote in votes if vote is not None}


def true_vote(candidate: Candidate, gold: LabelledSentence) -> str:
    """KEEP where gold has a term of this category that shares a character with the candidate."""
    term = candidate.term
    is_right = any(
        other.category == term.category and other.start < term.end and term.start < other.end
        for other in gold.loaded_terms
    )
    return KEEP if is_right else DROP
