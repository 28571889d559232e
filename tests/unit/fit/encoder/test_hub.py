from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from model.errors import InputError
from tests.hub import StandInHub
from tests.pretrained import as_pytorch, copy, edit, in_shards, write_pretrained
from train.fit.encoder.hub import load_pretrained

MODEL = "lab/arabert"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pretrained(tmp_path_factory.mktemp("pretrained") / "arabert")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pretrained(tmp_path_factory.mktemp("pretrained") / "arabert-2", seed=1)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with StandInHub(tmp_path / "hub") as standing:
        standing.connect(monkeypatch, tmp_path / "home")
        yield standing


def a_weight(encoder: Any) -> torch.Tensor:
    weight: torch.Tensor = encoder.state_dict()["encoder.layer.0.attention.self.query.weight"]
    return weight


def cached_file(home: Path, name: str) -> Path:
    (found,) = home.glob(f"hub/models--*/snapshots/*/{name}")
    return found


def test_downloads_what_it_needs_and_tells_the_commit(hub: StandInHub, source: Path) -> None:
    (source / "training_args.bin").write_bytes(b"x" * 10)
    commit = hub.add(MODEL, source)
    loaded = load_pretrained(MODEL)
    assert loaded.revision == commit
    assert loaded.tokenizer.name_or_path == loaded.encoder.config.name_or_path == MODEL
    files = {path.rsplit("/", 1)[1] for path in hub.paths("HEAD")}
    assert files == {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    assert hub.paths("GET")[0] == f"/api/models/{MODEL}"


def test_a_second_run_downloads_nothing(hub: StandInHub, source: Path) -> None:
    hub.add(MODEL, source)
    load_pretrained(MODEL)
    hub.requests.clear()
    load_pretrained(MODEL)
    assert hub.paths() == [f"/api/models/{MODEL}"]


def test_off_line_the_cache_is_enough(
    hub: StandInHub, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add(MODEL, source)
    first = load_pretrained(MODEL)
    hub.connect(monkeypatch, tmp_path / "home", is_offline=True)
    hub.requests.clear()
    again = load_pretrained(MODEL)
    assert torch.equal(a_weight(first.encoder), a_weight(again.encoder))
    assert again.revision == commit
    assert hub.requests == []


@pytest.mark.parametrize("trouble", ["closed", "down", "slow"])
def test_without_the_hub_the_cache_is_enough_and_it_says_so(
    hub: StandInHub,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    trouble: str,
) -> None:
    commit = hub.add(MODEL, source)
    load_pretrained(MODEL)
    if trouble == "closed":
        hub.close()
    elif trouble == "down":
        hub.fail("/api/models", status=503)
    else:
        hub.fail("/api/models", delay=5)
        hub.connect(monkeypatch, tmp_path / "home", patience=1)
    with caplog.at_level(logging.WARNING, logger="train.fit.encoder.hub"):
        assert load_pretrained(MODEL).revision == commit
    assert f"taking {commit} from the cache" in caplog.text


def test_a_branch_a_tag_and_a_commit(hub: StandInHub, source: Path, other: Path) -> None:
    old = hub.add(MODEL, source)
    hub.repositories[MODEL].tags["v1"] = old
    new = hub.add(MODEL, other)
    hub.add(MODEL, source, branch="refs/pr/1")
    assert load_pretrained(MODEL, "v1").revision == old
    assert load_pretrained(MODEL, "main").revision == new
    assert load_pretrained(MODEL, "refs/pr/1").revision not in (old, new)
    by_name, by_commit = load_pretrained(MODEL, "v1"), load_pretrained(MODEL, old)
    assert torch.equal(a_weight(by_name.encoder), a_weight(by_commit.encoder))
    newest = load_pretrained(MODEL).encoder
    assert not torch.equal(a_weight(newest), a_weight(by_commit.encoder))


def test_a_whole_commit_in_the_cache_needs_no_hub(hub: StandInHub, source: Path) -> None:
    commit = hub.add(MODEL, source)
    load_pretrained(MODEL, commit)
    hub.requests.clear()
    load_pretrained(MODEL, commit)
    assert hub.requests == []


def test_a_branch_that_moved_is_followed(hub: StandInHub, source: Path, other: Path) -> None:
    hub.add(MODEL, source)
    load_pretrained(MODEL)
    new = hub.add(MODEL, other)
    hub.requests.clear()
    assert load_pretrained(MODEL).revision == new
    # The tokenizer is the same, byte by byte, and is not sent again.
    assert [path.split("/")[1] for path in hub.paths("GET")] == ["api", "files"]


def test_prefers_safetensors_and_leaves_the_rest(
    hub: StandInHub, source: Path, tmp_path: Path
) -> None:
    folder = copy(source, tmp_path / "both")
    for name in ("pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"):
        (folder / name).write_bytes(b"x")
    hub.add(MODEL, folder)
    load_pretrained(MODEL)
    assert sum("/files/" in path for path in hub.paths("GET")) == 1


def test_takes_weights_of_pytorch_where_there_are_no_others(
    hub: StandInHub, source: Path, tmp_path: Path
) -> None:
    folder = copy(source, tmp_path / "old")
    as_pytorch(folder)
    hub.add(MODEL, folder)
    expected = load_pretrained(str(source)).encoder
    assert torch.equal(a_weight(load_pretrained(MODEL).encoder), a_weight(expected))


def test_goes_on_where_a_download_broke_off(
    hub: StandInHub, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)
    hub.add(MODEL, source)
    hub.fail("GET /files/", cut=2000, times=1)
    load_pretrained(MODEL)
    ranges = [seen.range for seen in hub.requests if seen.path.startswith("/files/")]
    assert ranges == [None, "bytes=2000-"]


def test_a_token_stays_with_the_hub(
    hub: StandInHub, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(MODEL, source, is_gated=True)
    hub.tokens["hf_reader"] = set()
    hub.may_read.add(("hf_reader", MODEL))
    hub.connect(monkeypatch, tmp_path / "home", token="hf_reader")
    load_pretrained(MODEL)
    by_host = {(seen.host, seen.token) for seen in hub.requests}
    assert by_host == {("127.0.0.1", "hf_reader"), ("localhost", None)}


def test_an_interrupted_download_is_no_cached_model(
    hub: StandInHub, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(MODEL, source)
    hub.fail("GET /files/", status=404, times=1)
    with pytest.raises(InputError):
        load_pretrained(MODEL)
    hub.connect(monkeypatch, tmp_path / "home", is_offline=True)
    with pytest.raises(InputError, match="the cache has no whole copy"):
        load_pretrained(MODEL)


def test_an_interrupted_download_of_a_commit_is_gone_on_with(hub: StandInHub, source: Path) -> None:
    commit = hub.add(MODEL, source)
    hub.fail("GET /files/", status=404, times=1)
    with pytest.raises(InputError):
        load_pretrained(MODEL, commit)
    assert load_pretrained(MODEL, commit).revision == commit


def test_shards_that_are_missing_are_fetched(hub: StandInHub, source: Path, tmp_path: Path) -> None:
    folder = copy(source, tmp_path / "sharded")
    in_shards(folder)
    commit = hub.add(MODEL, folder)
    load_pretrained(MODEL, commit)
    shard = cached_file(tmp_path / "home", "model-00001-of-00002.safetensors")
    shard.resolve().unlink()
    shard.unlink()
    hub.requests.clear()
    load_pretrained(MODEL, commit)
    assert sum("/files/" in path for path in hub.paths("GET")) == 1


def test_a_cache_for_reading_alone_is_enough(hub: StandInHub, source: Path, tmp_path: Path) -> None:
    commit = hub.add(MODEL, source)
    load_pretrained(MODEL, commit)
    (folder,) = (tmp_path / "home/hub").glob("models--*")
    (folder / "refs").write_text("no folder, so nothing can be written here")
    assert load_pretrained(MODEL).revision == commit


def test_a_cut_file_in_the_cache_is_named_and_fetched_again(
    hub: StandInHub, source: Path, tmp_path: Path
) -> None:
    hub.add(MODEL, source)
    load_pretrained(MODEL)
    blob = cached_file(tmp_path / "home", "model.safetensors").resolve()
    blob.write_bytes(blob.read_bytes()[:-50])
    with pytest.raises(InputError, match=f"delete {blob} and fetch it again"):
        load_pretrained(MODEL)
    blob.unlink()
    load_pretrained(MODEL)


def test_what_cannot_be_used_is_refused_before_the_weights_are_sent(
    hub: StandInHub, source: Path, tmp_path: Path
) -> None:
    folder = copy(source, tmp_path / "code")
    edit(folder / "config.json", auto_map={"AutoModel": "modeling.Mine"})
    (folder / "modeling.py").write_text("raise SystemExit")
    hub.add(MODEL, folder)
    with pytest.raises(InputError, match="asks to run code from elsewhere, which nabra never does"):
        load_pretrained(MODEL)
    assert not any("/files/" in path for path in hub.paths())


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_repository_that_holds_no_encoder(
    hub: StandInHub, source: Path, tmp_path: Path, missing: str
) -> None:
    folder = copy(source, tmp_path / "part")
    (folder / missing).unlink()
    hub.add(MODEL, folder)
    with pytest.raises(InputError, match=r"has (no|neither)"):
        load_pretrained(MODEL)


@pytest.mark.parametrize(
    ("name", "revision", "token", "message"),
    [
        (MODEL, "v9", None, r"has no revision v9; name a branch, a tag or a commit"),
        (MODEL, "0f" * 20, None, r"has no revision 0f0f"),
        ("lab/nothing", None, None, r"no model that the hub shows you; check the name.*HF_TOKEN"),
        ("lab/nothing", None, "hf_reader", r"no model that the hub shows you"),
        ("lab/private", None, None, r"if it is private, log in with `hf auth login`"),
        ("lab/gated", None, None, r"only to those.*ask at http.*/lab/gated; log in with"),
        ("lab/gated", None, "hf_reader", r"only to those its owners let in"),
        (MODEL, None, "hf_wrong", r"the hub refuses your token; make a new one.*HF_TOKEN"),
        ("a/b/c", None, None, r"is no directory here, and no name that the hub takes; name a dir"),
        ("lab/ara bert", None, None, r"no name that the hub takes"),
        ("nowhere", None, None, r"is no directory; name a directory, a hub id"),
        ("./now/here", None, None, r"is no directory"),
    ],
)
def test_says_what_the_hub_said(
    hub: StandInHub,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    revision: str | None,
    token: str | None,
    message: str,
) -> None:
    hub.add(MODEL, source)
    hub.add("lab/private", source, is_private=True)
    hub.add("lab/gated", source, is_gated=True)
    hub.tokens["hf_reader"] = set()
    hub.connect(monkeypatch, tmp_path / "home", token=token)
    with pytest.raises(InputError, match=message) as caught:
        load_pretrained(name, revision)
    assert str(caught.value).startswith(f"encoder: {name}: ")
    assert "\n" not in str(caught.value)


def test_a_private_model_opens_to_its_token(
    hub: StandInHub, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add("lab/private", source, is_private=True)
    hub.tokens["hf_owner"] = {"lab"}
    hub.connect(monkeypatch, tmp_path / "home", token="hf_owner")
    assert load_pretrained("lab/private").revision == commit


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        ("offline", r"HF_HUB_OFFLINE forbids.*no whole copy; connect once.*`hf download lab/ara"),
        ("closed", r"the hub cannot be reached \(.*\), and the cache has no.*set HF_HOME to"),
        ("down", r"the hub answers HTTP 500, and the cache has no whole copy; connect once"),
        ("slow", r"the hub does not answer, and the cache has no whole copy"),
        ("page", r"the hub's answer cannot be used.*check HF_ENDPOINT"),
        ("full", r"no space is left for it; set HF_HOME"),
    ],
)
def test_says_what_to_do_without_the_hub(
    hub: StandInHub,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    trouble: str,
    message: str,
) -> None:
    hub.add(MODEL, source)
    if trouble == "offline":
        hub.connect(monkeypatch, tmp_path / "home", is_offline=True)
    elif trouble == "closed":
        hub.close()
    elif trouble == "down":
        hub.fail("/api/models", status=500)
    elif trouble == "slow":
        hub.fail("/api/models", delay=5)
        hub.connect(monkeypatch, tmp_path / "home", patience=1)
    elif trouble == "page":
        hub.fail("/api/models", text="<html>Log in to the airport's network</html>")
    else:
        monkeypatch.setattr("huggingface_hub.file_download.http_get", _no_space)
    with pytest.raises(InputError, match=message) as caught:
        load_pretrained(MODEL)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def _no_space(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_revision_that_is_not_cached_is_named_off_line(
    hub: StandInHub, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add(MODEL, source)
    load_pretrained(MODEL)
    hub.connect(monkeypatch, tmp_path / "home", is_offline=True)
    with pytest.raises(InputError, match="no whole copy at revision v2"):
        load_pretrained(MODEL, "v2")
