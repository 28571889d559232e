"""ModernBERT's layers for prediction beside transformers' own, in the kinds that there are."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

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
