"""The sample of an audit: units drawn at random within strata, in one pass over the predictions.

A unit is a stance (a sentence, a target and a holder), or for loaded terms a sentence. Units are
drawn one by one, never whole articles, so that plain formulas hold for what is computed from them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt
from typing import ClassVar, Literal

from model.errors import InputError
from model.records import LOADED_CATEGORIES, STANCE_LABELS, Prediction, Record

Subject = Literal["stance", "loaded_terms"]

ABSENT = "absent"
"""What the coder says of a stance whose mention names no such target."""

ANY = "any"
LABELS: dict[Subject, tuple[str, ...]] = {
    "stance": (*STANCE_LABELS, ABSENT),
    "loaded_terms": (*LOADED_CATEGORIES, ANY),
}
TRAITS: dict[Subject, tuple[str, ...]] = {
    "stance": ("label", "outlet", "target", "holder"),
    "loaded_terms": ("label", "outlet", "section"),
}
"""By what units can be put in strata; `label` is the predicted one."""

MOST_HELD = 50_000  # sentences in memory: with many strata, each holds fewer to choose from


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to code: row of the archive, number of the stance there, what was predicted.

    `hard` is 1 for each label that was predicted and `soft` the scores, both in the order of
    `LABELS`; `traits` holds label, outlet and so on.
    """

    row: int
    pair: int
    task: str
    hard: tuple[float, ...]
    soft: tuple[float, ...]
    traits: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PlanStratum(Record):
    """`drawn` of `size` units; each stands for `weight` units of the archive."""

    key: tuple[str, ...]
    size: int
    drawn: int
    weight: float


@dataclass(frozen=True, slots=True)
class PlanItem(Record):
    """A drawn unit; with `exported` false it is one that no annotation tool can hold."""

    row: int
    pair: int
    task: str
    stratum: int
    exported: bool


@dataclass(frozen=True, slots=True)
class Plan(Record):
    """How a sample was drawn: from which predictions (`digest`), by what, how many of how many."""

    subject: Subject
    by: tuple[str, ...]
    seed: int
    least: int
    shown: bool
    digest: str
    checkpoint_hash: str | None
    num_rows: int
    strata: tuple[PlanStratum, ...]
    items: tuple[PlanItem, ...]

    _nested: ClassVar[Mapping[str, type[Record]]] = {"strata": PlanStratum, "items": PlanItem}

    @property
    def num_units(self) -> int:
        """The units of the archive."""
        return sum(stratum.size for stratum in self.strata)


class Digest:
    """A fingerprint of what an audit reads of predictions, whatever format they lie in."""

    def __init__(self) -> None:
        self._sum = sha256()
        self.num_rows = 0

    def follow(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """The predictions, taken into the fingerprint on their way."""
        for one in predictions:
            found = [
                *(
                    (s.target, s.holder, s.label, s.scores, [(m.start, m.end) for m in s.mentions])
                    for s in one.stances
                ),
                *((t.start, t.end, t.category) for t in one.loaded_terms),
            ]
            line = repr((one.article_id, one.index, one.outlet, one.section, one.text, found))
            self._sum.update(line.encode("utf-8", "surrogatepass"))
            self.num_rows += 1
            yield one

    def hexdigest(self) -> str:
        """The fingerprint of what has passed."""
        return self._sum.hexdigest()


def units_of(prediction: Prediction, row: int, subject: Subject) -> Iterator[Unit]:
    """What there is to code in a sentence; a stance without label or mention is nothing."""
    task = f"{prediction.article_id}:{prediction.index}"
    if subject == "loaded_terms":
        found = {term.category for term in prediction.loaded_terms}
        hard = (*(float(name in found) for name in LOADED_CATEGORIES), float(bool(found)))
        # One stratum a sentence: the later categories of the list are the rarer ones.
        label = next((name for name in reversed(LOADED_CATEGORIES) if name in found), "none")
        traits = {"label": label, "outlet": prediction.outlet, "section": prediction.section}
        yield Unit(row, 0, task, hard, hard, traits)
        return
    for number, stance in enumerate(prediction.stances):
        if stance.label is None or not stance.mentions:
            continue
        hard = (*(float(name == stance.label) for name in STANCE_LABELS), 0.0)
        scores = stance.scores
        soft = (*(scores[name] for name in STANCE_LABELS), 0.0) if scores else hard
        traits = {
            "label": stance.label,
            "outlet": prediction.outlet,
            "target": stance.target,
            "holder": stance.holder,
        }
        yield Unit(row, number, task, hard, soft, traits)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A stratum with what was drawn from it, in the order of the draw."""

    key: tuple[str, ...]
    size: int
    units: tuple[tuple[Unit, Prediction], ...]


def draw_sample(
    predictions: Iterable[Prediction],
    num: int,
    *,
    subject: Subject,
    by: Sequence[str] = ("label",),
    least: int = 10,
    seed: int = 0,
    most_held: int = MOST_HELD,
) -> list[Drawn]:
    """A simple random sample of each stratum, strata in order of their keys; one pass.

    Each holds a reservoir (Vitter's algorithm R). The number of units of each is `allocate`'s.
    InputError where the predictions hold nothing to code, or more strata than `num` can serve.
    """
    pools: dict[tuple[str, ...], _Pool] = {}
    cap = num
    for row, prediction in enumerate(predictions):
        for unit in units_of(prediction, row, subject):
            key = tuple(unit.traits[name] for name in by)
            if key not in pools:
                pools[key] = _Pool(random.Random(f"{seed}:{key}"))
                if cap > 1 and len(pools) * cap > most_held:
                    cap = max(1, most_held // (2 * len(pools)))
                    for pool in pools.values():
                        pool.shrink(cap)
            pools[key].offer(unit, prediction, cap)
    if not pools:
        raise InputError("predictions", f"hold no {subject} to code", "choose another --for")
    keys = sorted(pools)
    sizes = [pools[key].size for key in keys]
    if sum(min(size, least) for size in sizes) > num:
        raise InputError(
            f"--sample {num}",
            f"is too small for {len(keys)} strata with {least} units each",
            f"raise it to {sum(min(size, least) for size in sizes)} or more, name fewer traits in "
            "--by, or lower --least",
        )
    counts = allocate(sizes, num, least=least, most=[len(pools[key].held) for key in keys])
    return [
        Drawn(key, size, tuple(pools[key].take(count)))
        for key, size, count in zip(keys, sizes, counts, strict=True)
    ]


class _Pool:
    """A reservoir: at any time a simple random sample of what was offered."""

    def __init__(self, rng: random.Random) -> None:
        self.size = 0
        self.held: list[tuple[Unit, Prediction]] = []
        self._rng = rng

    def offer(self, unit: Unit, prediction: Prediction, cap: int) -> None:
        self.size += 1
        if self.size <= cap:
            self.held.append((unit, prediction))
        elif (place := self._rng.randrange(self.size)) < cap:
            self.held[place] = (unit, prediction)

    def shrink(self, cap: int) -> None:
        """A random part of a random sample is one too."""
        if len(self.held) > cap:
            self.held = self._rng.sample(self.held, cap)

    def take(self, count: int) -> list[tuple[Unit, Prediction]]:
        return self._rng.sample(self.held, count)


def allocate(sizes: Sequence[int], num: int, *, least: int, most: Sequence[int]) -> list[int]:
    """How many units to draw of each stratum: `least`, and the rest by the root of its size.

    The root gives rare strata more than their part and common ones, where most of what the
    classifier missed lies, still the most (Bankier 1988, power allocation). No stratum gives more
    than `most`, and what it cannot give goes to the others.
    """
    counts = [min(least, limit) for limit in most]
    while (left := num - sum(counts)) > 0:
        is_open = [i for i, count in enumerate(counts) if count < most[i]]
        if not is_open:
            break
        total = sum(sqrt(sizes[i]) for i in is_open)
        wanted = [(left * sqrt(sizes[i]) / total, i) for i in is_open]
        if whole := [(int(part), i) for part, i in wanted if part >= 1]:
            for part, i in whole:
                counts[i] = min(most[i], counts[i] + part)
        else:
            for _, i in sorted(wanted, key=lambda pair: (-pair[0], pair[1]))[:left]:
                counts[i] += 1
    return counts


def make_plan(
    drawn: Sequence[Drawn],
    is_exported: Callable[[str], bool],
    *,
    subject: Subject,
    by: Sequence[str],
    seed: int,
    least: int,
    shown: bool,
    digest: Digest,
    checkpoint_hash: str | None,
) -> Plan:
    """The record of a draw. Of two articles under one id, the first alone can be exported."""
    rows: dict[str, int] = {}
    return Plan(
        subject=subject,
        by=tuple(by),
        seed=seed,
        least=least,
        shown=shown,
        digest=digest.hexdigest(),
        checkpoint_hash=checkpoint_hash,
        num_rows=digest.num_rows,
        strata=tuple(
            PlanStratum(one.key, one.size, len(one.units), one.size / max(1, len(one.units)))
            for one in drawn
        ),
        items=tuple(
            PlanItem(
                row=unit.row,
                pair=unit.pair,
                task=unit.task,
                stratum=number,
                exported=is_exported(unit.task)
                and rows.setdefault(unit.task, unit.row) == unit.row,
            )
            for number, one in enumerate(drawn)
            for unit, _ in one.units
        ),
    )
