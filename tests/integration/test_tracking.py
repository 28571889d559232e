"""Trackers: TensorBoard gets its events beside the trainer's folder; a missing one is one line."""

from __future__ import annotations

import importlib.util
import os
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from model.errors import ConfigError, NabraError
from tests.small_run import CONFIG, SmallRun
from tests.trainings import quick_trainings  # noqa: F401
from train.config import read_run
from train.finetune import finetune_run
from train.trackers import TRACKERS, refuse_missing


def events(folder: Path) -> dict[str, dict[str, list[float]]]:
    """By folder of events the values of each tag."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = {}
    for path in sorted(folder.iterdir()):
        accumulator = EventAccumulator(str(path)).Reload()
        tags = accumulator.Tags()["scalars"]
        found[path.name] = {t: [event.value for event in accumulator.Scalars(t)] for t in tags}
    return found


def test_tensorboard_gets_the_figures_of_each_seed(tmp_path: Path) -> None:
    small = SmallRun.write(tmp_path, seeds=[1, 2], folds=2, epochs=1, report_to=["tensorboard"])
    finetune_run(read_run(CONFIG, small.settings), quiet=True)
    found = events(small.dir / "tensorboard")
    assert [name.rpartition("-")[0] for name in found] == ["seed-1", "seed-2"]
    for figures in found.values():
        assert figures["train/loss"]
        assert len(figures["eval/mean"]) == 1
    assert [path for path in small.dir.rglob("events.*") if "tensorboard" not in path.parts] == []
    assert "TENSORBOARD_LOGGING_DIR" not in os.environ


def test_by_default_nothing_is_told(tmp_path: Path) -> None:
    small = SmallRun.write(tmp_path, epochs=1)
    finetune_run(read_run(CONFIG, small.settings), quiet=True)
    assert not (small.dir / "tensorboard").exists()


def test_the_trackers_are_those_of_transformers() -> None:
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    assert set(TRACKERS) == set(INTEGRATION_TO_CALLBACK)


def test_an_unknown_tracker_is_a_fault_of_the_config() -> None:
    with pytest.raises(ConfigError, match=r"training\.report_to.*did you mean tensorboard\?"):
        read_run(CONFIG, ["training.report_to=[tensorbord]"])


@pytest.mark.parametrize(
    ("name", "fix"),
    [("tensorboard", r"pip install 'nabra\[tracking\]'"), ("comet_ml", "pip install comet-ml")],
)
def test_a_tracker_that_is_not_installed_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fix: str
) -> None:
    """Said before anything is read or trained."""
    find = importlib.util.find_spec

    def find_no_tracker(package: str) -> ModuleSpec | None:
        is_tracker = any(package in packages for packages in TRACKERS.values())
        return None if is_tracker else find(package)

    monkeypatch.setattr("train.trackers.find_spec", find_no_tracker)
    run = read_run(CONFIG, [f"training.report_to=[{name}]", f"output_dir={tmp_path}"])
    with pytest.raises(NabraError, match=f"training.report_to: {name} is not installed; {fix}"):
        finetune_run(run, quiet=True)


def test_a_service_needs_no_package() -> None:
    refuse_missing(["kubeflow"])
