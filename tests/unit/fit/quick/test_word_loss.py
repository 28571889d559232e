from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from train.fit.quick.word_loss import draw_words, word_loss


def make(num_places: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(0)
    logits = 4 * torch.randn(num_places, 50, generator=chance)
    words = torch.randint(50, (num_places,), generator=chance)
    return logits.to(dtype).requires_grad_(), words


def compare(
    num_places: int, dtype: torch.dtype, factor: float
) -> tuple[list[Tensor], list[Tensor]]:
    found = []
    for loss_of in (word_loss, lambda logits, words: cross_entropy(logits.float(), words)):
        logits, words = make(num_places, dtype)
        loss = loss_of(logits, words)
        (loss * factor).backward()
        assert logits.grad is not None
        found.append([loss.detach(), logits.grad])
    return found[0], found[1]


@pytest.mark.parametrize("num_places", [1, 32, 75])
@pytest.mark.parametrize("factor", [1.0, 0.25])
def test_is_the_cross_entropy_and_its_gradient(num_places: int, factor: float) -> None:
    ours, theirs = compare(num_places, torch.float32, factor)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_in_bf16_the_loss_is_fp32_and_the_gradient_rounded_once() -> None:
    ours, theirs = compare(75, torch.bfloat16, 1.0)
    assert ours[0].dtype == torch.float32
    assert torch.allclose(ours[0], theirs[0], atol=1e-6)
    assert ours[1].dtype == torch.bfloat16
    assert torch.allclose(ours[1].float(), theirs[1].float(), atol=1e-4)


def test_logits_as_large_as_can_be_give_a_finite_loss() -> None:
    logits = torch.tensor([[3e38, 0.0, -3e38], [100.0, 0.0, 0.0]], requires_grad=True)
    loss = word_loss(logits, torch.tensor([0, 0]))
    loss.backward()
    assert loss.item() == 0.0
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_without_a_gradient_it_is_torch_s_own() -> None:
    logits, words = make(40)
    before = logits.detach().clone()
    word_loss(logits, words)
    assert torch.equal(logits, before), "logits are left as they are"
    with torch.inference_mode():
        assert torch.equal(word_loss(logits, words), cross_entropy(logits, words))


def test_words_are_drawn_by_their_probabilities() -> None:
    logits = torch.tensor([0.5, 0.2, 0.0, 0.3]).log().bfloat16().expand(4000, 4)
    words = draw_words(logits, (torch.arange(4000) + 0.5) / 4000)
    shares = words.bincount(minlength=4) / 4000
    assert torch.allclose(shares, torch.tensor([0.5, 0.2, 0.0, 0.3]), atol=0.004)


def test_the_largest_draw_is_a_word_of_the_table() -> None:
    logits = torch.zeros(1, 50)
    assert draw_words(logits, torch.tensor([1.0])) == 49
    assert draw_words(logits, torch.tensor([0.0])) == 0
