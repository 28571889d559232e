"""Finds every fault of a config that is no run: of a pre-training, or of a distillation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from model.errors import ConfigError, NabraError
from train.coherence import broken_learning_rules
from train.config import expand_path, read_config
from train.distill_settings import DistillConfig
from train.document import read_document
from train.fit.encoder.names import check_name
from train.pretrain_settings import PretrainConfig, broken_pretrain_rules


def check_other(path: Path, overrides: Sequence[str]) -> str | None:
    """Where the results go of a config for another command than run; None for the config of a run.

    ConfigError names every fault of its keys, or else of what they name.
    """
    keys, _ = read_document(path)
    settings: PretrainConfig | DistillConfig
    checks: list[Callable[[], object]] = []
    if "masking" in keys:
        settings = read_config(path, overrides, PretrainConfig, broken_pretrain_rules)
    elif "teacher" in keys:
        settings = read_config(path, overrides, DistillConfig, broken_learning_rules)
        checks = _named_by_distillation(settings)
    else:
        return None
    from model.archive.read import read_records

    articles = [expand_path(given) for given in settings.corpus.articles]
    checks.append(lambda: check_name(settings.encoder))
    checks.append(lambda: read_records(articles, columns=settings.corpus.columns))
    refuse_faults(path, checks)
    return settings.output_dir or str(Path("runs") / path.stem)


def refuse_faults(path: Path, checks: Iterable[Callable[[], object]]) -> None:
    """ConfigError with a line for each of the checks that fails."""
    faults = []
    for read in checks:
        try:
            read()
        except NabraError as error:
            faults.append(str(error))
    if faults:
        raise ConfigError(path, faults)


def _named_by_distillation(settings: DistillConfig) -> list[Callable[[], object]]:
    from model.net.checkpoint import check_files
    from train.data.dataset import read_dataset

    checks: list[Callable[[], object]] = [lambda: check_files(expand_path(settings.teacher))]
    if dataset := settings.dataset:
        checks.append(lambda: read_dataset(expand_path(dataset.path)))
    return checks
