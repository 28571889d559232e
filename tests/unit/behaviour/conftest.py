"""The cases of all seeds, made once, and the lists that they are made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.text.lexicon import Lexicon
from train.behaviour.generate import Behaviour, make_cases
from train.behaviour.names import NameBook
from train.data.annotations import read_annotations

SEEDS = Path(__file__).parents[3] / "seeds"
LISTS = (SEEDS / "targets.yaml", SEEDS / "loaded_terms.yaml")
NO_CAP = 1_000_000


@pytest.fixture(scope="session")
def book() -> NameBook:
    return NameBook.read(LISTS[0])


@pytest.fixture(scope="session")
def lexicon() -> Lexicon:
    return Lexicon.read(LISTS[1])


@pytest.fixture(scope="session")
def seeds() -> list:
    return read_annotations(SEEDS / "annotations.jsonl")


@pytest.fixture(scope="session")
def behaviour(seeds: list, book: NameBook, lexicon: Lexicon) -> Behaviour:
    return make_cases(seeds, book, lexicon, cap=NO_CAP)
