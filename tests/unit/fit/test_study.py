"""The next trial follows from the finished ones and a seed, and from nothing else."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest

from model.errors import NabraError
from train.fit.study import RESULT, Trial, propose, rank, read_trials, trial_dir
from train.settings import SearchValues

SPACE = {
    "training.learning_rate": SearchValues(low=1e-5, high=1e-1, log=True),
    "training.epochs": SearchValues(low=1, high=9),
    "training.schedule": SearchValues(choices=["linear", "cosine"]),
    "training.early_stopping": SearchValues(choices=[None, 2]),
}


def study(count: int, *, seed: int = 3, before: tuple[Trial, ...] = ()) -> list[Trial]:
    """A study of a made-up figure: best at a rate of 1e-4; above 1e-3, half the space, all fail."""
    trials = list(before)
    while len(trials) < count:
        values = propose(
            SPACE, ["training.epochs"], "loss", trials, seed=seed, lower_is_better=True
        )
        rate = values["training.learning_rate"]
        assert isinstance(rate, float)
        diverged = rate > 1e-3
        figures = {} if diverged else {"loss": abs(math.log10(rate) + 4)}
        trials.append(Trial(len(trials), values, figures, "diverged" if diverged else None))
    return trials


def test_values_come_from_the_space() -> None:
    trials = study(12)
    for trial in trials:
        assert list(trial.values) == list(SPACE)
        assert 1e-5 <= trial.values["training.learning_rate"] <= 1e-1  # type: ignore[operator]
        epochs = trial.values["training.epochs"]
        assert isinstance(epochs, int)
        assert 1 <= epochs <= 9
    tried = {(t.values["training.schedule"], t.values["training.early_stopping"]) for t in trials}
    assert len(tried) == 4


def test_a_study_that_was_killed_goes_on_as_the_one_that_was_not(tmp_path: Path) -> None:
    """Drawn values and those of the estimator (from trial 10 on), read back from their files."""
    whole = study(14)
    for trial in whole[:11]:
        trial.write(trial_dir(tmp_path, trial.number))
    kept = read_trials(tmp_path)
    assert kept == whole[:11]
    assert study(14, before=tuple(kept)) == whole
    assert [t.values for t in study(3, seed=4)] != [t.values for t in whole[:3]]
    assert len({repr(trial.values) for trial in whole}) == 14


def test_a_failed_trial_teaches_to_stay_away() -> None:
    trials = study(40)
    failed = [trial.reason is not None for trial in trials]
    assert any(failed[:10])
    assert sum(failed[20:]) <= 5  # nearly all where optuna is not told of them


def test_a_result_cut_short_is_none(tmp_path: Path) -> None:
    trials = study(3)
    for trial in trials:
        trial.write(trial_dir(tmp_path, trial.number))
    path = trial_dir(tmp_path, 1) / RESULT
    path.write_bytes(path.read_bytes()[:20])
    assert read_trials(tmp_path) == trials[:1]


def test_the_earlier_of_equals_is_better() -> None:
    trials = [Trial(n, {}, {"mean": mean}) for n, mean in enumerate((0.2, 0.4, 0.4, 0.1))]
    trials.append(Trial(4, {}, {}, "diverged"))
    best = rank(trials, "mean", lower_is_better=False)
    assert [trial.number for trial in best] == [1, 2, 0, 3]
    assert [t.number for t in rank(trials, "mean", lower_is_better=True)] == [3, 0, 1, 2]


def test_without_optuna_one_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(NabraError, match=r"optuna is not installed; pip install 'nabra\[search\]'"):
        study(1)
