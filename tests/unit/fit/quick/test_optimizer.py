from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from model.net.checkpoint import load_checkpoint
from train.config import read_run
from train.fit.quick.optimizer import make_optimizer


def groups(checkpoint: Path, *changes: str) -> dict[str, dict[str, Any]]:
    """The group of each weight, by name."""
    network = load_checkpoint(checkpoint).network
    settings = read_run("configs/quickstart.yaml", changes).config.training
    optimizer = make_optimizer(network, settings)
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    return {names[id(p)]: group for group in optimizer.param_groups for p in group["params"]}


def test_every_weight_learns_and_biases_and_norms_do_not_decay(tiny_checkpoint: Path) -> None:
    found = groups(tiny_checkpoint, "training.weight_decay=0.1")
    network = load_checkpoint(tiny_checkpoint).network
    assert set(found) == {name for name, _ in network.named_parameters()}
    for name, group in found.items():
        spared = "bias" in name or "LayerNorm" in name
        assert group["weight_decay"] == (0.0 if spared else 0.1), name
        assert group["lr"] == pytest.approx(1e-3)


@pytest.mark.parametrize(("architecture", "layers"), [("bert", 1), ("modernbert", 2)])
def test_lower_layers_learn_at_lower_rates(
    tmp_path: Path, architecture: str, layers: int, make_checkpoint: Any
) -> None:
    path = make_checkpoint(tmp_path / "checkpoint", architecture)
    found = groups(path, "training.layer_decay=0.5")
    rates = {name: group["lr"] / 1e-3 for name, group in found.items()}
    top = [rate for name, rate in rates.items() if name.startswith("heads.")]
    embeddings = [rate for name, rate in rates.items() if "embeddings" in name]
    assert top == pytest.approx([1.0] * len(top))
    assert embeddings == pytest.approx([0.5 ** (layers + 1)] * len(embeddings))
    for number in range(layers):
        own = [
            r
            for name, r in rates.items()
            if f"layer.{number}." in name or f"layers.{number}." in name
        ]
        assert own
        assert own == pytest.approx([0.5 ** (layers - number)] * len(own))
