"""Checkpoints of the Trainer that count only when they are complete, to the last byte.

`complete.json`, written last, holds name, size and SHA-256 of every other file of the folder.
transformers itself would train on to other weights where a part of a checkpoint is missing.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError

from model.archive.atomic import AtomicFile
from model.errors import OutputError

COMPLETE = "complete.json"
_STATE = "trainer_state.json"
_ALWAYS = ("model.safetensors", "optimizer.pt", "scheduler.pt", _STATE)
_FOLDER = re.compile(r"checkpoint-(0|[1-9][0-9]*)")

_AGAIN = "run the same command again: the last complete checkpoint is kept"
_NEARLY_FULL = 64 * 2**20
_REFUSALS = {
    errno.ENOSPC: ("no space left on the disk", "make room"),
    errno.EDQUOT: ("no space left on the disk (your quota of it is used up)", "make room"),
    errno.EFBIG: ("the file is larger than the limit on file sizes", "raise it (ulimit -f)"),
    None: ("the disk refuses the file", "mind its space, quota and limit on file sizes"),
}
# Without TORCH_SHOW_CPP_STACKTRACES nothing follows; with it, a trace in C++ does.
_TORCH_ZIP = re.compile(
    r"\[enforce fail at inline_container\.cc:\d+\] \. unexpected pos \d+ vs \d+"
    r"|basic_ios::clear: iostream error"
    r"|PytorchStreamWriter failed writing "
)
_TORCH_FILE = re.compile(r"write\(\): fd \d+ failed with (.+)")
_RUST = re.compile(r"\(os error (\d+)\)")


class _File(BaseModel):
    model_config = ConfigDict(strict=True)
    size: Annotated[int, Field(ge=0)]
    sha256: str


class _Seal(BaseModel):
    model_config = ConfigDict(strict=True)
    processes: Annotated[int, Field(ge=1)]
    files: dict[str, _File]


def seal(folder: Path, *, processes: int = 1) -> None:
    """Make every file of a checkpoint durable, then declare it complete.

    Call it in one process, when all `processes` have written their `rng_state`.
    """
    files: dict[str, dict[str, int | str]] = {}
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if name in (COMPLETE, f".{COMPLETE}.tmp"):
            continue
        with path.open("r+b") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            files[name] = {"size": os.fstat(file.fileno()).st_size, "sha256": digest}
    absent = [name for name in _required(processes) if name not in files]
    assert not absent, f"{folder}: not written: {absent}"
    _sync_folders({folder.parent, *(path.parent for path in paths)})
    write_whole(folder / COMPLETE, {"processes": processes, "files": files})


def flaw(folder: Path, *, contents: bool = True) -> str | None:
    """Why a checkpoint is not complete, None if it is.

    `contents=False` judges names and sizes alone and reads no large file.
    """
    try:
        sealed = _Seal.model_validate_json((folder / COMPLETE).read_bytes())
    except FileNotFoundError:
        return f"{COMPLETE} is missing"
    except OSError as error:
        return f"{COMPLETE} cannot be read ({error.strerror})"
    except ValidationError:
        return f"{COMPLETE} is damaged"
    for name in _required(sealed.processes):
        if not (folder / name).is_file():
            return f"{name} is missing"
        if name not in sealed.files:
            return f"{COMPLETE} does not list {name}"
    for name, listed in sealed.files.items():
        if not _is_inside(folder, name):
            return f"{COMPLETE} lists {name!r}, which is no file of the checkpoint"
        try:
            fault = _file_flaw(folder / name, listed, contents=contents)
        except OSError as error:
            fault = f"cannot be read ({error.strerror})"
        if fault:
            return f"{name} {fault}"
    return None


def last_complete(trainer_dir: Path) -> tuple[Path | None, list[str]]:
    """The newest checkpoint to go on from, and a warning for each newer one that is skipped.

    One whose best checkpoint so far is not complete cannot be gone on from either: the Trainer
    would forget that best one and end with other weights.
    """
    warnings: list[str] = []
    judge = cache(flaw)
    for folder in reversed(_checkpoints(trainer_dir)):
        fault = judge(folder)
        best = None if fault else _best_of(folder)
        if best and best != folder.name and (why := judge(trainer_dir / best)):
            fault = f"it needs {best} as the best one so far, and there {why}"
        if fault is None:
            return folder, warnings
        warnings.append(f"{trainer_dir.name}/{folder.name}: {fault}; it is skipped")
    return None, warnings


def remove_incomplete(trainer_dir: Path, chosen: Path | None) -> None:
    """Delete the checkpoints newer than `chosen` (all, for None): training writes them anew."""
    for folder in _checkpoints(trainer_dir):
        if chosen is None or _step(folder) > _step(chosen):
            _remove(folder)


def rotate(trainer_dir: Path, keep: int, best: Path | None) -> None:
    """Delete checkpoints older than the last `keep` complete ones, and incomplete old ones.

    The best one stays, as does the best so far of each one kept, which is needed to go on from it.
    Completeness is judged by names and sizes: the newest has just been hashed by `seal`.
    """
    assert keep >= 1
    folders = _checkpoints(trainer_dir)
    complete = [folder for folder in folders if flaw(folder, contents=False) is None]
    last = complete[-keep:]
    kept = {folder.name for folder in last} | {_best_of(folder) for folder in last}
    kept |= {best.name} if best else set()
    for folder in folders:
        if last and _step(folder) < _step(last[-1]) and folder.name not in kept:
            _remove(folder)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what a full disk makes of a write to `path` into an OutputError; all else passes.

    Put it around saving alone: a full /dev/shm, say, is another fault.
    """
    try:
        yield
    except Exception as fault:
        is_torch_zip = type(fault) is RuntimeError and _TORCH_ZIP.match(str(fault))
        code = _torch_zip_code(path) if is_torch_zip else _code(fault)
        if not is_torch_zip and (code is None or code not in _REFUSALS):
            raise
        what, remedy = _REFUSALS[code]
        raise OutputError(path, f"cannot be written: {what}", f"{remedy} and {_AGAIN}") from fault


def write_whole(path: Path, document: object) -> None:
    """Write JSON that is there whole or not at all; no end of line, so that no cut goes unseen."""
    file = AtomicFile(path)
    try:
        file.stream.write(json.dumps(document, indent=1).encode())
        file.commit()
    except BaseException:
        file.discard()
        raise


def _required(processes: int) -> Iterator[str]:
    yield from _ALWAYS
    if processes == 1:
        yield "rng_state.pth"
    else:
        yield from (f"rng_state_{index}.pth" for index in range(processes))


def _is_inside(folder: Path, name: str) -> bool:
    path = Path(os.path.normpath(folder / name))
    return "\0" not in name and path.is_relative_to(os.path.normpath(folder))


def _file_flaw(path: Path, listed: _File, *, contents: bool) -> str | None:
    if not path.is_file():
        return "is missing"
    size = path.stat().st_size
    if size < listed.size:
        return f"is cut short ({size} of {listed.size} bytes)"
    if size > listed.size:
        return f"is {size} bytes, not {listed.size}"
    if contents:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != listed.sha256:
                return "has other contents"
    return None


def _checkpoints(trainer_dir: Path) -> list[Path]:
    """Folders named checkpoint-N, oldest first; whatever else lies there is no matter."""
    if not trainer_dir.is_dir():
        return []
    found = [path for path in trainer_dir.iterdir() if _FOLDER.fullmatch(path.name)]
    return sorted((path for path in found if path.is_dir() and not path.is_symlink()), key=_step)


def _step(folder: Path) -> int:
    return int(folder.name.removeprefix("checkpoint-"))


def _best_of(folder: Path) -> str | None:
    """The name of the best checkpoint at the time of this one, if the Trainer knew one."""
    try:
        best = json.loads((folder / _STATE).read_bytes())["best_model_checkpoint"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return Path(best).name if isinstance(best, str) else None


def _remove(folder: Path) -> None:
    """What a kill leaves of it looks incomplete."""
    (folder / COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(folder)


def _sync_folders(folders: set[Path]) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # Windows cannot open a folder.
        return
    for folder in sorted(folders):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _code(fault: Exception) -> int | None:
    """The system's number of a fault: an OSError's own, else what Rust and C++ write of it."""
    if isinstance(fault, OSError):
        return fault.errno
    # tokenizers raises a bare Exception.
    if isinstance(fault, SafetensorError) or type(fault) is Exception:
        found = _RUST.search(str(fault))
        return int(found[1]) if found else None
    found = _TORCH_FILE.match(str(fault)) if type(fault) is RuntimeError else None
    words = found[1] if found else None
    return next((code for code in _REFUSALS if code and os.strerror(code) == words), None)


def _torch_zip_code(path: Path) -> int | None:
    """torch says that a write failed, not why: a disk with no room left says it."""
    standing = next(place for place in (path, *path.absolute().parents) if place.exists())
    return errno.ENOSPC if shutil.disk_usage(standing).free < _NEARLY_FULL else None
