"""What the stand-in of the hub holds: repositories, their commits, their files."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
LARGE = (".safetensors", ".bin", ".h5", ".msgpack", ".pt", ".onnx")


@dataclass(frozen=True)
class Blob:
    """A file of some commit: its bytes lie in the hub's folder under `sha256`."""

    sha256: str
    size: int
    oid: str  # as git numbers it; of a large file, that of its pointer
    is_large: bool

    @property
    def etag(self) -> str:
        return self.sha256 if self.is_large else self.oid


@dataclass
class Repository:
    """Files by commit, and the names that point to commits."""

    is_private: bool = False
    is_gated: bool = False
    commits: dict[str, dict[str, Blob]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def find(self, revision: str) -> str | None:
        """The commit of a branch, a tag or a whole commit id."""
        named = {**self.tags, **self.branches}
        return named.get(revision, revision if revision in self.commits else None)


class RefusalError(Exception):
    """An answer that is an error; `code` is the hub's own name for it."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = {"X-Error-Message": message, **headers}
        if code:
            self.headers["X-Error-Code"] = code


class Store:
    """Repositories by name, their files' bytes in `folder`, and who may do what.

    `tokens` maps each token to the owners that it may write for; a token that is not there is
    refused. `may_read` lists who reads what is private or gated: (token, repository).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.endpoint = self.file_host = ""
        self.repositories: dict[str, Repository] = {}
        self.tokens: dict[str, set[str]] = {}
        self.may_read: set[tuple[str, str]] = set()
        self.lock = threading.RLock()

    def add(
        self,
        repo: str,
        source: Path,
        *,
        branch: str = "main",
        is_private: bool = False,
        is_gated: bool = False,
    ) -> str:
        """A commit that holds just the files of `source`; its id."""
        held = self.repositories.setdefault(repo, Repository(is_private, is_gated))
        files = {
            str(path.relative_to(source)): self.store(path.open("rb"), path.name)
            for path in sorted(source.rglob("*"))
            if path.is_file()
        }
        return self.commit(held, branch, files, f"add {source.name}")

    def commit(self, held: Repository, branch: str, files: dict[str, Blob], message: str) -> str:
        """Record a new state of a branch; its id."""
        with self.lock:
            text = repr((held.branches.get(branch), sorted(files.items()), len(held.commits)))
            oid = hashlib.sha1(text.encode()).hexdigest()
            held.commits[oid] = files
            held.branches[branch] = oid
            held.messages.append(message)
        return oid

    def store(self, stream: IO[bytes], name: str) -> Blob:
        """Keep a file's bytes; it is large by its ending, or from 10 MB on."""
        digest, size = hashlib.sha256(), 0
        building = self.folder / f"building-{threading.get_ident()}-{name}"
        with stream, building.open("wb") as written:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                written.write(chunk)
        sha256 = digest.hexdigest()
        building.replace(self.folder / sha256)
        is_large = name.endswith(LARGE) or size >= 10_000_000
        if is_large:
            content = (
                f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
            ).encode()
        else:
            content = (self.folder / sha256).read_bytes()
        oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        return Blob(sha256, size, oid, is_large)

    def files(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        """The files of a revision with their bytes."""
        held = self.repositories[repo]
        commit = held.find(revision)
        assert commit
        return {
            name: (self.folder / blob.sha256).read_bytes()
            for name, blob in held.commits[commit].items()
        }
