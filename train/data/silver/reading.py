"""What several stance rules read from the evidence: who does what, and which way words point."""

from __future__ import annotations

from collections.abc import Iterable

from model.records import Mention, StanceLabel
from model.text.lexicon import Polarity
from train.data.silver.evidence import Evidence, SaidTerm
from train.data.silver.word_lists import JUDGING, OWNED, any_form, is_form

NEAR = 6  # words within which a verb finds its subject, or a preposition its noun


def one_side(polarities: Iterable[Polarity]) -> StanceLabel | None:
    """`against` or `favor` where the polarities point one way."""
    found = set(polarities) - {"neutral"}
    if len(found) != 1:
        return None
    return "against" if found == {"pejorative"} else "favor"


def has_plain_names(e: Evidence) -> bool:
    return all(mention.connotation == "neutral" for mention in e.stance.mentions)


def is_owned(e: Evidence, term: SaidTerm) -> bool:
    return any_form(e.between(term.start, term.end), OWNED)


def judges(e: Evidence, mention: Mention, term: SaidTerm) -> bool:
    """Whether a verb of judging or suffering, not of doing, leads from the name to the term."""
    start, _ = e.clause(mention.start)
    return any_form(e.between(start, term.start), JUDGING)


def subject_of(e: Evidence, number: int) -> str | None:
    """The target that a verb has as its subject: named right behind it, else before it."""
    verb = e.words[number]
    behind = e.words[number + 1].start if number + 1 < len(e.words) else -1
    for target, mention in e.mentions:
        if mention.start == behind:
            return target
    start, _ = e.clause(verb.start)
    before = [
        (target, mention)
        for target, mention in e.mentions
        if start <= mention.start and mention.end <= verb.start
    ]
    if before and len(e.between(before[-1][1].end, verb.start)) <= NEAR:
        return before[-1][0]
    return None


def is_subject(e: Evidence, verbs: frozenset[str]) -> bool:
    return any(
        is_form(word.key, verbs)
        and e.is_holders(word.start)
        and subject_of(e, number) == e.stance.target
        for number, word in enumerate(e.words)
    )
