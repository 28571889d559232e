"""Every error that nabra raises on purpose.

NabraError             where, what, what to do: printed as one line, exit status 1
├── ConfigError        a config that cannot be followed; holds every fault at once
├── RecordError        a record that breaks its form or an offset law
├── InputError         a file that cannot be read
├── CheckpointError    a directory that is no complete checkpoint
└── OutputError        a result that cannot be written where it was asked for
"""

from typing import Any


class NabraError(Exception):
    """A fault that the user can mend.

    `where` names the file, line or key; `what` says what was found there; `fix` says what to do.
    """

    def __init__(self, where: object, what: str, fix: str = "") -> None:
        self.where = str(where)
        self.what = what
        self.fix = fix
        super().__init__(f"{self.where}: {what}" + (f"; {fix}" if fix else ""))

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it reaches another process as it is."""
        return NabraError, (self.where, self.what, self.fix)


class ConfigError(NabraError):
    """A config that cannot be followed; `faults` holds one line for each wrong key."""

    def __init__(self, where: object, faults: list[str]) -> None:
        self.faults = faults
        num_faults = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__(where, f"{num_faults}: " + " | ".join(faults), "correct these keys")


class RecordError(NabraError):
    """A record that breaks its form or an offset law."""


class InputError(NabraError):
    """A file or folder that cannot be read."""


class CheckpointError(NabraError):
    """A directory that is no complete checkpoint."""


class OutputError(NabraError):
    """A result that cannot be written where it was asked for."""
