"""Processes that predict shards, one thread each, as `nabra predict` has them; held between rounds.

Beside prediction they can do what bounds it: the bf16 matrix products of the same batches, alone.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import torch

FEW_OUTPUTS = 64  # heads: left out of the limit


class Workers:
    """As many processes as there are cores; they load their classifiers before the first round."""

    def __init__(self, output_dir: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._ends: list[Connection] = []
        for _ in range(os.cpu_count() or 1):
            ours, theirs = context.Pipe()
            context.Process(target=_work, args=(theirs, output_dir), daemon=True).start()
            self._ends.append(ours)
        self._took: dict[Connection, list[int]] = {}
        for end in self._ends:
            assert end.recv() == "ready"

    def predict(self, shards: Sequence[int]) -> float:
        """Seconds until all shards are done: who is done with one takes the next, as in a run."""
        left = iter(shards)
        return self._do("predict", dict.fromkeys(self._ends, left))

    def multiply(self) -> float:
        """Seconds for the products alone of the batches last predicted, each where it was."""
        return self._do("multiply", {end: iter(shards) for end, shards in self._took.items()})

    def batches(self) -> Counter[tuple[int, int]]:
        """How many batches of (lines, length) were run."""
        found: Counter[tuple[int, int]] = Counter()
        for end in self._ends:
            end.send(("batches", None))
            found += end.recv()
        return found

    def _do(self, what: str, left: Mapping[Connection, Iterator[int]]) -> float:
        """Seconds until each end has done what is left for it, one after the other."""
        took: dict[Connection, list[int]] = {end: [] for end in left}
        busy = list(left)
        start = time.perf_counter()
        for end in left:
            end.send((what, next(left[end])))
        while busy:
            for end in wait(busy):
                assert isinstance(end, Connection)
                took[end].append(end.recv())
                number = next(left[end], None)
                if number is None:
                    busy.remove(end)
                else:
                    end.send((what, number))
        seconds = time.perf_counter() - start
        self._took = took
        return seconds


def _work(end: Connection, output_dir: Path) -> None:
    from model.archive.shards.plan import read_plan
    from model.archive.shards.process import ShardRunner
    from model.net.passes import Passes
    from model.predict import load_with_threads

    plan = read_plan(output_dir)
    assert plan is not None
    classifier = load_with_threads(plan.checkpoint, 1)
    products = Products(plan.checkpoint)
    seen: Counter[tuple[int, int]] = Counter()
    of_shard: dict[int, Counter[tuple[int, int]]] = {}
    run = Passes._run

    def counted(passes: Passes, lines: Sequence[Any], length: int) -> Any:
        seen[len(lines), length] += 1
        return run(passes, lines, length)

    Passes._run = counted  # type: ignore[method-assign]
    list(classifier.predict_stream(["خبر أول عن المدينة."] * 3))  # warms up
    with ShardRunner(output_dir, plan, classifier) as runner:
        end.send("ready")
        while True:
            what, number = end.recv()
            if what == "predict":
                seen.clear()
                runner.run(plan.shards[number])
                of_shard[number] = Counter(seen)
                end.send(number)
            elif what == "multiply":
                products.run(of_shard[number])
                end.send(number)
            else:
                end.send(sum(of_shard.values(), Counter()))


class Products:
    """The matrix products of an encoder in bf16, on weights and inputs made by chance."""

    def __init__(self, checkpoint: str) -> None:
        from model.net.checkpoint import load_checkpoint

        encoder = load_checkpoint(checkpoint).network.encoder
        config = encoder.config
        self.heads = config.num_attention_heads
        self.width = config.hidden_size // self.heads
        self.layers = config.num_hidden_layers
        self.weights = [
            torch.randn(module.weight.shape).bfloat16()
            for module in encoder.modules()
            if isinstance(module, torch.nn.Linear) and module.out_features >= FEW_OUTPUTS
        ]

    @torch.inference_mode()
    def run(self, batches: Counter[tuple[int, int]]) -> None:
        """Each batch as often as it was seen."""
        for (lines, length), count in batches.items():
            inputs = {
                size: torch.randn(lines * length, size).bfloat16()
                for size in {weight.shape[1] for weight in self.weights}
            }
            states = torch.randn(lines * self.heads, length, self.width).bfloat16()
            for _ in range(count):
                for weight in self.weights:
                    torch.nn.functional.linear(inputs[weight.shape[1]], weight)
                for _ in range(self.layers):
                    scores = torch.bmm(states, states.transpose(1, 2))
                    torch.bmm(scores, states)
