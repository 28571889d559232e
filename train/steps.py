"""Which steps of a run are done: a step whose inputs did not change need not be repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import model
import train
from model.archive.write import write_json
from model.errors import InputError
from train.config import expand_path
from train.fit.encoder.names import encoder_dir
from train.settings import RunConfig

if TYPE_CHECKING:
    from train.fit.checkpoints import Inputs

_STEPS_FILE = "steps.json"


def fingerprint(*parts: str) -> str:
    """One hash for what a step depends on; the code of both packages is always part of it."""
    return hashlib.sha256("\n".join((code_hash(), *parts)).encode()).hexdigest()


def data_hashes(config: RunConfig) -> dict[str, str]:
    """SHA-256 of what a dataset is made of: seeds, inputs, sets of other hands."""
    hashes = {name: hash_files([expand_path(d.path)]) for name, d in config.datasets.items()}
    if data := config.data:
        hashes["seeds"] = hash_files([data.annotations, data.targets, data.lexicon])
        hashes["inputs"] = hash_files([*data.articles, *data.unlabelled])
    return hashes


def training_inputs(config: RunConfig) -> Inputs:
    """What decides the weights beside config and sentences: code, targets, encoder."""
    from train.fit.checkpoints import Inputs

    files = {}
    if config.data:
        files["targets"] = hash_files([config.data.targets])
    return Inputs(code_hash(), files | encoder_hash(config.encoder))


def encoder_hash(name: str) -> dict[str, str]:
    """Of the files of an encoder that lies on this machine, as `encoder`; empty for any other."""
    folder = encoder_dir(name)
    return {"encoder": hash_files([folder], relative_to=folder)} if folder else {}


def hash_files(paths: Iterable[str | Path], *, relative_to: Path | None = None) -> str:
    """SHA-256 over names and bytes of files, and of all files under folders.

    InputError where one cannot be read.
    """
    digest = hashlib.sha256()
    for path in _files(paths):
        name = path.relative_to(relative_to) if relative_to else path
        digest.update(str(name).encode("utf-8", "surrogateescape") + b"\0")
        try:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from None
    return digest.hexdigest()


def _files(paths: Iterable[str | Path]) -> Iterator[Path]:
    for given in paths:
        path = Path(given)
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*") if file.is_file())
        else:
            yield path


@cache
def code_hash() -> str:
    """SHA-256 over the source of `model` and `train`."""
    folders = [Path(package.__path__[0]) for package in (model, train)]
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            digest.update(str(file.relative_to(folder.parent)).encode() + b"\0")
            digest.update(file.read_bytes())
    return digest.hexdigest()


def is_done(run_dir: Path, step: str, current: str) -> bool:
    """Whether the step was completed with just these inputs."""
    return _read(run_dir).get(step) == current


def mark_done(run_dir: Path, step: str, current: str) -> None:
    """Remember that the step is complete with these inputs."""
    write_json(run_dir / _STEPS_FILE, {**_read(run_dir), step: current})


def _read(run_dir: Path) -> dict[str, str]:
    path = run_dir / _STEPS_FILE
    if not path.is_file():
        return {}
    try:
        done: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}  # half-written: nothing is known to be done
    return done
