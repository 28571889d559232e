"""By what a scorecard is sliced."""

from __future__ import annotations

import pytest

from tests.sentences import labelled
from train.facets import make_facets


@pytest.mark.parametrize(
    ("num_words", "expected"),
    [(1, "1-9"), (9, "1-9"), (10, "10-19"), (39, "20-39"), (40, "40+"), (90, "40+")],
)
def test_lengths_are_classes_of_words(num_words: int, expected: str) -> None:
    text = " ".join(["قسد"] * num_words)
    sentence = labelled(text)
    facets = make_facets({})
    for facet in (facets.stances["words"], facets.terms["words"]):
        assert facet(sentence, None) == expected  # type: ignore[arg-type]
