"""Tokens a second of a pre-training step beside the plain way and beside the machine's limit.

All sides take turns in one process on the same rows: transformers' own model with labels under
autocast, as its Trainer runs it on a CPU; nabra's step; and the bf16 products of a step alone.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from model.archive.memory import keep_freed_memory
from model.net.fast_layers import is_worthwhile, quicken
from tests.unit.fit.pretrain.settings import settings
from train.fit.encoder.compact import train_tokenizer
from train.fit.pretrain.masking import MaskedRows, Masker, Passes
from train.fit.pretrain.network import MaskedWordNetwork, new_network
from train.fit.pretrain.optimizer import make_optimizer
from train.settings import ScratchConfig

VOCABULARY, LENGTH, ROWS, RATE = 16_000, 128, 32, 0.25
SIZE = ScratchConfig(
    architecture="modernbert",
    vocabulary=VOCABULARY,
    layers=6,
    width=256,
    heads=4,
    feed_forward=384,
)
ROUNDS = int(os.environ.get("NABRA_BENCH_ROUNDS", "5"))
STEPS = 4
Step = Callable[[MaskedRows], None]


def make_tokenizer() -> Any:
    """As many pieces as the embedded encoder has; what they say is no matter here."""
    chance = np.random.default_rng(0)
    letters = np.array(list("ابتثجحخدذرزسشصضطظعغفقكلمنهوي"))
    words = ["".join(chance.choice(letters, 6)) for _ in range(30_000)]
    return train_tokenizer([" ".join(words)] * 2, VOCABULARY)


def plain_step(tokenizer: Any) -> Step:
    """What `Trainer(model, bf16=True, use_cpu=True)` does in a step, without the Trainer."""
    model = new_network(tokenizer, SIZE, LENGTH, 0.0).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def step(masked: MaskedRows) -> None:
        labels = torch.full((ROWS * LENGTH,), -100)
        labels[masked["places"]] = masked["words"]
        ids = masked["input_ids"]
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(
                input_ids=ids, attention_mask=torch.ones_like(ids), labels=labels.view(ROWS, LENGTH)
            ).loss
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def nabra_step(tokenizer: Any, optimizer_name: str) -> Step:
    network = MaskedWordNetwork(new_network(tokenizer, SIZE, LENGTH, 0.0)).train()
    quicken(network, row_gradients=False)
    optimizer = make_optimizer(network, settings(optimizer=optimizer_name, learning_rate=1e-3))

    def step(masked: MaskedRows) -> None:
        network(**masked).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def products_step(num_pieces: int) -> Step:
    """The matrix products of a step in bf16, forward and both of the backward, and no more."""
    width, tokens = SIZE.width, ROWS * LENGTH
    masked = round(RATE * LENGTH) * ROWS
    shapes = [
        (tokens, width, 3 * width),
        (tokens, width, width),
        (tokens, width, 2 * SIZE.feed_forward),
        (tokens, SIZE.feed_forward, width),
    ] * SIZE.layers + [(masked, width, width), (masked, width, num_pieces)]
    operands = [
        (torch.randn(m, k).bfloat16(), torch.randn(k, n).bfloat16(), torch.randn(m, n).bfloat16())
        for m, k, n in shapes
    ]
    heads = (ROWS * SIZE.heads, LENGTH, width // SIZE.heads)
    attention = [torch.randn(heads).bfloat16() for _ in range(2)]
    scores = torch.randn(ROWS * SIZE.heads, LENGTH, LENGTH).bfloat16()

    def step(_: MaskedRows) -> None:
        for left, right, above in operands:
            _ = left @ right, above @ right.t(), left.t() @ above
        for _ in range(SIZE.layers * 3):
            _ = attention[0] @ attention[1].transpose(1, 2), scores @ attention[0]

    return step


def test_tokens_a_second() -> None:
    if not is_worthwhile():
        pytest.skip("this processor multiplies no bf16 matrices")
    keep_freed_memory()
    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    chance = np.random.default_rng(1)
    rows = chance.integers(100, len(tokenizer) - 10, (ROWS * 8, LENGTH)).astype(np.int32)
    passes = Passes(rows, Masker(tokenizer, whole_words=False), ROWS, 10_000, RATE, RATE, 1)
    sides = {
        "transformers, autocast, default attention, AdamW": plain_step(tokenizer),
        "nabra, AdamW": nabra_step(tokenizer, "adamw"),
        "nabra, Muon": nabra_step(tokenizer, "muon"),
        "limit: the bf16 products of a step alone": products_step(len(tokenizer)),
    }
    speeds: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(ROUNDS + 1):
        for name, step in sides.items():
            batches = [passes[number * STEPS + each] for each in range(STEPS)]
            start = time.perf_counter()
            for masked in batches:
                step(masked)
            if number:  # the first round warms up
                speeds[name].append(STEPS * ROWS * LENGTH / (time.perf_counter() - start))
    plain, ours, _, limit = (median(found) for found in speeds.values())
    print(f"\n{torch.get_num_threads()} threads, tokens/s, median of {ROUNDS} rounds:")
    for name, found in speeds.items():
        ratios = " ".join(
            f"{one / other:.2f}"
            for one, other in zip(found, speeds[next(iter(sides))], strict=True)
        )
        print(f"{name:52} {median(found):8,.0f}   of the plain way: {ratios}")
    print(f"nabra with AdamW: {ours / plain:.2f} × the plain way, {ours / limit:.0%} of the limit")
