"""The outlet probe: what is in a representation is found, and a story is no clue to its outlet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model.errors import RecordError
from train.score.counts import FloatArray
from train.score.outlet_tables import describe_probe, outlet_table
from train.score.outlets import MAJORITY, WORDS, OutletProbe, probe_outlets, usable_outlets

OUTLETS = ("north", "south", "west")
NUM_STORIES = 24
# Each story is told by two outlets, five sentences each; north tells all of them.
_PLACES = [
    (outlet, story)
    for story in range(NUM_STORIES)
    for outlet in (OUTLETS[0], OUTLETS[1 + story % 2])
    for _ in range(5)
]
TOLD = [outlet for outlet, _ in _PLACES]
STORIES = [f"story {story}" for _, story in _PLACES]
PLAIN = ["وصل الوفد إلى المدينة"] * len(TOLD)


def _marks(values: list[str], strength: float) -> FloatArray:
    """A direction for each value, in noise."""
    names = sorted(set(values))
    directions = np.random.default_rng(1).normal(size=(len(names), 12))
    noise = np.random.default_rng(2).normal(size=(len(values), 12))
    return strength * directions[[names.index(value) for value in values]] + noise


def _probe(texts: list[str] = PLAIN, **representations: FloatArray) -> OutletProbe:
    return probe_outlets(representations, texts, TOLD, STORIES, num_resamples=200)


def test_what_the_states_hold_is_found() -> None:
    probe = _probe(states=_marks(TOLD, 0.8), noise=_marks(TOLD, 0.0))
    states, noise, words, majority = probe.probes
    assert [one.name for one in probe.probes] == ["states", "noise", WORDS, MAJORITY]
    assert states.accuracy > 0.9
    assert states.macro_f1 > 0.9
    assert states.accuracy_interval.low < states.accuracy < states.accuracy_interval.high
    assert states.accuracy_interval.num_stories == NUM_STORIES
    assert noise.accuracy < 0.6
    assert words.accuracy == majority.accuracy == 0.5
    assert majority.macro_f1 == pytest.approx(2 / 9)
    assert {lead.other: lead.verdict for lead in probe.leads} == dict.fromkeys(
        ("noise", WORDS, MAJORITY), "ahead"
    )
    assert probe.leads[2].value == pytest.approx(states.accuracy - 0.5)
    assert probe.support == {"north": 120, "south": 60, "west": 60}
    assert (probe.num_sentences, probe.num_stories) == (240, NUM_STORIES)


def test_no_story_is_asked_of_a_probe_that_knows_it() -> None:
    """Each outlet's words on each story are plain in the states, and of no use in the others."""
    both = [f"{outlet} {story}" for outlet, story in zip(TOLD, STORIES, strict=True)]
    states = _probe(states=_marks(both, 20.0)).probes[0]
    assert states.accuracy < 0.65


def test_what_the_words_give_away_is_beside_it() -> None:
    habits = {"north": "أكد", "south": "زعم", "west": "ذكر"}
    texts = [f"{habits[outlet]} الناطق ذلك" for outlet in TOLD]
    probe = _probe(texts, states=_marks(TOLD, 0.0))
    assert probe.probes[1].accuracy == 1.0
    assert probe.leads[0].verdict == "behind"
    assert "less than can be told from the words alone (100%)" in describe_probe(probe)


def test_chance_is_no_lead() -> None:
    probe = _probe(states=_marks(TOLD, 0.0), others=_marks(TOLD, 0.0)[::-1])
    assert {lead.verdict for lead in probe.leads} <= {"no evidence of a difference", "behind"}
    assert "ahead" not in {lead.verdict for lead in probe.leads}


def test_a_fold_may_leave_one_outlet_to_learn_from() -> None:
    outlets, stories = ["a"] * 20 + ["b"] * 20, ["1"] * 20 + ["2"] * 20
    found = probe_outlets({"states": np.eye(40)}, ["نص"] * 40, outlets, stories, num_resamples=9)
    assert [one.accuracy for one in found.probes] == [0.0, 0.0, 0.0]


def test_small_outlets_are_left_out() -> None:
    outlets = ["big"] * 30 + ["few"] * 19 + ["once"] * 25 + ["just"] * 20
    stories = [str(i % 6) for i in range(49)] + ["7"] * 25 + [str(i % 2) for i in range(20)]
    assert usable_outlets(outlets, stories) == (["big", "just"], ["once", "few"])
    assert usable_outlets([], []) == ([], [])


def test_what_cannot_be_probed_is_refused() -> None:
    with pytest.raises(RecordError, match="1 outlets in 2 stories"):
        probe_outlets({"x": np.eye(2)}, ["a", "b"], ["n", "n"], ["1", "2"])
    with pytest.raises(RecordError, match="2 outlets in 1 stories"):
        probe_outlets({"x": np.eye(2)}, ["a", "b"], ["n", "s"], ["1", "1"])
    with pytest.raises(RecordError, match="outlet probe: 3 items beside 2"):
        probe_outlets({"x": np.eye(3)}, ["a", "b"], ["n", "s"], ["1", "2"])


def test_it_stands_in_a_table_and_in_plain_words() -> None:
    probe = replace(_probe(states=_marks(TOLD, 2.0)), left_out=("few", "once"))
    table = outlet_table(probe)
    assert table.title == "The outlet of a sentence, of 3 (n=240, 24 stories)"
    assert table.note.endswith("Left out, with fewer than 20 sentences or 2 stories: few, once.")
    assert "Left out" not in outlet_table(replace(probe, left_out=())).note
    assert [row[0] for row in table.rows] == ["states", WORDS, MAJORITY]
    assert table.rows[0][3] == ""
    assert table.rows[2][1].startswith("0.500 [")
    assert table.rows[2][3].startswith(f"+{probe.leads[1].value:.3f} [")
    assert table.rows[2][3].endswith(" more")
    first = probe.probes[0].accuracy
    assert describe_probe(probe) == (
        f"Of 3 outlets the right one is told from states for {first:.0%} of the sentences; always "
        "naming the most frequent one is right for 50%. That is more than can be told from the "
        "words alone (50%)."
    )
