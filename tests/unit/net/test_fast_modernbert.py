from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from transformers.models.modernbert.modeling_modernbert import ModernBertAttention

from model.net.fast_layers import quicken, restore
from model.net.fast_modernbert import QuickModernBertAttention
from tests.networks import VOCABULARY, make_modernbert, make_network


def attentions(network: nn.Module) -> list[type]:
    return [type(m) for m in network.modules() if isinstance(m, ModernBertAttention)]


def run(quick: bool, own_attention: bool = True) -> tuple[Tensor, dict[str, Tensor]]:
    """Outputs for padded rows and gradients, in fp32."""
    network = make_network(make_modernbert)
    if quick:
        quicken(network, dtype=torch.float32, row_gradients=False, own_attention=own_attention)
        assert set(attentions(network)) == {QuickModernBertAttention}
    chance = torch.Generator().manual_seed(1)
    ids = torch.randint(3, VOCABULARY, (4, 12), generator=chance)
    mask = torch.ones_like(ids)
    mask[1, 7:] = 0
    mask[3, 2:] = 0
    output = network(ids, mask)
    (output * mask[..., None]).square().sum().backward()
    gradients = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    return (output * mask[..., None]).detach(), gradients


@pytest.mark.parametrize("own_attention", [False, True])
def test_computes_what_transformers_does(own_attention: bool) -> None:
    output, gradients = run(quick=True, own_attention=own_attention)
    expected, expected_gradients = run(quick=False)
    assert torch.allclose(output, expected, atol=1e-4)
    assert gradients.keys() == expected_gradients.keys()
    for name, gradient in gradients.items():
        scale = expected_gradients[name].abs().max()
        assert torch.allclose(gradient, expected_gradients[name], atol=1e-4 * float(scale)), name


def test_places_are_told_apart() -> None:
    network = make_network(make_modernbert).eval()
    quicken(network, row_gradients=False)
    ids = torch.tensor([[5, 9, 7, 11]])
    with torch.inference_mode():
        forth = network(ids, torch.ones_like(ids))
        back = network(ids.flip(1), torch.ones_like(ids)).flip(1)
    assert not torch.allclose(forth, back, atol=1e-2)


def test_is_undone() -> None:
    network = make_network(make_modernbert)
    quicken(network)
    restore(network)
    assert set(attentions(network)) == {ModernBertAttention}
