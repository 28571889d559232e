"""nabra finetune leaves a calibrated checkpoint; kills and repeats change nothing of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.interrupts import Interrupted
from model.net.checkpoint import checkpoint_hash
from model.net.classifier import load
from tests.small_run import CONFIG, SmallRun
from tests.trainings import kill_in_pass, quick_trainings  # noqa: F401
from train.calibrating import measure_reliability
from train.config import Run, read_run
from train.data.dataset import read_dataset, write_dataset
from train.finetune import finetune_run


def _small_run(folder: Path, num_validation: int) -> tuple[SmallRun, Run]:
    small = SmallRun.write(folder, epochs=1)
    path = small.dir / "dataset"
    splits = read_dataset(path)
    pool = [*splits["validation"], *splits["train"]]
    moved = {"validation": pool[:num_validation], "train": pool[num_validation:]}
    write_dataset(path, splits | moved, [], {})
    return small, read_run(CONFIG, small.settings)


def _record(small: SmallRun) -> Any:
    return json.loads((small.dir / "checkpoint/nabra.json").read_text(encoding="utf-8"))


def test_a_checkpoint_is_calibrated_on_its_validation_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, run = _small_run(tmp_path / "whole", 32)
    finetune_run(run, quiet=False)
    printed = capsys.readouterr().out
    calibration = _record(small)["calibration"]
    assert set(calibration) == {"stance", "loaded_terms"}
    assert calibration["stance"]["num_items"] == 32
    assert 0 < calibration["loaded_terms"]["temperature"] != 1
    for task, known in calibration.items():
        assert f"{task}: temperature {known['temperature']:.2f}" in printed
    card = (small.dir / "checkpoint/README.md").read_text(encoding="utf-8")
    assert "## Calibration" in card
    classifier = load(small.dir / "checkpoint")
    validation = read_dataset(small.dir / "dataset")["validation"]
    for task, found in measure_reliability(classifier, validation, num_resamples=10).items():
        known = calibration[task]
        assert found.before.ece == pytest.approx(known["ece_before"], abs=1e-6)
        assert found.after.ece == pytest.approx(known["ece_after"], abs=1e-6)

    result, digest = small.result(), checkpoint_hash(small.dir / "checkpoint")
    finetune_run(run, quiet=True)
    assert _record(small)["calibration"] == calibration
    again, run_again = _small_run(tmp_path / "killed", 32)
    with pytest.MonkeyPatch.context() as patch:
        kill_in_pass(patch, 3)
        with pytest.raises(Interrupted):
            finetune_run(run_again, quiet=True)
    finetune_run(run_again, quiet=True)
    assert again.result() == small.result() == result
    assert _record(again)["calibration"] == calibration
    assert checkpoint_hash(again.dir / "checkpoint") == digest


def test_without_a_validation_split_nothing_is_calibrated(tmp_path: Path) -> None:
    small, run = _small_run(tmp_path, 0)
    finetune_run(run, quiet=True)
    assert _record(small)["calibration"] is None
    card = (small.dir / "checkpoint/README.md").read_text(encoding="utf-8")
    assert "not calibrated" in card
