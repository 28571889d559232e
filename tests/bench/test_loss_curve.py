"""The loss of the fast path beside that of plain fp32 training, step by step on real sentences."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from transformers import BertConfig, BertModel

from model import normalize, read_articles, segment
from model.net.fast_layers import quicken
from model.net.network import FramingNetwork
from model.tasks import Task
from train.fit.encoder.compact import train_tokenizer
from train.fit.quick.row_adamw import RowAdamW

NUM_STEPS, LAST = 200, 50
RATE = 1e-3
OUTLETS = ("aawsat", "aleqtisadiya", "alwatan", "alyaum", "sabq", "almadina", "others")
TASK = Task("outlet", "classify", OUTLETS, pair=False)


@pytest.fixture(scope="module")
def batches(data: Path) -> list[dict[str, Any]]:
    """Of 32 sentences each, with the number of the outlet as label."""
    articles = list(islice(read_articles(data / "data/saudinewsnet/sample.jsonl"), 700))
    pairs = [(normalize(s.text).text, a.outlet) for a in articles for s in segment(a)]
    tokenizer = train_tokenizer([text for text, _ in pairs], 16_000)
    chance = torch.Generator().manual_seed(0)
    found = []
    for _ in range(NUM_STEPS):
        drawn = [pairs[n] for n in torch.randint(len(pairs), (32,), generator=chance)]
        batch = tokenizer(
            [text for text, _ in drawn],
            truncation=True,
            max_length=128,
            padding=True,
            return_tensors="pt",
        )
        labels = [OUTLETS.index(o) if o in OUTLETS else len(OUTLETS) - 1 for _, o in drawn]
        found.append({**batch, "labels": torch.tensor(labels)})
    return found


def train(
    batches: list[dict[str, Any]], seed: int, dtype: torch.dtype | None, *, rows: bool
) -> torch.Tensor:
    """The losses of a small network; without `dtype`, transformers and torch as they are."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=16_000,
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    network = FramingNetwork(BertModel(config), 0.0, (TASK,)).train()
    optimizer: torch.optim.Optimizer
    if dtype is None:
        optimizer = torch.optim.AdamW(network.parameters(), lr=RATE)
    else:
        quicken(network, dtype=dtype, row_gradients=rows)
        optimizer = RowAdamW(network.parameters(), lr=RATE)
        optimizer.follow(network)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / 20) * (1 - step / NUM_STEPS)
    )
    losses = []
    for batch in batches:
        inputs = {name: value for name, value in batch.items() if name != "labels"}
        loss = nn.functional.cross_entropy(network(**inputs)[TASK.name], batch["labels"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    return torch.tensor(losses)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_loss_follows_that_of_fp32(batches: list[dict[str, Any]], seed: int) -> None:
    plain = train(batches, seed, None, rows=False)
    print(f"\nseed {seed}: plain fp32, loss of the last {LAST} steps {plain[-LAST:].mean():.4f}")
    for name, dtype, rows in (
        ("bf16", torch.bfloat16, False),
        ("rows", torch.float32, True),
        ("bf16 and rows", torch.bfloat16, True),
    ):
        curve = train(batches, seed, dtype, rows=rows)
        gap = curve - plain
        print(
            f"  {name:14} {curve[-LAST:].mean():.4f}; of all steps on average {gap.mean():+.4f},"
            f" either way {gap.abs().mean():.4f}"
        )
        assert abs(gap.mean()) < 0.05
