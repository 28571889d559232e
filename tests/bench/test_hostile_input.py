"""Text, files and streams that nobody would send in good faith: what they cost, and whom."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from model.archive.write import read_predictions
from tests.conftest import write_tiny_checkpoint
from tests.predict_full_disk import small_disk

ROOT = Path(__file__).parents[2]
NUM_CHARACTERS = 10_000_000
GOOD = "التحالف الدولي يدعم قسد. قال الناطق: «نعم»."
HOSTILE = {
    "opening marks": "«",
    "question marks": "؟",
    "straight marks": '"',
    "alternating marks": "«» ",
    "quoted words": "«نص» ",
    "brackets": "([",
    "one word": "خبر ",
    "letters without a space": "اب",
    "speech": "قال «نعم نحن هنا معكم» ",
}
MEMORY = 4 << 30


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "checkpoint")


def predict(*given: object, stdin: IO[bytes] | None = None) -> tuple[int, str, float, int]:
    """Status, what it said on standard error, seconds, and the most bytes that it held."""
    command = [sys.executable, "-m", "model.predict", *map(str, given), "--workers", "1"]
    begin = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdin=stdin,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert process.stderr
    with process.stderr as said:
        err = said.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, err, time.monotonic() - begin, usage.ru_maxrss * 1024


def dropped(output: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for path in sorted(output.glob("quarantine/*"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_ten_million_characters(checkpoint: Path, tmp_path: Path, name: str) -> None:
    """Between two good articles: these come out, whatever becomes of it."""
    hostile = (HOSTILE[name] * (NUM_CHARACTERS // len(HOSTILE[name])))[:NUM_CHARACTERS]
    path, output = tmp_path / "a.jsonl", tmp_path / "out"
    texts = {"before": GOOD, "hostile": hostile, "behind": GOOD}
    lines = [json.dumps({"id": key, "text": text}) for key, text in texts.items()]
    path.write_text("\n".join(lines), encoding="utf-8")
    status, err, seconds, memory = predict(checkpoint, path, "--output", output)
    assert (status, err) == (0, "")
    ids = [prediction.article_id for prediction in read_predictions(output)]
    assert {"before", "behind"} <= set(ids)
    fate = [f"{each['reason']} (byte {each['offset']})" for each in dropped(output)]
    told = fate[0] if fate else f"{ids.count('hostile')} sentences"
    print(f"\n{name:24} {seconds:6.1f} s {memory / 1e9:5.1f} GB  {told}")
    assert memory < MEMORY


@pytest.mark.parametrize("unpacked", [2 << 30])
def test_a_packed_line_without_end(checkpoint: Path, tmp_path: Path, unpacked: int) -> None:
    path, output = tmp_path / "a.jsonl.gz", tmp_path / "out"
    good = json.dumps({"id": "good", "text": GOOD}).encode() + b"\n"
    with gzip.open(path, "wb", compresslevel=9) as stream:
        stream.write(good)
        for _ in range(unpacked >> 20):
            stream.write(b"a" * (1 << 20))
        stream.write(b"\n" + good)
    status, err, seconds, memory = predict(checkpoint, path, "--output", output)
    assert (status, err) == (0, "")
    (lost,) = dropped(output)
    assert (lost["reason"], lost["offset"]) == ("a line over 70000000 bytes", len(good))
    manifest = json.loads((output / "manifest.json").read_bytes())
    assert (manifest["articles_in"], manifest["articles_predicted"]) == (3, 2)
    print(f"\n{path.stat().st_size / 1e6:.1f} MB, unpacked {unpacked / 1e9:.1f} GB: ", end="")
    print(f"{seconds:.0f} s, {memory / 1e9:.1f} GB")
    assert memory < MEMORY / 4


def test_standard_input_without_end(checkpoint: Path, tmp_path: Path) -> None:
    """It fills the disk, is refused in one line, and leaves nothing behind."""
    reading, writing = os.pipe()

    def write() -> None:
        line = json.dumps({"text": GOOD}).encode() + b"\n"
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as stream:
            while True:
                stream.write(line * 1000)

    try:
        with small_disk(tmp_path / "disk", 200 << 20), os.fdopen(reading, "rb") as stream:
            output = tmp_path / "disk/out"
            threading.Thread(target=write, daemon=True).start()
            status, err, seconds, memory = predict(
                checkpoint, "-", "--output", output, stdin=stream
            )
            left = [path for path in output.rglob("*") if path.is_file() and path.stat().st_size]
    except subprocess.CalledProcessError as fault:
        pytest.skip(f"no small disk can be mounted here: {fault}")
    print(f"\n200 MB of endless input: {seconds:.0f} s, {memory / 1e9:.1f} GB")
    assert status == 1
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert "cannot be written: No space left on device; make room" in err
    assert left == []
    assert memory < MEMORY / 4
