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


def test_rows_against_a_plain_loop() -> None:
    network = Network(sparse=True)
    optimizer = RowAdamW(network.parameters(), **SETTINGS)
    weight = network.table.weight.detach().double().clone()
    second = torch.zeros_like(weight)
    lr, beta2 = SETTINGS["lr"], SETTINGS["betas"][1]
    for step, ids in enumerate(BATCHES, start=1):
        optimizer.zero_grad()
        network(ids).backward()
        gradient = network.table.weight.grad.to_dense().double()
        optimizer.step()
        for row in set(ids.flatten().tolist()) - {0}:
            second[row] = beta2 * second[row] + (1 - beta2) * gradient[row] ** 2
            spread = (second[row] / (1 - beta2**step)).sqrt()
            weight[row] -= lr * SETTINGS["weight_decay"] * weight[row]
            weight[row] -= lr * gradient[row] / (spread + SETTINGS["eps"])
        torch.testing.assert_close(network.table.weight.detach().double(), weight)
    assert set(optimizer.state[network.table.weight]) == {"step", "exp_avg_sq"}
    torch.testing.assert_close(optimizer.state[network.table.weight]["exp_avg_sq"].double(), second)


def test_where_every_row_is_read_it_is_adamw_without_a_first_moment() -> None:
    ours, theirs = Network(sparse=True), Network(sparse=False)
    for network in (ours, theirs):  # no padding row, which torch.optim.AdamW would decay
        network.table.padding_idx = None
    settings = {**SETTINGS, "betas": (0.0, 0.9)}
    batches = [torch.cat([torch.randint(ROWS, (50,)), torch.arange(ROWS)]) for _ in range(3)]
    train(ours, RowAdamW(ours.parameters(), **settings), batches)
    train(theirs, torch.optim.AdamW(theirs.parameters(), **settings), batches)
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, rtol=1e-5, atol=1e-6)


def test_a_row_goes_at_once_where_adamw_takes_it_in_many_steps() -> None:
    """A row read once, amid steps that read another one."""
    moved = {}
    for sparse, optimizer in ((True, RowAdamW), (False, torch.optim.AdamW)):
        table = nn.Embedding(3, 4, sparse=sparse)
        nn.init.zeros_(table.weight)
        steps = optimizer(table.parameters(), lr=0.001, weight_decay=0.0)
        for step in range(400):
            steps.zero_grad()
            table(torch.tensor(2 if step == 300 else 1)).sum().backward()
            steps.step()
        moved[sparse] = table.weight.detach()
    torch.testing.assert_close(moved[True][2], moved[False][2], rtol=0.05, atol=0)
    torch.testing.assert_close(moved[True][1], moved[False][1], rtol=0.05, atol=0)
    assert not moved[True][0].any()


def test_rows_that_no_token_reads_stay() -> None:
    network = Network(sparse=True)
    before = network.table.weight.detach().clone()
    train(network, RowAdamW(network.parameters(), **SETTINGS), BATCHES)
    changed = (network.table.weight != before).any(1).nonzero().flatten().tolist()
    assert changed == [1, 2, 3, 4, 5, 7, 9, 11]


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
        if ids is BATCHES[1] and sparse:
            ids = torch.arange(1, ROWS)  # every row, so that the two agree on what is touched
        ours(ids).backward()
        theirs(ids).backward()
        norm = optimizer.clip(max_norm)
        expected = nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
        torch.testing.assert_close(norm, expected)
        optimizer.step()
        reference.step()
        if ids is BATCHES[0]:
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
    file = io.BytesIO()
    torch.save({"network": whole.state_dict(), "optimizer": optimizer.state_dict()}, file)
    train(whole, optimizer, BATCHES)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed.load_state_dict(saved["network"])
    other = RowAdamW(resumed.parameters())  # its settings come from the file
    other.load_state_dict(saved["optimizer"])
    train(resumed, other, BATCHES)
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


def test_a_dense_gradient_of_rows_is_as_good_as_a_sparse_one() -> None:
    sparse, dense = Network(sparse=True), Network(sparse=False)
    train(sparse, RowAdamW(sparse.parameters(), **SETTINGS), BATCHES)
    groups = [
        {"params": [dense.table.weight], "rows": True},
        {"params": dense.layer.parameters(), "rows": False},
    ]
    train(dense, RowAdamW(groups, **SETTINGS), BATCHES)
    for name, value in sparse.state_dict().items():
        torch.testing.assert_close(dense.state_dict()[name], value)
