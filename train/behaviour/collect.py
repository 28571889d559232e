"""Gathers cases, and counts those that could not be made."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

from train.score.behaviour.cases import Case, LeftOut

OVER_CAP = "over the cap of its test"


class Collector:
    """Cases by test in the order in which they came, and why others did not."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self._left_out: Counter[tuple[str, str]] = Counter()

    def add(self, case: Case) -> None:
        """One more case."""
        self.cases.append(case)

    def leave_out(self, test: str, reason: str) -> None:
        """One more case that cannot be made, or would be no good one."""
        self._left_out[test, reason] += 1

    def left_out(self) -> tuple[LeftOut, ...]:
        """The counts, by test and reason."""
        return tuple(LeftOut(*key, count) for key, count in sorted(self._left_out.items()))

    def draw(self, cap: int, seed: int) -> list[Case]:
        """At most `cap` cases of each test, drawn evenly over targets; the rest is counted."""
        drawn: list[Case] = []
        by_test: dict[str, list[Case]] = {}
        for case in self.cases:
            by_test.setdefault(case.test, []).append(case)
        for test, cases in by_test.items():
            kept = draw_evenly(cases, cap, random.Random(f"{seed} {test}"), lambda c: c.target)
            drawn += kept
            for _ in range(len(cases) - len(kept)):
                self.leave_out(test, OVER_CAP)
        return drawn


def draw_evenly(
    cases: Sequence[Case], cap: int, rng: random.Random, group: Callable[[Case], str]
) -> list[Case]:
    """At most `cap` cases, one of each group in turn, at random within it; in their own order."""
    groups: dict[str, list[int]] = {}
    for number, case in enumerate(cases):
        groups.setdefault(group(case), []).append(number)
    for numbers in groups.values():
        rng.shuffle(numbers)
    queues = list(groups.values())
    rng.shuffle(queues)
    chosen: list[int] = []
    while queues and len(chosen) < cap:
        for queue in queues:
            chosen.append(queue.pop())
        queues = [queue for queue in queues if queue]
    return [cases[number] for number in sorted(chosen[:cap])]
