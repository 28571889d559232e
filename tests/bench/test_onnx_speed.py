"""Prediction by torch and by onnxruntime, in fp32, bf16 and int8, one thread each, in one process.

Rounds alternate, and each figure of a variant is the median over the rounds; what the ratios are of
ran in the same round. CPU time stands beside wall time, as other work may run on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median

import pytest
import torch

from model import load, read_articles
from model.net.agreement import compare
from model.net.checkpoint import load_checkpoint
from model.net.classifier import Classifier
from model.net.exporting import build_export
from model.net.graph import GRAPH, GraphNetwork
from model.net.quantizing import quantize_graph
from model.records import Prediction
from tests.bench.arabert_sized import write_arabert_sized

QUICKSTART = Path("runs/quickstart/checkpoint")
NUM_SENTENCES = {"quickstart": 500, "arabert": 300}
NUM_ROUNDS = {"quickstart": 7, "arabert": 3}
BASE = "torch fp32"


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def variants(path: Path, folder: Path) -> dict[str, Classifier]:
    exact = load(path, "fp32")
    graphs = {}
    with build_export(load_checkpoint(path), folder / "onnx") as export:
        for name, spares in (("onnx int8", False), ("onnx int8, wide products in fp32", True)):
            made = quantize_graph(exact.checkpoint.trained, export.building, spares_wide=spares)
            graphs[name] = made.rename(folder / f"{len(graphs)}.onnx")
        graphs["onnx fp32"] = (export.building / GRAPH).rename(folder / "fp32.onnx")
    tasks = exact.checkpoint.network.tasks
    return {
        BASE: exact,
        "torch bf16": load(path, "bf16"),
        **{
            name: Classifier(replace(exact.checkpoint, network=GraphNetwork(graph, tasks)))
            for name, graph in graphs.items()
        },
    }


def clock(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure(
    found: dict[str, Classifier],
    drafts: list[Prediction],
    num_rounds: int,
    act: Callable[[Classifier], object],
) -> None:
    for classifier in found.values():  # warm up
        classifier.read(drafts[:30])
    rounds = [
        {name: clock(lambda c=classifier: act(c)) for name, classifier in found.items()}  # type: ignore[misc]
        for _ in range(num_rounds)
    ]
    print(f"{'':34}  sentences/s, wall     CPU   CPU against {BASE}   against torch bf16")
    for name in found:
        wall, cpu = (len(drafts) / median(r[name][clock] for r in rounds) for clock in (0, 1))
        ratios = [median(r[b][1] / r[name][1] for r in rounds) for b in (BASE, "torch bf16")]
        print(f"{name:34} {wall:18.1f} {cpu:7.1f} {ratios[0]:19.2f} x {ratios[1]:18.2f} x")


def drafts_of(data: Path, classifier: Classifier, num: int) -> list[Prediction]:
    source = data / "data/saudinewsnet/sample.jsonl"
    drafts = (draft for article in read_articles(source) for draft in classifier.draft(article))
    return list(islice(drafts, num))


def test_the_size_of_arabert(data: Path, tmp_path: Path) -> None:
    found = variants(write_arabert_sized(tmp_path / "checkpoint", data), tmp_path)
    drafts = drafts_of(data, found[BASE], NUM_SENTENCES["arabert"])
    print(f"\nsize of AraBERT, {len(drafts)} sentences, tokenizer and network")
    measure(found, drafts, NUM_ROUNDS["arabert"], lambda classifier: classifier.read(drafts))


def test_the_quickstart(data: Path, tmp_path: Path) -> None:
    if not QUICKSTART.is_dir():
        pytest.skip(f"no checkpoint at {QUICKSTART}: run make quickstart first")
    found = variants(QUICKSTART, tmp_path)
    drafts = drafts_of(data, found[BASE], NUM_SENTENCES["quickstart"])
    for what, act in (
        ("tokenizer and network", Classifier.read),
        ("with decoding and attribution", Classifier.complete),
    ):
        print(f"\nquickstart, {len(drafts)} sentences, {what}")
        measure(found, drafts, NUM_ROUNDS["quickstart"], lambda c, act=act: act(c, drafts))  # type: ignore[misc]
    seeds = [d for a in read_articles(["seeds/articles"]) for d in found[BASE].draft(a)]
    expected = found[BASE].complete(seeds)
    print("\nquickstart, seed articles, beside torch fp32")
    for name, classifier in found.items():
        for agreement in compare(
            found[BASE].checkpoint.network.tasks, expected, classifier.complete(seeds)
        ):
            print(f"{name:34} {agreement}")
