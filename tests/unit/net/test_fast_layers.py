from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    BertForSequenceClassification,
    PreTrainedModel,
)

from model.net.fast_layers import (
    MANY_ROWS,
    PLAIN_ATTENTION,
    HeadLinear,
    ShadowLinear,
    drop,
    keep_mask,
    plain_attention,
    quicken,
    restore,
)
from tests.networks import make_bert, make_modernbert, make_network


def loss_of(network: nn.Module) -> Tensor:
    ids = torch.arange(24).view(3, 8) + 3
    mask = torch.ones(3, 8, dtype=torch.long)
    mask[1, 5:] = 0
    logits = network(ids, mask)
    labels = torch.arange(24).view(3, 8) % 3
    return nn.functional.cross_entropy(logits[mask == 1], labels[mask == 1])


def gradients_of(network: nn.Module) -> dict[str, Tensor]:
    network.zero_grad()
    loss_of(network).backward()
    return {
        name: parameter.grad.clone()
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }


BOTH = pytest.mark.parametrize("make", [make_bert, make_modernbert])


@BOTH
def test_in_float64_nothing_but_the_way_changes(make: Callable[[], PreTrainedModel]) -> None:
    plain = make_network(make).double()
    quick = deepcopy(plain)
    quicken(quick, dtype=torch.float64)
    torch.testing.assert_close(loss_of(quick), loss_of(plain))
    expected = gradients_of(plain)
    found = gradients_of(quick)
    assert found.keys() == expected.keys()
    for name in expected:
        # rotary positions are computed in fp32 in either network
        torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-7, msg=name)


@BOTH
def test_in_bfloat16_gradients_are_close(make: Callable[[], PreTrainedModel]) -> None:
    plain = make_network(make)
    quick = deepcopy(plain)
    quicken(quick)
    torch.testing.assert_close(loss_of(quick), loss_of(plain), rtol=0.01, atol=0.01)
    expected, found = gradients_of(plain), gradients_of(quick)
    assert found.keys() == expected.keys()
    # The bias of a key shifts all scores of a query alike: its true gradient is zero.
    for name in [name for name in expected if not name.endswith("key.bias")]:
        assert found[name].dtype == torch.float32
        error = (found[name] - expected[name]).norm() / expected[name].norm()
        assert error < 0.03, f"{name}: {error:.3f}"


@BOTH
def test_names_and_values_stay(make: Callable[[], PreTrainedModel]) -> None:
    plain = make_network(make)
    quick = deepcopy(plain)
    quicken(quick)
    loss_of(quick).backward()
    state = quick.state_dict()
    assert list(state) == list(plain.state_dict())
    assert all(torch.equal(state[name], value) for name, value in plain.state_dict().items())
    assert [name for name, _ in quick.named_buffers()] == [n for n, _ in plain.named_buffers()]


@BOTH
@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_restored_network_computes_as_before(
    make: Callable[[], PreTrainedModel], attention: str
) -> None:
    plain = make_network(make)
    plain.encoder.set_attn_implementation(attention)
    quick = deepcopy(plain)
    before = loss_of(plain)
    quicken(quick)
    assert not torch.equal(loss_of(quick), before)
    restore(quick)
    assert torch.equal(loss_of(quick), before)
    assert quick.encoder.config._attn_implementation == attention
    assert [type(a) for a in quick.modules()] == [type(a) for a in plain.modules()]
    assert [vars(a).keys() for a in quick.modules()] == [vars(a).keys() for a in plain.modules()]


def test_head_stays_in_float32() -> None:
    network = make_network(make_bert)
    quicken(network)
    assert type(network.head) is HeadLinear
    logits = network(torch.ones(1, 4, dtype=torch.long), torch.ones(1, 4, dtype=torch.long))
    assert logits.dtype == torch.float32
    hidden = network.encoder(torch.ones(1, 4, dtype=torch.long)).last_hidden_state
    assert hidden.dtype == torch.bfloat16


def test_a_network_within_a_network_is_restored() -> None:
    whole = BertForSequenceClassification(make_bert().config)
    quicken(whole)
    whole(torch.ones(2, 4, dtype=torch.long)).logits.sum().backward()
    assert whole.bert.config._attn_implementation == PLAIN_ATTENTION
    restore(whole)
    assert whole.bert.config._attn_implementation == "sdpa"


def test_an_encoder_can_keep_its_attention() -> None:
    network = make_network(make_bert)
    quicken(network, own_attention=False)
    assert network.encoder.config._attn_implementation == "sdpa"
    loss_of(network).backward()


def test_unknown_layers_stay() -> None:
    class Own(nn.Linear):
        pass

    network = nn.Sequential(Own(4, 4), nn.Conv1d(1, 1, 1), nn.Embedding(MANY_ROWS - 1, 2))
    quicken(network)
    assert [type(module) for module in network] == [Own, nn.Conv1d, nn.Embedding]
    assert not network[2].sparse


@pytest.mark.parametrize("row_gradients", [True, False])
def test_large_tables_give_row_gradients(row_gradients: bool) -> None:
    table = nn.Embedding(MANY_ROWS, 2)
    quicken(nn.ModuleList([table]), row_gradients=row_gradients)
    table(torch.tensor([[3, 3], [5, 3]])).sum().backward()
    assert table.weight.grad is not None
    assert table.weight.grad.is_sparse == row_gradients
    assert torch.equal(table.weight.grad.to_dense()[[3, 5]], torch.tensor([[3.0, 3], [1, 1]]))


@pytest.mark.parametrize("optimizer", [torch.optim.AdamW, torch.optim.SGD])
@pytest.mark.parametrize("kind", ["fused", "foreach", "differentiable"])
def test_shadow_follows_every_step(optimizer: type[torch.optim.Optimizer], kind: str) -> None:
    layer = nn.Linear(64, 64)
    quicken(nn.ModuleList([layer]))
    steps = optimizer(layer.parameters(), lr=0.1, **{kind: kind != "differentiable"})
    for _ in range(2):
        layer(torch.ones(2, 64)).sum().backward()
        steps.step()
        assert isinstance(layer, ShadowLinear)
        assert torch.equal(layer.shadow(), layer.weight.bfloat16())


def test_shadow_follows_a_loaded_state() -> None:
    layer, other = nn.Linear(64, 64), nn.Linear(64, 64)
    quicken(nn.ModuleList([layer]))
    with torch.inference_mode():
        layer(torch.ones(2, 64))
    layer.load_state_dict(other.state_dict())
    assert isinstance(layer, ShadowLinear)
    assert torch.equal(layer.shadow(), other.weight.bfloat16())
    layer(torch.ones(2, 64)).sum().backward()  # the shadow made in inference mode can be trained
    layer.weight = nn.Parameter(torch.zeros(64, 64))
    assert not layer.shadow().any()


def test_shadow_is_made_once_for_many_batches() -> None:
    layer = nn.Linear(64, 64)
    quicken(nn.ModuleList([layer]))
    assert isinstance(layer, ShadowLinear)
    layer(torch.ones(2, 64)).sum().backward()
    shadow = layer.shadow()
    layer(torch.ones(2, 64)).sum().backward()
    assert layer.shadow() is shadow


def test_frozen_weights_get_no_gradient() -> None:
    layer = nn.Linear(64, 64)
    quicken(nn.ModuleList([layer]))
    layer.weight.requires_grad_(False)
    input = torch.ones(2, 64, requires_grad=True)
    layer(input).sum().backward()
    assert layer.weight.grad is None
    assert layer.bias.grad is not None
    torch.testing.assert_close(input.grad, layer.weight.sum(0).expand(2, -1), rtol=0.02, atol=0.02)


def test_gradients_accumulate() -> None:
    network = make_network(make_bert)
    quicken(network)
    once = gradients_of(network)
    loss_of(network).backward()
    for name, parameter in network.named_parameters():
        assert torch.equal(parameter.grad, 2 * once[name]), name


@pytest.mark.parametrize("probability", [0.1, 0.5])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(
    probability: float, dtype: torch.dtype
) -> None:
    torch.manual_seed(0)
    output = drop(torch.ones(1001, 999, dtype=dtype), probability)
    assert output.dtype == dtype
    assert abs((output == 0).float().mean() - probability) < 0.002
    assert abs(output.float().mean() - 1) < 0.004
    assert output.unique().numel() == 2


def test_dropout_zeroes_the_gradient_of_what_it_dropped() -> None:
    input = torch.full((100, 100), 2.0, requires_grad=True)
    output = drop(input, 0.3)
    output.sum().backward()
    assert torch.equal(input.grad, output.detach() / 2)


def test_dropout_follows_the_global_generator() -> None:
    shape = torch.Size([5, 77])
    torch.manual_seed(1)
    first = keep_mask(shape, 0.5, torch.float32)
    state = torch.get_rng_state()
    second = keep_mask(shape, 0.5, torch.float32)
    assert not torch.equal(first, second)
    torch.set_rng_state(state)
    assert torch.equal(keep_mask(shape, 0.5, torch.float32), second)


@pytest.mark.parametrize("lag", [1, 2, 3, 4])
def test_dropout_decides_on_each_element_apart(lag: int) -> None:
    torch.manual_seed(0)
    mask = keep_mask(torch.Size([400_000]), 0.5, torch.float32) - 0.5
    correlation = 4 * (mask[lag:] * mask[:-lag]).mean()
    assert abs(correlation) < 0.01


def test_no_dropout_in_prediction_and_at_rate_zero() -> None:
    network = make_network(lambda: make_bert(0.5))
    quicken(network)
    assert not torch.equal(loss_of(network), loss_of(network))
    network.eval()
    assert torch.equal(loss_of(network), loss_of(network))
    ones = torch.ones(3)
    assert drop(ones, 0.0) is ones


def test_attention_is_that_of_torch() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 4, 7, 8, dtype=torch.float64).unbind()
    mask = torch.zeros(2, 1, 7, 7, dtype=torch.float64)
    mask[0, :, :, 5:] = torch.finfo(torch.float64).min
    output, _ = plain_attention(nn.Identity(), query, key, value, mask)
    expected = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    torch.testing.assert_close(output, expected.transpose(1, 2))
    output, _ = plain_attention(nn.Identity(), query, key, value, None, scaling=0.5)
    expected = nn.functional.scaled_dot_product_attention(query, key, value, scale=0.5)
    torch.testing.assert_close(output, expected.transpose(1, 2))


def test_attention_drops_its_weights() -> None:
    torch.manual_seed(0)
    ones = torch.ones(2, 4, 50, 8)
    output, _ = plain_attention(nn.Identity().train(), ones, ones, ones, None, dropout=0.5)
    assert output.std() > 0.05
    assert abs(output.mean() - 1) < 0.05
    output, _ = plain_attention(nn.Identity().eval(), ones, ones, ones, None, dropout=0.5)
    torch.testing.assert_close(output, torch.ones_like(output))
