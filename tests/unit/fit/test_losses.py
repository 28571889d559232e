from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from model.tasks import Task
from train.fit.batches import Schedule
from train.fit.examples import IGNORED, Collator, Row, balance
from train.fit.losses import loss_sums, mean_totals, total_loss, weight_totals

KIND = Task("kind", "classify", ("x", "y", "z"))
SPANS = Task("spans", "tag", ("p", "q"))
TASKS = (KIND, SPANS)

Batch = tuple[dict[str, Tensor], dict[str, Tensor], dict[str, Tensor]]


@pytest.fixture
def batch() -> Batch:
    """Logits, labels and weights of three rows of five tokens; some labels are missing."""
    torch.manual_seed(0)
    logits = {"kind": torch.randn(3, 3), "spans": torch.randn(3, 5, 2, 3)}
    labels = {"kind": torch.tensor([1, IGNORED, 0]), "spans": torch.randint(0, 3, (3, 5, 2))}
    labels["spans"][1] = IGNORED
    weights = {"kind": torch.tensor([1.0, 0.0, 0.5]), "spans": torch.rand(3, 5, 2)}
    weights["spans"][1] = 0
    return logits, labels, weights


def test_against_a_plain_loop(batch: Batch) -> None:
    logits, labels, weights = batch
    sums = loss_sums(logits, labels, weights, TASKS)
    kind = sum(
        weights["kind"][row] * -logits["kind"][row].log_softmax(-1)[labels["kind"][row]]
        for row in (0, 2)
    )
    spans = sum(
        weights["spans"][row, token, layer]
        * -logits["spans"][row, token, layer].log_softmax(-1)[labels["spans"][row, token, layer]]
        for row in (0, 2)
        for token in range(5)
        for layer in range(2)
    )
    assert torch.allclose(sums, torch.stack([kind, spans]))  # type: ignore[list-item]
    totals = weight_totals(weights, TASKS)
    assert torch.allclose(totals, torch.tensor([1.5, float(weights["spans"].sum()) / 2]))
    assert torch.allclose(total_loss(sums, totals), sums[0] / totals[0] + sums[1] / totals[1])


def test_smoothing_is_torch_s_own(batch: Batch) -> None:
    logits, labels, weights = batch
    (smoothed,) = loss_sums(logits, labels, weights, (KIND,), smoothing=0.2)
    plain = [
        functional.cross_entropy(logits["kind"][row], labels["kind"][row], label_smoothing=0.2)
        for row in (0, 2)
    ]
    assert torch.allclose(smoothed, plain[0] + 0.5 * plain[1])


def test_a_step_may_be_divided_in_any_way(batch: Batch) -> None:
    logits, labels, weights = batch
    whole = total_loss(loss_sums(logits, labels, weights, TASKS), weight_totals(weights, TASKS))
    totals = weight_totals(weights, TASKS)
    parts = [
        total_loss(
            loss_sums(*({k: v[rows] for k, v in part.items()} for part in batch), TASKS), totals
        )
        for rows in (slice(0, 1), slice(1, 3))
    ]
    assert torch.allclose(whole, sum(parts))  # type: ignore[arg-type]


def test_the_totals_of_a_mean_step() -> None:
    """Three rows in two steps, the last one read twice."""
    rows = [
        Row(
            np.arange(size, dtype=np.int32),
            np.zeros(size, np.int8),
            classes,
            {"spans": (np.zeros((size, 2), np.int8), np.full((size, 2), 0.5, np.float32))},
            0,
            None,
        )
        for size, classes in ((4, {"kind": (0, 1.0)}), (2, {}), (3, {"kind": (2, 0.25)}))
    ]
    schedule = Schedule([np.array([0, 2]), np.array([1, 2])], [2])
    collate = Collator(0, TASKS, balance(rows, TASKS, "none"))
    kind, spans = mean_totals(schedule, rows, collate, TASKS)
    assert kind == pytest.approx((1.0 + 2 * 0.25) / 2)
    assert spans == pytest.approx((4 + 2 + 2 * 3) * 0.5 / 2)


def test_no_label_no_loss(batch: Batch) -> None:
    logits, labels, weights = batch
    nothing = {name: torch.zeros_like(value) for name, value in weights.items()}
    assert total_loss(
        loss_sums(logits, labels, nothing, TASKS), weight_totals(nothing, TASKS)
    ) == pytest.approx(0)
