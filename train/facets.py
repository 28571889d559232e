"""By what a scorecard is sliced: what the records say of a stance or of a loaded term."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from model.records import LabelledSentence, Stance
from model.text.aliases import Target
from train.score.slices import Facets, StanceFacet, TermFacet
from train.score.words import split_words

_LENGTHS = (10, 20, 40)  # words; the bounds of the classes of length


def make_facets(
    targets: Mapping[str, Target], train: Sequence[LabelledSentence] | None = None
) -> Facets:
    """The usual facets; with the training split, what of the test split it has seen."""

    @cache  # every stance and term of a sentence asks
    def length(text: str) -> str:
        return _length(len(split_words(text)))

    of_sentence = {
        "outlet": lambda sentence, _: sentence.outlet,
        "section": lambda sentence, _: sentence.section,
        "month": lambda sentence, _: sentence.published[:7] if sentence.published else None,
        "words": lambda sentence, _: length(sentence.text),
    }
    stances: dict[str, StanceFacet] = {
        "target": lambda _, stance: stance.target,
        "conflict": lambda _, stance: getattr(targets.get(stance.target), "conflict", None),
        "side": lambda _, stance: _side(targets.get(stance.target)),
        "holder": lambda _, stance: stance.holder,
        "name": lambda _, stance: _connotation(stance),
        **of_sentence,
    }
    terms: dict[str, TermFacet] = {
        "category": lambda _, term: term.category,
        "voice": lambda _, term: term.voice,
        **of_sentence,
    }
    if train is not None:
        seen_targets = {stance.target for sentence in train for stance in sentence.stances}
        seen_terms = {(t.text, t.category) for sentence in train for t in sentence.loaded_terms}
        stances["target in training"] = lambda _, stance: _seen(stance.target in seen_targets)
        terms["wording in training"] = lambda _, t: _seen((t.text, t.category) in seen_terms)

    def side_of(target: str) -> tuple[str, str] | None:
        found = targets.get(target)
        return (found.conflict, found.side) if found and found.side else None

    return Facets(stances, terms, side_of)


def _seen(is_seen: bool) -> str:
    return "seen" if is_seen else "unseen"


def _side(target: Target | None) -> str | None:
    return f"{target.conflict}: {target.side}" if target and target.side else None


def _connotation(stance: Stance) -> str:
    """What the names connote that the sentence gives the target."""
    kinds = sorted({mention.connotation for mention in stance.mentions} - {"neutral"})
    return " and ".join(kinds) or ("neutral" if stance.mentions else "not named")


def _length(count: int) -> str:
    """The class of a sentence of so many words."""
    lower = [1, *_LENGTHS]
    number = sum(count >= bound for bound in _LENGTHS)
    return (
        f"{lower[number]}+"
        if number == len(_LENGTHS)
        else f"{lower[number]}-{_LENGTHS[number] - 1}"
    )
