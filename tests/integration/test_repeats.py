"""Seeds and folds, trained in earnest on a small run; kills on the way change nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from model.errors import OutputError
from model.interrupts import Interrupted
from tests.small_run import CONFIG, SmallRun
from tests.trainings import kill_in_pass, quick_trainings  # noqa: F401
from train.config import Run, read_run
from train.data.dataset import read_dataset, write_dataset
from train.finetune import finetune_run

PASSES = 12  # of one training of a SmallRun


def start(small: SmallRun, *overrides: str) -> Run:
    return read_run(CONFIG, [*small.settings, *overrides])


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def weights(folder: Path) -> bytes:
    return (folder / "checkpoint/model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """A run of three seeds that was never killed."""
    small = SmallRun.write(tmp_path_factory.mktemp("seeds"), seeds=[3, 1, 2])
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(__file__).parents[2])
        finetune_run(start(small), quiet=True)
    return small


def test_the_checkpoint_is_that_of_the_first_seed_named(seeds: SmallRun) -> None:
    folders = {seed: seeds.dir / "seeds" / str(seed) for seed in (3, 1, 2)}
    assert weights(seeds.dir) == weights(folders[3])
    assert len({weights(folder) for folder in folders.values()}) == 3
    metrics = (seeds.dir / "metrics.jsonl").read_bytes()
    assert metrics == (folders[3] / "metrics.jsonl").read_bytes()
    assert (seeds.dir / "curves.png").is_file()
    assert read(seeds.dir / "checkpoint/nabra.json")["seed"] == 3
    assert f"# {seeds.dir.name}\n" in (seeds.dir / "checkpoint/README.md").read_text("utf-8")


def test_in_another_order_it_is_another_checkpoint(
    seeds: SmallRun, capsys: pytest.CaptureFixture[str]
) -> None:
    """So it is not the best one: that would be the same in every order. Nothing is trained."""
    for order in ([1, 2, 3], [2, 3, 1], [3, 1, 2]):
        finetune_run(start(seeds.but(seeds=order)), quiet=False)
        assert weights(seeds.dir) == weights(seeds.dir / "seeds" / str(order[0]))
        assert capsys.readouterr().out.count("trained before") == 3


def test_the_report_holds_each_seed_and_the_spread(seeds: SmallRun) -> None:
    report = read(seeds.dir / "seeds.json")
    assert report["seeds"] == [3, 1, 2]
    assert (report["sentences"], report["stories"]) == (10, 10)
    assert sorted(report["figures"]) == ["loaded_terms", "loss", "mean", "stance"]
    loss = report["figures"]["loss"]
    for seed, value in loss["by_seed"].items():
        lines = (seeds.dir / "seeds" / seed / "metrics.jsonl").read_text("utf-8").splitlines()
        assert json.loads(lines[-1])["eval_loss"] == value
    values = loss["by_seed"].values()
    mean = sum(values) / 3
    assert loss["mean"] == pytest.approx(mean)
    assert loss["standard_deviation"] ** 2 == pytest.approx(
        sum((v - mean) ** 2 for v in values) / 2
    )
    assert (loss["min"], loss["max"]) == (min(values), max(values))


def test_a_seed_is_trained_as_if_it_were_alone(seeds: SmallRun, tmp_path: Path) -> None:
    alone = SmallRun.write(tmp_path, seed=2)
    finetune_run(start(alone), quiet=True)
    assert weights(alone.dir) == weights(seeds.dir / "seeds/2")


def test_a_killed_run_of_seeds_goes_on(
    seeds: SmallRun,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The second seed dies in its second epoch; the first is not trained again."""
    small = SmallRun.write(tmp_path, seeds=[3, 1, 2])
    with pytest.MonkeyPatch.context() as patch:
        kill_in_pass(patch, PASSES + 8)
        with pytest.raises(Interrupted):
            finetune_run(start(small), quiet=True)
    assert weights(small.dir) == weights(seeds.dir)  # of the first seed, already
    assert not (small.dir / "seeds.json").exists()
    first = small.dir / "seeds/3/checkpoint/model.safetensors"
    before = first.stat().st_ino
    with caplog.at_level(logging.WARNING, logger="nabra"):
        finetune_run(start(small), quiet=False)
    assert first.stat().st_ino == before
    printed = capsys.readouterr().out
    assert [line for line in printed.splitlines() if line.startswith("seed ")] == [
        "seed 3 (1 of 3): trained before",
        "seed 1 (2 of 3) …",
        "seed 2 (3 of 3) …",
    ]
    assert "seeds/1/trainer/checkpoint-6" in caplog.text
    for seed in (3, 1, 2):
        assert weights(small.dir / "seeds" / str(seed)) == weights(seeds.dir / "seeds" / str(seed))
    assert read(small.dir / "seeds.json")["figures"] == read(seeds.dir / "seeds.json")["figures"]
    assert "seed 3: the first named, not the best" in printed


def test_a_finished_seed_of_another_kind_is_trained_anew(tmp_path: Path) -> None:
    small = SmallRun.write(tmp_path, seeds=[1], epochs=1)
    finetune_run(start(small), quiet=True)
    before = weights(small.dir)
    finetune_run(start(small.but(learning_rate=0.02)), quiet=True)
    assert weights(small.dir) != before
    assert weights(small.dir) == weights(small.dir / "seeds/1")


def test_no_half_of_a_copy_is_ever_found(
    seeds: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up while the first seed's checkpoint is copied leaves the former one."""
    import shutil

    from train.fit.fitted import copy_checkpoint

    place = tmp_path / "checkpoint"
    copy_checkpoint(seeds.dir / "seeds/1/checkpoint", place)
    copies = shutil.copytree

    def copy_half(source: Path, target: Path) -> None:
        copies(source, target)
        (target / "model.safetensors").unlink()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copytree", copy_half)
    with pytest.raises(OutputError, match="No space left"):
        copy_checkpoint(seeds.dir / "seeds/2/checkpoint", place)
    assert weights(tmp_path) == weights(seeds.dir / "seeds/1")
    monkeypatch.undo()
    copy_checkpoint(seeds.dir / "seeds/2/checkpoint", place)
    assert weights(tmp_path) == weights(seeds.dir / "seeds/2")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint"]


def test_without_a_validation_split_there_is_no_spread(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = SmallRun.write(tmp_path, seeds=[1, 2], epochs=1)
    splits = read_dataset(small.dir / "dataset")
    write_dataset(small.dir / "dataset", splits | {"validation": []}, [], {})
    capsys.readouterr()
    finetune_run(start(small, "split.validation=0"), quiet=False)
    printed = capsys.readouterr().out
    assert "without a validation split there is no spread to report" in printed
    assert not (small.dir / "seeds.json").exists()
    assert weights(small.dir) == weights(small.dir / "seeds/1")


def test_folds_and_seeds_then_the_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two folds for two seeds, killed in the third training; then the model as ever."""
    small = SmallRun.write(tmp_path, seeds=[1, 2], folds=2, epochs=1)
    run = start(small)
    with pytest.MonkeyPatch.context() as patch:
        kill_in_pass(patch, 10)
        with pytest.raises(Interrupted):
            finetune_run(run, quiet=True)
    assert not (small.dir / "checkpoint").exists()
    capsys.readouterr()
    finetune_run(run, quiet=False)
    printed = capsys.readouterr().out
    assert printed.count("trained before") == 2
    report = read(small.dir / "cross_validation.json")
    assert sum(fold["sentences"] for fold in report["folds"]) == 50
    loss = report["figures"]["loss"]
    values = [[fold["figures"][seed]["loss"] for seed in ("1", "2")] for fold in report["folds"]]
    assert loss["mean"] == pytest.approx(sum(map(sum, values)) / 4)
    by_fold = sorted(sum(fold) / 2 for fold in values)
    by_seed = sorted(sum(seed) / 2 for seed in zip(*values, strict=True))
    assert [loss["over_folds"][end] for end in ("min", "max")] == pytest.approx(by_fold)
    assert [loss["over_seeds"][end] for end in ("min", "max")] == pytest.approx(by_seed)
    assert "sd of folds" in printed
    left = {path.name for path in (small.dir / "cross_validation").rglob("*") if path.is_file()}
    assert left == {"metrics.jsonl", "training.json"}
    assert weights(small.dir) == weights(small.dir / "seeds/1")
    alone = SmallRun.write(tmp_path / "alone", seed=1, epochs=1)
    finetune_run(start(alone), quiet=True)
    assert weights(alone.dir) == weights(small.dir)
