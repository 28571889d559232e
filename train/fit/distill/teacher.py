"""What is known of a teacher without its network, and what a student takes over from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import CheckpointError
from model.net.checkpoint import (
    LEXICON,
    TARGETS,
    Checkpoint,
    check_files,
    checkpoint_hash,
    read_lists,
    read_record,
    read_targets,
    read_tasks,
)
from model.net.classifier import Classifier
from model.net.encoding import TextEncoder
from model.net.network import FramingNetwork
from model.tasks import STANCE, Task
from model.text.lexicon import Lexicon
from model.text.normalize import Parity
from model.text.surroundings import Context
from model.text.targets import TargetList


@dataclass(frozen=True, slots=True)
class Teacher:
    """A checkpoint that others learn from; `tasks` are those that articles can be asked for."""

    path: Path
    sha256: str
    record: Mapping[str, Any]
    tasks: Sequence[Task]
    parity: Parity
    context: Context
    targets: TargetList
    lexicon: Lexicon

    @classmethod
    def read(cls, path: Path) -> Teacher:
        """CheckpointError where no checkpoint lies there, or none that articles can be asked."""
        check_files(path)
        record = read_record(path)
        tasks = read_tasks(record, path)
        asked = [task for task in tasks if not task.pair or (task == STANCE and read_targets(path))]
        if not asked:
            what = "has no task for articles: each reads a text beside a second one"
            raise CheckpointError(path, what, "name another teacher")
        lists = read_lists((path / TARGETS, path / LEXICON))
        if not {"parity", "context"} <= record.keys():
            raise CheckpointError(path, "is of an older version", "train it again")
        parity, context = record["parity"], record["context"]
        return cls(path, checkpoint_hash(path), record, asked, parity, context, *lists)

    @property
    def lists(self) -> tuple[Path, Path]:
        """Its files of targets and of loaded terms."""
        return self.path / TARGETS, self.path / LEXICON

    @property
    def names(self) -> dict[str, str]:
        """The neutral names of its targets, by id."""
        return {target.id: target.name for target in self.targets.targets.values()}

    def student(self, network: FramingNetwork, encoder: TextEncoder) -> Classifier:
        """A network that is asked as the teacher is."""
        return Classifier(
            Checkpoint(network, encoder, self.targets, self.lexicon, {}, self.path, self.context)
        )
