"""What is held out is nowhere in training, and each gold stance of a world is tested once."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from model.errors import NabraError
from model.records import LabelledSentence, Mention, Stance
from tests.sentences import labelled
from train.data.worlds import World, hold_out

CONFLICTS = {"sdf": "syria", "army": "syria", "houthis": "yemen", "rsf": "sudan", "saf": "sudan"}


def sentence(number: int, story: str, outlet: str, targets: list[str], day: int | None = 1):
    stances = tuple(
        Stance(target, "newsroom", None, (Mention(0, 2, "قس", "قس", "neutral"),), "none")
        for target in targets
    )
    published = None if day is None else f"2020-01-{day:02d}"
    return labelled(
        "قس دخل",
        article_id=f"a{number}",
        outlet=outlet,
        published=published,
        story=story,
        stances=stances,
    )


@pytest.fixture
def gold() -> list[LabelledSentence]:
    chance = random.Random(1)
    return [
        sentence(
            number,
            f"story {number // 3}",
            chance.choice(["one", "two", "three"]),
            chance.sample(sorted(CONFLICTS), chance.randrange(3)),
            1 + number // 4,
        )
        for number in range(90)
    ]


def names(world: World, held: LabelledSentence) -> set[str]:
    if world == "outlets":
        return {held.outlet}
    targets = {stance.target for stance in held.stances}
    return targets if world == "targets" else {CONFLICTS[target] for target in targets}


@pytest.mark.parametrize("world", ["outlets", "targets", "conflicts"])
def test_training_has_nothing_of_what_is_held_out(
    gold: list[LabelledSentence], world: World
) -> None:
    silver = [sentence(1000 + n, f"silver {n}", "one", ["sdf"]) for n in range(5)]
    folds = hold_out(world, gold, silver, num_folds=3, conflict_of=CONFLICTS.__getitem__)
    assert len(folds) == 3
    for fold in folds:
        assert fold.test
        assert all(names(world, s) <= set(fold.names) for s in fold.test)
        assert not any(names(world, s) & set(fold.names) for s in fold.train)
        assert not {s.story for s in fold.train} & {s.story for s in fold.test}
        assert {s.article_id for s in fold.test} <= {s.article_id for s in gold}
    tested = Counter(
        (s.article_id, stance.target) for fold in folds for s in fold.test for stance in s.stances
    )
    expected = Counter((s.article_id, stance.target) for s in gold for stance in s.stances)
    assert tested == expected
    silver_used = [s for fold in folds for s in fold.train if s.article_id >= "a1000"]
    assert silver_used, "silver without what is held out is trained on"


def test_later_days_are_tested(gold: list[LabelledSentence]) -> None:
    late = sentence(1000, "silver", "one", ["sdf"], 31)
    undated = sentence(1001, "silver too", "one", ["sdf"], None)
    early = sentence(1002, "silver early", "one", ["sdf"], 1)
    (fold,) = hold_out(
        "time", gold, [late, undated, early], num_folds=3, conflict_of=CONFLICTS.__getitem__
    )
    first = min(str(s.published) for s in fold.test)
    assert fold.names == (f"from {first}",)
    assert all(str(s.published) < first for s in fold.train)
    assert early in fold.train
    assert 0.2 < len(fold.test) / len(gold) < 0.4


def test_a_fold_that_leaves_nothing_to_train_on_is_refused() -> None:
    gold = [sentence(n, "one story", outlet, ["sdf"]) for n, outlet in enumerate("abc")]
    with pytest.raises(NabraError, match="held-out outlets: a fold without a, … leaves nothing"):
        hold_out("outlets", gold, [], num_folds=3, conflict_of=CONFLICTS.__getitem__)


def test_a_world_of_one_is_refused() -> None:
    gold = [sentence(n, str(n), "one", ["sdf"], None) for n in range(5)]
    for world in ("outlets", "targets", "conflicts", "time"):
        with pytest.raises(NabraError, match=f"held-out {world}"):
            hold_out(world, gold, [], num_folds=3, conflict_of=CONFLICTS.__getitem__)
