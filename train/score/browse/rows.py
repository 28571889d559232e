"""Errors as columns of numbers over tables of words, for the script of the page to look through.

Every text and every name stands once; a row is an error, the most confident first. Offsets count
UTF-16 units, as scripts do, and probabilities are whole thousandths, -1 where there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from model.records import LOADED_CATEGORIES, STANCE_LABELS, LabelledSentence, LoadedTerm
from train.score.browse.collect import Browse
from train.score.browse.errors import (
    ERROR_KINDS,
    KIND_TITLES,
    Error,
    StanceError,
    scores_of,
)
from train.score.outputs import SystemOutput
from train.score.slices import Facets

MAX_OF_KIND = 25_000
"""The page carries so many errors of a kind at most, the most confident ones."""

NOTHING = -1


class Names:
    """Words that stand once, and are spoken of by their number."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.number = {word: place for place, word in enumerate(words)}

    def __getitem__(self, word: str | None) -> int:
        return NOTHING if word is None else self.number.setdefault(word, len(self.number))

    def list(self) -> list[str]:
        """The words by number."""
        return list(self.number)


def encode_rows(browse: Browse, *, max_of_kind: int = MAX_OF_KIND) -> dict[str, Any]:
    """What the script reads: lists, numbers and strings alone."""
    errors = _cap(browse.errors, max_of_kind)
    numbers = list(dict.fromkeys(error.sentence for error in errors))
    place = {number: i for i, number in enumerate(numbers)}
    sentences = _encode_sentences([(browse.gold[n], browse.outputs[n]) for n in numbers])
    kinds, targets = Names(ERROR_KINDS), Names()
    row_of = {id(error): row for row, error in enumerate(errors)}
    return {
        "kinds": ERROR_KINDS,
        "num_term_kinds": len(KIND_TITLES),
        "categories": LOADED_CATEGORIES,
        "labels": STANCE_LABELS,
        "sentences": sentences,
        "rows": {
            "sentence": [place[error.sentence] for error in errors],
            "kind": [kinds[error.kind] for error in errors],
            "confidence": [_thousandths(error.confidence) for error in errors],
            "about": [_encode_error(error, browse, targets) for error in errors],
        },
        "targets": targets.list(),
        "facets": _encode_facets(errors, browse.gold, browse.facets) if browse.facets else [],
        "suspects": [row_of[id(error)] for error in browse.suspects() if id(error) in row_of],
    }


def _cap(errors: Sequence[Error], max_of_kind: int) -> list[Error]:
    seen = Counter[str]()
    kept = []
    for error in errors:
        seen[error.kind] += 1
        if seen[error.kind] <= max_of_kind:
            kept.append(error)
    return kept


def _encode_sentences(pairs: Sequence[tuple[LabelledSentence, SystemOutput]]) -> dict[str, Any]:
    """Texts and where they stand; spans as start, end, category, and weak or the confidence."""
    stories = Names()
    encoded: dict[str, Any] = {"text": [], "place": [], "story": [], "gold": [], "found": []}
    for sentence, output in pairs:
        at = count_units(sentence.text)
        encoded["text"].append(sentence.text)
        encoded["place"].append(f"{sentence.article_id}:{sentence.index}")
        encoded["story"].append(stories[sentence.story])
        encoded["gold"].append(
            [
                x
                for t in _ordered(sentence.loaded_terms)
                for x in (*_encode_span(t, at), int(t.weak))
            ]
        )
        encoded["found"].append(
            [
                x
                for t in _ordered(output.loaded_terms)
                for x in (*_encode_span(t, at), _thousandths(t.confidence))
            ]
        )
    return {**encoded, "stories": stories.list()}


def _encode_span(term: LoadedTerm, at: Callable[[int], int]) -> tuple[int, int, int]:
    return at(term.start), at(term.end), LOADED_CATEGORIES.index(term.category)


def _encode_error(error: Error, browse: Browse, targets: Names) -> list[Any]:
    """Terms: which gold and which predicted span. Stances: target, holder, speaker, mentions,
    probabilities by label."""
    sentence, output = browse.gold[error.sentence], browse.outputs[error.sentence]
    if isinstance(error, StanceError):
        stance = sentence.stances[error.stance]
        at = count_units(sentence.text)
        scores = scores_of(output, error.stance)
        return [
            targets[stance.target],
            stance.holder,
            stance.speaker,
            [offset for m in stance.mentions for offset in (at(m.start), at(m.end))],
            [_thousandths(scores.get(label)) for label in STANCE_LABELS],
        ]
    return [
        _find(error.gold, sentence.loaded_terms),
        _find(error.predicted, output.loaded_terms),
    ]


def _find(term: LoadedTerm | None, terms: Sequence[LoadedTerm]) -> int:
    return NOTHING if term is None else _ordered(terms).index(term)


def _ordered(terms: Sequence[LoadedTerm]) -> list[LoadedTerm]:
    """As they stand in the sentence."""
    return sorted(terms, key=lambda term: (term.start, term.end, term.category))


def _encode_facets(
    errors: Sequence[Error], gold: Sequence[LabelledSentence], facets: Facets
) -> list[dict[str, Any]]:
    """For each facet its values, and the number of its value in each row."""
    encoded = []
    for facet in dict.fromkeys([*facets.stances, *facets.terms]):
        of_stance, of_term = facets.stances.get(facet), facets.terms.get(facet)
        values = Names()
        column = []
        for error in errors:
            sentence = gold[error.sentence]
            value = None
            if isinstance(error, StanceError):
                value = of_stance and of_stance(sentence, sentence.stances[error.stance])
            else:
                value = of_term and of_term(sentence, error.term)
            column.append(values[value])
        if values.number:
            encoded.append({"name": facet, "values": values.list(), "rows": column})
    return encoded


def count_units(text: str) -> Callable[[int], int]:
    """From an offset in code points to one in UTF-16 units, where those above U+FFFF take two."""
    wide = [place for place, sign in enumerate(text) if sign > "\uffff"]
    return lambda offset: offset + sum(place < offset for place in wide)


def _thousandths(probability: float | None) -> int:
    return NOTHING if probability is None else round(1000 * probability)
