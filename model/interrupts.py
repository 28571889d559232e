"""Signals that end a process as an exception does, wherever they strike."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn

_SOON = 0.02  # seconds


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM; not a KeyboardInterrupt, which typer turns into status 1."""


def raise_interrupted_on(*numbers: signal.Signals) -> None:
    """From now on these signals raise Interrupted in this process."""
    for number in numbers:
        signal.signal(number, _interrupt)
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, _interrupt)
        sys.unraisablehook = _raise_again


def _interrupt(number: int, frame: object) -> NoReturn:
    raise Interrupted


def _raise_again(ignored: sys.UnraisableHookArgs) -> None:
    """Nothing can be raised where an object is being deleted: what came there comes again soon."""
    if isinstance(ignored.exc_value, Interrupted):
        signal.setitimer(signal.ITIMER_REAL, _SOON)
    else:
        sys.__unraisablehook__(ignored)
