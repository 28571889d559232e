"""A stand-in of the model hub: its HTTP interface on the loopback, for the real client library.

Repositories are folders that a test adds or pushes; each change is a commit. Answers, headers and
error codes are those that `huggingface_hub` reads; large files are redirected to a second host
name, as the public hub sends them to its file servers.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.hub_routes import Answer, Asked, answer
from tests.hub_store import CHUNK, RefusalError, Store


@dataclass(frozen=True)
class Seen:
    """One request that reached the hub, and the status it was answered with."""

    method: str
    path: str
    host: str
    token: str | None
    range: str | None
    status: int


@dataclass
class Fault:
    """What goes wrong with requests whose "METHOD /path" matches `pattern`, `times` times."""

    pattern: str
    status: int | None
    delay: float
    cut: int | None
    text: str | None
    times: int


class StandInHub(Store):
    """The hub: `with StandInHub(folder) as hub: hub.add("owner/name", model_folder)`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.requests: list[Seen] = []
        self.faults: list[Fault] = []
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        port = self._server.server_address[1]
        self.endpoint = f"http://127.0.0.1:{port}"
        self.file_host = f"http://localhost:{port}"

    def __enter__(self) -> StandInHub:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Go off line; requests that wait are given up."""
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def fail(
        self,
        pattern: str,
        *,
        status: int | None = None,
        delay: float = 0.0,
        cut: int | None = None,
        text: str | None = None,
        times: int = 1_000_000,
    ) -> None:
        """Answer with `status`, or `delay` seconds late, or only `cut` bytes, or a page `text`."""
        self.faults.append(Fault(pattern, status, delay, cut, text, times))

    def paths(self, method: str = "") -> list[str]:
        """The paths asked for, in order."""
        return [seen.path for seen in self.requests if method in ("", seen.method)]

    def environment(self, home: Path, token: str | None = None) -> dict[str, str]:
        """The variables that point a process of its own at this hub."""
        named = {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
        named |= {"NO_PROXY": "127.0.0.1,localhost", "HF_HUB_OFFLINE": "0"}
        return named | ({"HF_TOKEN": token} if token else {})

    def connect(
        self,
        monkeypatch: pytest.MonkeyPatch,
        home: Path,
        *,
        token: str | None = None,
        is_offline: bool = False,
        patience: int = 10,
    ) -> None:
        """Point this process at this hub: the library reads its environment once, on import, into
        `huggingface_hub.constants`, and each call reads from there.
        """
        from huggingface_hub import close_session, constants

        close_session()
        template = "/{repo_id}/resolve/{revision}/{filename}"
        for name, value in {
            "ENDPOINT": self.endpoint,
            "HUGGINGFACE_CO_URL_TEMPLATE": self.endpoint + template,
            "HF_URL_HOSTS": frozenset({"127.0.0.1"}),
            "HF_HOME": str(home),
            "HF_HUB_CACHE": str(home / "hub"),
            "HF_TOKEN_PATH": str(home / "token"),
            "HF_STORED_TOKENS_PATH": str(home / "stored_tokens"),
            "AGENT_HARNESSES_PATH": str(home / "agents.json"),
            "HF_HUB_OFFLINE": is_offline,
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_DISABLE_TELEMETRY": True,
            "HF_HUB_ETAG_TIMEOUT": patience,
            "HF_HUB_DOWNLOAD_TIMEOUT": patience,
        }.items():
            monkeypatch.setattr(constants, name, value)
        for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        if token:
            monkeypatch.setenv("HF_TOKEN", token)


def _handler(hub: StandInHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def setup(self) -> None:
            super().setup()
            with hub.lock:
                hub.connections.add(self.connection)

        def finish(self) -> None:
            with hub.lock:
                hub.connections.discard(self.connection)
            with contextlib.suppress(OSError):
                super().finish()

        def handle(self) -> None:
            with contextlib.suppress(OSError):  # the client, or the hub, hung up
                super().handle()

        def log_message(self, *_: object) -> None:
            return

        def read_body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                return b"".join(_chunks(self.rfile))
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ") or None
            query = parse_qs(parts.query)
            asked = Asked(hub, self.command, parts.path, query, token, self.read_body())
            fault = self.find_fault(parts.path)
            try:
                if fault and fault.delay:
                    hub.closing.wait(fault.delay)
                if fault and fault.status:
                    raise RefusalError(fault.status, "Internal Error - We're working on it")
                reply = answer(asked)
            except RefusalError as refusal:
                body = json.dumps({"error": refusal.message}).encode()
                self.reply(asked, refusal.status, refusal.headers, body)
                return
            if fault and fault.text is not None:
                self.reply(asked, 200, {"Content-Type": "text/html"}, fault.text.encode())
            elif reply.blob:
                self.reply_file(asked, reply, fault.cut if fault else None)
            else:
                body = b"" if reply.json is None else json.dumps(reply.json).encode()
                kind = {"Content-Type": "application/json"}
                self.reply(asked, reply.status, {**kind, **reply.headers}, body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

        def find_fault(self, path: str) -> Fault | None:
            with hub.lock:
                for fault in hub.faults:
                    if fault.times and re.search(fault.pattern, f"{self.command} {path}"):
                        fault.times -= 1
                        return fault
            return None

        def start(self, asked: Asked, status: int, headers: Mapping[str, str], size: int) -> None:
            host = (self.headers.get("Host") or "").split(":")[0]
            span = self.headers.get("Range")
            hub.requests.append(Seen(asked.method, asked.path, host, asked.token, span, status))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(size)}.items():
                self.send_header(name, value)
            self.end_headers()

        def reply(self, asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.start(asked, status, headers, len(body))
            if asked.method != "HEAD":
                self.wfile.write(body)

        def reply_file(self, asked: Asked, reply: Answer, cut: int | None) -> None:
            assert reply.blob
            size, first, status = reply.blob.size, 0, 200
            headers = {"Accept-Ranges": "bytes", **reply.headers}
            if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
                first, status = int(found[1]), 206
                headers["Content-Range"] = f"bytes {first}-{size - 1}/{size}"
            self.start(asked, status, headers, size - first)
            if asked.method == "HEAD":
                return
            left = size - first if cut is None else min(cut, size - first)
            with (hub.folder / reply.blob.sha256).open("rb") as stream:
                stream.seek(first)
                while left and (chunk := stream.read(min(CHUNK, left))):
                    self.wfile.write(chunk)
                    left -= len(chunk)
            if cut is not None:
                self.close_connection = True

    return Handler


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    while size := int(stream.readline().split(b";")[0], 16):
        yield stream.read(size)
        stream.readline()
    stream.readline()
