"""The lexicon and one plain rule: a baseline of its own, and one vote among the silver rules."""

from __future__ import annotations

from collections.abc import Sequence

from model.records import LoadedTerm, Stance, StanceLabel, Voice
from model.text.lexicon import Lexicon


def find_terms(
    text: str, voices: Sequence[Voice], stances: Sequence[Stance], lexicon: Lexicon
) -> list[LoadedTerm]:
    """The loaded terms that the lexicon finds in a sentence whose mentions are known."""
    mentions = [(stance.target, mention) for stance in stances for mention in stance.mentions]
    return lexicon.find_terms(text, voices, mentions)


def judge_by_wording(stance: Stance, terms: Sequence[LoadedTerm], lexicon: Lexicon) -> StanceLabel:
    """The stance that listed wording gives.

    Names of the target and listed terms said of it, in the holder's words alone, vote by their
    polarity: only pejorative ones give `against`, only laudatory ones `favor`, all else `none`.
    A euphemism says nothing: it plays down an act.
    """
    polarities = {mention.connotation for mention in stance.mentions}
    for term in terms:
        in_holders_words = (term.voice == "direct") == (stance.holder == "source")
        if term.target == stance.target and in_holders_words and term.category != "euphemism":
            entry = lexicon.look_up(term.text)
            if term.category == "scare_quotes":
                polarities.add("pejorative")
            elif entry is not None and entry.polarity != "neutral":
                polarities.add(entry.polarity)
    is_against, is_favor = "pejorative" in polarities, "laudatory" in polarities
    if is_against == is_favor:
        return "none"
    return "against" if is_against else "favor"
