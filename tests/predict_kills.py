"""Predicts an archive, killed at every change of a file in turn, and goes on: are the bytes equal?

Run as a module: prints a line of JSON with how many kills there were, those after which the bytes
differ, and how many rows were lost and doubled. `naive` is the control: a writer that appends, and
counts lines to see where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from tests.file_kills import KILLED, FileKills

Run = Callable[[Path], None]


def kill_everywhere(run: Run, folder: Path, *, every: int = 1) -> dict[str, object]:
    """Every `every`-th operation is one to die before, and each write one to die in."""
    whole = folder / "whole"
    operations = _run(run, whole)
    assert operations is not None
    expected, whole_rows = digest(whole), rows(whole)
    kills = [(number, False) for number in range(len(operations))]
    kills += [(number, True) for number, name in enumerate(operations) if name == "write"]
    unequal: list[list[object]] = []
    lost = doubled = 0
    for number, half in kills[::every]:
        output = folder / f"{number}-{half}"
        assert _run(run, output, kill=number, half=half) is None
        _run(run, output)
        if digest(output) != expected:
            unequal.append([number, half, operations[number]])
        found = rows(output)
        lost += (whole_rows - found).total()
        doubled += (found - whole_rows).total()
        shutil.rmtree(output)
    return {
        "kills": len(kills[::every]),
        "operations": Counter(operations),
        "rows": whole_rows.total(),
        "unequal": unequal,
        "lost": lost,
        "doubled": doubled,
    }


def rows(folder: Path) -> Counter[str]:
    """Every row of predictions and quarantine, in plain JSON, with how often it is there."""
    lines = [
        line
        for path in folder.rglob("*.jsonl")
        for line in path.read_text(errors="replace").split("\n")
    ]
    tables = [pq.read_table(path).to_pylist() for path in folder.rglob("*.parquet")]
    lines += [json.dumps(row) for table in tables for row in table]
    return Counter(line for line in lines if line)


def digest(folder: Path) -> str:
    """Of every file that a run leaves, but for its locks."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith((".lock", ".planning")):
            found.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()


def _run(
    run: Run, output: Path, kill: int | None = None, *, half: bool = False
) -> list[str] | None:
    """In a process of its own: the operations of a run, None where it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            kills = FileKills(output, kill, half=half)
            kills.start()
            run(output)
            with os.fdopen(writing, "w") as stream:
                json.dump(kills.operations, stream)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as stream:
        told = stream.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED), status
    return json.loads(told) if status == 0 else None


def predicting(checkpoint: Path, archive: Path, form: str) -> Run:
    """The command itself, with a classifier that was loaded before."""
    from model.predict import app

    load_once(checkpoint)

    def run(output: Path) -> None:
        app(arguments(checkpoint, archive, output, form), standalone_mode=False)

    return run


def load_once(checkpoint: Path) -> None:
    """Let the command predict with one classifier, and have nothing forced to the disk."""
    import model.archive.engines.local
    import model.archive.manifest  # here, so that no child has to
    import model.predict
    from model.net.classifier import load

    classifier = load(checkpoint)
    model.predict.load_with_threads = lambda *_: classifier  # type: ignore[assignment]
    os.fsync = lambda handle: None  # a killed process loses nothing that the system has


def arguments(checkpoint: Path, archive: Path, output: Path, form: str) -> list[str]:
    """Of the command, in this process and in small shards."""
    given = [checkpoint, archive, "--output", output, "--format", form, "--quiet"]
    return [*map(str, given), "--shard-articles", "3", "--workers", "1"]


def naive(archive: Path) -> Run:
    """As people write it: append line by line, and on a restart skip as many as there are."""
    from model.archive.read import read_articles
    from model.text.sentences import segment

    sentences = [sentence for article in read_articles(archive) for sentence in segment(article)]

    def run(output: Path) -> None:
        output.mkdir(exist_ok=True)
        path = output / "predictions.jsonl"
        num_done = len(path.read_bytes().splitlines()) if path.exists() else 0
        with open(path, "ab") as stream:
            for sentence in sentences[num_done:]:
                line = json.dumps(sentence.to_dict(), ensure_ascii=False) + "\n"
                stream.write(line.encode())

    return run


if __name__ == "__main__":
    kind, checkpoint, archive, folder, every = sys.argv[1:]
    run = (
        naive(Path(archive))
        if kind == "naive"
        else predicting(Path(checkpoint), Path(archive), kind)
    )
    sys.stdout.write(json.dumps(kill_everywhere(run, Path(folder), every=int(every))))
