"""Damages one file of a finished run after the other: each is found, its shard alone made again?

Run as a module: prints a line of JSON with what was done to which files, and what went wrong.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

from model.archive.write import OWN_DIRS, list_parts
from model.errors import NabraError
from model.predict import app
from tests.predict_kills import Run, digest, predicting

WAYS = ("flipped", "cut", "deleted")


def damage_again_and_again(run: Run, output: Path, rounds: int) -> dict[str, object]:
    """So many times a flipped byte, a cut or a lost file, found by --verify and mended by `run`."""
    chance = random.Random(1)
    run(output)
    whole = digest(output)
    done: Counter[str] = Counter()
    wrong = []
    for number in range(rounds):
        path = chance.choice(_targets(output))
        way = damage(path, WAYS[number % len(WAYS)], chance)
        place = path.relative_to(output)
        shard = "" if path.name == "plan.json" else path.name.partition(".")[0]
        before = {each: each.stat().st_ino for each in _targets(output)}
        told = verify(output)
        run(output)
        made = {each for each in _targets(output) if before.get(each) != each.stat().st_ino}
        is_right = (
            (shard or "plan.json") in told or (way == "deleted" and "holds no run" in told),
            digest(output) == whole and verify(output) == "",
            # A new file may get the number of one that it replaces: these may be fewer.
            made <= {each for each in _targets(output) if each.name.startswith(shard or "plan")},
        )
        done[f"{place.parts[0]} {way}"] += 1
        if not all(is_right):
            wrong.append([str(place), way, *is_right, told])
    return {"damages": rounds, "done": done, "wrong": wrong}


def damage(path: Path, way: str, chance: random.Random) -> str:
    """Flip a byte, cut or delete the file; what was done (an empty file can only be deleted)."""
    data = bytearray(path.read_bytes())
    if way == "deleted" or not data:
        path.unlink()
        return "deleted"
    place = chance.randrange(len(data))
    if way == "flipped":
        data[place] ^= chance.randrange(1, 256)
    else:
        del data[place:]
    path.write_bytes(data)
    return way


def verify(output: Path) -> str:
    """What --verify finds wrong; nothing where all is well."""
    try:
        app(["--verify", str(output), "--quiet"], standalone_mode=False)
    except NabraError as error:
        return str(error)
    return ""


def _targets(output: Path) -> list[Path]:
    shards = [path for folder in OWN_DIRS for path in list_parts(output / folder)]
    return [*shards, *output.glob("plan.json")]


if __name__ == "__main__":
    form, checkpoint, archive, folder, rounds = sys.argv[1:]
    run = predicting(Path(checkpoint), Path(archive), form)
    found = damage_again_and_again(run, Path(folder) / "out", int(rounds))
    sys.stdout.write(json.dumps(found))
