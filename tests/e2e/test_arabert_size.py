"""A checkpoint of AraBERT's architecture and full size, made here and served by a stand-in hub.

12 layers, 768 wide, a vocabulary of 64,000, weights in PyTorch's own form or as safetensors: what
`configs/arabert.yaml` meets on the public hub, but for the values of the weights.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForPreTraining

from model.net.encoding import TextEncoder, register_placeholders
from model.text.normalize import PLACEHOLDERS, normalize
from tests.conftest import ROOT
from tests.hub import StandInHub
from tests.pretrained import as_pytorch, edit
from train.fit.encoder.compact import train_tokenizer
from train.fit.encoder.hub import load_pretrained
from train.fit.encoder.vocabulary import measure_vocabulary, warning

pytestmark = pytest.mark.e2e

NAME = "aubmindlab/bert-base-arabertv02"
VOCABULARY = 64_000
OUTLETS = ("arz-online", "nafidha", "darfur-alan")


def seed_views() -> list[str]:
    paths = sorted((ROOT / "seeds/articles").rglob("*.txt"))
    return [normalize(path.read_text(encoding="utf-8")).text for path in paths]


def write_vocabulary(path: Path) -> None:
    """64,000 pieces: those of the seed articles, and made-up endings up to the number."""
    vocabulary = train_tokenizer(seed_views(), VOCABULARY).get_vocab()
    pieces = sorted(vocabulary, key=vocabulary.__getitem__)
    letters = "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
    made_up = (f"##{''.join(four)}" for four in itertools.product(letters, repeat=4))
    new = (piece for piece in made_up if piece not in vocabulary)
    pieces += itertools.islice(new, VOCABULARY - len(pieces))
    path.write_text("\n".join(pieces) + "\n", encoding="utf-8")


@pytest.fixture(scope="module", params=["safetensors", "pytorch"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arabert") / request.param
    torch.manual_seed(0)
    BertForPreTraining(BertConfig(vocab_size=VOCABULARY)).save_pretrained(folder)
    if request.param == "pytorch":
        as_pytorch(folder)
    write_vocabulary(folder / "vocab.txt")
    settings = {"do_lower_case": False, "max_len": 512, "never_split": list(PLACEHOLDERS)}
    edit(folder / "tokenizer_config.json", **settings)
    return folder


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with StandInHub(tmp_path / "hub") as standing:
        standing.connect(monkeypatch, tmp_path / "home")
        yield standing


def test_is_downloaded_once_and_takes_the_placeholders(
    hub: StandInHub, source: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    commit = hub.add(NAME, source)
    started = time.perf_counter()
    loaded = load_pretrained(NAME)
    first_s = time.perf_counter() - started
    assert loaded.revision == commit
    assert len(loaded.tokenizer) == loaded.encoder.config.vocab_size == VOCABULARY
    assert register_placeholders(loaded.tokenizer) == len(PLACEHOLDERS)
    loaded.encoder.resize_token_embeddings(len(loaded.tokenizer), mean_resizing=False)
    TextEncoder(loaded.tokenizer, 512)  # asserts that each placeholder is one token
    rows = loaded.encoder.get_input_embeddings().weight
    assert rows.shape == (VOCABULARY + len(PLACEHOLDERS), 768)
    if (source / "model.safetensors").exists():
        saved = load_file(source / "model.safetensors")
        name = "bert.embeddings.word_embeddings.weight"
        assert torch.equal(rows[:VOCABULARY], saved[name])
    assert sum(weights.numel() for weights in loaded.encoder.parameters()) > 135e6
    fit = measure_vocabulary(loaded.tokenizer, seed_views())
    assert warning(fit) is None
    hub.requests.clear()
    started = time.perf_counter()
    assert load_pretrained(NAME, commit).revision == commit
    assert hub.requests == []
    again_s = time.perf_counter() - started
    with capfd.disabled():
        sys.stdout.write(
            f"\n{source.name}: first {first_s:.1f} s, from the cache {again_s:.1f} s\n"
        )


def test_a_run_of_its_config(hub: StandInHub, source: Path, tmp_path: Path) -> None:
    if source.name == "pytorch":
        pytest.skip("once is enough")
    commit = hub.add(NAME, source)
    articles = ", ".join(f"seeds/articles/{outlet}" for outlet in OUTLETS)
    run = tmp_path / "run"
    settings = [f"data.articles=[{articles}]", f"output_dir={run}", "training.epochs=1"]
    flags = [flag for setting in settings for flag in ("--set", setting)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    for command in ("prepare", "finetune"):
        told = subprocess.run(
            [sys.executable, "-m", "train.cli", command, "configs/arabert.yaml", *flags],
            cwd=ROOT,
            env={**kept, **hub.environment(tmp_path / "home")},
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert told.returncode == 0, told.stderr
        assert "MISSING" not in told.stderr
    record = json.loads((run / "checkpoint/nabra.json").read_text(encoding="utf-8"))
    assert record["encoder_revision"] == commit
    weights = load_file(run / "checkpoint/model.safetensors")
    rows = weights["bert.embeddings.word_embeddings.weight"]
    assert rows.shape == (VOCABULARY + len(PLACEHOLDERS), 768)
