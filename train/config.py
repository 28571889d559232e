"""Run configs: one whole YAML file for each run, every fault reported at once."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from omegaconf import OmegaConf
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from model.errors import ConfigError, InputError
from model.text.normalize import Parity
from train.data.silver.combine import Combination
from train.data.split import SplitBy

Share = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataConfig(_Part):
    """What the dataset is made of. Paths are relative to the working directory."""

    articles: Annotated[list[str], Field(min_length=1)]
    annotations: str
    targets: str
    lexicon: str
    unlabelled: list[str]
    outlet: str | None
    columns: dict[str, str]


class SplitConfig(_Part):
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

    @model_validator(mode="after")
    def _something_is_left_for_training(self) -> Self:
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing for training")
        if self.held_out and self.by not in ("outlet", "target"):
            raise ValueError(f"held_out names outlets or targets, and by is {self.by}")
        return self


class SilverConfig(_Part):
    """How the rules' votes on `data.unlabelled` become labels; less sure ones are left out."""

    combine: Combination
    min_confidence: Annotated[float, Field(ge=0, le=1)]


class EmbeddedConfig(_Part):
    """The compact encoder that `encoder: embedded` trains from the run's own training text."""

    vocabulary: Annotated[int, Field(ge=200)]
    layers: Count
    width: Count
    heads: Count
    feed_forward: Count

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} is no multiple of heads {self.heads}")
        return self


class TrainingConfig(_Part):
    """The fine-tuning run."""

    epochs: Count
    batch_size: Count
    learning_rate: Positive
    weight_decay: Annotated[float, Field(ge=0)]
    warmup_ratio: Share
    dropout: Share
    token_dropout: Share
    max_length: Annotated[int, Field(ge=16, le=8192)]
    seed: int


class EvaluationConfig(_Part):
    """Below `fewest_test_stories` the scorecard adds grouped folds over all gold."""

    folds: Annotated[int, Field(ge=2)]
    fewest_test_stories: Annotated[int, Field(ge=0)]
    resamples: Annotated[int, Field(ge=100)]


class RunConfig(_Part):
    """A whole run."""

    output_dir: str | None
    encoder: str
    parity: Parity
    data: DataConfig
    split: SplitConfig
    silver: SilverConfig
    embedded: EmbeddedConfig
    training: TrainingConfig
    evaluation: EvaluationConfig


class Run:
    """A config with the folder that its results go to."""

    def __init__(self, path: Path, config: RunConfig) -> None:
        self.path = path
        self.config = config
        self.dir = Path(config.output_dir or Path("runs") / path.stem)

    @property
    def dataset_dir(self) -> Path:
        """Where `prepare` writes."""
        return self.dir / "dataset"

    @property
    def checkpoint_dir(self) -> Path:
        """Where `finetune` writes what it ends with."""
        return self.dir / "checkpoint"

    def fingerprint(self, *parts: str) -> str:
        """SHA-256 of these parts of the config (all of it where none is named)."""
        plain = self.config.model_dump(mode="json")
        chosen = {part: plain[part] for part in parts} if parts else plain
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


def read_run(path: str | Path, overrides: Sequence[str] = ()) -> Run:
    """The run of a config file, with `key.key=value` overrides.

    InputError where the file cannot be read; ConfigError lists every unknown, missing and mistyped
    key, with a near name where there is one.
    """
    path = Path(path)
    try:
        loaded = OmegaConf.load(path)
        for override in overrides:
            if "=" not in override:
                raise ConfigError(f"--set {override}", ["write it as key.key=value"])
        loaded = OmegaConf.merge(loaded, OmegaConf.from_dotlist(list(overrides)))
        plain = OmegaConf.to_container(loaded, resolve=False)
    except ConfigError:
        raise
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from None
    except Exception as error:  # the YAML parser and OmegaConf share no class of errors
        message = " ".join(str(error).split())
        raise ConfigError(path, [f"is no valid YAML mapping: {message}"]) from None
    if not isinstance(plain, dict):
        raise ConfigError(path, ["holds no mapping of keys"])
    try:
        return Run(path, RunConfig.model_validate(plain))
    except ValidationError as error:
        raise ConfigError(path, _faults(error)) from None


def _faults(error: ValidationError) -> list[str]:
    faults = []
    for item in error.errors():
        key = ".".join(str(part) for part in item["loc"])
        if item["type"] == "extra_forbidden":
            faults.append(f"{key}: unknown key{_suggestion(item['loc'])}")
        elif item["type"] == "missing":
            faults.append(f"{key}: missing")
        else:
            message = item["msg"].removeprefix("Value error, ").lower()
            is_whole_part = isinstance(item["input"], dict)
            faults.append(
                f"{key}: {message}" + ("" if is_whole_part else f", not {item['input']!r}")
            )
    return faults


def _suggestion(location: Sequence[str | int]) -> str:
    model: Any = RunConfig
    for part in location[:-1]:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        model = field.annotation if field else None
    known = list(getattr(model, "model_fields", {}))
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def missing_paths(run: Run) -> list[str]:
    """A line for each file or folder that the config names and that is not there."""
    data = run.config.data
    named: Mapping[str, Sequence[str]] = {
        "data.articles": data.articles,
        "data.annotations": [data.annotations],
        "data.targets": [data.targets],
        "data.lexicon": [data.lexicon],
        "data.unlabelled": data.unlabelled,
    }
    return [
        f"{key}: {path} does not exist"
        for key, paths in named.items()
        for path in paths
        if not Path(path).exists()
    ]
