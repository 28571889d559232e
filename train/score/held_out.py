"""What a system loses where training has seen nothing of the outlet, target, conflict or days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from model.errors import RecordError
from model.records import LabelledSentence, Stance
from train.score.outputs import SystemOutput

SEEN = "by story"
"""The first system's outputs where its training held other stories alone out."""
RIVALS = ("tfidf", "majority")
"""The baselines that a held-out reading has: more would cost much and say little."""

_Place = tuple[str, int]


def with_seen(
    tested: Sequence[LabelledSentence],
    outputs: Mapping[str, Sequence[SystemOutput]],
    by_story: Sequence[LabelledSentence],
    outputs_by_story: Sequence[SystemOutput],
) -> dict[str, Sequence[SystemOutput]]:
    """The outputs of a held-out reading with what the first system said of the same sentences.

    The lead of the first system over `SEEN` is what it loses: in the same stances, on the same
    resamples. RecordError where a sentence was not tested by story.
    """
    found = {
        (gold.article_id, gold.index): (gold, output)
        for gold, output in zip(by_story, outputs_by_story, strict=True)
    }
    first, *others = outputs
    seen = []
    for sentence in tested:
        place: _Place = (sentence.article_id, sentence.index)
        if place not in found:
            raise RecordError(f"{place[0]}:{place[1]}", "was not tested by story")
        gold, output = found[place]
        labels = dict(zip(map(_key, gold.stances), output.stances, strict=True))
        stances = tuple(labels[_key(stance)] for stance in sentence.stances)
        seen.append(replace(output, stances=stances))
    return {first: outputs[first], SEEN: seen, **{name: outputs[name] for name in others}}


def _key(stance: Stance) -> tuple[str, str, str | None]:
    return stance.target, stance.holder, stance.speaker
