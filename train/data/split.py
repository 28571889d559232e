"""Splits and folds that keep a story whole.

By story alone, test text is new; by outlet, by time or by target its outlet, its days or the actors
it names are new as well, and articles that would tell them beforehand are dropped, with the reason.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from model.errors import InputError
from model.records import Dropped, LabelledSentence

SPLITS = ("train", "validation", "test")
SplitBy = Literal["story", "outlet", "time", "target"]
Splits = dict[str, list[LabelledSentence]]
_ARTICLE = {"outlet": "an outlet", "target": "a target"}


@dataclass(frozen=True)
class Division:
    """Sentences by split, and the articles that fit in none.

    `held_out`: the outlets or targets of the test split, where it was split by them;
    `first_held_day`: that of validation or test, where it was split by time.
    """

    by: SplitBy
    splits: Splits
    dropped: list[Dropped]
    held_out: frozenset[str] = frozenset()
    first_held_day: str | None = None

    def why_not_train(self, sentences: Sequence[LabelledSentence]) -> str | None:
        """Why one more article, given by its sentences, stays out of training; None if it may."""
        if any(sentence.story in self._held_stories for sentence in sentences):
            return "tells a story that validation or test holds"
        if any(_names(self.by, sentence) & self.held_out for sentence in sentences):
            return f"has {_ARTICLE[self.by]} that is held out"
        if self.first_held_day and any(
            not sentence.published or sentence.published >= self.first_held_day
            for sentence in sentences
        ):
            return "is not known to be older than validation and test"
        return None

    @cached_property
    def _held_stories(self) -> set[str]:
        return {s.story for name in SPLITS if name != "train" for s in self.splits[name]}


def split(
    sentences: Sequence[LabelledSentence],
    *,
    by: SplitBy,
    validation: float,
    test: float,
    seed: int,
    held_out: Sequence[str] = (),
) -> Division:
    """Divide the sentences; shares are shares of sentences.

    `held_out` names the outlets or targets of the test split, in place of a draw. InputError where
    one of them stands in no sentence.
    """
    if by == "time":
        return _split_by_time(sentences, validation=validation, test=test)
    if by == "story":
        splits = _split_by_story(sentences, validation=validation, test=test, seed=seed)
        return Division(by, splits, [])
    known = sorted({name for sentence in sentences for name in _names(by, sentence)})
    if unknown := [name for name in held_out if name not in known]:
        raise InputError(
            "split.held_out", f"no sentence has the {by} {unknown[0]}", f"known: {', '.join(known)}"
        )
    chosen = set(held_out) or _draw(sentences, by, known, test, seed)
    return _hold_out(sentences, by, chosen, validation=validation, seed=seed)


def grouped_folds(
    sentences: Sequence[LabelledSentence], num_folds: int, seed: int
) -> list[list[LabelledSentence]]:
    """Folds of like size; each story, largest first, goes to the fold that holds least so far."""
    order = sorted(_shuffled_stories(sentences, seed), key=lambda item: -item[1])
    sizes = [0] * num_folds
    assigned: dict[str, int] = {}
    for story, size in order:
        smallest = sizes.index(min(sizes))
        assigned[story] = smallest
        sizes[smallest] += size
    folds: list[list[LabelledSentence]] = [[] for _ in range(num_folds)]
    for sentence in sentences:
        folds[assigned[sentence.story]].append(sentence)
    return folds


def _split_by_story(
    sentences: Sequence[LabelledSentence], *, validation: float, test: float, seed: int
) -> Splits:
    """Stories in a seeded order go to test, then to validation, while that nears the share."""
    order = _shuffled_stories(sentences, seed)
    wanted = {"test": test * len(sentences), "validation": validation * len(sentences)}
    assigned: dict[str, str] = {}
    for name, goal in wanted.items():
        held = 0
        for story, size in order:
            if story not in assigned and abs(held + size - goal) < abs(held - goal):
                assigned[story] = name
                held += size
    return _deal(sentences, lambda sentence: assigned.get(sentence.story, "train"))


def _split_by_time(
    sentences: Sequence[LabelledSentence], *, validation: float, test: float
) -> Division:
    """The last days are for test, those before for validation; a story on both sides is dropped."""
    dated = [sentence for sentence in sentences if sentence.published]
    days = sorted(sentence.published or "" for sentence in dated)
    cuts = [
        days[min(len(days) - 1, round(share * len(days)))] if days and share < 1 else "9999"
        for share in (1 - test - validation, 1 - test)
    ]

    def place(sentence: LabelledSentence) -> str | None:
        if not sentence.published:
            return None
        return SPLITS[sum(sentence.published >= cut for cut in cuts)]

    places: dict[str, set[str | None]] = defaultdict(set)
    for sentence in sentences:
        places[sentence.story].add(place(sentence))

    def home(sentence: LabelledSentence) -> str | None:
        return place(sentence) if len(places[sentence.story]) == 1 else None

    reasons = {True: "has no date", False: "its story runs over the days of two splits"}
    dropped = _drop(
        (sentence for sentence in sentences if home(sentence) is None),
        lambda sentence: reasons[None in places[sentence.story]],
    )
    held_days = (s.published or "" for s in sentences if home(s) in SPLITS[1:])
    return Division(
        "time", _deal(sentences, home), dropped, first_held_day=min(held_days, default=None)
    )


def _hold_out(
    sentences: Sequence[LabelledSentence],
    by: SplitBy,
    chosen: set[str],
    *,
    validation: float,
    seed: int,
) -> Division:
    """Articles with a chosen name are the test split; others of their stories are dropped."""
    has_name = {s.article_id for s in sentences if _names(by, s) & chosen}
    stories = {s.story for s in sentences if s.article_id in has_name}
    rest = [sentence for sentence in sentences if sentence.story not in stories]
    share = min(0.99, validation * len(sentences) / max(1, len(rest)))
    splits = _split_by_story(rest, validation=share, test=0.0, seed=seed)
    splits["test"] = [sentence for sentence in sentences if sentence.article_id in has_name]
    dropped = _drop(
        (s for s in sentences if s.story in stories and s.article_id not in has_name),
        lambda _: f"shares a story with {_ARTICLE[by]} that is held out",
    )
    return Division(by, splits, dropped, held_out=frozenset(chosen))


def _draw(
    sentences: Sequence[LabelledSentence],
    by: SplitBy,
    known: Sequence[str],
    share: float,
    seed: int,
) -> set[str]:
    """Names in a seeded order, while the articles that hold one near the share."""
    articles: dict[str, set[str]] = defaultdict(set)
    sizes: dict[str, int] = defaultdict(int)
    for sentence in sentences:
        sizes[sentence.article_id] += 1
        for name in _names(by, sentence):
            articles[name].add(sentence.article_id)
    order = random.Random(seed).sample(known, len(known))
    chosen: set[str] = set()
    held: set[str] = set()
    goal = share * len(sentences)
    for name in order:
        gained = held | articles[name]
        if abs(sum(map(sizes.__getitem__, gained)) - goal) < abs(
            sum(map(sizes.__getitem__, held)) - goal
        ):
            chosen.add(name)
            held = gained
    return chosen


def _names(by: SplitBy, sentence: LabelledSentence) -> set[str]:
    """What a sentence has of the kind that is held out."""
    if by == "outlet":
        return {sentence.outlet}
    return {stance.target for stance in sentence.stances} if by == "target" else set()


def _deal(
    sentences: Iterable[LabelledSentence], home: Callable[[LabelledSentence], str | None]
) -> Splits:
    splits: Splits = {name: [] for name in SPLITS}
    for sentence in sentences:
        if name := home(sentence):
            splits[name].append(sentence)
    return splits


def _drop(
    sentences: Iterable[LabelledSentence], reason: Callable[[LabelledSentence], str]
) -> list[Dropped]:
    """One record for each article of the sentences."""
    firsts = {sentence.article_id: sentence for sentence in reversed(list(sentences))}
    return [
        Dropped(f"article {name}", reason(sentence)) for name, sentence in sorted(firsts.items())
    ]


def _shuffled_stories(sentences: Sequence[LabelledSentence], seed: int) -> list[tuple[str, int]]:
    sizes: dict[str, int] = {}
    for sentence in sentences:
        sizes[sentence.story] = sizes.get(sentence.story, 0) + 1
    stories = sorted(sizes.items())
    random.Random(seed).shuffle(stories)
    return stories
