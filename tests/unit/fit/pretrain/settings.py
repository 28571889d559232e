"""Settings of a pre-training as small as one can be."""

from __future__ import annotations

from typing import Any

from train.pretrain_settings import PretrainingConfig

SETTINGS: dict[str, Any] = {
    "tokens": 4096,
    "length": 16,
    "batch_tokens": 128,
    "gradient_accumulation": 1,
    "optimizer": "adamw",
    "learning_rate": 1e-2,
    "weight_decay": 0.01,
    "warmup_ratio": 0.1,
    "schedule": "linear",
    "max_grad_norm": 1.0,
    "dropout": 0.0,
    "precision": "auto",
    "evaluations": 4,
    "save_steps": 5,
    "seed": 1,
    "report_to": [],
}


def settings(**changes: Any) -> PretrainingConfig:
    return PretrainingConfig(**{**SETTINGS, **changes})
