from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model.errors import CheckpointError, NabraError, OutputError
from tests.hub import StandInHub
from tests.pretrained import copy_with_short_lists
from train.fit.encoder import hub as hub_module
from train.fit.encoder.hub import push_checkpoint

REPO = "desk/framing"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with StandInHub(tmp_path / "hub") as standing:
        standing.tokens = {"hf_desk": {"desk"}, "hf_guest": set()}
        standing.connect(monkeypatch, tmp_path / "home", token="hf_desk")
        yield standing


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return copy_with_short_lists(tiny_checkpoint, tmp_path / "checkpoint")


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_makes_a_repository_and_puts_all_files_there(hub: StandInHub, checkpoint: Path) -> None:
    pushed = push_checkpoint(checkpoint, REPO)
    assert pushed.url == f"{hub.endpoint}/{REPO}"
    assert pushed.is_new
    assert pushed.commit == hub.repositories[REPO].branches["main"]
    assert hub.files(REPO) == bytes_of(checkpoint)
    assert hub.repositories[REPO].messages == ["initial commit", "Upload a checkpoint of nabra"]
    assert not hub.repositories[REPO].is_private


def test_a_second_push_is_a_second_commit(hub: StandInHub, checkpoint: Path) -> None:
    first = push_checkpoint(checkpoint, REPO)
    (checkpoint / "README.md").write_text("---\nlanguage: ar\n---\n# better\n")
    second = push_checkpoint(checkpoint, REPO, message="a better card")
    assert second.is_new
    assert second.commit != first.commit
    assert hub.repositories[REPO].messages[-1] == "a better card"
    assert hub.files(REPO)["README.md"].endswith(b"# better\n")
    assert hub.files(REPO, first.commit)["README.md"] == b"# tiny\n"
    assert len(hub.paths("PUT")) == 1  # the weights went once


def test_what_lies_there_already_is_no_new_commit(hub: StandInHub, checkpoint: Path) -> None:
    first = push_checkpoint(checkpoint, REPO)
    second = push_checkpoint(checkpoint, REPO)
    assert (second.commit, second.is_new) == (first.commit, False)


def test_a_branch_and_a_private_repository(hub: StandInHub, checkpoint: Path) -> None:
    pushed = push_checkpoint(checkpoint, REPO, private=True, revision="v2")
    held = hub.repositories[REPO]
    assert held.is_private
    assert pushed.url.endswith(f"{REPO}/tree/v2")
    assert held.branches["v2"] == pushed.commit
    assert hub.files(REPO, "main") == {}


def test_private_is_not_promised_of_what_is_public(hub: StandInHub, checkpoint: Path) -> None:
    push_checkpoint(checkpoint, REPO)
    (checkpoint / "README.md").write_text("# secret\n")
    with pytest.raises(OutputError, match="is there already and public; make it private"):
        push_checkpoint(checkpoint, REPO, private=True)
    assert hub.files(REPO)["README.md"] == b"# tiny\n"


def test_files_of_other_hands_stay(hub: StandInHub, checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/notes.txt").write_text("notes")
    hub.add(REPO, tmp_path / "theirs")
    push_checkpoint(checkpoint, REPO)
    assert hub.files(REPO) == {**bytes_of(checkpoint), "notes.txt": b"notes"}


def stray(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")


FAULTS: list[tuple[Callable[[Path], object], str]] = [
    (lambda d: stray(d, "optimizer.pt"), r"no part of a checkpoint \(optimizer\.pt\); move it"),
    (lambda d: stray(d, "training_args.bin"), r"training_args\.bin"),
    (lambda d: stray(d, "articles.txt"), r"articles\.txt"),
    (lambda d: stray(d, ".env"), r"\.env"),
    (lambda d: stray(d, "logs/a.json"), r"\(logs\)"),
    (lambda d: (d / "README.md").unlink(), r"has no README\.md; make it again"),
    (lambda d: (d / "nabra.json").unlink(), r"is no nabra checkpoint"),
    (lambda d: (d / "model.safetensors").write_bytes(b"x"), r"cannot be read"),
    (shutil.rmtree, r"is no nabra checkpoint"),
]


@pytest.mark.parametrize(("damage", "message"), FAULTS)
def test_only_a_whole_checkpoint_leaves_the_house(
    hub: StandInHub, checkpoint: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(checkpoint)
    with pytest.raises(CheckpointError, match=message) as caught:
        push_checkpoint(checkpoint, REPO)
    assert "\n" not in str(caught.value)
    assert hub.requests == []


@pytest.mark.parametrize("name", ["curves.png", "curves.svg"])
def test_a_plot_of_the_curves_goes_with_it(hub: StandInHub, checkpoint: Path, name: str) -> None:
    stray(checkpoint, name)
    push_checkpoint(checkpoint, REPO)
    assert name in hub.files(REPO)


@pytest.mark.parametrize(
    ("repo", "token", "message"),
    [
        (REPO, None, r"you are not logged in to the hub; log in with `hf auth login` or set HF"),
        (REPO, "hf_wrong", r"the hub refuses your token; make a new one"),
        (REPO, "hf_guest", r"the hub forbids it: You don't have the rights.*use a token that may"),
        ("other/framing", "hf_desk", r"the hub forbids it: You don't have the rights"),
        ("desk/theirs/framing", "hf_desk", r"is no name that the hub takes; write it as owner"),
        ("desk/نبرة", "hf_desk", r"is no name that the hub takes; write it as owner/name"),
    ],
)
def test_says_why_the_hub_does_not_take_it(
    hub: StandInHub,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    repo: str,
    token: str | None,
    message: str,
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    hub.connect(monkeypatch, tmp_path / "home", token=token)
    with pytest.raises(OutputError, match=message) as caught:
        push_checkpoint(checkpoint, repo)
    assert str(caught.value).startswith(f"push: {repo}: ")
    assert "\n" not in str(caught.value)
    assert hub.repositories == {}


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("offline", "HF_HUB_OFFLINE forbids to ask the hub; connect, and push again"),
        ("closed", r"the hub cannot be reached \(.*\); connect, and push again"),
        ("POST /api/repos/create", "the hub answers HTTP 500"),
        ("POST /api/validate-yaml", "the hub answers HTTP 500"),
        ("POST /api/models/.*/preupload", "the hub answers HTTP 500"),
        ("POST .*/objects/batch", "the hub answers HTTP 500"),
        ("PUT /uploads", "the hub answers HTTP 500"),
        ("POST /api/models/.*/commit", "the hub answers HTTP 500"),
        ("slow", "the hub does not answer; connect, and push again"),
        ("page", "the hub's answer cannot be used"),
    ],
)
def test_says_what_the_hub_suffers_from(
    hub: StandInHub,
    checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    trouble: str,
    message: str,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # the client waits between its attempts
    if trouble == "offline":
        hub.connect(monkeypatch, tmp_path / "home", token="hf_desk", is_offline=True)
    elif trouble == "closed":
        hub.close()
    elif trouble == "slow":
        monkeypatch.setattr(hub_module, "_PATIENCE_S", 0.5)
        hub.fail("POST /api/repos/create", delay=5)
    elif trouble == "page":
        hub.fail("POST /api/repos/create", text="<html>Log in</html>")
    else:
        hub.fail(trouble, status=500)
    with pytest.raises(NabraError, match=message) as caught:
        push_checkpoint(checkpoint, REPO)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_says_that_the_file_server_refused(hub: StandInHub, checkpoint: Path) -> None:
    hub.fail("PUT /uploads", status=403)
    with pytest.raises(OutputError, match="the hub forbids it"):
        push_checkpoint(checkpoint, REPO)


def test_a_card_that_the_hub_cannot_read(hub: StandInHub, checkpoint: Path) -> None:
    (checkpoint / "README.md").write_text("---\nlanguage: ar\n")
    with pytest.raises(OutputError, match=r"Invalid metadata in README\.md"):
        push_checkpoint(checkpoint, REPO)
