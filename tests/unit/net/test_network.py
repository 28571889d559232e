from __future__ import annotations

import pytest
import torch

from model.net.network import FramingNetwork
from model.tasks import LOADED_TERMS, STANCE, Task
from tests.networks import make_bert, make_modernbert

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
