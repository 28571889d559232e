"""What is trained: a network that guesses masked words, or one that tells which were replaced."""

from __future__ import annotations

import copy
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from model.errors import InputError
from model.net.encoding import register_placeholders
from model.net.network import masked_mean
from train.fit.encoder.compact import compact_config
from train.fit.encoder.hub import load_pretrained
from train.fit.encoder.pretrained import hushed_libraries
from train.fit.encoder.start import check_length
from train.fit.pretrain.comparing import NOT_ASKED, RELATIONS, Compared
from train.fit.quick.word_loss import draw_words, word_loss
from train.settings import ScratchConfig

_HEADS = (
    ("cls",),  # BERT
    ("lm_head",),  # RoBERTa and its kin
    ("head", "decoder"),  # ModernBERT
    ("generator_predictions", "generator_lm_head"),  # ELECTRA
)
_JUDGING_WEIGHT = 50.0  # against the guessing, as in ELECTRA: its loss is that much smaller
_NEW_WORDS_WEIGHT = 2.0  # against the relation of two texts
_PAIRS_LIKE_GUESSING = 64  # so many, or more, weigh as the guessing does; a few less: they cost it


class MaskedWordNetwork(nn.Module):
    """A masked-language model of transformers, `network`, and its loss.

    Its head, whose table of words is the largest product of a small network, sees the states of
    masked places alone.
    """

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self._head = find_head(network)  # names: a module here would be saved twice

    def forward(self, input_ids: Tensor, places: Tensor, words: Tensor, draws: Tensor) -> Tensor:
        """The mean loss over the masked places, in fp32; see `MaskedRows`. It draws nothing."""
        return word_loss(self.guess(input_ids, places), words)

    def guess(self, input_ids: Tensor, places: Tensor) -> Tensor:
        """The logits, (places, vocabulary)."""
        states = self.network.base_model(input_ids=input_ids).last_hidden_state
        logits: Tensor = states.flatten(0, 1).index_select(0, places)
        for name in self._head:
            logits = getattr(self.network, name)(logits)
        return logits


class ComparingNetwork(MaskedWordNetwork):
    """A masked-language model that compares clauses with versions of them, too.

    It tells of each token whether the other text lacks its word, and from the mean of all states
    and that of the second text what the two are to each other.

    With `kept_states` it guesses no words in training: it keeps, by that weight, the states that it
    has now of rows of text, so that what it learns does not cost what it knows ("learning without
    forgetting", Li and Hoiem, 2016).
    """

    def __init__(self, network: Any, kept_states: float = 0.0) -> None:
        super().__init__(network)
        width = network.config.hidden_size
        self._new_words = nn.Linear(width, 1)
        self._relation = nn.Linear(2 * width, len(RELATIONS))
        self._takes_token_types = getattr(network.config, "type_vocab_size", 0) > 1
        self._kept_states = kept_states
        self.keeps_states = kept_states > 0
        if self.keeps_states:
            self._before = copy.deepcopy(network.base_model).requires_grad_(False).eval()
            encoder = set(network.base_model.parameters())
            for weight in set(network.parameters()) - encoder:  # of the head, which nothing teaches
                weight.requires_grad_(False)

    def forward(
        self,
        input_ids: Tensor,
        places: Tensor,
        words: Tensor,
        draws: Tensor,
        compared: Compared | None = None,
    ) -> Tensor:
        """The loss to learn by; without pairs as of a network that does not compare."""
        if self.keeps_states and self.training:
            # Half without masks: of masked text alone it learns to keep the states where masks are.
            plain = input_ids.flatten().index_copy(0, places, words).view_as(input_ids)
            beside = self._kept_states * self.changed_states(
                torch.cat([plain[::2], input_ids[1::2]])
            )
        else:
            beside = super().forward(input_ids, places, words, draws)
        if compared is None:
            return beside
        if not len(compared["relations"]):  # distributed training wants a gradient for all weights
            heads = (*self._new_words.parameters(), *self._relation.parameters())
            return beside + 0.0 * sum(weight.sum() for weight in heads)
        weight = min(1.0, len(compared["relations"]) / _PAIRS_LIKE_GUESSING)
        return beside + weight * self.compare(compared)

    def changed_states(self, input_ids: Tensor) -> Tensor:
        """By how much states differ from what they were: their mean squared change as a share of
        their variance. Of networks that keep them."""
        states = self.network.base_model(input_ids=input_ids).last_hidden_state.float()
        with torch.no_grad():
            before = self._before(input_ids=input_ids).last_hidden_state.float()
        change: Tensor = (states - before).square().mean() / before.var()
        return change

    def train(self, mode: bool = True) -> Self:
        """As of every module; but what the states were knows no dropout."""
        super().train(mode)
        if self.keeps_states:
            self._before.eval()
        return self

    def compare(self, compared: Compared) -> Tensor:
        """The loss of telling new words and relations, in fp32."""
        inputs = {"input_ids": compared["input_ids"], "attention_mask": compared["attention_mask"]}
        if self._takes_token_types:
            inputs["token_type_ids"] = compared["is_second"]
        states = self.network.base_model(**inputs).last_hidden_state.float()
        scores, is_new = self._new_words(states).squeeze(-1), compared["is_new"]
        asked = is_new != NOT_ASKED
        new_words = functional.binary_cross_entropy_with_logits(
            scores[asked].float(), is_new[asked].float()
        )
        means = [masked_mean(states, compared[part]) for part in ("attention_mask", "is_second")]
        relation = functional.cross_entropy(
            self._relation(torch.cat(means, dim=-1)).float(), compared["relations"]
        )
        return _NEW_WORDS_WEIGHT * new_words + relation


class ReplacedTokenNetwork(nn.Module):
    """An encoder, `network`, that tells which tokens a smaller masked-language model has put in.

    After ELECTRA (Clark, Luong, Le and Manning, 2020). Both learn at once, and share the table of
    words. All tokens teach, and not the masked ones alone.
    """

    def __init__(self, generator: Any, network: Any) -> None:
        super().__init__()
        self.network = network
        generator.set_input_embeddings(network.get_input_embeddings())
        generator.tie_weights()
        self._generator = MaskedWordNetwork(generator)
        width = network.config.hidden_size
        self._head = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))

    def forward(self, input_ids: Tensor, places: Tensor, words: Tensor, draws: Tensor) -> Tensor:
        """The loss to learn by, in fp32; out of training the mean loss of judging a token alone."""
        logits = self._generator.guess(input_ids, places)
        with torch.no_grad():
            drawn = draw_words(logits, draws)
        shown = input_ids.flatten().index_copy(0, places, drawn)
        is_replaced = torch.zeros(shown.shape, device=shown.device)
        is_replaced = is_replaced.index_copy(0, places, (drawn != words).float())
        states = self.network(input_ids=shown.view_as(input_ids)).last_hidden_state
        scores = self._head(states.flatten(0, 1).float()).squeeze(-1).float()
        judging = functional.binary_cross_entropy_with_logits(scores, is_replaced)
        if not self.training:
            return judging
        return word_loss(logits, words) + _JUDGING_WEIGHT * judging


def find_head(network: Any) -> tuple[str, ...]:
    """The parts of a masked-language model that lead from states to logits, in turn.

    InputError for one of unknown kind.
    """
    for names in _HEADS:
        if all(hasattr(network, name) for name in names):
            return names
    where = f"encoder: {network.config.model_type}"
    raise InputError(where, "has no head for masked words that nabra knows", "choose a BERT")


def new_objective(
    tokenizer: Any, scratch: ScratchConfig, length: int, dropout: float, generator_layers: int
) -> ReplacedTokenNetwork:
    """An encoder of the size asked for and its generator, with weights by chance."""
    smaller = scratch.model_copy(update={"layers": generator_layers})
    generator, larger = (
        new_network(tokenizer, size, length, dropout) for size in (smaller, scratch)
    )
    return ReplacedTokenNetwork(generator, larger.base_model)


def new_network(tokenizer: Any, scratch: ScratchConfig, length: int, dropout: float) -> Any:
    """A masked-language model of the size asked for, with weights by chance."""
    from transformers import BertForMaskedLM, ModernBertForMaskedLM

    config = compact_config(tokenizer, scratch, length, dropout)
    return (BertForMaskedLM if config.model_type == "bert" else ModernBertForMaskedLM)(config)


def pretrained_network(name: str, revision: str | None, length: int) -> tuple[Any, Any, str | None]:
    """Tokenizer, masked-language model and revision of an encoder that goes on learning.

    The placeholders are single tokens. InputError as of `load_pretrained`, and where it cannot read
    `length` tokens.
    """
    loaded = load_pretrained(name, revision, with_head=True)
    check_length(name, loaded.encoder.config, length, key="training.length")
    register_placeholders(loaded.tokenizer)
    if len(loaded.tokenizer) > loaded.encoder.config.vocab_size:
        with hushed_libraries():
            loaded.encoder.resize_token_embeddings(len(loaded.tokenizer), mean_resizing=False)
    return loaded.tokenizer, loaded.encoder, loaded.revision
