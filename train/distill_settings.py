"""What a config of `nabra distill` may hold: every key, its type and its bounds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from train.settings import Count, LearningConfig, Part, Positive, ScratchConfig, Text


class ReadingConfig(Part):
    """The articles that the teacher reads, as inputs of the contract.

    `share` of them are drawn, until `sentences` are read; `held_out`: a share of the articles that
    is never learned from, where the student is compared with the teacher.
    """

    articles: Annotated[list[Text], Field(min_length=1)]
    columns: dict[str, str]
    share: Annotated[float, Field(gt=0, le=1)]
    sentences: Count
    held_out: Annotated[float, Field(gt=0, lt=0.5)]


class GoldConfig(Part):
    """A prepared dataset whose training split is learned beside; `weight`: how often an epoch reads
    each of its sentences, on average."""

    path: Text
    weight: Positive


class DistillConfig(Part):
    """A whole distillation. Tasks, targets, lexicon, parity and context are the teacher's."""

    output_dir: Text | None
    teacher: Text
    encoder: Text
    revision: Text | None
    corpus: ReadingConfig
    dataset: GoldConfig | None
    scratch: ScratchConfig
    temperature: Annotated[float, Field(ge=1, le=100)]
    training: LearningConfig

    @property
    def gold_weight(self) -> float:
        """How often an epoch reads each labelled sentence."""
        return self.dataset.weight if self.dataset else 1.0
