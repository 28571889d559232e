"""Who predicts the shards, as the user asks for it; light to import."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

from model.errors import NabraError


class Engine(StrEnum):
    """What schedules shards: this machine alone, or a cluster of many."""

    LOCAL = "local"
    RAY = "ray"
    SPARK = "spark"


_MODULES = {Engine.RAY: "ray", Engine.SPARK: "pyspark"}


@dataclass(frozen=True, slots=True)
class Crew:
    """An engine, the address of its cluster (None: this machine), and how many workers it has.

    `workers` None: as many as fit. `threads` of each decide the last digits of probabilities.
    """

    engine: Engine = Engine.LOCAL
    address: str | None = None
    workers: int | None = None
    threads: int = 1

    def misuse(self, *, is_queue: bool, is_profiled: bool) -> str | None:
        """What does not go together, beside jobs of a queue and a profile of the time."""
        if self.engine == Engine.LOCAL:
            if self.address is not None:
                return "--address names a cluster: give --engine ray or --engine spark beside it"
        elif is_queue:
            return f"--engine {self.engine} with --shard-index: it gives out all shards itself"
        elif is_profiled:
            return f"--profile with --engine {self.engine}: only this machine's time is measured"
        return None

    def check_installed(self) -> None:
        """NabraError that says which command installs the engine, where it is missing."""
        if self.engine == Engine.LOCAL:
            return
        module = _MODULES[self.engine]
        found = find_spec(module)
        if found is None or found.origin is None:  # a folder of that name is no engine
            fix = f'pip install "nabra[{self.engine}]", on every machine'
            raise NabraError(f"--engine {self.engine}", f"{module} is not installed", fix)
