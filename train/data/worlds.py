"""Folds over what training has seen nothing of: an outlet, a target, a conflict, later days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from model.errors import NabraError
from model.records import LabelledSentence
from train.data.split import split

World = Literal["outlets", "targets", "conflicts", "time"]
WORLDS: tuple[World, ...] = get_args(World)
_LATER = 0.3  # share of the sentences that are the later days


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What may be trained on, and what is tested on. A tested sentence keeps the stances alone that
    are held out; of `train` none has what is held out, nor tells a story of the test."""

    names: tuple[str, ...]
    train: list[LabelledSentence]
    test: list[LabelledSentence]


def hold_out(
    world: World,
    gold: Sequence[LabelledSentence],
    others: Sequence[LabelledSentence],
    *,
    num_folds: int,
    conflict_of: Callable[[str], str],
) -> list[HeldOut]:
    """The folds of a world over gold; `others` (silver) are for training alone.

    The names, most stances first, go each to the fold that holds least so far. NabraError where
    the gold holds fewer than two names or no dates, or a fold leaves nothing to train on.
    """
    if world == "time":
        return [_later(gold, others)]

    def names_of(sentence: LabelledSentence) -> set[str]:
        if world == "outlets":
            return {sentence.outlet}
        targets = {stance.target for stance in sentence.stances}
        return targets if world == "targets" else {conflict_of(target) for target in targets}

    sizes: dict[str, int] = {}
    for sentence in gold:
        for name in names_of(sentence):
            sizes[name] = sizes.get(name, 0) + max(1, len(sentence.stances))
    if len(sizes) < 2:
        raise NabraError(f"held-out {world}", f"the gold labels hold {len(sizes)}", "leave it out")
    held: list[set[str]] = [set() for _ in range(min(num_folds, len(sizes)))]
    loads = [0] * len(held)
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        least = loads.index(min(loads))
        held[least].add(name)
        loads[least] += sizes[name]
    found = []
    for names in held:
        test = [_narrowed(s, names, world, conflict_of) for s in gold if names_of(s) & names]
        stories = {sentence.story for sentence in test}
        train = [
            sentence
            for sentence in [*gold, *others]
            if sentence.story not in stories and not names_of(sentence) & names
        ]
        if not train:
            what = f"a fold without {', '.join(sorted(names)[:3])}, … leaves nothing to train on"
            raise NabraError(f"held-out {world}", what, "raise evaluation.folds")
        found.append(HeldOut(tuple(sorted(names)), train, test))
    return found


def _narrowed(
    sentence: LabelledSentence, names: set[str], world: World, conflict_of: Callable[[str], str]
) -> LabelledSentence:
    if world == "outlets":
        return sentence
    kept = tuple(
        stance
        for stance in sentence.stances
        if (stance.target if world == "targets" else conflict_of(stance.target)) in names
    )
    return replace(sentence, stances=kept)


def _later(gold: Sequence[LabelledSentence], others: Sequence[LabelledSentence]) -> HeldOut:
    division = split(gold, by="time", validation=0.0, test=_LATER, seed=0)
    test = division.splits["test"]
    if not test or not division.splits["train"]:
        raise NabraError("held-out time", "the gold labels have too few dates", "leave it out")
    first = min(sentence.published or "" for sentence in test)
    earlier = [s for s in others if division.why_not_train([s]) is None]
    return HeldOut((f"from {first}",), [*division.splits["train"], *earlier], test)
