"""What a run over an archive is a run of: its inputs in shards, settings, checkpoint and code.

The plan is written once, into the output folder; only the very same run may go on there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from model.archive.parts import PartFormat
from model.archive.pieces import MAX_BYTES, Cut, Piece, cut_file
from model.archive.read import all_columns, check_input, list_files
from model.archive.remote import Place, place_of
from model.archive.sealed import read_sealed, write_sealed
from model.errors import InputError, OutputError
from model.records import Dropped, Record

PLAN = "plan.json"
ARTICLE_SECONDS = 60.0
_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Settings(Record):
    """What decides the bytes beside inputs, checkpoint and code."""

    outlet: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    format: PartFormat = "jsonl"
    partition: str | None = None
    shard_articles: int = 1_000
    article_seconds: float = ARTICLE_SECONDS


@dataclass(frozen=True, slots=True)
class InputFile(Record):
    """A file as it was when the archive was cut. `modified`: nanoseconds, for a quick look."""

    path: str
    num_bytes: int
    modified: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Shard:
    """What is predicted in one go: pieces of files, and what was no file to enter."""

    number: int
    pieces: tuple[Piece, ...]
    num_records: int
    dropped: tuple[Dropped, ...] = ()

    @property
    def name(self) -> str:
        """The stem of all that it writes."""
        return f"part-{self.number:05d}"


@dataclass(frozen=True)
class Plan:
    """All that decides the predictions. `checkpoint_hash` and `code`: SHA-256."""

    inputs: tuple[str, ...]
    settings: Settings
    checkpoint: str
    checkpoint_hash: str
    code: str
    versions: dict[str, str]
    files: tuple[InputFile, ...]
    shards: tuple[Shard, ...]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of everything but the times of files and the checkpoint's place."""
        plain = self.to_dict()
        del plain["checkpoint"]
        for file in plain["files"]:
            del file["modified"]
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()

    def check_input(self, path: str) -> None:
        """InputError where a file has another size than when the archive was cut."""
        file = self._by_path[path]
        try:
            size = place_of(path).stat().st_size
        except OSError as fault:
            what = f"cannot be read any more: {fault.strerror}"
            raise InputError(path, what, "bring it back, and start again") from None
        if size != file.num_bytes:
            what = f"has {size} bytes, and had {file.num_bytes} when the archive was cut"
            raise InputError(path, what, "begin anew with --overwrite")

    @cached_property
    def _by_path(self) -> dict[str, InputFile]:
        return {file.path: file for file in self.files}

    @property
    def num_records(self) -> int:
        """How many records the inputs hold, blank lines among them."""
        return sum(shard.num_records for shard in self.shards)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "schema_version": _SCHEMA,
            "inputs": list(self.inputs),
            "settings": self.settings.to_dict(),
            "checkpoint": self.checkpoint,
            "checkpoint_hash": self.checkpoint_hash,
            "code": self.code,
            "versions": self.versions,
            "files": [file.to_dict() for file in self.files],
            "shards": [
                {
                    "records": shard.num_records,
                    "pieces": [piece.to_dict() for piece in shard.pieces],
                    "dropped": [dropped.to_dict() for dropped in shard.dropped],
                }
                for shard in self.shards
            ],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """What `to_dict` wrote."""
        return cls(
            inputs=tuple(data["inputs"]),
            settings=Settings.from_dict(data["settings"]),
            checkpoint=data["checkpoint"],
            checkpoint_hash=data["checkpoint_hash"],
            code=data["code"],
            versions=data["versions"],
            files=tuple(InputFile.from_dict(file) for file in data["files"]),
            shards=tuple(
                Shard(
                    number,
                    tuple(Piece.from_dict(piece) for piece in shard["pieces"]),
                    shard["records"],
                    tuple(Dropped.from_dict(dropped) for dropped in shard["dropped"]),
                )
                for number, shard in enumerate(data["shards"])
            ),
        )


def make_plan(
    inputs: Sequence[str],
    settings: Settings,
    *,
    checkpoint: str,
    checkpoint_hash: str,
    versions: dict[str, str],
    known: Sequence[InputFile] = (),
    shards: Sequence[Shard] = (),
) -> Plan:
    """Cut the inputs into shards. InputError, ConfigError for inputs or columns that are none.

    Where the inputs are the `known` files, by size and time, their `shards` are taken as they are.
    """
    columns = all_columns(settings.columns)
    paths = [place_of(given) for given in inputs]
    for path in paths:
        check_input(path)
    found = list(list_files(paths))
    here = [path for path in found if not isinstance(path, Dropped)]
    is_dated = all(file.modified for file in known)  # some stores tell no versions apart
    if (
        known
        and is_dated
        and [_glance(path) for path in here]
        == [(file.path, file.num_bytes, file.modified) for file in known]
    ):
        files, cut = tuple(known), tuple(shards)
    else:
        files, cut = _cut_all(found, settings, columns)
    return Plan(
        tuple(inputs), settings, checkpoint, checkpoint_hash, code_hash(), versions, files, cut
    )


def _glance(path: Place) -> tuple[str, int, int]:
    status = path.stat()
    return str(path), status.st_size, status.st_mtime_ns


def _cut_all(
    found: Sequence[Place | Dropped], settings: Settings, columns: Mapping[str, str]
) -> tuple[tuple[InputFile, ...], tuple[Shard, ...]]:
    files: list[InputFile] = []
    shards: list[Shard] = []
    pieces: list[Piece] = []
    dropped: list[Dropped] = []
    most = settings.shard_articles
    room = [most, MAX_BYTES]

    def close() -> None:
        if pieces or dropped:
            count = most - room[0]
            shards.append(Shard(len(shards), tuple(pieces), count, tuple(dropped)))
        pieces.clear()
        dropped.clear()
        room[:] = [most, MAX_BYTES]

    for path in found:
        if isinstance(path, Dropped):
            dropped.append(path)
            continue
        try:
            modified = path.stat().st_mtime_ns
            cut = cut_file(path, settings.outlet, columns, most)
        except OSError as fault:
            dropped.append(Dropped(str(path), f"cannot be read: {fault.strerror or fault}"))
            continue
        files.append(InputFile(str(path), cut.num_bytes, modified, cut.sha256))
        for piece, num_records, num_bytes in _sized(cut):
            if pieces and (num_records > room[0] or num_bytes > room[1]):
                close()
            pieces.append(piece)
            room[0] -= num_records
            room[1] -= num_bytes
    close()
    return tuple(files), tuple(shards)


def _sized(cut: Cut) -> Iterator[tuple[Piece, int, int]]:
    """Each piece with its records, and its share of the file's bytes."""
    total = sum(cut.num_records)
    for piece, num_records in zip(cut.pieces, cut.num_records, strict=True):
        yield piece, num_records, cut.num_bytes * num_records // total


def code_hash() -> str:
    """SHA-256 over the source of `model`."""
    folder = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.py")):
        digest.update(str(file.relative_to(folder)).encode() + b"\0")
        digest.update(file.read_bytes())
    return digest.hexdigest()


def read_plan(output_dir: Path) -> Plan | None:
    """The plan that lies in a folder; None where there is none. OutputError for a damaged one."""
    path = output_dir / PLAN
    try:
        return Plan.from_dict(read_sealed(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as fault:
        what = f"is no plan that can be read ({fault})"
        raise OutputError(path, what, "begin anew with --overwrite") from None


def write_plan(output_dir: Path, plan: Plan) -> None:
    """Write the plan into a folder."""
    write_sealed(output_dir / PLAN, plan.to_dict())


def settle_plan(output_dir: Path, plan: Plan) -> None:
    """Write the plan, or make sure that the same one lies there. OutputError names differences."""
    then = read_plan(output_dir)
    if then is None:
        write_plan(output_dir, plan)
        return
    if changes := differences(then, plan):
        count = "1 thing differs" if len(changes) == 1 else f"{len(changes)} things differ"
        raise OutputError(
            output_dir,
            f"predictions of another run lie here, and {count}: {'; '.join(changes)}",
            "undo the change, choose another --output, or begin anew with --overwrite",
        )


def differences(then: Plan, now: Plan) -> list[str]:
    """One plain line for each thing that differs."""
    lines = []
    if then.inputs != now.inputs:
        lines.append(f"inputs were {' '.join(then.inputs)}, are {' '.join(now.inputs)}")
    before, after = then.settings.to_dict(), now.settings.to_dict()
    lines += [
        f"--{name.replace('_', '-')} was {before[name]}, is {after[name]}"
        for name in before
        if before[name] != after[name]
    ]
    if then.checkpoint_hash != now.checkpoint_hash:
        lines.append("the checkpoint has changed")
    if then.code != now.code:
        lines.append("nabra's code has changed")
    lines += [
        f"{name} was {then.versions.get(name)}, is {now.versions.get(name)}"
        for name in {**then.versions, **now.versions}
        if then.versions.get(name) != now.versions.get(name)
    ]
    lines += _file_changes(then.files, now.files)
    if not lines and then.fingerprint != now.fingerprint:
        lines.append("the archive is cut otherwise")
    return lines


def _file_changes(then: Sequence[InputFile], now: Sequence[InputFile]) -> Iterator[str]:
    before, after = ({file.path: file for file in files} for files in (then, now))
    for path in {**before, **after}:
        if path not in after:
            yield f"{path} is gone"
        elif path not in before:
            yield f"{path} is new"
        elif before[path].sha256 != after[path].sha256:
            sizes = (before[path].num_bytes, after[path].num_bytes)
            told = "" if sizes[0] == sizes[1] else f" ({sizes[0]} bytes then, {sizes[1]} now)"
            yield f"{path} has changed{told}"
