"""What the stand-in of the hub answers to each request that `huggingface_hub` makes."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.hub_store import LARGE, Blob, RefusalError, Repository, Store

_MODEL = r"^/api/models/(?P<repo>[^/]+/[^/]+)"


@dataclass
class Asked:
    """A request, read: what the routes below work on."""

    hub: Store
    method: str
    path: str
    query: Mapping[str, list[str]]
    token: str | None
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def repository(self, repo: str, *, to_read_files: bool = False) -> Repository:
        """A repository that the asker may see, or the hub's refusal."""
        held = self.hub.repositories.get(repo)
        may_read = self.is_writer(repo) or (self.token, repo) in self.hub.may_read
        if held is None or (held.is_private and not may_read):
            raise RefusalError(404 if self.token else 401, "Repository not found", "RepoNotFound")
        if held.is_gated and to_read_files and not may_read:
            message = f"Access to model {repo} is restricted."
            raise RefusalError(403 if self.token else 401, message, "GatedRepo")
        return held

    def is_writer(self, repo: str) -> bool:
        owners = self.hub.tokens.get(self.token or "", set())
        return repo.split("/")[0] in owners

    def to_write(self, repo: str) -> Repository:
        held = self.repository(repo)
        if not self.token:
            raise RefusalError(401, "Invalid username or password.")
        if not self.is_writer(repo):
            raise RefusalError(403, "You don't have the rights to write to this repository")
        return held

    def at(self, held: Repository, revision: str) -> tuple[str, dict[str, Blob]]:
        commit = held.find(unquote(revision))
        if commit is None:
            raise RefusalError(404, f"Invalid rev id: {unquote(revision)}", "RevisionNotFound")
        return commit, held.commits[commit]


@dataclass
class Answer:
    """What a route gives back: JSON, or a file, or headers alone."""

    status: int = 200
    json: Any = None
    blob: Blob | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def model_info(asked: Asked, repo: str, revision: str = "main") -> Answer:
    held = asked.repository(repo)
    commit, files = asked.at(held, revision)
    listed = [{"rfilename": name} for name in sorted(files)]
    about = {"_id": repo, "id": repo, "modelId": repo, "sha": commit, "siblings": listed}
    rights = {"private": held.is_private, "gated": "manual" if held.is_gated else False}
    return Answer(json={**about, **rights, "disabled": False, "tags": [], "downloads": 0})


def tree(asked: Asked, repo: str, revision: str, path: str = "") -> Answer:
    _, files = asked.at(asked.repository(repo), revision)
    under = f"{unquote(path)}/" if path else ""
    rows = [
        {"type": "file", "path": name, "size": blob.size, "oid": blob.oid}
        | (
            {"lfs": {"oid": blob.sha256, "size": blob.size, "pointerSize": 134}}
            if blob.is_large
            else {}
        )
        for name, blob in sorted(files.items())
        if name.startswith(under)
    ]
    if under and not rows:
        raise RefusalError(404, f"{path} does not exist", "EntryNotFound")
    return Answer(json=rows)


def references(asked: Asked, repo: str) -> Answer:
    held = asked.repository(repo)

    def named(kind: str, commits: dict[str, str]) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
            for name, commit in commits.items()
        ]

    heads, tags = named("heads", held.branches), named("tags", held.tags)
    return Answer(json={"branches": heads, "tags": tags, "converts": []})


def resolve(asked: Asked, repo: str, revision: str, path: str) -> Answer:
    commit, files = asked.at(asked.repository(repo, to_read_files=True), revision)
    blob = files.get(unquote(path))
    if blob is None:
        raise RefusalError(404, "Entry not found", "EntryNotFound", **{"X-Repo-Commit": commit})
    headers = {"X-Repo-Commit": commit, "ETag": f'"{blob.etag}"'}
    if not blob.is_large:
        return Answer(blob=blob, headers=headers)
    headers |= {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(blob.size)}
    location = f"{asked.hub.file_host}/files/{blob.sha256}?signature=of-the-hub"
    return Answer(302, headers={**headers, "Location": location})


def stored_file(asked: Asked, sha256: str) -> Answer:
    if "signature" not in asked.query:
        raise RefusalError(403, "no signature")
    size = (asked.hub.folder / sha256).stat().st_size
    return Answer(blob=Blob(sha256, size, "", True), headers={"ETag": f'"{sha256}"'})


def create(asked: Asked) -> Answer:
    if not asked.token:
        raise RefusalError(401, "Invalid username or password.")
    wanted = asked.json()
    owner = wanted["organization"] or min(asked.hub.tokens[asked.token], default="")
    repo = f"{owner}/{wanted['name']}"
    about = {"url": f"{asked.hub.endpoint}/{repo}", "name": repo, "id": repo}
    if not asked.is_writer(repo):
        message = f'You don\'t have the rights to create a model under the namespace "{owner}"'
        raise RefusalError(403, message)
    if repo in asked.hub.repositories:
        return Answer(409, json={"error": "You already created this model repo", **about})
    held = Repository(is_private=wanted.get("visibility") == "private")
    asked.hub.repositories[repo] = held
    asked.hub.commit(held, "main", {}, "initial commit")
    return Answer(json=about)


def branch(asked: Asked, repo: str, name: str) -> Answer:
    held = asked.to_write(repo)
    if unquote(name) in held.branches:
        return Answer(409, json={"error": "Reference already exists"})
    start = asked.json().get("startingPoint", "main")
    held.branches[unquote(name)] = asked.at(held, start)[0]
    return Answer(201, json={})


def validate(asked: Asked) -> Answer:
    content = asked.json()["content"]
    if not content.startswith("---\n"):
        message = "empty or missing yaml metadata in repo card"
        return Answer(json={"errors": [], "warnings": [{"message": message}]})
    if content.count("---\n") < 2:
        return Answer(400, json={"errors": [{"message": "metadata has no end"}], "warnings": []})
    return Answer(json={"errors": [], "warnings": []})


def preupload(asked: Asked, repo: str, revision: str) -> Answer:
    _, files = asked.at(asked.to_write(repo), revision)
    answers = []
    for item in asked.json()["files"]:
        is_large = item["path"].endswith(LARGE) or item["size"] >= 10_000_000
        known = files.get(item["path"])
        answers.append(
            {
                "path": item["path"],
                "uploadMode": "lfs" if is_large else "regular",
                "shouldIgnore": False,
                "oid": known.etag if known else None,
            }
        )
    return Answer(json={"files": answers})


def batch(asked: Asked, repo: str) -> Answer:
    asked.to_write(repo)
    objects = []
    for item in asked.json()["objects"]:
        upload = f"{asked.hub.file_host}/uploads/{item['oid']}?signature=of-the-hub"
        verify = f"{asked.hub.endpoint}/{repo}.git/info/lfs/objects/verify"
        actions = {"upload": {"href": upload}, "verify": {"href": verify}}
        is_there = (asked.hub.folder / item["oid"]).exists()
        objects.append(item if is_there else {**item, "actions": actions})
    return Answer(json={"transfer": "basic", "objects": objects})


def upload(asked: Asked, sha256: str) -> Answer:
    if hashlib.sha256(asked.body).hexdigest() != sha256 or "signature" not in asked.query:
        raise RefusalError(400, "these bytes were not announced")
    (asked.hub.folder / sha256).write_bytes(asked.body)
    return Answer()


def verify(asked: Asked, repo: str) -> Answer:
    asked.to_write(repo)
    item = asked.json()
    path = asked.hub.folder / item["oid"]
    if not path.exists() or path.stat().st_size != item["size"]:
        raise RefusalError(404, "object not found")
    return Answer(json={})


def commit(asked: Asked, repo: str, revision: str) -> Answer:
    held = asked.to_write(repo)
    _, before = asked.at(held, revision)
    files, message = dict(before), ""
    for line in asked.body.splitlines():
        item = json.loads(line)
        value = item["value"]
        if item["key"] == "header":
            message = value["summary"]
        elif item["key"] == "file":
            content = base64.b64decode(value["content"])
            files[value["path"]] = asked.hub.store(io.BytesIO(content), Path(value["path"]).name)
        elif item["key"] == "lfsFile":
            stored = asked.hub.folder / value["oid"]
            if not stored.exists():
                raise RefusalError(400, f"{value['path']}: its large file was not uploaded")
            files[value["path"]] = asked.hub.store(stored.open("rb"), Path(value["path"]).name)
        else:
            files.pop(value["path"], None)
    oid = asked.hub.commit(held, unquote(revision), files, message)
    url = f"{asked.hub.endpoint}/{repo}/commit/{oid}"
    return Answer(json={"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})


ROUTES = [
    ("GET", rf"{_MODEL}$", model_info),
    ("GET", rf"{_MODEL}/revision/(?P<revision>[^/]+)$", model_info),
    ("GET", rf"{_MODEL}/tree/(?P<revision>[^/]+)(/(?P<path>[^/]+))?$", tree),
    ("GET", rf"{_MODEL}/refs$", references),
    ("POST", rf"{_MODEL}/branch/(?P<name>[^/]+)$", branch),
    ("POST", rf"{_MODEL}/preupload/(?P<revision>[^/]+)$", preupload),
    ("POST", rf"{_MODEL}/commit/(?P<revision>[^/]+)$", commit),
    ("POST", r"^/api/repos/create$", create),
    ("POST", r"^/api/validate-yaml$", validate),
    ("POST", r"^/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/batch$", batch),
    ("POST", r"^/(?P<repo>[^/]+/[^/]+)\.git/info/lfs/objects/verify$", verify),
    ("PUT", r"^/uploads/(?P<sha256>[0-9a-f]{64})$", upload),
    ("GET", r"^/files/(?P<sha256>[0-9a-f]{64})$", stored_file),
    ("GET", r"^/(?P<repo>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)$", resolve),
]


def answer(asked: Asked) -> Answer:
    """The answer of the route that fits; HEAD is answered as GET, without a body."""
    method = "GET" if asked.method == "HEAD" else asked.method
    if asked.token and asked.token not in asked.hub.tokens:
        raise RefusalError(401, "Invalid credentials in Authorization header")
    for wanted, pattern, route in ROUTES:
        found = re.match(pattern, asked.path) if wanted == method else None
        if found:
            named = {name: text for name, text in found.groupdict().items() if text is not None}
            reply: Answer = route(asked, **named)  # type: ignore[operator]
            return reply
    raise RefusalError(404, f"no such endpoint: {asked.method} {asked.path}")
