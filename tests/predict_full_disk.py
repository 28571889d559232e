"""Predicts on to disks that are too small, at many sizes, and goes on once there is room.

Run as a module, by one who may mount: prints a line of JSON with what each size led to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.predict_kills import arguments, digest, load_once

PAGE = 4096
ROOM = 64 << 20
NAMED = ("predictions", "quarantine", "done", "plan.json", "manifest.json")


@contextmanager
def small_disk(place: Path, num_bytes: int) -> Iterator[None]:
    """A file system in memory of that size. CalledProcessError where mounting is not allowed."""
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={num_bytes}", "tmpfs", str(place)]
    subprocess.run(["mount", *options], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def grow(place: Path, num_bytes: int) -> None:
    """Make room on a small disk."""
    options = ["-o", f"remount,size={num_bytes}", str(place)]
    subprocess.run(["mount", *options], check=True)


def fill_at_many_sizes(given: list[str], folder: Path, levels: int) -> list[dict[str, object]]:
    """The command with `given` on disks between nothing and just too little."""
    with small_disk(folder / "large", ROOM):
        whole = folder / "large/out"
        status, err = command([*given, "--output", str(whole)], folder)
        assert status == 0, err
        expected = digest(whole)
        pages = sum(-(-size // PAGE) for size in _sizes(whole).values())
        return [
            _fill(given, folder, level, PAGE * max(1, pages * level // levels - 1), whole, expected)
            for level in range(1, levels + 1)
        ]


def _fill(
    given: list[str], folder: Path, level: int, num_bytes: int, whole: Path, expected: str
) -> dict[str, object]:
    place = folder / f"disk-{level}"
    with small_disk(place, num_bytes):
        output = place / "out"
        status, err = command([*given, "--output", str(output)], folder)
        named = [path for path in _sizes(output) if path.parts[0] in NAMED]
        broken = [
            str(path) for path in named if (output / path).read_bytes() != _bytes(whole / path)
        ]
        num_done = len(list(output.glob("done/*.done")))
        grow(place, ROOM)
        resumed = command([*given, "--output", str(output)], folder)
        return {
            "bytes": num_bytes,
            "status": status,
            "err": err,
            "shards_done": num_done,
            "broken": broken,
            "resumed": resumed,
            "is_equal": digest(output) == expected,
        }


def command(given: list[str], folder: Path) -> tuple[int, str]:
    """The command as its script runs it, forked from here: status, and what it said on stderr."""
    from model.console import run_app
    from model.predict import app

    said = folder / "stderr"
    child = os.fork()
    if child == 0:
        status = 99
        try:
            os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), 2)
            sys.argv = ["predict", *given]
            run_app(app)
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, said.read_text(encoding="utf-8")


def _sizes(output: Path) -> dict[Path, int]:
    return {p.relative_to(output): p.stat().st_size for p in output.rglob("*") if p.is_file()}


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


if __name__ == "__main__":
    form, checkpoint, archive, folder, levels = sys.argv[1:]
    load_once(Path(checkpoint))
    given = arguments(Path(checkpoint), Path(archive), Path(), form)
    place = given.index("--output")
    del given[place : place + 2]
    sys.stdout.write(json.dumps(fill_at_many_sizes(given, Path(folder), int(levels))))
