"""Silver labels: what the lexicon and one plain rule say of a sentence that nobody has labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model.records import Article, LabelledSentence, LoadedTerm, Stance, StanceLabel, Voice
from model.text.lexicon import Lexicon
from model.text.sentences import segment
from model.text.stances import draft_stances
from model.text.targets import TargetList

_RULES = ("lexicon",)
_CONFIDENCE = 0.5  # how far one rule is trusted, until several vote and gold can tell


def label_article(
    article: Article, targets: TargetList, lexicon: Lexicon, *, story: str
) -> list[LabelledSentence]:
    """The sentences of an article of some story, with silver labels."""
    sentences = segment(article)
    mentions = targets.find_mentions([sentence.text for sentence in sentences])
    labelled = []
    for sentence, found in zip(sentences, mentions, strict=True):
        terms = lexicon.find_terms(sentence.text, sentence.voices, found)
        stances = draft_stances(found, sentence.voices)
        labelled.append(
            LabelledSentence.extend(
                sentence,
                outlet=article.outlet,
                published=article.published,
                story=story,
                stances=tuple(
                    replace(
                        stance,
                        label=judge_by_wording(stance, terms, lexicon),
                        origin="silver",
                        rules=_RULES,
                        confidence=_CONFIDENCE,
                    )
                    for stance in stances
                ),
                loaded_terms=tuple(
                    replace(term, origin="silver", rules=_RULES, confidence=_CONFIDENCE)
                    for term in terms
                ),
            )
        )
    return labelled


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
