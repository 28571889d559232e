"""What a run's config may hold: every key, its type and its bounds.

What several keys must hold together stands in `coherence`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from model.tasks import Task, TaskKind
from model.text.normalize import Parity
from train.data.public import DivideBy
from train.data.silver.combine import Combination
from train.data.split import SplitBy

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
"""Names of tasks become names of weights and of JSON fields, those of sets begin ids."""

Context = Literal["none", "headline", "previous"]
LAST = "last"
LOSS = "loss"
MEAN = "mean"
OWN = "own"
"""What the run's own articles are called where sets are counted by name."""


class Part(BaseModel):
    """A part of a config: no key beside its own, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class TaskConfig(Part):
    """A task; `pair`: whether a classified text is read beside a second one."""

    kind: TaskKind
    labels: Annotated[list[Text], Field(min_length=1)]
    pair: bool


class DataConfig(Part):
    """The run's own articles and labels. Paths are relative to the working directory."""

    articles: Annotated[list[Text], Field(min_length=1)]
    annotations: Text
    targets: Text
    lexicon: Text
    unlabelled: list[Text]
    outlet: str | None
    columns: dict[str, str]
    weight: Positive


class DatasetConfig(Part):
    """A labelled set of other hands: where its download lies, and the task that its labels feed.

    `division`: its own train and test files as they are, or without the rows of train whose story
    stands in test. `weight`: how often each of its rows is read in an epoch, on average.
    """

    format: str
    path: Text
    task: str
    division: DivideBy
    weight: Positive


class SplitConfig(Part):
    """What test text shares with no training text, and shares of the sentences.

    `held_out` names the outlets or targets of the test split, where it is split by them, in place
    of a draw; `events`: whether articles of the same days that tell of one event are one story.
    """

    by: SplitBy
    held_out: list[str]
    events: bool
    validation: Share
    test: Share
    seed: int


class SilverConfig(Part):
    """How the rules' votes on `data.unlabelled` become labels; less sure ones are left out."""

    combine: Combination
    min_confidence: Annotated[float, Field(ge=0, le=1)]


class ScratchConfig(Part):
    """The compact encoder that `encoder: scratch` begins with: weights by chance, and a vocabulary
    from the run's own training text."""

    architecture: Literal["bert", "modernbert"]
    vocabulary: Annotated[int, Field(ge=200)]
    layers: Count
    width: Count
    heads: Count
    feed_forward: Count


class LoraConfig(Part):
    """Low-rank adapters in place of all weights of the encoder; merged at the end."""

    rank: Count
    alpha: Positive
    dropout: Share


class StepsConfig(Part):
    """What every training has, of a classifier or of an encoder."""

    batch_tokens: Annotated[int, Field(ge=16)]
    gradient_accumulation: Count
    learning_rate: Positive
    weight_decay: NotNegative
    warmup_ratio: Share
    schedule: Literal["linear", "cosine", "constant"]
    max_grad_norm: NotNegative
    dropout: Share
    precision: Literal["auto", "fp32", "bf16"]
    seed: Seed
    report_to: list[str]


class LearningConfig(StepsConfig):
    """What every training of a classifier has; `configs/quickstart.yaml` explains each key."""

    epochs: Count
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    token_dropout: Share
    attention: Literal["auto", "eager", "sdpa"]
    compile: bool
    save_steps: Count | None
    log_steps: Count | None
    max_length: Annotated[int, Field(ge=16, le=8192)]
    stride: Annotated[int, Field(ge=0)]


class TrainingConfig(LearningConfig):
    """The fine-tuning run."""

    label_smoothing: Share
    class_weights: Literal["none", "root", "balanced"]
    silver_confidence: bool
    embeddings: Literal["trained", "frozen"]
    lora: LoraConfig | None
    best_by: str
    early_stopping: Count | None
    context: Context
    seeds: list[Seed]
    folds: Annotated[int, Field(ge=0)]


def _scalar(value: object) -> object:
    if not (value is None or isinstance(value, bool | int | float | str)):
        raise PydanticCustomError("scalar", "a number, a text, true, false or null")
    return value


class SearchValues(Part):
    """What a search tries for one key: numbers from `low` to `high`, or `choices`.

    `log`: as many below the geometric mean of both as above it.
    """

    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: list[Annotated[Any, AfterValidator(_scalar)]] | None = None

    @model_validator(mode="before")
    @classmethod
    def _refuse_nested(cls, given: object) -> object:
        if isinstance(given, dict) and any(isinstance(value, dict) for value in given.values()):
            raise PydanticCustomError("nested", "one key, as training.epochs")
        return given


class SearchConfig(Part):
    """A search for settings that score best on the validation split; keys of `space` are dotted."""

    trials: Count
    metric: str
    space: dict[str, SearchValues]
    seed: Seed


class EvaluationConfig(Part):
    """Below `fewest_test_stories` the scorecard adds grouped folds over all gold."""

    folds: Annotated[int, Field(ge=2)]
    fewest_test_stories: Annotated[int, Field(ge=0)]
    resamples: Annotated[int, Field(ge=100)]


class RunConfig(Part):
    """A whole run."""

    output_dir: Text | None
    encoder: Text
    revision: Text | None
    parity: Parity
    tasks: Annotated[dict[Name, TaskConfig], Field(min_length=1)]
    data: DataConfig | None
    datasets: dict[Name, DatasetConfig]
    split: SplitConfig
    silver: SilverConfig
    scratch: ScratchConfig
    training: TrainingConfig
    evaluation: EvaluationConfig
    search: SearchConfig | None

    @property
    def task_list(self) -> tuple[Task, ...]:
        """The tasks in the order of the config."""
        return tuple(
            Task(name, task.kind, tuple(task.labels), task.pair)
            for name, task in self.tasks.items()
        )
