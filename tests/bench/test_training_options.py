"""What each option of a training does to the scores and to the time, on real data.

Each line changes one option of a base and is trained with the same seeds (NABRA_BENCH_SEEDS of
them); differences come with their intervals over the stories of the test split, and with those of
each seed alone. NABRA_BENCH_SET
changes the base (`encoder=DIRECTORY training.learning_rate=3e-4`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import pytest

from model import read_articles
from tests.bench.trainings import prepared, train_and_count

SEEDS = range(1, 1 + int(os.environ.get("NABRA_BENCH_SEEDS", "2")))
OPTIONS = {
    "gradient_accumulation 2": ["gradient_accumulation=2"],
    "max_grad_norm 0": ["max_grad_norm=0.0"],
    "warmup_ratio 0": ["warmup_ratio=0.0"],
    "schedule cosine": ["schedule=cosine"],
    "schedule constant": ["schedule=constant"],
    "layer_decay 0.8": ["layer_decay=0.8"],
    "weight_decay 0.1": ["weight_decay=0.1"],
    "dropout 0": ["dropout=0.0"],
    "token_dropout 0": ["token_dropout=0.0"],
    "label_smoothing 0.1": ["label_smoothing=0.1"],
    "class_weights root": ["class_weights=root"],
    "class_weights balanced": ["class_weights=balanced"],
    "precision fp32": ["precision=fp32"],
    "attention sdpa": ["attention=sdpa"],
    "attention eager": ["attention=eager"],
    "embeddings frozen": ["embeddings=frozen"],
    "best_by loss": ["best_by=loss"],
    "best_by loss, early_stopping 2": ["best_by=loss", "early_stopping=2"],
    "lora, rank 16": ["lora={rank: 16, alpha: 32.0, dropout: 0.0}"],
    "compile": ["compile=true"],
}
LONG_TEXTS = {
    "max_length 64, stride 0": ["max_length=64", "stride=0"],
    "max_length 64, stride 16": ["max_length=64", "stride=16"],
}
CONTEXT = {"context headline": ["context=headline"], "context previous": ["context=previous"]}
SILVER = {"silver_confidence false": ["silver_confidence=false"]}
NUM_UNLABELLED = 300


@pytest.fixture
def given(data: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What changes the base."""
    monkeypatch.setenv("NABRA_DATA", str(data))
    return os.environ.get("NABRA_BENCH_SET", "").split()


@pytest.mark.parametrize(
    ("config", "options"),
    [("mawqif", OPTIONS), ("armpro", OPTIONS | LONG_TEXTS), ("quickstart", CONTEXT)],
)
def test_each_option(
    config: str, options: Mapping[str, Sequence[str]], given: list[str], tmp_path: Path
) -> None:
    compare(f"configs/{config}.yaml", given, options, tmp_path)


def test_silver_confidence(given: list[str], data: Path, tmp_path: Path) -> None:
    articles = islice(read_articles(data / "data/saudinewsnet/sample.jsonl"), NUM_UNLABELLED)
    lines = [json.dumps(article.to_dict() | {"source": ""}) for article in articles]
    unlabelled = tmp_path / "unlabelled.jsonl"
    unlabelled.write_text("\n".join(lines), encoding="utf-8")
    compare(
        "configs/quickstart.yaml", [*given, f"data.unlabelled=[{unlabelled}]"], SILVER, tmp_path
    )


def compare(
    config: str, given: Sequence[str], options: Mapping[str, Sequence[str]], folder: Path
) -> None:
    """Print what each option changes against the base."""
    base = train_and_count(prepared(config, folder, given), SEEDS)
    figures = {measure: f"{base.figure(measure):.3f}" for measure in base.counts}
    print(f"\n{config}: base {figures}, {sum(base.seconds) / len(SEEDS):.0f} CPU s a training")
    for name, changes in options.items():
        overrides = [*given, *(f"training.{change}" for change in changes)]
        result = train_and_count(prepared(config, folder, overrides), SEEDS)
        leads = []
        for measure in base.counts:
            lead, interval = result.lead_over(base, measure)
            pairs = zip(result.figures(measure), base.figures(measure), strict=True)
            by_seed = " ".join(f"{ours - theirs:+.3f}" for ours, theirs in pairs)
            bounds = f"[{interval.low:+.3f}, {interval.high:+.3f}]"
            leads.append(f"{measure} {lead:+.3f} {bounds} ({by_seed})")
        time = sum(result.seconds) / sum(base.seconds)
        print(f"  {name:30} {'  '.join(leads)}  CPU time × {time:.2f}", flush=True)
