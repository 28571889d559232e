from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from model.tasks import Task
from train.fit.distill.trainer import soft_sums

KIND = Task("kind", "classify", ("x", "y", "z"))
SPANS = Task("spans", "tag", ("p", "q"))


def test_against_the_formula_by_hand() -> None:
    torch.manual_seed(0)
    logits = {"kind": torch.randn(2, 3), "spans": torch.randn(2, 4, 2, 3)}
    soft = {"kind": torch.rand(2, 3).softmax(-1), "spans": torch.rand(2, 4, 2, 3).softmax(-1)}
    soft["kind"][1] = 0  # the teacher was not asked
    soft["spans"][0, 2:] = 0
    found = soft_sums(logits, soft, (KIND, SPANS), 2.0)
    for task, total in zip(("kind", "spans"), found.tolist(), strict=True):
        by_hand = 0.0
        for p, z in zip(soft[task].view(-1, 3), logits[task].view(-1, 3), strict=True):
            norm = math.log(sum(math.exp(float(each) / 2) for each in z))
            for one, logit in zip(p.tolist(), z.tolist(), strict=True):
                if one:
                    by_hand += 4 * one * (math.log(one) - (logit / 2 - norm))
        assert total == pytest.approx(by_hand, rel=1e-5)


def test_nothing_is_lost_by_one_who_says_the_same() -> None:
    logits = torch.randn(5, 3)
    sums = soft_sums({"kind": logits}, {"kind": (logits / 3).softmax(-1)}, (KIND,), 3.0)
    assert sums.item() == pytest.approx(0, abs=1e-5)


def test_a_teacher_that_is_sure_teaches_as_a_hard_label() -> None:
    logits = torch.randn(4, 3)
    labels = torch.tensor([0, 2, 1, 1])
    soft = functional.one_hot(labels, 3).float()
    (found,) = soft_sums({"kind": logits}, {"kind": soft}, (KIND,), 1.0)
    assert torch.allclose(found, functional.cross_entropy(logits, labels, reduction="sum"))


def test_gradients_are_as_large_at_every_temperature() -> None:
    """Near the teacher; the square of the temperature makes up for its division."""
    teacher = torch.randn(200, 3)
    sizes = []
    for temperature in (4.0, 16.0):
        logits = (
            teacher + 0.1 * torch.randn(200, 3, generator=torch.manual_seed(1))
        ).requires_grad_()
        soft = (teacher / temperature).softmax(-1)
        soft_sums({"kind": logits}, {"kind": soft}, (KIND,), temperature).sum().backward()
        assert logits.grad is not None
        sizes.append(float(logits.grad.norm()))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.2)
