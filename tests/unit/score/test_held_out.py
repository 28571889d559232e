from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from model.errors import RecordError
from model.records import LabelledSentence
from train.score.held_out import SEEN, with_seen
from train.score.outputs import SystemOutput
from train.score.reading import build_reading

MakeSentence = Callable[..., LabelledSentence]


@pytest.fixture
def by_story(make_sentence: MakeSentence) -> list[LabelledSentence]:
    return [
        replace(
            make_sentence(
                "قسد والجيش", story=f"s{n}",
                stances=[
                    ("sdf", "against", "قسد", "neutral"),
                    ("army", "favor", "والجيش", "neutral"),
                ],
            ),
            index=n,
        )
        for n in range(8)
    ]  # fmt: skip


def test_the_drop_is_over_the_same_stances(by_story: list[LabelledSentence]) -> None:
    seen = [SystemOutput(("against", "none"), ())] * 8
    tested = [replace(s, stances=s.stances[1:]) for s in reversed(by_story)]
    outputs = {
        "ours": [SystemOutput(("favor",), ())] * 8,
        "tfidf": [SystemOutput(("none",), ())] * 8,
    }
    compared = with_seen(tested, outputs, by_story, seen)
    assert list(compared) == ["ours", SEEN, "tfidf"]
    assert [output.stances for output in compared[SEEN]] == [("none",)] * 8
    lead = build_reading("targets", tested, compared).differences[0]
    assert (lead.system, lead.other, lead.measure) == ("ours", SEEN, "macro_f1")
    assert lead.value == pytest.approx(1 / 3)


def test_what_was_not_tested_by_story_is_refused(by_story: list[LabelledSentence]) -> None:
    outputs = {"ours": [SystemOutput(("favor", "none"), ())] * 8}
    with pytest.raises(RecordError, match="a:7: was not tested by story"):
        with_seen(by_story, outputs, by_story[:7], outputs["ours"][:7])
