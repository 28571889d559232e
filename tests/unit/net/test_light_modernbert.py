"""ModernBERT's layers for prediction beside transformers' own, in the kinds that there are."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from model.net import light_modernbert
from model.net.light_layers import lighten
from model.net.packed import can_pack_weights
from tests.networks import VOCABULARY, make_modernbert, make_network

pytestmark = pytest.mark.skipif(
    not can_pack_weights(), reason="this processor or build of torch packs no weights"
)


def states(kind: dict[str, Any], light: bool, length: int) -> Tensor:
    """Of rows that are padded behind several lengths, what stands before their ends."""
    network = make_network(partial(make_modernbert, **kind)).eval()
    if light:
        lighten(network)
    chance = torch.Generator().manual_seed(1)
    ids = torch.randint(3, VOCABULARY, (5, length), generator=chance)
    mask = torch.arange(length) < torch.tensor([[length], [length - 3], [1], [5], [length]])
    with torch.inference_mode():
        hidden: Tensor = network.encoder(input_ids=ids, attention_mask=mask.long())[0]
    return hidden[mask].float()


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"attention_bias": True, "mlp_bias": True},
        {"hidden_activation": "silu"},
        {"local_attention": 4, "global_attn_every_n_layers": 2},
    ],
    ids=["plain", "biases", "another activation", "local attention"],
)
@pytest.mark.parametrize("length", [16, 23])
def test_computes_what_transformers_does(kind: dict[str, Any], length: int) -> None:
    expected, light = (states(kind, light, length) for light in (False, True))
    assert (light - expected).norm() < 0.015 * expected.norm()


def test_what_all_states_have_in_common_costs_no_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the same layers that take nothing away."""

    def error(centred: bool) -> float:
        plain, light = (make_network(make_modernbert).eval() for _ in range(2))
        for network in (plain, light):
            with torch.no_grad():
                network.encoder.embeddings.norm.weight[:4] *= 30
                network.encoder.embeddings.tok_embeddings.weight[:, :4] = 0.1
        if not centred:
            monkeypatch.setattr(light_modernbert, "_find_centres", without_centres)
        lighten(light)
        ids = torch.arange(3, VOCABULARY)[None]
        with torch.inference_mode():
            expected, found = (network.encoder(input_ids=ids)[0] for network in (plain, light))
        return float((found - expected).norm() / (expected - expected.mean(1)).norm())

    def without_centres(encoder: Any) -> dict[Any, Tensor]:
        return {layer: torch.zeros_like(centre) for layer, centre in find_centres(encoder).items()}

    find_centres = light_modernbert._find_centres
    assert error(centred=True) < 0.75 * error(centred=False)
