from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertModel,
    ElectraConfig,
    ElectraForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
    T5EncoderModel,
)

from model.errors import InputError
from model.text.normalize import PLACEHOLDERS
from tests.conftest import TEXTS, TINY
from train.fit.encoder.compact import train_tokenizer
from train.fit.pretrain.network import (
    ComparingNetwork,
    MaskedWordNetwork,
    find_head,
    new_network,
    new_objective,
    pretrained_network,
)
from train.fit.quick.word_loss import draw_words
from train.settings import ScratchConfig

SIZE = {
    "vocab_size": 300,
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
MODERN = TINY.model_copy(update={"architecture": "modernbert"})


def _new(scratch: ScratchConfig) -> Any:
    return new_network(train_tokenizer(TEXTS, 300), scratch, 32, 0.0)


MAKERS = {
    "bert": lambda: _new(TINY),
    "modernbert": lambda: _new(MODERN),
    "roberta": lambda: RobertaForMaskedLM(RobertaConfig(**SIZE)),
    "electra": lambda: ElectraForMaskedLM(ElectraConfig(**SIZE, embedding_size=16)),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_loss_is_that_of_the_whole_model_at_the_masked_places(kind: str) -> None:
    torch.manual_seed(0)
    network = MAKERS[kind]().eval()
    ids = torch.randint(5, 60, (3, 12))
    places = torch.tensor([1, 7, 14, 30, 35])
    words = torch.tensor([9, 8, 7, 6, 5])
    loss = MaskedWordNetwork(network)(ids, places, words, torch.zeros(5))
    logits = network(input_ids=ids).logits.flatten(0, 1)[places]
    assert torch.allclose(loss, cross_entropy(logits, words), atol=1e-6)
    loss.backward()
    assert all(p.grad is not None for n, p in network.named_parameters() if "token_type" not in n)


def test_states_are_kept_in_place_of_guessing() -> None:
    torch.manual_seed(0)
    network = new_network(train_tokenizer(TEXTS, 300), MODERN, 32, 0.3)
    plain = MaskedWordNetwork(network)
    module = ComparingNetwork(network, kept_states=7.0)
    ids = torch.randint(5, 60, (3, 12))
    places = torch.tensor([1, 14, 30])  # one in each row
    masked = ids.flatten().index_fill(0, places, 4).view_as(ids)
    given = (masked, places, ids.flatten()[places], torch.zeros(3))
    taught = torch.stack([ids[0], masked[1], ids[2]])  # every other row with its masks
    before = network.base_model.eval()(input_ids=taught).last_hidden_state
    assert module.changed_states(taught).item() == 0.0
    torch.nn.init.normal_(network.get_input_embeddings().weight)
    after = network.base_model(input_ids=taught).last_hidden_state
    change = (after - before).square().mean() / before.var()
    assert change > 0.01
    assert torch.allclose(module.changed_states(taught), change)
    assert torch.equal(module.eval()(*given), plain(*given))
    module.train()
    assert not any(part.training for part in module._before.modules())
    network.eval()  # no dropout
    loss = module(*given)
    assert torch.allclose(loss, 7.0 * change)
    loss.backward()
    kept = set(module._before.parameters())
    assert not kept & set(network.parameters())
    assert all(weight.grad is None for weight in kept)
    # Distributed training wants a gradient for all weights that may move; the heads that compare
    # have theirs from the pairs.
    moving = [w for w in network.parameters() if w.requires_grad]
    assert set(moving) == set(network.base_model.parameters())
    assert all(weight.grad is not None for weight in moving)


@pytest.mark.parametrize("size", [TINY, MODERN])
def test_judging_is_taught_with_what_the_generator_puts_in(size: ScratchConfig) -> None:
    torch.manual_seed(0)
    module = new_objective(train_tokenizer(TEXTS, 300), size, 32, 0.0, 1)
    ids = torch.randint(5, 60, (3, 12))
    places, draws = torch.tensor([1, 7, 14, 30, 35]), torch.rand(5)
    logits = module._generator.guess(ids, places)
    drawn = draw_words(logits, draws)
    words = drawn + torch.tensor([1, 1, 0, 1, 1])  # one guess is right: nothing was replaced
    shown = ids.flatten().clone()
    shown[places] = drawn
    truth = torch.zeros(36)
    truth[places] = torch.tensor([1.0, 1, 0, 1, 1])
    states = module.network(input_ids=shown.view(3, 12)).last_hidden_state
    scores = module._head(states).flatten()
    judging = -torch.where(truth > 0, scores.sigmoid(), 1 - scores.sigmoid()).log().mean()
    loss = module(ids, places, words, draws)
    assert torch.allclose(loss, cross_entropy(logits, words) + 50 * judging, atol=1e-4)
    assert torch.allclose(module.eval()(ids, places, words, draws), judging, atol=1e-5)
    loss.backward()
    assert all(p.grad is not None for n, p in module.named_parameters() if "token_type" not in n)


def test_generator_and_encoder_share_the_table_of_words_alone() -> None:
    module = new_objective(train_tokenizer(TEXTS, 300), MODERN, 32, 0.0, 1)
    generator, encoder = module._generator.network, module.network
    table = encoder.get_input_embeddings().weight
    assert generator.get_input_embeddings().weight is table
    assert generator.get_output_embeddings().weight is table
    shared = {id(p) for p in generator.parameters()} & {id(p) for p in encoder.parameters()}
    assert shared == {id(table)}


def test_the_head_is_saved_once() -> None:
    network = MaskedWordNetwork(_new(MODERN))
    assert all(name.startswith("network.") for name in network.state_dict())


def test_says_that_a_kind_of_network_has_no_such_head() -> None:
    size = {"vocab_size": 50, "d_model": 16, "num_layers": 1, "num_heads": 2, "d_kv": 8, "d_ff": 16}
    with pytest.raises(InputError, match=r"encoder: t5: has no head"):
        find_head(T5EncoderModel(T5Config(**size)))


@pytest.mark.parametrize("has_head", [False, True])
def test_an_encoder_goes_on_learning_with_its_own_head(tmp_path: Path, has_head: bool) -> None:
    tokenizer = train_tokenizer(TEXTS, 300)
    config = BertConfig(**SIZE | {"vocab_size": len(tokenizer)}, max_position_embeddings=40)
    torch.manual_seed(0)
    given = BertForMaskedLM(config) if has_head else BertModel(config)
    given.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    read, network, revision = pretrained_network(str(tmp_path), None, 40)
    assert revision is None
    assert len(read) == network.config.vocab_size == len(tokenizer) + len(PLACEHOLDERS)
    with pytest.raises(InputError, match=r"reads 40 tokens, training\.length asks for 64"):
        pretrained_network(str(tmp_path), None, 64)
    old = given.base_model.embeddings.word_embeddings.weight
    table = network.base_model.embeddings.word_embeddings.weight
    assert torch.equal(table[: len(old)], old)
    assert network.get_output_embeddings().weight is table
    if has_head:
        dense = "cls.predictions.transform.dense.weight"
        assert torch.equal(network.get_parameter(dense), given.get_parameter(dense))
