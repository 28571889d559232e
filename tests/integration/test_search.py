"""A search for settings: bounded, repeatable, and not stopped by a trial that fails."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from model.errors import ConfigError, NabraError
from model.interrupts import Interrupted
from tests.small_run import CONFIG, SmallRun
from tests.trainings import kill_in_pass, quick_trainings  # noqa: F401
from train.cli import app
from train.config import Run, read_run
from train.data.dataset import read_dataset, write_dataset
from train.finetune import finetune_run
from train.fit.trainer import TaskTrainer
from train.search import search_run

SPACE = (
    "{training.learning_rate: {low: 1.0e-3, high: 1.0e-1, log: true},"
    " training.epochs: {low: 1, high: 3}, training.dropout: {choices: [0.1, 0.3]}}"
)


def start(small: SmallRun, *overrides: str, trials: int = 4, space: str = SPACE) -> Run:
    part = f"search={{trials: {trials}, metric: loss, seed: 1, space: {space}}}"
    return read_run(CONFIG, [*small.settings, part, *overrides])


def table(folder: Path) -> list[dict[str, str]]:
    text = (folder / "search/trials.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """A search that was never killed."""
    small = SmallRun.write(tmp_path_factory.mktemp("search"), save_steps=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(__file__).parents[2])
        search_run(start(small), quiet=True)
    return small


def test_the_table_holds_every_trial(searched: SmallRun) -> None:
    rows = table(searched.dir)
    assert [row["trial"] for row in rows] == ["0", "1", "2", "3"]
    assert {row["state"] for row in rows} == {"done"}
    for row in rows:
        path = searched.dir / "search" / f"trial-{row['trial']}" / "metrics.jsonl"
        last = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        assert float(row["loss"]) == last["eval_loss"]
        assert float(row["mean"]) == last["eval_mean"]
        assert last["epoch"] == int(row["training.epochs"])


def test_the_best_alone_keeps_a_checkpoint(searched: SmallRun) -> None:
    folder = searched.dir / "search"
    best = min(table(searched.dir), key=lambda row: float(row["loss"]))["trial"]
    assert [str(path.relative_to(folder)) for path in folder.rglob("model.safetensors")] == [
        f"trial-{best}/checkpoint/model.safetensors"
    ]
    assert list(folder.rglob("optimizer.pt")) == []


def test_the_best_config_is_whole_and_gives_the_very_trial(
    searched: SmallRun, tmp_path: Path
) -> None:
    path = searched.dir / "search/best.yaml"
    first, second, *_ = path.read_text(encoding="utf-8").splitlines()
    assert first == f"# nabra run {path}"
    best = min(table(searched.dir), key=lambda row: float(row["loss"]))
    assert f"Trial {best['trial']} of 4" in second
    run = read_run(path)
    assert run.dir == searched.dir.with_name("run-best")
    assert run.config.search is None
    assert run.config.training.learning_rate == float(best["training.learning_rate"])
    assert run.config.training.epochs == int(best["training.epochs"])
    assert run.config.training.dropout == float(best["training.dropout"])
    plain = read_run(CONFIG, searched.settings).config
    assert run.config.tasks == plain.tasks
    assert run.config.scratch == plain.scratch
    (tmp_path / "dataset").symlink_to(searched.dir / "dataset")
    finetune_run(read_run(path, [f"output_dir={tmp_path}"]), quiet=True)
    assert (tmp_path / "checkpoint/model.safetensors").read_bytes() == (
        searched.dir / f"search/trial-{best['trial']}/checkpoint/model.safetensors"
    ).read_bytes()


def test_a_killed_search_ends_as_the_one_that_was_not(
    searched: SmallRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It dies in its third trial, in training, and once more before that one's result counts."""
    from train.fit.study import Trial

    small = SmallRun.write(tmp_path, save_steps=None)
    steps = 7 * sum(int(row["training.epochs"]) for row in table(searched.dir)[:2])
    with pytest.MonkeyPatch.context() as patch:
        kill_in_pass(patch, steps)
        with pytest.raises(Interrupted):
            search_run(start(small), quiet=True)
    done = len(list((small.dir / "search").glob("trial-*/result.json")))
    assert 1 <= done < 4

    def die(*_: object) -> None:
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trial, "write", die)
        with pytest.raises(Interrupted):
            search_run(start(small), quiet=True)
    capsys.readouterr()
    search_run(start(small), quiet=False)
    assert f"goes on behind {done} finished trials" in capsys.readouterr().out
    for name in ("trials.csv", "trial-3/metrics.jsonl"):
        assert (small.dir / "search" / name).read_bytes() == (
            searched.dir / "search" / name
        ).read_bytes()
    assert len(list((small.dir / "search").rglob("model.safetensors"))) == 1


def test_more_trials_can_be_asked_for_later(searched: SmallRun, tmp_path: Path) -> None:
    small = SmallRun.write(tmp_path, save_steps=None)
    search_run(start(small, trials=2), quiet=True)
    search_run(start(small), quiet=True)
    assert table(small.dir) == table(searched.dir)


def test_a_search_of_another_kind_is_refused(searched: SmallRun, tmp_path: Path) -> None:
    small = SmallRun.write(tmp_path, save_steps=None, epochs=1)
    space = "{training.dropout: {choices: [0.1, 0.3]}}"
    search_run(start(small, trials=1, space=space), quiet=True)
    other = start(small, "training.weight_decay=0.5", trials=1, space=space.replace("0.3", "0.4"))
    with pytest.raises(NabraError) as caught:
        search_run(other, quiet=True)
    assert "training.weight_decay was 0.01, is 0.5" in str(caught.value)
    assert "training.dropout.choices[1] was 0.3, is 0.4" in str(caught.value)
    assert "--restart" in caught.value.fix
    splits = read_dataset(small.dir / "dataset")
    write_dataset(small.dir / "dataset", splits | {"validation": splits["validation"][:5]}, [], {})
    with pytest.raises(NabraError, match="validation sentences have changed"):
        search_run(start(small, trials=1, space=space), quiet=True)
    search_run(other, restart=True, quiet=True)
    assert len(table(small.dir)) == 1
    search_run(other, quiet=True)
    (small.dir / "search/study.json").write_text("{", encoding="utf-8")
    with pytest.raises(NabraError, match=r"holds trials, and study\.json is damaged"):
        search_run(other, quiet=True)


def test_a_trial_that_fails_is_written_down_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A loss that is no number, no room, settings that do not go together; and one made twice."""
    import torch

    small = SmallRun.write(tmp_path, save_steps=None, epochs=1)
    tried = [(0.3, 32), (0.01, 32), (0.5, 32), (0.01, 400), (0.01, 32)]
    proposed = iter(
        {
            "training.learning_rate": rate,
            "training.max_length": length,
            "training.batch_tokens": 300,
        }
        for rate, length in tried
    )
    monkeypatch.setattr("train.fit.study.propose", lambda *_, **__: next(proposed))
    loss = TaskTrainer.compute_loss

    def compute_loss(self: TaskTrainer, *args: Any, **options: Any) -> Any:
        if self.args.learning_rate == 0.5:
            raise torch.OutOfMemoryError("no room")
        found = loss(self, *args, **options)
        return found * float("nan") if self.args.learning_rate == 0.3 else found

    monkeypatch.setattr(TaskTrainer, "compute_loss", compute_loss)
    space = (
        "{training.learning_rate: {choices: [0.01, 0.3, 0.5]},"
        " training.max_length: {choices: [32, 400]}, training.batch_tokens: {choices: [300, 400]}}"
    )
    capsys.readouterr()
    search_run(start(small, trials=5, space=space), quiet=False)
    rows = table(small.dir)
    assert [row["state"] for row in rows] == ["failed", "done", "failed", "failed", "done"]
    reasons = ["the loss is nan", "", "out of memory", "training.batch_tokens: holds no text", ""]
    for row, reason in zip(rows, reasons, strict=True):
        assert reason in row["reason"]
        assert bool(reason) == bool(row["reason"]) == (row["loss"] == "")
    assert [row["same_as"] for row in rows] == ["", "", "", "", "1"]
    assert rows[4]["loss"] == rows[1]["loss"]
    assert [path.parents[1].name for path in small.dir.rglob("model.safetensors")] == ["trial-1"]
    printed = capsys.readouterr().out
    assert "the best of 5 trials, 3 failed" in printed
    assert "looks better there than it is" in printed


def test_where_every_trial_fails_there_is_no_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SmallRun.write(tmp_path, save_steps=None, epochs=1)
    loss = TaskTrainer.compute_loss
    nan = float("nan")
    monkeypatch.setattr(TaskTrainer, "compute_loss", lambda *a, **k: loss(*a, **k) * nan)
    with pytest.raises(NabraError, match="no trial came to its end, the first: training: the loss"):
        search_run(start(small, trials=2), quiet=True)
    assert not (small.dir / "search/best.yaml").exists()
    assert [row["state"] for row in table(small.dir)] == ["failed", "failed"]


def test_a_fault_of_the_disk_ends_the_search_and_is_no_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from model.errors import OutputError

    small = SmallRun.write(tmp_path, save_steps=None, epochs=1)

    def refuse(*_: Any, **__: Any) -> None:
        raise OutputError("checkpoint-1", "cannot be written: no space left on the disk")

    monkeypatch.setattr(TaskTrainer, "_save_checkpoint", refuse)
    with pytest.raises(OutputError):
        search_run(start(small, trials=2), quiet=True)
    assert list((small.dir / "search").glob("trial-*/result.json")) == []


def test_the_test_split_is_never_looked_at(tmp_path: Path) -> None:
    """Another test split is no reason to refuse, and changes no trial."""
    small = SmallRun.write(tmp_path, save_steps=None, epochs=1)
    search_run(start(small, trials=1), quiet=True)
    splits = read_dataset(small.dir / "dataset")
    write_dataset(small.dir / "dataset", splits | {"test": []}, [], {})
    search_run(start(small, trials=2), quiet=True)
    assert len(table(small.dir)) == 2


def test_the_command(tmp_path: Path) -> None:
    small = SmallRun.write(tmp_path, save_steps=None, epochs=1)
    config = tmp_path / "small.yaml"
    run = start(small, trials=1)
    config.write_text(
        yaml.safe_dump(run.config.model_dump(mode="json"), sort_keys=False), encoding="utf-8"
    )
    result = CliRunner().invoke(app, ["search", str(config)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "trial 0 (1 of 1): training.learning_rate" in result.stdout
    assert f"best settings: nabra run {small.dir / 'search/best.yaml'}" in result.stdout
    assert "looks better" not in result.stdout  # there was nothing to pick from
    with pytest.raises(ConfigError, match="search: is null"):
        CliRunner().invoke(app, ["search", CONFIG], catch_exceptions=False)
