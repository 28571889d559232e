"""What one article may cost in time, so that hostile text costs itself alone.

Time is that of the processor: how busy the machine is changes nothing. Where the system has no
timer that interrupts (Windows), or outside a process's main thread, work is not cut short; it is
measured, and what took too long is refused all the same.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn, Self, TypeVar

A = TypeVar("A")
T = TypeVar("T")

_AGAIN = 0.5  # seconds: an error that is raised where it cannot go anywhere is raised anew


class OutOfTimeError(BaseException):
    """An article took too long. No Exception: no handler on its way takes it for its own."""


class TimeLimit:
    """Runs one piece of work after the other, each within so many seconds; a context manager."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._interrupts = hasattr(signal, "setitimer")
        self._before: Any = None

    def __enter__(self) -> Self:
        self._interrupts &= threading.current_thread() is threading.main_thread()
        if self._interrupts:
            self._before = signal.signal(signal.SIGPROF, _end)
        return self

    def __exit__(self, *_: object) -> None:
        if self._interrupts:
            signal.signal(signal.SIGPROF, self._before)

    def run(self, work: Callable[[A], T], item: A) -> T:
        """What `work` makes of the item. OutOfTimeError where that takes too long."""
        begin = time.thread_time()
        self._arm(self.seconds)
        try:
            result = work(item)
        finally:
            self._arm(0)
        if time.thread_time() - begin > self.seconds:
            raise OutOfTimeError
        return result

    def _arm(self, seconds: float) -> None:
        # An engine may work in another thread than it began in; a signal would end the main one's.
        if self._interrupts and threading.current_thread() is threading.main_thread():
            # Of the processor's time; the timer of the clock is the console's.
            signal.setitimer(signal.ITIMER_PROF, seconds, _AGAIN if seconds else 0)


def _end(number: int, frame: object) -> NoReturn:
    raise OutOfTimeError
