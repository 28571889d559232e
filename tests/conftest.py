"""Shared fixtures: a tiny network of AraBERT's architecture, made here, and articles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from model.net.checkpoint import save_checkpoint
from model.net.encoding import TextEncoder, register_placeholders
from model.net.network import FramingNetwork
from model.records import Article
from train.fit.encoder.start import start_encoder
from train.settings import ScratchConfig

ROOT = Path(__file__).parents[1]
TEXTS = [
    "أكد الناطق أن التحالف الدولي يدعم مليشيا قوات سوريا الديمقراطية الانفصالية.",
    'وقال المتحدث: "نحن ندعم قسد في حربها ضد تنظيم الدولة".',
    "زار الوزير المدينة أمس ثم عاد إلى العاصمة.",
]
TINY = ScratchConfig(
    architecture="bert", vocabulary=300, layers=1, width=16, heads=2, feed_forward=32
)


@pytest.fixture(autouse=True)
def _run_in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configs name their files from the repository's root."""
    monkeypatch.chdir(ROOT)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that would ask a hub fails at once instead."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")  # read when the library is imported, in a subprocess
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def article() -> Article:
    text = "\n".join(TEXTS)
    return Article("a1", "outlet", "2020-04-07", None, "التحالف يدعم قسد", text, "a.txt")


def write_tiny_checkpoint(path: Path, architecture: str = "bert") -> Path:
    """A checkpoint with random weights: BERT as AraBERT has it, or ModernBERT."""
    torch.manual_seed(0)
    started = start_encoder("scratch", scratch=TINY, views=TEXTS * 3, max_length=32, dropout=0.0)
    tokenizer, encoder = started.tokenizer, started.encoder
    if architecture == "modernbert":
        from transformers import ModernBertConfig, ModernBertModel

        encoder = ModernBertModel(
            ModernBertConfig(
                vocab_size=len(tokenizer),
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=32,
                pad_token_id=tokenizer.pad_token_id,
                cls_token_id=tokenizer.cls_token_id,
                sep_token_id=tokenizer.sep_token_id,
                bos_token_id=tokenizer.cls_token_id,
                eos_token_id=tokenizer.sep_token_id,
            )
        )
    register_placeholders(tokenizer)
    save_checkpoint(
        path,
        FramingNetwork(encoder, 0.0).eval(),
        TextEncoder(tokenizer, 32),
        lists=(ROOT / "seeds/targets.yaml", ROOT / "seeds/loaded_terms.yaml"),
        training={"encoder": "scratch"},
        card="# tiny\n",
    )
    return path


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "checkpoint")


@pytest.fixture
def make_checkpoint() -> Callable[[Path, str], Path]:
    return write_tiny_checkpoint
