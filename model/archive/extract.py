"""Web pages to articles, in a worker process that may hang or crash without harm."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from model.archive.article import BadRecordError

# A script of its own rather than multiprocessing: nothing of the caller's program is imported or
# forked, so this works from any script, under threads, and without loading torch.
_WORKER = Path(__file__).with_name("extract_worker.py")
PAGE_SECONDS = 20.0


class PageExtractor:
    """A context manager that extracts pages one by one, each within `time_limit` seconds.

    The worker starts with the first page, is reused, and is started anew after it was killed.
    """

    def __init__(self, time_limit: float = PAGE_SECONDS) -> None:
        self.time_limit = time_limit
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def extract(self, html: str) -> dict[str, str | None]:
        """`headline`, `text`, `url` and `published` of a page; BadRecordError if it yields none."""
        process = self._running()
        assert process.stdin
        assert process.stdout
        started = time.monotonic()
        watchdog = threading.Timer(self.time_limit, process.kill)
        watchdog.start()
        reply = b""
        try:
            with suppress(OSError):
                process.stdin.write(json.dumps(html).encode() + b"\n")
                process.stdin.flush()
                reply = process.stdout.readline()
        finally:
            watchdog.cancel()
            watchdog.join()
        if not reply.endswith(b"\n"):
            self.close()
            if time.monotonic() - started >= self.time_limit:
                raise BadRecordError(f"extraction took over {self.time_limit:g} s", raw=html)
            raise BadRecordError("the page crashed the extraction", raw=html)
        page: dict[str, str | None] = json.loads(reply)
        if error := page.pop("error", None):
            raise BadRecordError(f"extraction failed: {error}", raw=html)
        return page

    def close(self) -> None:
        """Ends the worker, if one runs."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for pipe in (process.stdin, process.stdout):
            assert pipe
            with suppress(OSError):
                pipe.close()
        process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            # -P: this folder holds modules whose names must not hide others in the worker.
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process
