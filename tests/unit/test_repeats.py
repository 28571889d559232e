"""Folds and seeds without any training: who is trained on what, and what is made of the figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from model.archive.write import write_text
from model.errors import NabraError
from model.records import LabelledSentence
from tests.small_run import CONFIG, write_small_dataset
from train.config import read_run
from train.data.dataset import read_dataset
from train.fit.checkpoints import Folders, Inputs
from train.repeats import Training, cross_validate, kept_figures

Splits = dict[str, list[LabelledSentence]]


@dataclass(frozen=True)
class Trained:
    """One training that was asked for."""

    folder: Path
    train: Sequence[LabelledSentence]
    validation: Sequence[LabelledSentence]
    seed: int


@dataclass(frozen=True)
class Unlearned(Training):
    """Writes down what it is asked to train; its figures tell fold size and seed."""

    asked: list[Trained] = field(default_factory=list)

    def fit(
        self,
        folders: Folders,
        train: Sequence[LabelledSentence],
        validation: Sequence[LabelledSentence],
        *,
        seed: int,
        report_to: Sequence[str] = (),
    ) -> tuple[str, ...]:
        self.asked.append(Trained(folders.metrics.parent, train, validation, seed))
        figures = {"eval_mean": len(validation) / 100 + seed / 10, "eval_loss": 1.0}
        write_text(folders.metrics, json.dumps({"epoch": 1.0, "step": 1} | figures) + "\n")
        return ()


@pytest.fixture(scope="module")
def splits(tmp_path_factory: pytest.TempPathFactory) -> Splits:
    """Stories of two sentences each, and silver: some of stories of gold, some of their own."""
    path = tmp_path_factory.mktemp("small") / "dataset"
    write_small_dataset(path)
    found = {
        name: [replace(s, story=f"{name}{n // 2}") for n, s in enumerate(sentences)]
        for name, sentences in read_dataset(path).items()
    }
    known = [replace(s, article_id=f"silver{n}") for n, s in enumerate(found["train"][:6])]
    alone = [replace(s, article_id=f"alone{n}", story=f"alone{n}") for n, s in enumerate(known)]
    found["train"] += known + alone
    return found


def make(tmp_path: Path, **training: Any) -> Unlearned:
    settings = [f"training.{name}={value}" for name, value in training.items()]
    run = read_run(CONFIG, [f"output_dir={tmp_path}", *settings])
    return Unlearned(run, Inputs("code", {}), "refuse", quiet=True, tell=lambda _: None)


def silver_of(splits: Splits) -> list[str]:
    return [s.article_id for s in splits["train"] if s.article_id.startswith(("silver", "alone"))]


def report_of(training: Training) -> dict[str, Any]:
    path = training.run.dir / "cross_validation.json"
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return report


def test_each_gold_sentence_is_scored_once_and_test_never(tmp_path: Path, splits: Splits) -> None:
    training = make(tmp_path, folds=5)
    cross_validate(training, splits, silver_of(splits))
    assert len(training.asked) == 5
    scored = [s.article_id for asked in training.asked for s in asked.validation]
    gold = {s.article_id for name in ("train", "validation") for s in splits[name]}
    assert sorted(scored) == sorted(gold - set(silver_of(splits)))
    seen = {s.article_id for asked in training.asked for s in [*asked.train, *asked.validation]}
    assert seen == gold
    assert not seen & {s.article_id for s in splits["test"]}


def test_a_story_is_on_one_side_and_silver_goes_with_it(tmp_path: Path, splits: Splits) -> None:
    training = make(tmp_path, folds=5)
    silver = set(silver_of(splits))
    cross_validate(training, splits, silver)
    for asked, fold in zip(training.asked, report_of(training)["folds"], strict=True):
        assert not {s.story for s in asked.train} & {s.story for s in asked.validation}
        assert not silver & {s.article_id for s in asked.validation}
        kept = silver & {s.article_id for s in asked.train}
        assert fold["silver_articles_left_out"] == len(silver) - len(kept)
        assert {name for name in silver if name.startswith("alone")} <= kept
        assert fold["sentences"] == len(asked.validation)
        assert fold["stories"] == len({s.story for s in asked.validation})
        assert fold["training_sentences"] == len(asked.train)
    assert sum(fold["silver_articles_left_out"] for fold in report_of(training)["folds"]) == 6


def test_sentences_of_other_hands_are_gold(tmp_path: Path, splits: Splits) -> None:
    """An article of another set may have the id of a silver one."""
    training = make(tmp_path, folds=2)
    name = silver_of(splits)[0]
    foreign = replace(splits["train"][0], article_id=name, story="foreign", dataset="other")
    cross_validate(training, splits | {"train": [*splits["train"], foreign]}, silver_of(splits))
    assert [s for asked in training.asked for s in asked.validation if s.story == "foreign"]


def test_every_seed_meets_the_same_folds(tmp_path: Path, splits: Splits) -> None:
    training = make(tmp_path, folds=3, seeds=[2, 4])
    cross_validate(training, splits, silver_of(splits))
    folds: dict[int, list[list[str]]] = {2: [], 4: []}
    for asked in training.asked:
        folds[asked.seed].append([s.article_id for s in asked.validation])
    assert folds[2] == folds[4]
    assert len({asked.folder for asked in training.asked}) == 6
    report = report_of(training)
    assert (report["seeds"], report["split_seed"]) == ([2, 4], training.run.config.split.seed)
    figure = report["figures"]["mean"]
    assert figure["over_seeds"]["max"] - figure["over_seeds"]["min"] == pytest.approx(0.2)
    sizes = [fold["sentences"] / 100 for fold in report["folds"]]
    assert figure["over_folds"]["max"] == pytest.approx(max(sizes) + 0.3)
    assert figure["mean"] == pytest.approx(sum(sizes) / 3 + 0.3)


def test_the_folds_follow_from_the_split_s_seed_alone(tmp_path: Path, splits: Splits) -> None:
    found = []
    for settings in (["training.seed=1"], ["training.seed=9"], ["split.seed=6"]):
        run = read_run(CONFIG, [f"output_dir={tmp_path}", "training.folds=3", *settings])
        training = replace(make(tmp_path), run=run, asked=[])
        cross_validate(training, splits, silver_of(splits))
        found.append([[s.article_id for s in asked.validation] for asked in training.asked])
    assert found[0] == found[1] != found[2]


def test_more_folds_than_stories_are_refused(tmp_path: Path, splits: Splits) -> None:
    with pytest.raises(NabraError, match="is 26, and training and validation hold 25 stories"):
        cross_validate(make(tmp_path, folds=26), splits, silver_of(splits))


LINES = [
    {"epoch": 0.5, "step": 1, "loss": 3.0},
    {"epoch": 1.0, "step": 2, "eval_loss": 0.9, "eval_mean": 0.4, "eval_stance": 0.5},
    {"epoch": 2.0, "step": 4, "eval_loss": 0.7, "eval_stance": 0.5, "eval_mean": 0.6},
    {"epoch": 3.0, "step": 6, "eval_loss": 0.8, "eval_stance": 0.3, "eval_mean": 0.6},
]


@pytest.mark.parametrize(
    ("best_by", "loss"), [("last", 0.8), ("loss", 0.7), ("mean", 0.7), ("stance", 0.9)]
)
def test_the_figures_are_those_of_the_weights_kept(
    tmp_path: Path, best_by: str, loss: float
) -> None:
    """The best epoch is the earliest of equals, as the Trainer has it; the loss stands last."""
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in LINES), encoding="utf-8")
    figures = kept_figures(path, best_by)
    assert figures["loss"] == loss
    assert list(figures) == ["stance", "mean", "loss"]


def test_what_is_no_number_is_no_figure(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    bad = {"epoch": 1.0, "step": 2, "eval_loss": float("nan"), "eval_mean": 0.5}
    path.write_text(json.dumps(bad) + "\n", encoding="utf-8")
    assert kept_figures(path, "last") == {"mean": 0.5}
    assert kept_figures(path, "loss") == {}
    path.write_text(json.dumps(LINES[0]) + "\n", encoding="utf-8")
    assert kept_figures(path, "last") == {}
