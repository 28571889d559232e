from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model.net.agreement import FEWEST, Agreement, compare
from model.records import LoadedTerm, Mention, Prediction, Sentence, Stance
from model.tasks import LOADED_TERMS, STANCE, Task


def prediction(labels: list[Any], spans: list[tuple[int, int]], tone: str = "a") -> Prediction:
    sentence = Sentence("a", 0, "body", 0, 30, "و" * 30, ())
    stances = [
        Stance("sdf", "newsroom", None, (Mention(0, 1, "و", "و", "neutral"),), label)
        for label in labels
    ]
    terms = [
        LoadedTerm(start, end, "و" * (end - start), "و", "emotive", False, "own", None, None)
        for start, end in spans
    ]
    made = Prediction.extend(
        sentence,
        outlet="",
        published=None,
        url=None,
        stances=tuple(stances),
        loaded_terms=tuple(terms),
    )
    spans_of = [{"start": start, "end": end, "label": "x"} for start, end in spans]
    return replace(made, classes={"tone": {"label": tone}}, spans={"bias": spans_of})


def test_counts_labels_and_spans_of_every_kind_of_task() -> None:
    tasks = [
        STANCE,
        LOADED_TERMS,
        Task("tone", "classify", ("a", "b")),
        Task("bias", "tag", ("x",)),
        Task("other", "classify", ("a", "b"), pair=True),
    ]
    first = [prediction(["favor", "none"], [(0, 2), (3, 5)]), prediction(["none"], [(0, 2)])]
    second = [
        prediction(["favor", "against"], [(0, 2), (3, 6)]),
        prediction(["none"], [], tone="b"),
    ]
    found = {each.task: each for each in compare(tasks, first, second)}
    assert found["stance"] == Agreement("stance", "classify", 3, pytest.approx(2 / 3))
    assert found["tone"] == Agreement("tone", "classify", 2, 0.5)
    assert found["loaded_terms"] == Agreement("loaded_terms", "tag", 3, pytest.approx(2 / 5))
    assert found["bias"] == Agreement("bias", "tag", 3, pytest.approx(2 / 5))
    assert "other" not in found


@pytest.mark.parametrize(
    ("compared", "share", "is_enough"),
    [(FEWEST, 0.995, True), (FEWEST, 0.9949, False), (FEWEST - 1, 1.0, False)],
)
def test_is_enough(compared: int, share: float, is_enough: bool) -> None:
    assert Agreement("stance", "classify", compared, share).is_enough == is_enough


def test_nothing_to_compare_is_not_enough() -> None:
    assert not any(each.is_enough for each in compare([STANCE, LOADED_TERMS], [], []))
