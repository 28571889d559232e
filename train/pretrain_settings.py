"""What a config of `nabra pretrain` may hold: every key, its type and its bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from model.text.normalize import Parity
from train.fit.encoder.names import SCRATCH
from train.settings import Count, Part, ScratchConfig, StepsConfig, Text

Plain = Mapping[str, Any]
Masking = Annotated[float, Field(gt=0, lt=0.9)]


class CorpusConfig(Part):
    """The text to learn from, as inputs of the contract; `held_out`: a share that is never read in
    training, for the loss. `licence` and whose text it is go into the encoder's card."""

    articles: Annotated[list[Text], Field(min_length=1)]
    licence: str | None
    columns: dict[str, str]
    held_out: Annotated[float, Field(gt=0, lt=0.5)]


class MaskingConfig(Part):
    """Which tokens are to be guessed; `rate` goes to `last_rate` in a straight line."""

    rate: Masking
    last_rate: Masking
    whole_words: bool


class PretrainingConfig(StepsConfig):
    """The training; `configs/pretrain.yaml` says what each key does."""

    tokens: Count
    length: Annotated[int, Field(ge=16, le=8192)]
    optimizer: Literal["adamw", "muon"]
    evaluations: Count
    save_steps: Count


class PretrainConfig(Part):
    """A whole pre-training: from scratch, or of an encoder that goes on learning."""

    output_dir: Text | None
    encoder: Text
    revision: Text | None
    parity: Parity
    corpus: CorpusConfig
    scratch: ScratchConfig
    vectors: Literal["random", "cooccurrence"]
    objective: Literal["masked_words", "replaced_tokens"]
    generator_layers: Count
    compared_pairs: Annotated[int, Field(ge=0)]
    kept_states: Annotated[float, Field(ge=0)]
    masking: MaskingConfig
    training: PretrainingConfig


def broken_pretrain_rules(plain: Plain) -> list[str]:
    """A line for each fault that lies between keys."""
    faults: list[str] = []
    for rule in _RULES:
        try:
            faults += rule(plain)
        except (KeyError, TypeError):
            continue  # a key is missing or of a wrong type, which is reported as such
    return faults


def _objective(plain: Plain) -> Iterator[str]:
    if plain["objective"] == "replaced_tokens" and plain["encoder"] != SCRATCH:
        yield "objective: replaced_tokens wants encoder: scratch (another has no generator)"
    if plain["objective"] == "replaced_tokens" and plain["compared_pairs"]:
        yield "compared_pairs: goes with objective: masked_words alone"
    if plain["kept_states"] and plain["encoder"] == SCRATCH:
        yield "kept_states: wants an encoder that goes on learning (weights by chance know nothing)"
    if plain["kept_states"] and not plain["compared_pairs"]:
        yield "kept_states: wants compared_pairs (else there is nothing to learn)"


def _heads(plain: Plain) -> Iterator[str]:
    width, heads = plain["scratch"]["width"], plain["scratch"]["heads"]
    if heads and width % heads:
        yield f"scratch.heads: width {width} is no multiple of heads {heads}"


def _batch(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if training["batch_tokens"] < training["length"]:
        yield "training.batch_tokens: holds not one sequence of training.length"


def _steps(plain: Plain) -> Iterator[str]:
    training = plain["training"]
    if training["tokens"] < training["batch_tokens"] * training["gradient_accumulation"]:
        yield "training.tokens: not enough for one step of batch_tokens"


_RULES: tuple[Callable[[Plain], Iterator[str]], ...] = (_heads, _batch, _steps, _objective)
