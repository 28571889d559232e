"""What says that a shard is done, and whether its files are still what was written."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from model.archive.atomic import hash_file
from model.archive.sealed import read_sealed, write_sealed
from model.archive.shards.plan import Plan, Shard
from model.archive.write import DONE_DIR, WrittenFile
from model.errors import RecordError
from model.records import Record


@dataclass(frozen=True, slots=True)
class Done(Record):
    """A shard that is complete: written last, so that all it names is there.

    `plan`: the fingerprint of the plan that it belongs to.
    """

    plan: str
    shard: int
    articles: int
    rows: int
    quarantined: int
    files: tuple[WrittenFile, ...]

    _nested: ClassVar[dict[str, Any]] = {"files": WrittenFile}


def done_path(output_dir: Path, shard: Shard) -> Path:
    """Where the shard's completion is written down."""
    return output_dir / DONE_DIR / f"{shard.name}.done"


def write_done(output_dir: Path, shard: Shard, done: Done) -> None:
    """Write down that the shard is complete."""
    write_sealed(done_path(output_dir, shard), done.to_dict())


def named_plan(output_dir: Path) -> str | None:
    """The plan that all readable completions of a folder name; None where they name none or two."""
    found = set()
    for path in (output_dir / DONE_DIR).glob("*.done"):
        with suppress(OSError, ValueError, RecordError):
            found.add(Done.from_dict(read_sealed(path)).plan)
    return found.pop() if len(found) == 1 else None


def read_done(output_dir: Path, plan: Plan, shard: Shard) -> Done | str:
    """The completion of a shard, or why it is not complete: not done, of another plan, damaged."""
    path = done_path(output_dir, shard)
    try:
        done = Done.from_dict(read_sealed(path))
    except FileNotFoundError:
        return "not done"
    except (OSError, ValueError, RecordError) as fault:
        return f"{path.name} is damaged ({fault})"
    if done.plan != plan.fingerprint or done.shard != shard.number:
        return f"{path.name} belongs to another run"
    return done


def check_shard(output_dir: Path, plan: Plan, shard: Shard) -> Done | str:
    """As `read_done`, with every file read and its hash compared."""
    done = read_done(output_dir, plan, shard)
    if isinstance(done, str):
        return done
    for file in done.files:
        try:
            num_bytes, sha256 = hash_file(output_dir / file.path)
        except OSError as fault:
            return f"{file.path} cannot be read ({fault.strerror})"
        if num_bytes != file.num_bytes:
            return f"{file.path} has {num_bytes} bytes, and had {file.num_bytes}"
        if sha256 != file.sha256:
            return f"{file.path} is not what was written: its checksum differs"
    return done
