"""The encoder that comes with nabra."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import yaml

from model.net.encoding import TextEncoder
from model.text.normalize import PLACEHOLDERS, normalize
from tests.conftest import TEXTS, TINY
from train.fit.encoder.names import EMBEDDED, EMBEDDED_DIR
from train.fit.encoder.start import start_encoder
from train.fit.pretrain.masking import Masker
from train.fit.pretrain.network import MaskedWordNetwork, pretrained_network

LARGEST = 40_000_000  # bytes


def test_is_small_and_has_its_papers() -> None:
    files = {path.name: path.stat().st_size for path in EMBEDDED_DIR.iterdir()}
    assert files.keys() >= {"config.json", "model.safetensors", "tokenizer.json", "README.md"}
    assert sum(files.values()) < LARGEST
    assert not any(name.endswith((".bin", ".pt", ".pkl", ".py")) for name in files)
    record = json.loads((EMBEDDED_DIR / "pretraining.json").read_text(encoding="utf-8"))
    card = (EMBEDDED_DIR / "README.md").read_text(encoding="utf-8")
    for fact in (
        "CC BY 4.0",
        "SANAD",
        f"{record['held_out_loss']:.3f}",
        f"{record['tokens_read'] / 1e6:.1f} million",
        "nabra pretrain configs/comparing.yaml",
        "nabra pretrain configs/pretrain.yaml",
    ):
        assert fact in card


def test_its_configs_are_those_that_made_it() -> None:
    record = json.loads((EMBEDDED_DIR / "pretraining.json").read_text(encoding="utf-8"))
    for name, made in (("comparing", record), ("pretrain", record["before"])):
        config = yaml.safe_load(Path(f"configs/{name}.yaml").read_text(encoding="utf-8"))
        for part in config.keys() & made["config"].keys():
            assert made["config"][part] == config[part], (name, part)


def test_is_what_a_run_starts_from() -> None:
    started = start_encoder(EMBEDDED, scratch=TINY, views=TEXTS, max_length=128, dropout=0.1)
    TextEncoder(started.tokenizer, 128)  # asserts that each placeholder is one token
    assert len(started.tokenizer) == started.encoder.config.vocab_size
    assert started.encoder.dtype == torch.float32
    assert started.warning is None
    assert started.tokenizer.tokenize(PLACEHOLDERS[0]) == [PLACEHOLDERS[0]]


def test_guesses_words_of_news_that_it_has_not_read() -> None:
    """A network by chance is as sure of one word as of another: log 16,000 is 9.7."""
    tokenizer, network, _ = pretrained_network(EMBEDDED, None, 128)
    text = normalize(
        "أعلنت وزارة الصحة أمس الأول أن عدد المصابين ارتفع في المدينة، وقال المتحدث باسم الوزارة "
        "إن المستشفيات استقبلت عشرات الحالات خلال الأيام الماضية. وأضاف أن رئيس الوزراء سيعقد "
        "اجتماعا مع مجلس الأمن القومي الأسبوع المقبل لبحث الأزمة الاقتصادية وأسعار النفط "
        "في الأسواق العالمية."
    ).text
    ids = tokenizer(text)["input_ids"]
    rows = np.asarray([ids] * 20, dtype=np.int32)
    masked = Masker(tokenizer, whole_words=False).mask(rows, 0.15, np.random.default_rng(1))
    with torch.inference_mode():
        loss = MaskedWordNetwork(network.eval())(**masked)
    assert loss.item() < 5
