"""The configs for public sets go the whole way, and so do runs of other tasks than nabra's two."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from model import load
from model.archive.write import read_predictions
from model.errors import NabraError
from model.records import LOADED_CATEGORIES, STANCE_LABELS, Prediction
from model.report.__main__ import report
from tests.integration.miniature_sets import write_own, write_sets
from train.cli import app, check, run_all
from train.config import read_run
from train.data.annotations import write_annotations
from train.data.dataset import read_dataset
from train.evaluate import evaluate_checkpoints
from train.prepare import prepare_run

TINY = [
    "encoder=scratch",
    "scratch={architecture: bert, vocabulary: 400, layers: 1, width: 16, heads: 2, "
    "feed_forward: 32}",
    "training.epochs=1",
    "training.learning_rate=5.0e-3",
    "evaluation.fewest_test_stories=0",
    "evaluation.resamples=100",
]
STANCE = "stance: {kind: classify, labels: [favor, against, none], pair: true}"
LOADED_TERMS = (
    "loaded_terms: {kind: tag, pair: false, "
    "labels: [label, emotive, doubt, scare_quotes, praise, euphemism]}"
)
LEARNED = ("datasets.armpro.weight=40", "training.dropout=0.0", "training.token_dropout=0.0")
PARAGRAPH = "وصف الكاتب ما جرى في السوق بأنه كارثة مروعة، ونعت المدير بالمهرج الفاشل."
TEXT = "قال الناطق إن مليشيا قسد أغلقت السوق، يا لها من فضيحة مدوية.\nعاد الوزير إلى العاصمة."

Run = Callable[..., Path]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def run(sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`nabra run` on miniatures: the folder of the run, and that of one asked for before again."""
    own = write_own(sets)
    done: dict[tuple[str, ...], Path] = {}

    def go(name: str, *overrides: str) -> Path:
        if (name, *overrides) not in done:
            folder = tmp_path_factory.mktemp(name)
            given = [*TINY, f"output_dir={folder}"]
            given += [f"data={own}"] if name in ("joint", "quickstart") else []
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("NABRA_DATA", str(sets))
                patch.chdir(Path(__file__).parents[2])
                run_all(Path(f"configs/{name}.yaml"), [*given, *overrides], quiet=True)
            done[name, *overrides] = folder
        return done[name, *overrides]

    return go


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def refuse_gaps(folder: Path, task: str, labels: list[str]) -> None:
    """Scorecard, record and card hold the scores of a task by label, with support."""
    gold = read_dataset(folder / "dataset")["test"]
    support = {
        label: sum(c.label == label for s in gold for c in s.classes if c.task == task)
        + sum(span.label == label for s in gold for span in s.spans if span.task == task)
        + sum(stance.label == label for s in gold for stance in s.stances if task == "stance")
        + sum(t.category == label for s in gold for t in s.loaded_terms if task == "loaded_terms")
        for label in labels
    }
    assert sum(support.values()) > 0
    scores = read_json(folder / "scorecard.json")["tasks"][task]
    by_label = (
        scores["per_label"] if "per_label" in scores else scores["span_f1_exact"]["per_category"]
    )
    assert {label: one["support"] for label, one in by_label.items()} == support
    record = read_json(folder / "checkpoint/nabra.json")
    kept = record["main_scores"]["tasks"][task]
    assert kept["support"] == sum(support.values())
    assert {label: one["support"] for label, one in kept["labels"].items()} == support
    card = (folder / "checkpoint/README.md").read_text(encoding="utf-8")
    for label, number in support.items():
        assert re.search(rf"^\| `{label}` \| .* \| {number:,} \|$", card, re.M), (label, number)
    for page in ("scorecard.md", "scorecard.html"):
        assert task in (folder / page).read_text(encoding="utf-8").replace("\\_", "_")


def refuse_unpredicted(
    predictions: list[Prediction], kind: str, task: str, labels: list[str]
) -> None:
    """Each prediction has the classes and spans of the checkpoint's task, and no others."""
    for prediction in predictions:
        is_alone, is_tag = kind == "classify", kind == "tag"
        assert list(prediction.classes) == [task] * is_alone
        assert list(prediction.spans) == [task] * is_tag
        for found in prediction.classes.values():
            assert list(found["scores"]) == labels
            assert abs(sum(found["scores"].values()) - 1) < 1e-9
            assert found["label"] == max(found["scores"], key=found["scores"].__getitem__)
        for span in prediction.spans.get(task, ()):
            assert prediction.text[span["start"] : span["end"]] == span["text"]
            assert span["label"] in labels
            assert 0 < span["confidence"] <= 1


# By config: its task, how an archive is asked for it, and the labels.
PUBLIC = {
    "ans": ("agreement", "pair", ["agree", "disagree", "other"]),
    "armpro": ("propaganda", "tag", ["Loaded_Language", "Name_Calling-Labeling"]),
    "checkthat": ("subjectivity", "classify", ["OBJ", "SUBJ"]),
    "mawqif": ("stance", "pair", ["favor", "against", "none"]),
    "joint": ("stance", "pair", ["favor", "against", "none"]),
}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_whole_way_on_miniatures(run: Run, name: str) -> None:
    task, kind, labels = PUBLIC[name]
    refuse_gaps(run(name), task, labels)
    refuse_unpredicted(load(run(name) / "checkpoint").predict(TEXT), kind, task, labels)


@pytest.mark.parametrize("name", sorted({*PUBLIC} - {"joint"}))  # its set is that of mawqif
def test_the_whole_way_on_the_sets_themselves(tmp_path: Path, name: str) -> None:
    if not os.environ.get("NABRA_DATA"):
        pytest.skip("NABRA_DATA is unset: no public sets to train on")
    task, kind, labels = PUBLIC[name]
    config = Path(f"configs/{name}.yaml")
    [dataset] = read_run(config).config.datasets
    overrides = [*TINY, f"output_dir={tmp_path}", f"datasets.{dataset}.weight=0.05"]
    overrides += ["split.validation=0.05", "split.test=0.1"]
    check(config, overrides, quiet=True)
    run_all(config, overrides, quiet=True)
    refuse_gaps(tmp_path, task, labels)
    refuse_unpredicted(load(tmp_path / "checkpoint").predict(TEXT), kind, task, labels)


def test_own_articles_and_a_set_train_together(run: Run) -> None:
    """The readings beside the baselines are of own sentences alone, the tasks of all."""
    folder = run("joint")
    record = read_json(folder / "checkpoint/nabra.json")
    assert set(record["dataset_counts"]) == {"own", "mawqif"}
    test = read_dataset(folder / "dataset")["test"]
    own = [sentence for sentence in test if sentence.dataset is None]
    assert 0 < len(own) < len(test)
    scorecard = read_json(folder / "scorecard.json")
    [reading] = scorecard["readings"]
    assert reading["num_sentences"] == len(own)
    assert scorecard["tasks"]["stance"]["support"] > sum(len(s.stances) for s in own)
    found = [s for p in load(folder / "checkpoint").predict(TEXT) for s in p.stances]
    assert [(stance.target, stance.holder) for stance in found] == [("sdf", "newsroom")]
    assert found[0].scores is not None


@pytest.mark.parametrize(("name", "num_shared"), [("checkthat", 8), ("ans", 1)])
def test_by_its_official_division_a_set_keeps_all_rows(
    run: Run,
    sets: Path,
    tmp_path: Path,
    name: str,
    num_shared: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    official = run(name)
    [note] = read_json(official / "scorecard.json")["notes"]
    assert note.startswith(f"{name} is divided as its authors did")
    monkeypatch.setenv("NABRA_DATA", str(sets))
    overrides = [f"output_dir={tmp_path}", f"datasets.{name}.division=stories"]
    prepare_run(read_run(f"configs/{name}.yaml", overrides), quiet=True)
    whole, apart = (read_dataset(folder / "dataset") for folder in (official, tmp_path))
    assert [s.text for s in whole["test"]] == [s.text for s in apart["test"]]
    num_train = [len(held["train"] + held["validation"]) for held in (whole, apart)]
    assert num_train[0] - num_train[1] == num_shared
    manifest = read_json(tmp_path / "dataset/manifest.json")
    assert len(manifest["dropped"]) == num_shared


@pytest.mark.parametrize("task", [STANCE, LOADED_TERMS], ids=lambda task: task.split(":")[0])
def test_one_of_nabras_tasks_alone(run: Run, task: str) -> None:
    name = task.split(":")[0]
    folder = run("quickstart", f"tasks={{{task}}}")
    scorecard = read_json(folder / "scorecard.json")
    assert list(scorecard["tasks"]) == [name]
    assert scorecard["readings"] == []  # of both tasks
    (reading,) = scorecard["task_readings"]
    assert (reading["dataset"], reading["task"]) == ("own", name)
    probes = ["target-blind", "text-blind", "outlet-only"] if name == "stance" else []
    systems = ["nabra", "tfidf", "svm", "lexicon", "memory", "majority", *probes]
    assert [system["name"] for system in reading["systems"]] == systems
    assert reading["systems"][0]["scores"] == scorecard["tasks"][name]
    labels = list(STANCE_LABELS if name == "stance" else LOADED_CATEGORIES)
    refuse_gaps(folder, name, labels)
    for prediction in load(folder / "checkpoint").predict(TEXT):
        assert (prediction.classes, prediction.spans) == ({}, {})
        assert all(
            (stance.label is not None) is (name == "stance") for stance in prediction.stances
        )
        assert name == "loaded_terms" or prediction.loaded_terms == ()


@pytest.mark.parametrize("context", ["headline", "previous"])
def test_a_context_is_read_where_there_is_one(run: Run, context: str) -> None:
    folder = run("joint", f"training.context={context}")
    classifier = load(folder / "checkpoint")
    assert classifier.checkpoint.context == context
    task, kind, labels = PUBLIC["joint"]
    refuse_gaps(folder, task, labels)
    refuse_unpredicted(classifier.predict(TEXT), kind, task, labels)


@pytest.mark.parametrize(
    ("name", "overrides"),
    [
        ("ans", ()),
        ("armpro", LEARNED),
        ("checkthat", ()),
        ("mawqif", ()),
        ("joint", ()),
        ("quickstart", (f"tasks={{{STANCE}}}",)),
        ("quickstart", (f"tasks={{{LOADED_TERMS}}}",)),
    ],
)
def test_an_archive_is_predicted_in_each_format_and_reported(
    run: Run, tmp_path: Path, name: str, overrides: tuple[str, ...]
) -> None:
    checkpoint = run(name, *overrides) / "checkpoint"
    archive = tmp_path / "archive/outlet"
    archive.mkdir(parents=True)
    for number in range(2):
        (archive / f"{number}.txt").write_text(f"افتتاح السوق\n\n{TEXT}", encoding="utf-8")
    (archive / "1.txt").write_text(f"خبر عاجل\n\n{PARAGRAPH}", encoding="utf-8")
    found: dict[str, list[Prediction]] = {}
    for kind in ("jsonl", "csv", "parquet"):
        command = ["predict", str(checkpoint), str(tmp_path / "archive")]
        command += ["--output", str(tmp_path / kind), "--format", kind]
        result = CliRunner().invoke(app, command, catch_exceptions=False)
        assert result.exit_code == 0
        is_unasked = name in ("ans", "mawqif")
        assert ("note: task" in result.stdout) is is_unasked
        found[kind] = list(read_predictions(tmp_path / kind))
        report(tmp_path / kind, tmp_path / f"{kind}.html", quiet=True)
        assert "افتتاح السوق" in (tmp_path / f"{kind}.html").read_text(encoding="utf-8")
    assert found["jsonl"] == found["csv"] == found["parquet"]
    assert len(found["jsonl"]) == 5
    if name in PUBLIC:
        task, asked, labels = PUBLIC[name]
        refuse_unpredicted(found["jsonl"], asked, task, labels)
    if overrides == LEARNED:
        spans = [span for p in found["jsonl"] for span in p.spans["propaganda"]]
        assert {span["label"] for span in spans} == set(PUBLIC["armpro"][2])


def write_test_split(folder: Path, path: Path) -> Path:
    write_annotations(path, read_dataset(folder / "dataset")["test"])
    return path


@pytest.mark.parametrize("name", PUBLIC)
def test_a_checkpoint_on_a_file_scores_as_its_run_does(run: Run, tmp_path: Path, name: str) -> None:
    folder = run(name)
    data = write_test_split(folder, tmp_path / "test.jsonl")
    evaluate_checkpoints([str(folder / "checkpoint")], data, tmp_path, quiet=True)
    scorecard = read_json(tmp_path / "scorecard.json")
    then = read_json(folder / "scorecard.json")
    assert scorecard["tasks"] == then["tasks"]
    assert len(scorecard["readings"]) == len(then["readings"])
    for now, before in zip(scorecard["readings"], then["readings"], strict=True):
        assert now["systems"][0]["stances"] == before["systems"][0]["stances"]


def test_checkpoints_side_by_side(run: Run, tmp_path: Path) -> None:
    """Each is scored for the tasks that it has; both of nabra's two stand in a reading."""
    folders = [run("joint"), run("mawqif")]
    first, second = (str(folder / "checkpoint") for folder in folders)
    data = write_test_split(folders[1], tmp_path / "test.jsonl")
    evaluate_checkpoints([first, second], data, tmp_path, quiet=True)
    scorecard = read_json(tmp_path / "scorecard.json")
    assert list(scorecard["tasks"]) == [f"stance ({first})", f"stance ({second})"]
    assert list(scorecard["checkpoints"]) == [first, second]
    then = read_json(folders[1] / "scorecard.json")["tasks"]["stance"]
    assert scorecard["tasks"][f"stance ({second})"] == then
    assert second in (tmp_path / "scorecard.md").read_text(encoding="utf-8")


def test_what_a_checkpoint_cannot_be_asked(run: Run, tmp_path: Path) -> None:
    ans, checkthat, mawqif = (run(name) for name in ("ans", "checkthat", "mawqif"))
    of_ans = write_test_split(ans, tmp_path / "ans.jsonl")
    of_own = write_test_split(run("joint"), tmp_path / "own.jsonl")
    with pytest.raises(NabraError, match=r"has labels for agreement, and no checkpoint has that"):
        evaluate_checkpoints([str(checkthat / "checkpoint")], of_ans, tmp_path, quiet=True)
    with pytest.raises(
        NabraError, match=r"names the target \S+, which the checkpoint does not know"
    ):
        evaluate_checkpoints([str(mawqif / "checkpoint")], of_own, tmp_path, quiet=True)
    gold = read_dataset(ans / "dataset")["test"]
    alone = [replace(s, classes=(replace(s.classes[0], pair=None),)) for s in gold]
    write_annotations(tmp_path / "alone.jsonl", alone)
    with pytest.raises(NabraError, match=r"label of agreement has no pair"):
        evaluate_checkpoints(
            [str(ans / "checkpoint")], tmp_path / "alone.jsonl", tmp_path, quiet=True
        )
    assert not (tmp_path / "scorecard.json").exists()
