"""What each option of a training does to the scores and to the time, on real data.

Each line changes one option of a base and is trained with the same seeds; differences come with
their intervals over the stories of the test split.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.trainings import prepared, train_and_count

SEEDS = (1, 2)
OPTIONS = {
    "layer_decay 0.8": ["layer_decay=0.8"],
    "weight_decay 0.1": ["weight_decay=0.1"],
    "warmup_ratio 0": ["warmup_ratio=0.0"],
    "schedule cosine": ["schedule=cosine"],
    "schedule constant": ["schedule=constant"],
    "no clipping": ["max_grad_norm=0.0"],
    "dropout 0": ["dropout=0.0"],
    "token_dropout 0.15": ["token_dropout=0.15"],
    "label_smoothing 0.1": ["label_smoothing=0.1"],
    "class_weights root": ["class_weights=root"],
    "class_weights balanced": ["class_weights=balanced"],
    "gradient_accumulation 4": ["gradient_accumulation=4"],
    "batch_tokens × 4": ["batch_tokens=4096"],
    "precision fp32": ["precision=fp32"],
    "attention sdpa": ["attention=sdpa"],
    "attention eager": ["attention=eager"],
    "embeddings dense": ["embeddings=dense"],
    "embeddings frozen": ["embeddings=frozen"],
    "best_by mean": ["best_by=mean"],
    "early stopping": ["best_by=mean", "early_stopping=2"],
    "stride 0, max_length 64": ["stride=0", "max_length=64"],
    "stride 16, max_length 64": ["stride=16", "max_length=64"],
    "lora, rank 16": ["lora={rank: 16, alpha: 32.0, dropout: 0.0}"],
    "compile": ["compile=true"],
}


@pytest.mark.parametrize("config", ["mawqif", "armpro"])
def test_each_option(
    config: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NABRA_DATA", str(data))
    given = os.environ.get("NABRA_BENCH_SET", "").split()
    path = f"configs/{config}.yaml"
    base = train_and_count(prepared(path, tmp_path, given), SEEDS)
    figures = {measure: f"{base.figure(measure):.3f}" for measure in base.counts}
    print(f"\n{config}: base {figures}, {sum(base.seconds) / len(SEEDS):.0f} s a training")
    for name, changes in OPTIONS.items():
        overrides = [*given, *(f"training.{change}" for change in changes)]
        result = train_and_count(prepared(path, tmp_path, overrides), SEEDS)
        leads = []
        for measure in base.counts:
            lead, interval = result.lead_over(base, measure)
            leads.append(f"{measure} {lead:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]")
        time = sum(result.seconds) / sum(base.seconds)
        print(f"  {name:26} {'  '.join(leads)}  time × {time:.2f}", flush=True)
