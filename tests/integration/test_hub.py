"""From an encoder on the hub to a checkpoint on the hub and back, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model import load
from model.net.checkpoint import WEIGHTS
from tests.conftest import ROOT, TEXTS
from tests.hub import StandInHub
from tests.pretrained import copy_with_short_lists, write_pretrained
from train.config import read_run
from train.finetune import finetune_run
from train.prepare import prepare_run

ENCODER, REPO = "lab/arabert", "desk/framing"
FEW = (
    "data.articles=[seeds/articles/arz-online, seeds/articles/nafidha, seeds/articles/darfur-alan]"
)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with StandInHub(tmp_path / "hub") as standing:
        standing.tokens = {"hf_desk": {"desk"}}
        standing.connect(monkeypatch, tmp_path / "home")
        yield standing


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    return copy_with_short_lists(tiny_checkpoint, tmp_path / "checkpoint")


def run_python(
    hub: StandInHub, home: Path, *arguments: str, token: str | None = None
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**kept, **hub.environment(home, token)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_run_records_the_commit_that_it_started_from(hub: StandInHub, tmp_path: Path) -> None:
    source = write_pretrained(tmp_path / "source", max_position_embeddings=128)
    commit = hub.add(ENCODER, source)
    short = ["training.epochs=1", "training.max_length=128", f"encoder={ENCODER}", FEW]
    run = read_run("configs/arabert.yaml", [*short, f"output_dir={tmp_path / 'run'}"])
    prepare_run(run, quiet=True)
    finetune_run(run, quiet=True)
    record = json.loads((run.checkpoint_dir / "nabra.json").read_text(encoding="utf-8"))
    assert record["encoder_revision"] == commit


def test_what_is_pushed_predicts_the_same_from_the_hub(
    hub: StandInHub, tmp_path: Path, checkpoint: Path
) -> None:
    """Pushed by the command, read back by nabra, and by transformers, who knows the name alone."""
    from huggingface_hub import snapshot_download

    code = f"""
import sys
from train.push import app
sys.argv = ["push", {str(checkpoint)!r}, "{REPO}"]
try:
    app()
except SystemExit as left:
    assert not left.code
from transformers import AutoModel, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained("{REPO}")
model, report = AutoModel.from_pretrained("{REPO}", output_loading_info=True)
print(len(tokenizer.tokenize("[رابط]")), sorted(report["missing_keys"]))
"""
    told = run_python(hub, tmp_path / "theirs", "-c", code, token="hf_desk")
    commit = hub.repositories[REPO].branches["main"]
    assert told.stdout.splitlines() == [
        f"pushed: {hub.endpoint}/{REPO} (commit {commit})",
        "1 ['pooler.dense.bias', 'pooler.dense.weight']",
    ], told.stderr
    assert {seen.status for seen in hub.requests} <= {200, 302, 307, 404}
    fetched = Path(snapshot_download(REPO))
    expected, found = (load(path).predict(TEXTS) for path in (checkpoint, fetched))
    assert found == expected
    assert any(prediction.stances for prediction in found)
    assert (fetched / WEIGHTS).read_bytes() == (checkpoint / WEIGHTS).read_bytes()


def test_who_is_not_logged_in_reads_one_line(hub: StandInHub, tmp_path: Path) -> None:
    told = run_python(hub, tmp_path / "theirs", "-m", "train.push", "runs/none", REPO)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == (
        f"error: push: {REPO}: you are not logged in to the hub; "
        "log in with `hf auth login` or set HF_TOKEN\n"
    )
