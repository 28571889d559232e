"""Prediction in bf16: what it gives beside fp32, with packed weights and without."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

import model.net.light_layers
from model.net.fast_layers import ShadowLinear
from model.net.light_layers import is_fast_in_bf16, lighten
from model.net.packed import PackedLinear, can_pack_weights
from tests.networks import Network, make_bert, make_modernbert, make_network

BOTH = pytest.mark.parametrize("make", [make_bert, make_modernbert])
packs = pytest.mark.skipif(
    not can_pack_weights(), reason="this processor or build of torch packs no weights"
)


def read(network: Network) -> Tensor:
    """Rows of several lengths, of which the places behind their ends count for nothing."""
    ids = torch.arange(60).view(4, 15) % 40 + 3
    mask = torch.ones(4, 15, dtype=torch.long)
    mask[1, 5:] = 0
    mask[2, 1:] = 0
    with torch.inference_mode():
        return network(ids, mask)[mask == 1]


def both(make: Callable[[], PreTrainedModel]) -> tuple[Tensor, Tensor, Network]:
    """What a network gives in fp32 and lightened, and the lightened one."""
    network = make_network(make).eval()
    plain = read(network)
    lighten(network)
    return plain, read(network), network


@BOTH
def test_is_near_fp32(make: Callable[[], PreTrainedModel]) -> None:
    plain, light, _ = both(make)
    assert light.dtype == torch.float32
    assert 0 < (plain - light).abs().max() < 0.02 * plain.abs().max()


@packs
@BOTH
def test_packed_weights_give_what_plain_ones_do(
    make: Callable[[], PreTrainedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, packed, network = both(make)
    assert not any(isinstance(module, ShadowLinear) for module in network.modules())
    monkeypatch.setattr(model.net.light_layers, "can_pack_weights", lambda: False)
    _, unpacked, other = both(make)
    assert not any(isinstance(module, PackedLinear) for module in other.modules())
    weights = [m.weight for m in other.modules() if isinstance(m, ShadowLinear)]
    assert weights
    assert {weight.dtype for weight in weights} == {torch.bfloat16}
    assert (packed - unpacked).abs().max() < 0.02 * plain.abs().max()


def test_what_layers_add_to_is_summed_in_fp32() -> None:
    network = make_network(make_modernbert).eval()
    lighten(network)
    seen: list[torch.dtype] = []
    for layer in network.encoder.layers:
        layer.register_forward_hook(lambda _, __, output: seen.append(output.dtype))
    read(network)
    assert set(seen) == {torch.float32}


@packs
def test_gelu_is_done_within_the_product() -> None:
    network = make_network(make_bert).eval()
    intermediate = network.encoder.encoder.layer[0].intermediate
    states = torch.linspace(-3, 3, 7 * 64).view(7, 64)
    with torch.inference_mode():
        plain = intermediate(states)
        lighten(network)
        light = network.encoder.encoder.layer[0].intermediate(states.bfloat16())
    assert isinstance(
        network.encoder.encoder.layer[0].intermediate.intermediate_act_fn, nn.Identity
    )
    assert (plain < 0).any()  # of which a ReLU would leave nothing
    assert (plain - light.float()).abs().max() < 0.02 * plain.abs().max()


@packs
def test_another_activation_stays_behind_the_product() -> None:
    network = make_network(make_bert).eval()
    for layer in network.encoder.encoder.layer:
        layer.intermediate.intermediate_act_fn = nn.Tanh()
    plain = read(network)
    lighten(network)
    assert (plain - read(network)).abs().max() < 0.02 * plain.abs().max()


@packs
def test_the_feed_forward_part_reads_a_few_lines_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    network = make_network(make_bert).eval()
    plain = read(network)
    monkeypatch.setattr(model.net.light_layers, "_PIECE", 40)  # of lines of 15: two, and two
    lighten(network)
    seen: list[int] = []
    for layer in network.encoder.encoder.layer:
        layer.output.register_forward_hook(lambda *parts: seen.append(len(parts[-1])))
    assert (plain - read(network)).abs().max() < 0.02 * plain.abs().max()
    assert seen == [2, 2] * len(network.encoder.encoder.layer)


def test_on_a_gpu_the_encoder_is_converted_and_the_heads_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without one: its device is only said to be another."""
    network = make_network(make_bert).eval()
    plain = read(network)
    monkeypatch.setattr(model.net.light_layers, "_is_on_cpu", lambda _: False)
    lighten(network)
    assert {weight.dtype for weight in network.encoder.parameters()} == {torch.bfloat16}
    assert network.head.weight.dtype == torch.float32
    network.head.register_forward_pre_hook(lambda _, inputs: (inputs[0].float(),))
    assert 0 < (plain - read(network)).abs().max() < 0.02 * plain.abs().max()


@pytest.mark.parametrize("has_bf16", [True, False])
def test_a_gpu_decides_where_there_is_one(has_bf16: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    assert is_fast_in_bf16() == has_bf16
