from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from tests.unit.fit.pretrain.settings import settings
from train.fit.pretrain.optimizer import TwoOptimizers, make_optimizer


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(30, 8)
        self.layer = nn.Linear(8, 8)
        self.norm = nn.LayerNorm(8)
        self.decoder = nn.Linear(8, 30)
        self.decoder.weight = self.table.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.norm(self.layer(self.table(ids))))


def train(network: Network, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        chance = torch.Generator().manual_seed(step)
        ids = torch.randint(30, (16,), generator=chance)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(ids), ids).backward()
        optimizer.step()


def make(optimizer: str) -> tuple[Network, torch.optim.Optimizer]:
    torch.manual_seed(0)
    network = Network()
    return network, make_optimizer(network, settings(optimizer=optimizer))


def _groups(optimizer: torch.optim.Optimizer, network: Network) -> dict[str, tuple[str, float]]:
    names = {parameter: name for name, parameter in network.named_parameters()}
    return {
        names[parameter]: ("ns_steps" in group, group["weight_decay"])
        for group in optimizer.param_groups
        for parameter in group["params"]
    }


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_what_is_frozen_is_left_out(name: str) -> None:
    network = Network()
    network.norm.requires_grad_(False)
    optimizer = make_optimizer(network, settings(optimizer=name))
    assert not {"norm.weight", "norm.bias"} & _groups(optimizer, network).keys()


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_each_weight_is_moved_once_by_the_right_one(name: str) -> None:
    network, optimizer = make(name)
    decay = settings().weight_decay
    is_muon = name == "muon"
    assert _groups(optimizer, network) == {
        "layer.weight": (is_muon, decay),
        "table.weight": (False, decay),
        "layer.bias": (False, 0.0),
        "norm.weight": (False, 0.0),
        "norm.bias": (False, 0.0),
        "decoder.bias": (False, 0.0),
    }


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_learns(name: str) -> None:
    network, optimizer = make(name)
    ids = torch.arange(30)
    before = nn.functional.cross_entropy(network(ids), ids).item()
    train(network, optimizer, range(60))
    assert nn.functional.cross_entropy(network(ids), ids).item() < before / 2


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_goes_on_from_its_state(name: str) -> None:
    whole, optimizer = make(name)
    train(whole, optimizer, range(8))
    half, first = make(name)
    train(half, first, range(4))
    other, second = make(name)
    other.load_state_dict(half.state_dict())
    second.load_state_dict(first.state_dict())
    train(other, second, range(4, 8))
    assert all(
        torch.equal(a, b) for a, b in zip(whole.parameters(), other.parameters(), strict=True)
    )


def test_a_schedule_reaches_both() -> None:
    network, optimizer = make("muon")
    assert isinstance(optimizer, TwoOptimizers)
    optimizer.load_state_dict(optimizer.state_dict())
    schedule: Any = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.0)
    before = [p.detach().clone() for p in network.parameters()]
    train(network, optimizer, range(2))
    schedule.step()
    assert all(torch.equal(a, b) for a, b in zip(before, network.parameters(), strict=True))
