"""Prediction of real sentences beside transformers' pipelines and beside the machine's limit.

All sides take turns in one run, a few shards each. nabra does the whole work, from lines of JSON to
files; the pipelines are given sentences and stance pairs that nabra has found for them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    pipeline,
)

from model import Article, Prediction, load, read_articles
from model.archive.shards.plan import Settings, Shard, read_plan
from model.archive.shards.process import ShardRunner
from model.archive.shards.run import prepare
from model.net.checkpoint import checkpoint_hash, load_checkpoint
from model.net.classifier import Classifier
from model.net.exporting import build_export
from model.net.fast_layers import is_worthwhile
from model.net.graph import GRAPH, GraphNetwork
from model.predict import load_with_threads
from model.stopwatch import Stopwatch
from model.text.normalize import normalize
from model.text.stances import holder_words
from tests.bench.arabert_sized import OUTSIDE, write_arabert_sized
from tests.bench.prediction_workers import Workers

NUM_SENTENCES = int(os.environ.get("NABRA_BENCH_SENTENCES", "5000"))
ROUNDS = int(os.environ.get("NABRA_BENCH_ROUNDS", "3"))
EMBEDDED = Path(os.environ.get("NABRA_BENCH_CHECKPOINT", "runs/quickstart/checkpoint"))
SHARDS_A_ROUND = 4
BATCH_SIZE = 32


@dataclass(frozen=True, slots=True)
class Material:
    """An archive in shards, and of each shard what a pipeline is asked: sentences, stance pairs."""

    output_dir: Path
    shards: tuple[Shard, ...]
    drafts: list[list[Prediction]]
    texts: list[list[str]]
    pairs: list[list[dict[str, str]]]

    def rounds(self) -> list[list[int]]:
        """The numbers of the shards of each round."""
        return [list(range(n, len(self.shards), ROUNDS)) for n in range(ROUNDS)]


def make_material(checkpoint: Path, data: Path, folder: Path) -> Material:
    """Articles, one after the other, until so many distinct sentences are together.

    They are dealt out so that shards are of about one size: of an archive's thousands each process
    waits for the last one only.
    """
    classifier = load(checkpoint)
    source = data / "data/saudinewsnet/sample.jsonl"
    num_shards = ROUNDS * SHARDS_A_ROUND
    found: list[tuple[Article, list[Prediction]]] = []
    distinct = set[str]()
    for article in read_articles(source):
        drafts = [draft for draft in classifier.draft(article) if draft.text not in distinct]
        distinct |= {draft.text for draft in drafts}
        found.append((article, drafts))
        if len(distinct) >= NUM_SENTENCES and len(found) % num_shards == 0:
            break
    del found[len(found) // num_shards * num_shards :]  # what an archive that is too small leaves
    found.sort(key=lambda one: -sum(len(d.text) * (1 + len(d.stances)) for d in one[1]))
    turns = [found[n : n + num_shards] for n in range(0, len(found), num_shards)]
    dealt = [turn[:: (-1) ** n] for n, turn in enumerate(turns)]
    shards = list(zip(*dealt, strict=True))
    archive = folder / "archive.jsonl"
    lines = (json.dumps(article.to_dict(), ensure_ascii=False) for article, _ in chain(*shards))
    archive.write_text("\n".join(lines) + "\n", encoding="utf-8")
    plan = prepare(
        folder / "out",
        [str(archive)],
        Settings(shard_articles=len(turns)),
        checkpoint=checkpoint,
        checkpoint_hash=checkpoint_hash(checkpoint),
        versions={},
        overwrite=True,
    )
    parts = [list(chain(*(drafts for _, drafts in shard))) for shard in shards]
    return Material(
        folder / "out",
        plan.shards,
        parts,
        [[normalize(draft.text).text for draft in part] for part in parts],
        [_pairs(classifier, part) for part in parts],
    )


def _pairs(classifier: Classifier, drafts: list[Prediction]) -> list[dict[str, str]]:
    return [
        {
            "text": normalize(holder_words(draft.text, draft.voices, stance).text).text,
            "text_pair": classifier.checkpoint.targets.targets[stance.target].name,
        }
        for draft in drafts
        for stance in draft.stances
    ]


class Pipelines:
    """As users of transformers write it: a pipeline for each task, 32 rows a batch, in order."""

    def __init__(self, checkpoint: Path, dtype: torch.dtype) -> None:
        config, other = (AutoConfig.from_pretrained(checkpoint) for _ in range(2))
        tokenizer = AutoTokenizer.from_pretrained(checkpoint)
        tokenizer.model_max_length = config.max_position_embeddings  # they cut, nabra does not
        config.num_labels = 13  # outside, and beginning and inside of six categories
        tagger = AutoModelForTokenClassification.from_config(config).eval()
        with torch.no_grad():  # by chance nearly all words would stand in a span
            tagger.classifier.weight.zero_()
            tagger.classifier.bias[0] += OUTSIDE
        other.num_labels = 3
        judge = AutoModelForSequenceClassification.from_config(other).eval()
        options = {"tokenizer": tokenizer, "batch_size": BATCH_SIZE, "device": "cpu"}
        self._tag = pipeline(
            "token-classification", tagger.to(dtype), aggregation_strategy="simple", **options
        )
        self._judge = pipeline("text-classification", judge.to(dtype), top_k=None, **options)

    def __call__(self, texts: list[str], pairs: list[dict[str, str]]) -> None:
        self._tag(texts)
        if pairs:
            self._judge(pairs, truncation=True)


def exported(checkpoint: Path, folder: Path) -> Classifier:
    """nabra's own batches, with the network in fp32 as onnxruntime runs it."""
    plain = load_checkpoint(checkpoint)
    graph = folder / "fp32.onnx"
    with build_export(plain, folder / "onnx") as export:
        (export.building / GRAPH).rename(graph)
    return Classifier(replace(plain, network=GraphNetwork(graph, plain.network.tasks)))


def seconds(act: Callable[[], Any]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


@pytest.fixture(scope="module", params=["AraBERT's size", "embedded"])
def checkpoint(
    request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    if request.param == "embedded":
        if not EMBEDDED.is_dir():
            pytest.skip(f"no checkpoint at {EMBEDDED}: run make quickstart first")
        return EMBEDDED
    return write_arabert_sized(tmp_path_factory.mktemp("arabert") / "checkpoint", data)


def test_side_by_side(checkpoint: Path, data: Path, tmp_path: Path) -> None:
    if not is_worthwhile():
        pytest.skip("no processor that multiplies bf16 matrices")
    material = make_material(checkpoint, data, tmp_path)
    workers = Workers(material.output_dir)
    plain = Pipelines(checkpoint, torch.float32)
    half = Pipelines(checkpoint, torch.bfloat16)
    graph = exported(checkpoint, tmp_path)
    for pipelines in (plain, half):
        pipelines(material.texts[0][:40], material.pairs[0][:4])  # warms up
    graph.complete(material.drafts[0][:40])
    sides: dict[str, Callable[[list[int]], float]] = {
        "pipelines, fp32": lambda shards: seconds(
            lambda: [plain(material.texts[n], material.pairs[n]) for n in shards]
        ),
        "pipelines, bf16": lambda shards: seconds(
            lambda: [half(material.texts[n], material.pairs[n]) for n in shards]
        ),
        "onnxruntime, fp32, in our batches": lambda shards: seconds(
            lambda: [graph.complete(material.drafts[n]) for n in shards]
        ),
        "nabra predict": workers.predict,
        "limit: its bf16 products alone": lambda _: workers.multiply(),
    }
    taken: dict[str, list[float]] = {name: [] for name in sides}
    counts = []
    for number, shards in enumerate(material.rounds()):
        counts.append(sum(len(material.texts[n]) for n in shards))
        for name, side in sides.items():
            taken[name].append(side(shards))
        rates = (f"{counts[-1] / found[-1]:.1f}" for found in taken.values())
        print(f"\nround {number + 1}, sentences/s:", *rates, flush=True)
    num_pairs = sum(map(len, material.pairs))
    batches = workers.batches()
    tokens = sum(lines * length * count for (lines, length), count in batches.items())
    print(
        f"\n{checkpoint.name}: {sum(counts)} distinct sentences, {num_pairs} stance pairs, "
        f"{len(material.shards)} shards; {torch.get_num_threads()} threads for the pipelines, as "
        f"many processes for nabra; {sum(batches.values())} batches of "
        f"{tokens / batches.total():.0f} tokens"
    )
    own = sum(taken["nabra predict"])
    print(f"{'':34} {'sentences/s':>12} {'nabra is':>9}   of each round")
    for name, found in taken.items():
        ratios = " ".join(
            f"{a / b:.2f}" for a, b in zip(found, taken["nabra predict"], strict=True)
        )
        print(f"{name:34} {sum(counts) / sum(found):12.1f} {sum(found) / own:8.2f} x   {ratios}")


KINDS = {
    "linear layers, with bias and GELU": (
        "mkldnn::_linear_pointwise",
        "aten::linear",
        "aten::addmm",
    ),
    "attention": ("aten::scaled_dot_product_attention", "aten::_scaled_dot_product"),
    "LayerNorm": ("aten::native_layer_norm", "aten::layer_norm"),
    "embeddings": ("aten::embedding", "aten::index_select"),
    "GELU by itself": ("aten::gelu",),
}


def kind_of(event: Any) -> str:
    """By the nearest of an operation and its callers that belongs to one."""
    while event is not None:
        for kind, names in KINDS.items():
            if event.name.startswith(names):
                return kind
        event = event.cpu_parent
    return "adding, scaling, copying"


def test_where_the_time_goes(checkpoint: Path, data: Path, tmp_path: Path) -> None:
    """One process with one thread, as each worker is: by stage, and within the network by kind."""
    material = make_material(checkpoint, data, tmp_path)
    plan = read_plan(material.output_dir)
    assert plan is not None
    threads = torch.get_num_threads()
    try:
        classifier = load_with_threads(str(checkpoint), 1)
        classifier.complete(material.drafts[0][:40])
        watch = Stopwatch()
        shards = material.rounds()[0]
        with ShardRunner(material.output_dir, plan, classifier, watch=watch) as runner:
            for number in shards:
                runner.run(plan.shards[number])
        drafts = material.drafts[shards[0]]
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            classifier.complete(drafts)
    finally:
        torch.set_num_threads(threads)
    num = sum(len(material.drafts[n]) for n in shards)
    print(f"\n{checkpoint.name}, {num} sentences, one process with one thread")
    print(*watch.table(), sep="\n")
    beside = 1 - watch.seconds["model"] / sum(watch.seconds.values())
    print(f"what is not the network: {beside:.1%}")
    spent: dict[str, float] = {}
    for event in profiled.events():
        kind = kind_of(event)
        spent[kind] = spent.get(kind, 0.0) + event.self_cpu_time_total
    print("\nwithin the network, of its operations:")
    for kind, taken in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{kind:36} {taken / sum(spent.values()):6.1%}")
