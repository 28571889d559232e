"""Whether a sentence holds any span, as the network has it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model import load
from model.net.checkpoint import Checkpoint
from model.net.deciding import Reading, find_presence
from tests.unit.net.test_calibration import KNOWN

TASK = "loaded_terms"


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path) -> Checkpoint:
    return load(tiny_checkpoint).checkpoint


def _reading(*windows: list[list[list[float]]]) -> Reading:
    """From windows of words of layers of (outside, begin, inside)."""
    parts = [np.array(words, dtype=np.float64).reshape(-1, 2, 3) for words in windows]
    return Reading([], [], {TASK: parts}, {})


FIRST = [[[0.9, 0.06, 0.04], [0.8, 0.1, 0.1]], [[0.95, 0.05, 0.0], [0.99, 0.01, 0.0]]]
SECOND = [[[0.7, 0.1, 0.2], [1.0, 0.0, 0.0]], [[0.9, 0.05, 0.05], [0.4, 0.25, 0.35]]]


def test_it_is_that_of_the_likeliest_word_and_label(checkpoint: Checkpoint) -> None:
    """Begin and inside together: 0.25 and 0.35 are less than 0.4 each, and still 0.6."""
    assert find_presence(checkpoint, TASK, _reading(FIRST)) == pytest.approx(0.2)
    assert find_presence(checkpoint, TASK, _reading(SECOND)) == pytest.approx(0.6)


def test_every_window_of_a_long_text_is_asked(checkpoint: Checkpoint) -> None:
    for windows in ((FIRST, SECOND), (SECOND, FIRST), (FIRST, [], SECOND, FIRST)):
        assert find_presence(checkpoint, TASK, _reading(*windows)) == pytest.approx(0.6)


def test_a_sentence_without_a_word_holds_none(checkpoint: Checkpoint) -> None:
    assert find_presence(checkpoint, TASK, _reading([])) == 0
    assert find_presence(checkpoint, TASK, _reading()) == 0


def test_the_temperature_is_in_it(checkpoint: Checkpoint) -> None:
    known = replace(KNOWN, temperature=2.0, label_mix=(), label_biases=())
    hot = replace(checkpoint, calibration={TASK: known})
    roots = np.sqrt([0.4, 0.25, 0.35])
    assert find_presence(hot, TASK, _reading(FIRST, SECOND)) == pytest.approx(
        1 - roots[0] / roots.sum()
    )
