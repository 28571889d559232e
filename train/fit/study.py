"""The trials of a search for settings, and the next one to make, by optuna.

A study is its finished trials and nothing else, each kept in a file of its own: optuna's state is
built anew for each trial, from them and from a seed of that trial. So a search that was killed goes
on as the one that was not, and no file of optuna's can be cut short.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from model.archive.atomic import output_errors
from model.errors import NabraError
from train.fit.resume.sealed import write_whole
from train.settings import SearchValues

Scalar = bool | int | float | str | None
RESULT = "result.json"


@dataclass(frozen=True, slots=True)
class Trial:
    """Settings that were tried by their dotted keys, and the figures they gave on validation.

    `reason` says why there are none; `same_as` names an earlier trial with the same settings.
    """

    number: int
    values: dict[str, Scalar]
    figures: dict[str, float]
    reason: str | None = None
    same_as: int | None = None

    def write(self, folder: Path) -> None:
        """Into its folder, whole or not at all."""
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / RESULT, asdict(self))


def read_trials(folder: Path) -> list[Trial]:
    """The finished trials of a study, from the first on; what lies behind a gap is none of it."""
    trials: list[Trial] = []
    while True:
        path = trial_dir(folder, len(trials)) / RESULT
        try:
            trials.append(Trial(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            return trials


def trial_dir(folder: Path, number: int) -> Path:
    """Where a trial trains."""
    return folder / f"trial-{number}"


def rank(trials: Sequence[Trial], metric: str, *, lower_is_better: bool) -> list[Trial]:
    """Those that have the figure, best first, the earlier of equals before the later."""
    sign = 1 if lower_is_better else -1
    measured = [trial for trial in trials if metric in trial.figures]
    return sorted(measured, key=lambda trial: (sign * trial.figures[metric], trial.number))


def propose(
    space: Mapping[str, SearchValues],
    integers: Sequence[str],
    metric: str,
    trials: Sequence[Trial],
    *,
    seed: int,
    lower_is_better: bool,
) -> dict[str, Scalar]:
    """The settings of the next trial: drawn at first, then by a tree of Parzen estimators (TPE).

    The same finished trials and seed give the same settings, with one version of optuna. A trial
    that failed teaches that its settings are worse than all that did not. `integers` names the keys
    whose range holds whole numbers.
    """
    optuna = _optuna()
    distributions = {
        key: _distribution(optuna, values, is_integer=key in integers)
        for key, values in space.items()
    }
    entropy = np.random.SeedSequence([seed, len(trials)])
    study = optuna.create_study(
        direction="minimize" if lower_is_better else "maximize",
        sampler=optuna.samplers.TPESampler(seed=int(entropy.generate_state(1)[0])),
    )
    states = optuna.trial.TrialState
    for trial in trials:
        figure = trial.figures.get(metric)
        study.add_trial(
            optuna.trial.create_trial(
                state=states.PRUNED if figure is None else states.COMPLETE,
                value=figure,
                params=dict(trial.values),
                distributions=distributions,
            )
        )
    return dict(study.ask(distributions).params)


def optuna_version() -> str:
    """Another version may propose other settings. NabraError where optuna is not installed."""
    return str(_optuna().__version__)


def _distribution(optuna: Any, values: SearchValues, *, is_integer: bool) -> Any:
    if values.choices is not None:
        return optuna.distributions.CategoricalDistribution(values.choices)
    assert values.low is not None
    assert values.high is not None
    if is_integer:
        low, high = int(values.low), int(values.high)
        return optuna.distributions.IntDistribution(low, high, log=values.log)
    return optuna.distributions.FloatDistribution(values.low, values.high, log=values.log)


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise NabraError(
            "nabra search", "optuna is not installed", "pip install 'nabra[search]'"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # each trial is told by its own line
    return optuna
