"""Where time goes, by stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext

Watch = Callable[[str], AbstractContextManager[None]]
"""`with watch("text"):` says what is done inside."""

STAGES = ("planning", "loading", "reading", "text", "tokenizer", "model", "decoding", "writing")
"""Of a prediction, in order. `text`: sentences, voices, names; `decoding`: labels and spans."""

_NOTHING = nullcontext()


def unwatched(stage: str) -> AbstractContextManager[None]:
    """The watch of one who does not ask."""
    return _NOTHING


class Stopwatch:
    """Seconds by stage; a moment counts once, for the innermost stage that it falls into."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = 0.0

    def __call__(self, stage: str) -> AbstractContextManager[None]:
        return _Stage(self, stage)

    def add(self, seconds: Mapping[str, float]) -> None:
        """What another one, in another process, has measured."""
        for stage, taken in seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + taken

    def table(self) -> Iterator[str]:
        """A line for each stage in the order of the work, with its share of all, and their sum."""
        busy = sum(self.seconds.values())
        order = {stage: number for number, stage in enumerate(STAGES)}
        for stage in sorted(self.seconds, key=lambda stage: order.get(stage, len(order))):
            taken = self.seconds[stage]
            yield f"{stage:10} {taken:9.1f} s {taken / busy:6.1%}"
        yield f"{'in all':10} {busy:9.1f} s"

    def enter(self, stage: str) -> None:
        """The stage begins; the one around it pauses."""
        self._book()
        self._open.append(stage)

    def leave(self) -> None:
        """The innermost stage ends; the one around it goes on."""
        self._book()
        self._open.pop()

    def _book(self) -> None:
        now = time.perf_counter()
        if self._open:
            stage = self._open[-1]
            self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now


class _Stage:
    __slots__ = ("_stage", "_watch")

    def __init__(self, watch: Stopwatch, stage: str) -> None:
        self._watch = watch
        self._stage = stage

    def __enter__(self) -> None:
        self._watch.enter(self._stage)

    def __exit__(self, *_: object) -> None:
        self._watch.leave()
