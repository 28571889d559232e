"""The model hub: the encoder that a run starts from is fetched there, a checkpoint is put there."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from model.errors import CheckpointError, InputError, NabraError, OutputError
from train.fit.encoder.names import check_name, encoder_dir
from train.fit.encoder.pretrained import (
    CONFIG,
    check_config,
    check_tokenizer,
    hushed_libraries,
    is_whole,
    missing_weights,
    read_pretrained,
    weight_files,
)

_SMALL = (".json", ".txt", ".model")  # what a config and a tokenizer are kept in
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOG_IN = "log in with `hf auth login` or set HF_TOKEN"
_PATIENCE_S = 120.0  # for one answer of the hub while pushing; the client itself would wait forever
CARD = "README.md"
CURVES = ("curves.png", "curves.svg")

_E = TypeVar("_E", bound=NabraError)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pretrained:
    """A pretrained encoder; `revision` is the commit that was read, None where that is unknown."""

    tokenizer: Any
    encoder: Any
    revision: str | None


@dataclass(frozen=True, slots=True)
class Pushed:
    """Where a checkpoint lies on the hub; `is_new` is False where it lay there already."""

    url: str
    commit: str
    is_new: bool


E = TypeVar("E", bound=NabraError)


def load_pretrained(
    name: str, revision: str | None = None, *, with_head: bool = False, quiet: bool = False
) -> Pretrained:
    """The embedded encoder, that of a directory, or of a model on the hub by branch, tag or commit.

    `with_head`: as a masked-language model, with a head by chance where the weights have none.
    From the hub, it is kept in the hub's own cache, and taken from there where the hub cannot be
    reached. InputError says what is wrong with the name, the hub or the model, and what to do.
    """
    where = f"encoder: {name}"
    if place := encoder_dir(name):
        if revision is not None:
            raise InputError(where, "is a directory, which has no revisions", "leave revision out")
        return Pretrained(*read_pretrained(place, where, with_head=with_head), _commit_of(place))
    check_name(name)
    with hushed_libraries():
        folder = _fetch(name, revision, where, quiet=quiet)
    tokenizer, encoder = read_pretrained(folder, where, with_head=with_head)
    tokenizer.name_or_path = encoder.config.name_or_path = name
    return Pretrained(tokenizer, encoder, folder.name)


def push_checkpoint(
    path: Path,
    repo: str,
    *,
    private: bool = False,
    revision: str | None = None,
    message: str | None = None,
) -> Pushed:
    """Put a checkpoint on the hub as one commit, in a repository that is made where there is none.

    CheckpointError unless `path` is a complete checkpoint and nothing else; OutputError where the
    hub does not take it.
    """
    from huggingface_hub import HfApi, constants, get_token

    where = f"push: {repo}"
    try:
        if get_token() is None:
            raise OutputError(where, "you are not logged in to the hub", _LOG_IN)
        files = _checked_files(path)
        api = HfApi()
        with hushed_libraries(), _bounded_waits(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a card without metadata, say
            repo = api.create_repo(repo, private=private or None, exist_ok=True).repo_id
            if private and not api.model_info(repo, timeout=_PATIENCE_S).private:
                raise OutputError(
                    where, "is there already and public", "make it private on its settings page"
                )
            if revision is not None:
                api.create_branch(repo, branch=revision, exist_ok=True)
            before = api.model_info(repo, revision=revision, timeout=_PATIENCE_S).sha
            commit = api.upload_folder(
                repo_id=repo,
                folder_path=path,
                allow_patterns=files,
                revision=revision,
                commit_message=message or "Upload a checkpoint of nabra",
            )
    except NabraError:
        raise
    except Exception as error:  # client, transports and threads share no class of errors
        raise _explain(error, OutputError, where, repo, revision) from None
    url = f"{constants.ENDPOINT}/{repo}" + (f"/tree/{revision}" if revision else "")
    return Pushed(url, commit.oid, commit.oid != before)


def _fetch(name: str, revision: str | None, where: str, *, quiet: bool) -> Path:
    """The folder of a model in the hub's cache, named by its commit; downloads what is missing.

    The weights come last and then the note of what the branch or tag points to: a folder with
    weights is whole, however often the way there was cut short.
    """
    from huggingface_hub import HfApi, constants, hf_hub_download

    class Bar(tqdm):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **settings: Any) -> None:
            is_hidden = quiet or not sys.stderr.isatty()
            super().__init__(*args, **{**settings, "disable": is_hidden, "delay": 2})

    cached = _find_cached(name, revision)
    if cached and revision and _COMMIT.fullmatch(revision):
        return cached  # a commit never changes
    try:
        info = HfApi().model_info(name, revision=revision, timeout=constants.HF_HUB_ETAG_TIMEOUT)

        def get(file: str) -> Path:
            return Path(hf_hub_download(name, file, revision=info.sha, tqdm_class=Bar))

        files = [entry.rfilename for entry in info.siblings or ()]
        if CONFIG not in files:
            raise InputError(where, f"has no {CONFIG}: it is no model of transformers")
        folder = get(CONFIG).parent
        check_config(folder, where)
        for file in sorted(files):
            if file.endswith(_SMALL) and "/" not in file and not file.endswith(".index.json"):
                get(file)
        check_tokenizer(folder, where)
        weights = weight_files(files)
        if not weights:
            raise missing_weights(files, where)
        for file in reversed(weights):
            get(file)
        _note_commit(folder, revision or "main")
    except NabraError:
        raise
    except Exception as error:  # client and transports share no class of errors
        reason = _why_unreachable(error)
        if reason and cached:
            _log.warning("%s: %s; taking %s from the cache", where, reason, cached.name)
            return cached
        raise _explain(error, InputError, where, name, revision) from None
    return folder


def _find_cached(name: str, revision: str | None) -> Path | None:
    """The folder of a revision in the hub's cache, where it is whole."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(name, CONFIG, revision=revision)
    except HFValidationError:
        return None
    if not isinstance(config, str):
        return None
    folder = Path(config).parent
    return folder if is_whole(folder) else None


def _note_commit(folder: Path, revision: str) -> None:
    """Write into the cache which commit a branch or tag points to, as the hub's client does."""
    if _COMMIT.fullmatch(revision):
        return
    note = folder.parents[1] / "refs" / revision
    building = note.with_name(f"{note.name}.{os.getpid()}")
    with contextlib.suppress(OSError):  # a cache may be there for reading alone
        note.parent.mkdir(parents=True, exist_ok=True)
        building.write_text(folder.name, encoding="utf-8")
        building.replace(note)


def _commit_of(folder: Path) -> str | None:
    """The commit of a folder that lies in a cache of the hub; None for any other."""
    folder = folder.resolve()
    is_cached = folder.parent.name == "snapshots" and _COMMIT.fullmatch(folder.name)
    return folder.name if is_cached else None


def _checked_files(path: Path) -> list[str]:
    """The names of a checkpoint's files. CheckpointError for a fault, or for any other file."""
    from model.net.checkpoint import LEXICON, RECORD, TARGETS, WEIGHTS, load_checkpoint

    checkpoint = load_checkpoint(path)
    if not (path / CARD).is_file():
        raise CheckpointError(path, f"has no {CARD}", "make it again with nabra finetune")
    own = {CONFIG, WEIGHTS, RECORD, TARGETS, LEXICON, CARD, *CURVES}
    own |= {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}
    own |= {"added_tokens.json", *checkpoint.encoder.tokenizer.vocab_files_names.values()}
    names = sorted(entry.name for entry in path.iterdir())
    stray = [name for name in names if name not in own or not (path / name).is_file()]
    if stray:
        raise CheckpointError(
            path,
            f"holds what is no part of a checkpoint ({', '.join(stray[:3])}"
            + (", …)" if len(stray) > 3 else ")"),
            "move it away before the push",
        )
    return names


@contextlib.contextmanager
def _bounded_waits() -> Iterator[None]:
    """Let no answer take longer than `_PATIENCE_S`: the client sets no limit of its own."""
    from huggingface_hub import get_session

    session = get_session()
    limits, session.timeout = session.timeout, _PATIENCE_S
    try:
        yield
    finally:
        session.timeout = limits


def _why_unreachable(error: BaseException | None) -> str | None:
    """Why the hub gave no answer of worth: off line, no connection, down; None where it did."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

    while error is not None:
        if isinstance(error, OfflineModeIsEnabled):
            return "HF_HUB_OFFLINE forbids to ask the hub"
        if isinstance(error, httpx.TimeoutException):
            return "the hub does not answer"
        if isinstance(error, httpx.TransportError):
            return f"the hub cannot be reached ({_first_line(error)})"
        if isinstance(error, HfHubHTTPError) and _status(error) in (408, 429, *range(500, 600)):
            return f"the hub answers HTTP {_status(error)}"
        error = error.__cause__
    return None


def _explain(error: Exception, kind: type[E], where: str, name: str, revision: str | None) -> E:
    """The error of nabra for one of the hub's client."""
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{name}"
    is_push = kind is OutputError
    cause = error.__cause__ if isinstance(error, RuntimeError) and error.__cause__ else error
    if reason := _why_unreachable(error):
        at = f" at revision {revision}" if revision else ""
        if is_push:
            return kind(where, reason, "connect, and push again")
        return kind(
            where,
            f"{reason}, and the cache has no whole copy{at}",
            f"connect once; or fetch it elsewhere with `hf download {name}` and name that "
            "directory, or set HF_HOME to a cache that has it",
        )
    if isinstance(cause, errors.GatedRepoError):
        return kind(where, "is open only to those its owners let in", f"ask at {page}; {_LOG_IN}")
    if isinstance(cause, errors.RevisionNotFoundError):
        return kind(
            where,
            f"has no revision {revision}",
            f"name a branch, a tag or a commit of 40 digits that {page} lists",
        )
    if isinstance(cause, errors.RepositoryNotFoundError):
        return kind(
            where,
            "is no directory, and no model that the hub shows you",
            f"check the name at {constants.ENDPOINT}; if it is private, {_LOG_IN}",
        )
    if isinstance(cause, errors.HFValidationError):
        return kind(where, "is no name that the hub takes", "write it as owner/name")
    if isinstance(cause, errors.HfHubHTTPError) and _status(cause) == 401:
        return kind(where, "the hub refuses your token", f"make a new one, and {_LOG_IN}")
    if isinstance(cause, errors.HfHubHTTPError) and _status(cause) == 403:
        told = cause.server_message or "the token lacks the rights"
        return kind(where, f"the hub forbids it: {told}", f"use a token that may; {_LOG_IN}")
    if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
        return kind(where, "no space is left for it", "set HF_HOME to a folder on a larger disk")
    return kind(
        where,
        f"the hub's answer cannot be used ({_first_line(cause)})",
        "try again later, and check HF_ENDPOINT if it is set",
    )


def _status(error: Any) -> int:
    return int(error.response.status_code)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
