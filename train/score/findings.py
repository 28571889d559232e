"""What the figures of a reading say in plain words, where a reader must not miss it."""

from __future__ import annotations

from train.score.probes import OUTLET_ONLY, TEXT_BLIND
from train.score.scorecard import Reading

_SHORTCUTS = {OUTLET_ONLY: "the outlet", TEXT_BLIND: "the name of the target"}
_STANCE = "macro_f1"


def findings(reading: Reading) -> list[str]:
    """A sentence for each shortcut that explains the first system's stances as well as wording."""
    first = reading.systems[0].name
    return [
        f"No evidence that {first} uses the wording: a system that reads {seen} alone is "
        f"{'ahead of it' if each.verdict == 'behind' else 'not behind it'} "
        f"({first} minus {each.other}: stance macro-F1 {each.value:+.3f} "
        f"[{each.interval.low:+.3f}, {each.interval.high:+.3f}], p = {each.p:.3f})."
        for each in reading.differences
        if each.measure == _STANCE
        and each.verdict != "ahead"
        and (seen := _SHORTCUTS.get(each.other))
    ]
