from __future__ import annotations

import io
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from train.fit.quick.row_adamw import RowAdamW

ROWS, WIDTH = 12, 5
SETTINGS = {"lr": 0.01, "betas": (0.8, 0.9), "eps": 1e-6, "weight_decay": 0.1}


class Network(nn.Module):
    def __init__(self, *, sparse: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(ROWS, WIDTH, padding_idx=0, sparse=sparse)
        self.layer = nn.Linear(WIDTH, 3)

    def forward(self, ids: Tensor) -> Tensor:
        return self.layer(self.table(ids)).square().sum() * 5


BATCHES = [
    torch.tensor([[1, 2, 2], [7, 1, 0]]),
    torch.tensor([[2, 3, 0], [11, 3, 0]]),
    torch.tensor([[1, 1, 9], [2, 5, 4]]),
]


def train(network: Network, optimizer: torch.optim.Optimizer, batches: list[Tensor]) -> None:
    for ids in batches:
        optimizer.zero_grad()
        network(ids).backward()
        optimizer.step()


def test_dense_gradients_make_it_adamw() -> None:
    ours, theirs = Network(sparse=False), Network(sparse=False)
    train(ours, RowAdamW(ours.parameters(), **SETTINGS), BATCHES)
    train(theirs, torch.optim.AdamW(theirs.parameters(), **SETTINGS, foreach=False), BATCHES)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=1e-6, atol=1e-6)


def chance_batches(count: int) -> list[Tensor]:
    """Some rows often, some hardly ever, row 10 not at all."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.tensor([1, 9, 9, 9, 3, 3, 1, 0.1, 0.1, 0.02, 0, 0.02])
    return list(weights.expand(count, -1).multinomial(2, generator=generator).split(1))


def scheduled(network: Network, optimizer: torch.optim.Optimizer, batches: list[Tensor]) -> None:
    """With warm-up and decay."""
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(step / 20, 1) * (1 - step / (len(batches) + 1))
    )
    for ids in batches:
        optimizer.zero_grad()
        network(ids).backward()
        optimizer.step()
        schedule.step()


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("saves", [None, 37])
def test_rows_go_where_adamw_takes_them(weight_decay: float, saves: int | None) -> None:
    """Weights, moments and losses on the way, in double precision: only eps may differ."""
    ours, theirs = Network(sparse=True).double(), Network(sparse=False).double()
    settings = {"lr": 0.01, "weight_decay": weight_decay, "eps": 1e-12}
    optimizer = RowAdamW(ours.parameters(), **settings)
    reference = torch.optim.AdamW(theirs.parameters(), **settings, foreach=False)
    optimizer.follow(ours)
    losses: dict[bool, list[float]] = {True: [], False: []}
    for network in (ours, theirs):
        network.register_forward_hook(
            lambda module, _, loss: losses[module.table.sparse].append(loss.item())
        )
    batches = chance_batches(400)
    for part in range(0, 400, saves or 400):
        scheduled(ours, optimizer, batches[part : part + (saves or 400)])
        scheduled(theirs, reference, batches[part : part + (saves or 400)])
        optimizer.catch_up()
    assert losses[True] == pytest.approx(losses[False], rel=1e-8)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=1e-8, atol=1e-9)
    state, expected = optimizer.state[ours.table.weight], reference.state[theirs.table.weight]
    for name in ("step", "exp_avg", "exp_avg_sq"):
        torch.testing.assert_close(state[name], expected[name], rtol=1e-8, atol=1e-12)


def test_a_large_eps_is_off_by_little() -> None:
    """Beside gradients of 0.01, an eps of 0.001, where 1e-8 is usual."""
    ours, theirs = Network(sparse=True), Network(sparse=False)
    settings = {"lr": 0.01, "eps": 1e-3}
    optimizer = RowAdamW(ours.parameters(), **settings)
    optimizer.follow(ours)
    before = ours.table.weight.detach().clone()
    scheduled(ours, optimizer, chance_batches(200))
    optimizer.catch_up()
    scheduled(theirs, torch.optim.AdamW(theirs.parameters(), **settings), chance_batches(200))
    moved = (theirs.table.weight - before).norm()
    assert (ours.table.weight - theirs.table.weight).norm() < 0.02 * moved


def test_a_row_waits_until_it_is_read() -> None:
    network = Network(sparse=True)
    optimizer = RowAdamW(network.parameters(), **SETTINGS)
    optimizer.follow(network)
    train(network, optimizer, BATCHES[:1])
    stands = network.table.weight.detach().clone()
    train(network, optimizer, BATCHES[1:2])
    changed = (network.table.weight != stands).any(1).nonzero().flatten().tolist()
    assert changed == [2, 3, 11]  # 1 and 7 have momentum, and were not read
    network(torch.tensor([[7]]))
    changed = (network.table.weight != stands).any(1).nonzero().flatten().tolist()
    assert changed == [2, 3, 7, 11]


def test_state_is_not_saved_while_rows_wait() -> None:
    network = Network(sparse=True)
    optimizer = RowAdamW(network.parameters(), **SETTINGS)
    train(network, optimizer, BATCHES)
    with pytest.raises(AssertionError, match="rows wait"):
        optimizer.state_dict()
    optimizer.catch_up()
    assert optimizer.state_dict()["state"]


def test_gradients_accumulate_over_batches() -> None:
    apart, together = Network(sparse=True), Network(sparse=True)
    optimizers = [RowAdamW(network.parameters(), **SETTINGS) for network in (apart, together)]
    for ids in BATCHES:
        apart(ids).backward()
    together(torch.cat(BATCHES)).backward()
    for optimizer in optimizers:
        optimizer.step()
    for name, value in together.state_dict().items():
        torch.testing.assert_close(apart.state_dict()[name], value)


@pytest.mark.parametrize("sparse", [True, False])
@pytest.mark.parametrize("max_norm", [1.0, 1e6])
def test_clips_as_torch_does(sparse: bool, max_norm: float) -> None:
    ours, theirs = Network(sparse=sparse), Network(sparse=False)
    optimizer = RowAdamW(ours.parameters(), lr=0.01, eps=0.1, weight_decay=0.0)
    reference = torch.optim.AdamW(theirs.parameters(), lr=0.01, eps=0.1, weight_decay=0.0)
    for ids in BATCHES[:2]:  # the second: what is clipped in one step stays out of the next
        optimizer.zero_grad()
        reference.zero_grad()
        ours(ids).backward()
        theirs(ids).backward()
        norm = optimizer.clip(max_norm)
        expected = nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
        torch.testing.assert_close(norm, expected)
        optimizer.step()
        reference.step()
    optimizer.catch_up()
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value)


def test_a_clip_counts_for_one_step() -> None:
    network = Network(sparse=True)
    optimizer = RowAdamW(network.parameters(), **SETTINGS)
    network(BATCHES[0]).backward()
    optimizer.clip(1e-3)
    optimizer.step()
    assert optimizer.grad_scale is None


def test_state_goes_through_a_file_bit_by_bit() -> None:
    whole, resumed = Network(sparse=True), Network(sparse=True)
    optimizer = RowAdamW(whole.parameters(), **SETTINGS)
    train(whole, optimizer, BATCHES[:2])
    optimizer.catch_up()
    file = io.BytesIO()
    torch.save({"network": whole.state_dict(), "optimizer": optimizer.state_dict()}, file)
    train(whole, optimizer, BATCHES)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed.load_state_dict(saved["network"])
    other = RowAdamW(resumed.parameters())  # its settings come from the file
    other.load_state_dict(saved["optimizer"])
    train(resumed, other, BATCHES)
    for both in (optimizer, other):
        both.catch_up()
    for name, value in whole.state_dict().items():
        assert torch.equal(resumed.state_dict()[name], value), name
    states = [o.state_dict()["state"] for o in (optimizer, other)]
    for number, values in states[0].items():
        for name, value in values.items():
            assert torch.equal(states[1][number][name], value), name


def test_each_group_has_its_rate() -> None:
    network = Network(sparse=True)
    groups = [
        {"params": [network.table.weight], "lr": 0.0},
        {"params": list(network.layer.parameters())},
    ]
    before = deepcopy(network.state_dict())
    train(network, RowAdamW(groups, **SETTINGS), BATCHES)
    assert torch.equal(network.table.weight, before["table.weight"])
    assert not torch.equal(network.layer.weight, before["layer.weight"])
