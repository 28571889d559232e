"""The command over an object store: workers open it each for itself, and faults are one line."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.integration.test_predict_engines import run, start, write_archive

SMALL = ("--shard-articles", "3", "--workers", "2")
ALONE = (*SMALL[:2], "--workers", "1")


def parts(output: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(output.glob("predictions/*.jsonl"))]


def test_workers_read_an_address(tiny_checkpoint: Path, tmp_path: Path) -> None:
    archive = write_archive(tmp_path / "archive", 8)
    run(tiny_checkpoint, archive, tmp_path / "local", *ALONE)
    out = run(tiny_checkpoint, f"file://{archive}/*.jsonl", tmp_path / "remote", *SMALL)
    assert "9 articles in: 8 predicted" in out
    assert parts(tmp_path / "remote") == parts(tmp_path / "local")
    process = start(tiny_checkpoint, f"file://{archive}/b.jsonl", tmp_path / "none")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err == (f"error: file://{archive}/b.jsonl: no such file or folder; correct the path\n")


class Ranges(http.server.SimpleHTTPRequestHandler):
    """Gives parts of files, as stores do, which Python's own server does not."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        asked = self.headers.get("Range")
        if asked is None or not path.is_file():
            super().do_GET()
            return
        first, last = asked.removeprefix("bytes=").split("-")
        data = path.read_bytes()
        part = data[int(first) : int(last) + 1 if last else None]
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    pytest.importorskip("aiohttp", reason="needs nabra[http]")
    pytest.importorskip("requests", reason="needs nabra[http]")
    handler = partial(Ranges, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()


def test_workers_read_from_a_server(tiny_checkpoint: Path, tmp_path: Path, server: str) -> None:
    archive = write_archive(tmp_path / "archive", 8)
    run(tiny_checkpoint, archive, tmp_path / "local", *ALONE)
    run(tiny_checkpoint, f"{server}/archive/a.jsonl", tmp_path / "remote", *SMALL)
    assert parts(tmp_path / "remote") == parts(tmp_path / "local")
    process = start(tiny_checkpoint, f"{server}/archive/b.jsonl", tmp_path / "none")
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err.count("\n")) == (1, 1)
    assert "/b.jsonl: no such file or folder" in err
