"""Fine-tuning an AraBERT-sized network: nabra beside the Trainer of transformers, on one machine.

All sides take turns in one process, round by round, so that what else the machine does meets all
of them. Counted are tokens of text: what pads a batch counts for none.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile, record_function
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    DataCollatorWithPadding,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from model import normalize, read_articles, segment
from model.archive.memory import keep_freed_memory
from model.net.fast_layers import ShadowLinear, is_worthwhile, quicken
from model.net.network import FramingNetwork
from model.tasks import Task
from train.config import read_run
from train.fit.batches import Schedule, plan_steps
from train.fit.encoder.compact import train_tokenizer
from train.fit.examples import Collator, Row, balance
from train.fit.quick.optimizer import make_optimizer
from train.fit.trainer import TaskTrainer

ROUNDS = int(os.environ.get("NABRA_BENCH_ROUNDS", "3"))
ROWS_A_STEP = 32
VOCABULARY = 64_000
NUM_ARTICLES = 700
OUTLETS = ("aawsat", "aleqtisadiya", "alwatan", "alyaum", "sabq", "others")
TASK = Task("outlet", "classify", OUTLETS, pair=False)


@dataclass(frozen=True, slots=True)
class Step:
    """How long one optimizer step took, all included, and what it read."""

    seconds: float
    rows: int
    length: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Material:
    """Real sentences as token ids, the tokenizer, and the number of a label for each."""

    tokenizer: PreTrainedTokenizerBase
    ids: list[list[int]]
    labels: list[int]

    @property
    def budget(self) -> int:
        """Tokens of a step of `ROWS_A_STEP` rows on average."""
        return round(ROWS_A_STEP * statistics.fmean(map(len, self.ids)))


@pytest.fixture(scope="module")
def material(data: Path) -> Material:
    with gzip.open(data / "corpora/sanad_alkhaleej.jsonl.gz", "rt", encoding="utf-8") as lines:
        views = [normalize(json.loads(line)["text"]).text for line in islice(lines, 4000)]
    tokenizer = train_tokenizer(views, VOCABULARY)
    articles = islice(read_articles(data / "data/saudinewsnet/sample.jsonl"), NUM_ARTICLES)
    sentences = [(article.outlet, s.text) for article in articles for s in segment(article)]
    texts = [normalize(text).text for _, text in sentences]
    ids = tokenizer(texts, truncation=True, max_length=128)["input_ids"]
    numbers = {outlet: number for number, outlet in enumerate(OUTLETS)}
    return Material(tokenizer, ids, [numbers.get(o, numbers["others"]) for o, _ in sentences])


def arabert_sized(tokenizer: PreTrainedTokenizerBase) -> BertConfig:
    return BertConfig(
        vocab_size=VOCABULARY, num_labels=len(OUTLETS), pad_token_id=tokenizer.pad_token_id
    )


class Watched:
    """Takes the time from one step's end to the next, and notes what the collator handed over."""

    def __init__(self, collate: Callable[[Any], Any]) -> None:
        self.collate = collate
        self.ends: list[float] = []
        self.masks: list[torch.Tensor] = []

    def __call__(self, rows: Any) -> Any:
        with record_function("data: collate"):
            batch = self.collate(rows)
        self.masks.append(batch.get("inputs", batch)["attention_mask"])
        return batch

    @property
    def callback(self) -> TrainerCallback:
        watched = self

        class StepEnds(TrainerCallback):  # type: ignore[misc]
            def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                watched.ends.append(time.perf_counter())

        return StepEnds()

    def steps(self) -> list[Step]:
        """All but the first, which warms up."""
        return [
            Step(end - start, *mask.shape, int(mask.sum()))
            for start, end, mask in zip(self.ends, self.ends[1:], self.masks[1:], strict=False)
        ]


def arguments(folder: Path, num_steps: int, seed: int, **options: Any) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=num_steps,
        use_cpu=True,
        seed=seed,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **options,
    )


class TrainerSide:
    """transformers.Trainer over batches of 32 in random order, as run_classification has it."""

    def __init__(
        self, material: Material, folder: Path, *, bf16: bool, padding: bool | str
    ) -> None:
        self.network = BertForSequenceClassification(arabert_sized(material.tokenizer))
        self.rows = [
            {"input_ids": ids, "labels": label}
            for ids, label in zip(material.ids, material.labels, strict=True)
        ]
        self.collate = DataCollatorWithPadding(
            material.tokenizer, padding=padding, max_length=128 if padding == "max_length" else None
        )
        self.folder = folder
        self.bf16 = bf16

    def run(self, num_steps: int, seed: int) -> list[Step]:
        watched = Watched(self.collate)
        trainer = Trainer(
            model=self.network,
            args=arguments(
                self.folder,
                num_steps + 1,
                seed,
                per_device_train_batch_size=ROWS_A_STEP,
                bf16=self.bf16,
            ),
            train_dataset=self.rows,
            data_collator=watched,
            callbacks=[watched.callback],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        self.network.zero_grad()
        return watched.steps()


class NabraSide:
    """What `nabra finetune` trains with, at the settings of configs/arabert.yaml."""

    def __init__(self, material: Material, folder: Path) -> None:
        config = arabert_sized(material.tokenizer)
        self.settings = read_run("configs/arabert.yaml").config.training
        self.network = FramingNetwork(BertModel(config), self.settings.dropout, (TASK,))
        quicken(self.network)
        self.rows = [
            Row(ids, [0] * len(ids), {TASK.name: (label, 1.0)}, {}, 0, None)
            for ids, label in zip(material.ids, material.labels, strict=True)
        ]
        self.pad_token_id: int = material.tokenizer.pad_token_id
        self.budget = material.budget
        self.folder = folder

    def run(self, num_steps: int, seed: int) -> list[Step]:
        whole = plan_steps(
            [len(row) for row in self.rows],
            [1.0] * len(self.rows),
            epochs=1,
            pass_tokens=self.budget,
            num_passes=1,
            seed=seed,
        )
        schedule = Schedule(whole.steps[: num_steps + 1], [num_steps + 1])
        watched = Watched(Collator(self.pad_token_id, (TASK,), balance(self.rows, (TASK,), "none")))
        trainer = TaskTrainer(
            self.network,
            arguments(self.folder, num_steps + 1, seed, remove_unused_columns=False),
            rows=self.rows,
            validation=[],
            schedule=schedule,
            collate=watched,  # type: ignore[arg-type]
            make_optimizer=lambda network: make_optimizer(network, self.settings),
            validate=None,
            pass_tokens=self.budget,
            smoothing=0.0,
            callbacks=[watched.callback],
        )
        trainer.remove_callback(PrinterCallback)
        watched.masks.clear()  # every row was collated once, to be counted
        torch.use_deterministic_algorithms(True, warn_only=True)  # as finetune does
        torch.utils.deterministic.fill_uninitialized_memory = False
        trainer.train()
        torch.use_deterministic_algorithms(False)
        self.network.zero_grad()
        return watched.steps()

    def linear_shapes(self) -> dict[tuple[int, int], int]:
        """How many layers of each (inputs, outputs) the encoder has."""
        shapes: dict[tuple[int, int], int] = {}
        for module in self.network.encoder.modules():
            if isinstance(module, ShadowLinear):
                shape = (module.in_features, module.out_features)
                shapes[shape] = shapes.get(shape, 0) + 1
        return shapes


def products_alone(steps: Sequence[Step], shapes: dict[tuple[int, int], int]) -> list[Step]:
    """The bf16 products of these steps without anything else: forward and both gradients."""
    taken = []
    for step in steps:
        size = step.rows * step.length
        seconds = 0.0
        for (inputs, outputs), count in shapes.items():
            x = torch.randn(size, inputs).bfloat16()
            weight = torch.randn(outputs, inputs).bfloat16()
            gradient = torch.randn(size, outputs).bfloat16()
            start = time.perf_counter()
            for _ in range(count):
                nn.functional.linear(x, weight)
                gradient @ weight
                gradient.t() @ x
            seconds += time.perf_counter() - start
        taken.append(replace(step, seconds=seconds))
    return taken


def rate(steps: Sequence[Step]) -> float:
    """Tokens of text a second."""
    return sum(step.tokens for step in steps) / sum(step.seconds for step in steps)


def test_side_by_side(material: Material, tmp_path: Path) -> None:
    if not is_worthwhile():
        pytest.skip("no processor that multiplies bf16 matrices")
    torch.manual_seed(0)
    padded = TrainerSide(material, tmp_path, bf16=False, padding="max_length")
    dynamic = TrainerSide(material, tmp_path, bf16=True, padding=True)
    nabra = NabraSide(material, tmp_path)
    rounds: dict[str, list[list[Step]]] = {
        "Trainer, fp32, padded to 128": [],
        "Trainer, bf16, dynamic padding": [],
        "nabra finetune": [],
        "limit: its bf16 products alone": [],
    }
    first, second, ours, limit = rounds.values()
    keep_freed_memory()  # speeds up the peers, too
    nabra.run(3, seed=99)  # compiles kernels of these shapes once
    for number in range(ROUNDS):
        first.append(padded.run(2, number))
        second.append(dynamic.run(4, number))
        ours.append(nabra.run(10, number))
        limit.append(products_alone(ours[-1], nabra.linear_shapes()))
        print(f"\nround {number + 1}", *(f"{rate(side[-1]):.0f}" for side in rounds.values()))
    steps = [step for steps in ours for step in steps]
    tokens = sum(s.tokens for s in steps)
    print(
        f"\n{len(material.ids)} sentences of {statistics.fmean(map(len, material.ids)):.1f} tokens;"
        f" {torch.get_num_threads()} threads; nabra's steps hold"
        f" {statistics.fmean(s.rows for s in steps):.1f} rows, of their tokens"
        f" {1 - tokens / sum(s.rows * s.length for s in steps):.1%} pad"
    )
    print(f"{'':32} {'tokens/s: median':>17} {'rounds':>7} {'of ours':>8}")
    rates = {name: [rate(steps) for steps in found] for name, found in rounds.items()}
    own = statistics.median(rates["nabra finetune"])
    for name, found in rates.items():
        middle = statistics.median(found)
        spread = " ".join(f"{value:.0f}" for value in found)
        print(f"{name:32} {middle:17.0f} {own / middle:8.2f} x   {spread}")


KINDS = {
    "linear layers, backward": ("_ShadowProductBackward",),
    "linear layers, forward": ("_ShadowProduct",),
    "optimizer": ("Optimizer.step",),
    "clipping": ("aten::linalg_vector_norm", "aten::_foreach_norm", "aten::coalesce"),
    "data": ("data: ", "enumerate(DataLoader)"),
    "embeddings": ("aten::embedding", "EmbeddingBackward"),
    "attention": ("aten::bmm", "aten::_softmax", "BmmBackward", "SoftmaxBackward", "aten::softmax"),
    "GELU": ("aten::gelu", "GeluBackward"),
    "LayerNorm": ("aten::native_layer_norm", "NativeLayerNormBackward", "aten::layer_norm"),
    "dropout's chance": ("aten::random_", "aten::ge"),
}


def kind_of(event: Any) -> str:
    """By the nearest of an operation and its callers that belongs to one."""
    while event is not None:
        for kind, names in KINDS.items():
            if event.name.removeprefix("autograd::engine::evaluate_function: ").startswith(names):
                return kind
        event = event.cpu_parent
    return "other operations (adding, scaling, copying)"


def test_where_the_time_goes(material: Material, tmp_path: Path) -> None:
    if not is_worthwhile():
        pytest.skip("no processor that multiplies bf16 matrices")
    nabra = NabraSide(material, tmp_path)
    keep_freed_memory()
    nabra.run(3, seed=0)
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        steps = nabra.run(8, seed=0)
    spent: dict[str, float] = {}
    for event in profiled.events():
        kind = kind_of(event)
        spent[kind] = spent.get(kind, 0.0) + event.self_cpu_time_total / 1e6
    whole = max(e.time_range.end for e in profiled.events()) - min(
        e.time_range.start for e in profiled.events()
    )
    spent["Python between operations"] = whole / 1e6 - sum(spent.values())
    print(f"\n{len(steps) + 1} steps of {rate(steps):.0f} tokens/s (profiled)")
    for kind, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"{kind:44} {seconds / sum(spent.values()):6.1%}")
