from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import PreTrainedModel, RobertaConfig, RobertaModel

from model.net.encoding import MENTION
from model.net.fast_layers import quicken
from model.net.network import NO_ROW, FramingNetwork
from model.tasks import LOADED_TERMS, STANCE, Task
from tests.networks import VOCABULARY, make_bert, make_electra, make_modernbert

TONE = Task("tone", "classify", ("calm", "loud"))
IDS = torch.tensor([[1, 7, 8, 9, 2, 5, 6, 2]])
SECOND = slice(5, 8)


@pytest.fixture(params=[make_bert, make_modernbert], ids=["bert", "modernbert"])
def network(request: pytest.FixtureRequest) -> FramingNetwork:
    torch.manual_seed(0)
    return FramingNetwork(request.param(), 0.0, (STANCE, LOADED_TERMS, TONE)).eval()


def types(*mentioned: int) -> torch.Tensor:
    found = torch.zeros_like(IDS)
    found[:, SECOND] = 1
    found[:, list(mentioned)] = 2
    return found


@torch.inference_mode()
def read(network: FramingNetwork, token_types: torch.Tensor) -> dict[str, torch.Tensor]:
    return network(IDS, torch.ones_like(IDS), token_types)


@pytest.mark.parametrize("asked", [[1], [2, 3], []], ids=["one", "two", "none: the second text"])
def test_a_pair_s_head_reads_what_the_pair_asks_about(
    network: FramingNetwork, asked: list[int]
) -> None:
    takes_types = getattr(network.encoder.config, "type_vocab_size", 0) > 1
    kinds = {"token_type_ids": types()} if takes_types else {}
    with torch.inference_mode():
        states = network.encoder(input_ids=IDS, **kinds).last_hidden_state[0]
        about = states[asked] if asked else states[SECOND]
        expected = network.heads["stance"](torch.cat([states.mean(0), about.mean(0)]))
    torch.testing.assert_close(read(network, types(*asked))["stance"][0], expected)


def test_a_mention_is_text_to_the_encoder(network: FramingNetwork) -> None:
    """What marks it changes nothing for the heads that read no pair."""
    plain, marked = read(network, types()), read(network, types(1, 2))
    assert not torch.equal(plain["stance"], marked["stance"])
    for task in (LOADED_TERMS, TONE):
        assert torch.equal(plain[task.name], marked[task.name])


def test_a_padded_row_is_read_as_alone(network: FramingNetwork) -> None:
    for marked in (types(2), types()):
        alone = read(network, marked)["stance"]
        filling = torch.zeros(1, 4, dtype=torch.long)
        rows = [torch.cat([row, filling], dim=1) for row in (IDS, torch.ones_like(IDS), marked)]
        with torch.inference_mode():
            padded = network(*rows)["stance"]
        torch.testing.assert_close(alone, padded)


KINDS: dict[str, tuple[Callable[..., PreTrainedModel], dict[str, Any]]] = {
    "bert": (make_bert, {}),
    "electra": (make_electra, {}),
    "modernbert": (make_modernbert, {}),
    "modernbert, local attention": (
        make_modernbert,
        {"local_attention": 4, "global_attn_every_n_layers": 2},
    ),
}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize(("make", "kind"), KINDS.values(), ids=KINDS)
def test_rows_that_share_a_line_are_read_as_if_alone(
    make: Callable[..., PreTrainedModel], kind: dict[str, Any], attention: str
) -> None:
    torch.manual_seed(0)
    network = FramingNetwork(make(**kind), 0.0, (STANCE, LOADED_TERMS, TONE)).eval()
    network.encoder.set_attn_implementation(attention)
    assert network.can_share_lines
    chance = torch.Generator().manual_seed(1)
    lengths, lines = [11, 5, 3, 9], [[0, 1], [2, 3]]
    ids = [torch.randint(3, VOCABULARY, (length,), generator=chance) for length in lengths]
    kinds = [torch.tensor([0] * (length - 2) + [1] * 2) for length in lengths]
    kinds[0][2:4] = kinds[3][1] = MENTION
    alone = [
        network(row[None], torch.ones_like(row[None]), types[None])
        for row, types in zip(ids, kinds, strict=True)
    ]

    def in_lines(parts: list[Tensor], filling: int) -> Tensor:
        joined = [torch.cat([parts[number] for number in line]) for line in lines]
        return torch.stack([pad(line, (0, 18 - len(line)), value=filling) for line in joined])

    shared = network.read_lines(
        in_lines(ids, 0),
        in_lines(kinds, 0),
        in_lines([torch.full((length,), number) for number, length in enumerate(lengths)], NO_ROW),
        in_lines([torch.arange(length) for length in lengths], 0),
    )
    for number, expected in enumerate(alone):
        for task in ("stance", "tone"):
            torch.testing.assert_close(shared[task][number], expected[task][0])
    for place, line in enumerate(lines):
        start = 0
        for number in line:
            found = shared["loaded_terms"][place, start : start + lengths[number]]
            torch.testing.assert_close(found, alone[number]["loaded_terms"][0])
            start += lengths[number]


def to_bf16(network: FramingNetwork) -> None:
    network.encoder.to(torch.bfloat16)


@pytest.mark.parametrize("change", [to_bf16, quicken], ids=["on a GPU", "in training"])
@pytest.mark.parametrize("make", [make_bert, make_modernbert])
def test_lines_are_shared_in_bf16_too(
    make: Callable[[], PreTrainedModel], change: Callable[[FramingNetwork], None]
) -> None:
    torch.manual_seed(0)
    network = FramingNetwork(make(), 0.0, (STANCE, LOADED_TERMS, TONE)).eval()
    inputs = {"token_type_ids": types(2), "rows": torch.zeros_like(IDS)}
    inputs["position_ids"] = torch.arange(IDS.shape[1])[None]
    plain = network.read_lines(IDS, **inputs)
    change(network)
    for task, logits in network.read_lines(IDS, **inputs).items():
        assert 0 < (logits - plain[task]).norm() < 0.02 * plain[task].norm()


def test_an_encoder_of_another_kind_has_a_line_for_each_row() -> None:
    config = RobertaConfig(
        vocab_size=50,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
    )
    assert not FramingNetwork(RobertaModel(config), 0.0).can_share_lines
