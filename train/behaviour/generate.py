"""All behavioural cases of a set of labelled sentences."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from model.records import LabelledSentence
from model.text.lexicon import Lexicon
from train.behaviour.collect import Collector
from train.behaviour.names import NameBook
from train.behaviour.renames import Renamer
from train.behaviour.sides import SideSwapper
from train.behaviour.sources import SourceSwapper, name_outlets
from train.behaviour.spellings import Respeller
from train.behaviour.templates import add_templates
from train.score.behaviour.cases import Case, LeftOut

CAP = 200


class Behaviour(NamedTuple):
    """The cases, and how many could not be made or were over the cap."""

    cases: list[Case]
    left_out: tuple[LeftOut, ...]


def make_cases(
    sentences: Sequence[LabelledSentence],
    book: NameBook,
    lexicon: Lexicon,
    *,
    seed: int = 0,
    cap: int = CAP,
) -> Behaviour:
    """The cases made from labelled sentences, the list of targets, the lexicon and the templates.

    At most `cap` cases of each test, drawn evenly over targets. The same seed makes the same cases.
    """
    into = Collector()
    sources = SourceSwapper(into, random.Random(f"{seed} sources"), name_outlets(sentences))
    respeller = Respeller(into, random.Random(f"{seed} spelling"))
    renamer = Renamer(book, lexicon, into, random.Random(f"{seed} names"))
    sides = SideSwapper(book, lexicon, into, random.Random(f"{seed} sides"), sentences)
    for sentence in sentences:
        renamer.neutral_names(sentence)
        respeller.respell(sentence)
        sources.person(sentence)
        sources.outlet(sentence)
        renamer.loaded_names(sentence)
        renamer.bare_names(sentence)
        renamer.epithets(sentence)
        sides.swap(sentence)
    add_templates(book, lexicon, into)
    return Behaviour(into.draw(cap, seed), into.left_out())
