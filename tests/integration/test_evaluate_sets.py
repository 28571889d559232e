"""`nabra evaluate` on sets of other hands: beside baselines, over folds, compared, on files."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from typer.testing import CliRunner

from model.errors import NabraError
from model.records import LabelledSentence
from tests.integration.miniature_sets import write_sets
from train.cli import app
from train.config import read_run
from train.contest import beside_rivals, train_and_ask
from train.data.annotations import write_annotations
from train.data.dataset import read_dataset, write_dataset
from train.readings import read_run_sets
from train.score.outputs import SystemOutput

SETTINGS: dict[str, Any] = {
    "encoder": "scratch",
    "scratch": {
        "architecture": "bert",
        "vocabulary": 400,
        "layers": 1,
        "width": 16,
        "heads": 2,
        "feed_forward": 32,
    },
    "training.epochs": 1,
    "training.learning_rate": 5.0e-3,
    "evaluation.fewest_test_stories": 0,
    "evaluation.resamples": 100,
    "evaluation.folds": 2,
}
Configs = Callable[..., Path]


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def run(sets: Path, tmp_path_factory: pytest.TempPathFactory) -> Configs:
    """`run(name, of, key=…)`: the config of a run that went the whole way, once for each name."""
    folder = tmp_path_factory.mktemp("runs")

    def go(name: str, of: str, data: Path | None = None, **changes: Any) -> Path:
        path = folder / f"{name}.yaml"
        if path.exists():
            return path
        config = yaml.safe_load((ROOT / f"configs/{of}.yaml").read_text(encoding="utf-8"))
        config["datasets"][of]["path"] = str(data or sets / "data" / of)
        settings = SETTINGS | {"output_dir": str(folder / name)} | changes
        for key, value in settings.items():
            part, _, last = key.rpartition(".")
            (config[part] if part else config)[last] = value
        path.write_text(yaml.safe_dump(config, allow_unicode=True), encoding="utf-8")
        nabra("run", path)
        return path

    return go


ROOT = Path(__file__).parents[2]


def nabra(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.output


def scorecard_in(folder: Path) -> Any:
    return json.loads((folder / "scorecard.json").read_text(encoding="utf-8"))


def run_dir(config: Path) -> Path:
    return config.with_suffix("")


def checkpoint(config: Path) -> Path:
    return run_dir(config) / "checkpoint"


BASELINES = {
    "mawqif": ["tfidf", "svm", "majority", "target-blind", "text-blind"],
    "ans": ["tfidf", "svm", "majority", "target-blind", "text-blind"],
    "checkthat": ["tfidf", "svm", "majority"],
    "armpro": ["tfidf", "svm", "memory", "majority"],
}


@pytest.mark.parametrize("name", BASELINES)
def test_a_run_stands_beside_baselines(run: Configs, name: str) -> None:
    config = run(name, name)
    scorecard = scorecard_in(run_dir(config))
    (reading,) = scorecard["task_readings"]
    gold = read_dataset(run_dir(config) / "dataset")["test"]
    assert (reading["name"], reading["dataset"]) == ("test", name)
    assert reading["num_sentences"] == len(gold)
    assert [system["name"] for system in reading["systems"]] == ["nabra", *BASELINES[name]]
    assert scorecard["tasks"][reading["task"]] == reading["systems"][0]["scores"]
    measures = ["span_f1_exact", "span_f1_overlap", "span_f1_partial"]
    assert list(reading["systems"][0]["intervals"]) == (
        measures if name == "armpro" else ["macro_f1"]
    )
    assert [each["other"] for each in reading["differences"]][:: 3 if name == "armpro" else 1] == (
        BASELINES[name]
    )
    for face in ("scorecard.md", "scorecard.html"):
        shown = (run_dir(config) / face).read_text(encoding="utf-8")
        assert f"{name}, task {reading['task']}. Test split" in shown
        assert all(system in shown for system in BASELINES[name])


def test_folds_trained_at_once_say_what_they_say_one_by_one(
    run: Configs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = run("mawqif", "mawqif")
    sentences = read_dataset(run_dir(config) / "dataset")["train"]
    folds = [(sentences[half::2], sentences[1 - half :: 2]) for half in (0, 1)]
    said = []
    for threads in (1, 2):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        answers = train_and_ask(read_run(config), folds, tmp_path / str(threads), {"majority"})
        said.append(answers["mawqif"])
    assert said[0] == said[1]
    assert said[0].gold == [*folds[0][1], *folds[1][1]]
    logs = [json.loads((tmp_path / f"{n}/1/checkpoint/nabra.json").read_text()) for n in (1, 2)]
    assert logs[0]["training_data_hash"] == logs[1]["training_data_hash"]


def test_a_fold_is_trained_once_and_leaves_no_more_than_its_checkpoint(
    run: Configs, tmp_path: Path
) -> None:
    config = run("mawqif", "mawqif")
    sentences = read_dataset(run_dir(config) / "dataset")["train"]
    fold = (sentences[::2], sentences[1::2])
    weights = tmp_path / "0/checkpoint/model.safetensors"

    def asked(*fold: list[LabelledSentence]) -> tuple[Any, int]:
        answers = train_and_ask(read_run(config), [fold], tmp_path, {"majority"})["mawqif"]
        assert not list((tmp_path / "0/trainer").glob("checkpoint-*"))
        return answers, weights.stat().st_mtime_ns

    first = asked(*fold)
    assert asked(*fold) == first
    assert asked(sentences[1::2], sentences[1::2])[1] > first[1]


@pytest.mark.parametrize("name", ["mawqif", "armpro"])
def test_folds_predict_every_story_once(run: Configs, name: str) -> None:
    config = run(name, name)
    splits = read_dataset(run_dir(config) / "dataset")
    printed = nabra("evaluate", config, "--folds")
    test, folds = scorecard_in(run_dir(config))["task_readings"]
    assert (test["name"], folds["name"]) == ("test", "folds")
    assert folds["num_sentences"] == sum(map(len, splits.values()))
    assert folds["num_stories"] == len({s.story for held in splits.values() for s in held})
    assert [s["name"] for s in folds["systems"]] == [s["name"] for s in test["systems"]]
    assert f"{name}, folds: {folds['num_sentences']} sentences" in printed
    assert len(list((run_dir(config) / "folds").iterdir())) == 2


def test_no_fold_is_trained_on_a_story_that_it_tests(
    run: Configs, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = run("mawqif", "mawqif")
    splits = read_dataset(run_dir(config) / "dataset")
    everything = [sentence for held in splits.values() for sentence in held]
    # A story of two sentences: whoever divides sentences would tear it apart.
    everything = [replace(s, story=f"story {n // 2}") for n, s in enumerate(everything)]
    stranger = replace(everything[0], dataset=None, article_id="x", story="x", stances=())
    seen: list[tuple[list[Any], list[Any]]] = []

    def record(_: Any, folds: Any, *__: Any, **___: Any) -> dict[str, Any]:
        seen.extend(folds)
        return {}

    monkeypatch.setattr("train.contest.train_and_ask", record)
    monkeypatch.setattr("train.contest.beside_rivals", lambda *_: {})
    silver = replace(stranger, article_id="y", story="story 0")
    given = {"train": [*everything, stranger, silver], "validation": [], "test": []}
    monkeypatch.setattr("train.readings._own_tasks", lambda _: 0)
    read_run_sets(
        read_run(config), given, [], folds=True, worlds=False, watch=lambda folds, unit: folds
    )
    assert len(seen) == 2
    assert sorted(s.article_id for _, test in seen for s in test) == sorted(
        s.article_id for s in everything
    )
    for train, test in seen:
        assert not {s.story for s in train} & {s.story for s in test}
        tells = "story 0" in {s.story for s in test}
        assert len(train) + len(test) == len(everything) + (1 if tells else 2)
        assert stranger in train
        assert (silver in train) is not tells


def test_each_set_is_answered_by_what_learnt_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gold = [
        LabelledSentence(f"{d}{n}", 0, "body", 0, 1, "x", (), "o", None, "s", (), (), dataset=d)
        for n in range(2)
        for d in ("one", None, "two")
    ]
    outputs = [SystemOutput((str(n),), ()) for n in range(len(gold))]
    asked = []

    def rivals(_: Any, name: str, train: Any, test: Any, __: Any) -> dict[str, list[SystemOutput]]:
        asked.append((name, {s.dataset for s in train}, {s.dataset for s in test}))
        return {"rival": [outputs[0]] * len(test)}

    monkeypatch.setattr("train.contest.rival_outputs", rivals)
    answers = beside_rivals(None, [s for s in gold if s.dataset != "two"], gold, outputs)  # type: ignore[arg-type]
    assert asked == [("one", {"one"}, {"one"}), ("own", {None}, {None})]
    assert [answers[name].outputs["nabra"] for name in ("one", "own", "two")] == [
        [outputs[n], outputs[n + 3]] for n in range(3)
    ]
    assert "rival" not in answers["two"].outputs, "nothing to learn it from"
    assert answers["own"].gold == [gold[1], gold[4]]


def test_few_test_stories_bring_folds_and_an_official_division_none(run: Configs) -> None:
    config = run("mawqif", "mawqif")
    nabra("evaluate", config, "--set", "evaluation.fewest_test_stories=50")
    readings = scorecard_in(run_dir(config))["task_readings"]
    assert [reading["name"] for reading in readings] == ["test", "folds"]
    official = run("checkthat", "checkthat")
    nabra("evaluate", official, "--folds")
    scorecard = scorecard_in(run_dir(official))
    assert [reading["name"] for reading in scorecard["task_readings"]] == ["test"]
    assert any(
        "Not read over folds: checkthat is divided as its authors did" in note
        for note in scorecard["notes"]
    )


def test_runs_of_one_dataset_are_compared(run: Configs, tmp_path: Path) -> None:
    one = run("mawqif", "mawqif")
    two = run("mawqif_two", "mawqif", **{"training.seed": 2, "training.epochs": 4})
    printed = nabra("evaluate", one, two, one, "--compare")
    folder = run_dir(one) / "compared"
    assert f"scorecard: {folder / 'scorecard.html'}" in printed
    scorecard = scorecard_in(folder)
    (reading,) = scorecard["task_readings"]
    assert [system["name"] for system in reading["systems"]] == [str(one), str(two)]
    then = [scorecard_in(run_dir(config))["tasks"]["stance"] for config in (one, two)]
    assert [system["scores"] for system in reading["systems"]] == then
    (difference,) = reading["differences"]
    assert (difference["system"], difference["other"]) == (str(one), str(two))
    assert difference["value"] == pytest.approx(then[0]["macro_f1"] - then[1]["macro_f1"])
    assert difference["value"] != 0
    nabra("evaluate", two, one, "--output", tmp_path)  # --compare goes without saying
    (turned,) = scorecard_in(tmp_path)["task_readings"][0]["differences"]
    assert turned["value"] == -difference["value"]


def test_runs_with_other_test_sentences_are_not_compared(run: Configs, tmp_path: Path) -> None:
    one = run("mawqif", "mawqif")
    other = run("mawqif_split", "mawqif", **{"split.seed": 7})
    armpro = run("armpro", "armpro")
    for second in (other, armpro):
        with pytest.raises(NabraError, match=r"its test split is not that of .*lacks \d of \d"):
            nabra("evaluate", one, second, "--compare", "--output", tmp_path)
    assert not list(tmp_path.iterdir())
    relabelled = tmp_path / "again.yaml"
    text = one.read_text(encoding="utf-8").replace(str(run_dir(one)), str(tmp_path / "again"))
    relabelled.write_text(text, encoding="utf-8")
    (tmp_path / "again").mkdir()
    shutil.copytree(run_dir(one) / "checkpoint", tmp_path / "again/checkpoint")
    splits = read_dataset(run_dir(one) / "dataset")
    first = splits["test"][0]
    label = "favor" if first.classes[0].label == "none" else "none"
    changed = replace(first, classes=(replace(first.classes[0], label=label),))
    write_dataset(
        tmp_path / "again/dataset", splits | {"test": [changed, *splits["test"][1:]]}, [], {}
    )
    with pytest.raises(NabraError, match="1 sentences differ in text, labels or story"):
        nabra("evaluate", one, relabelled, "--compare")


@pytest.mark.parametrize("name", BASELINES)
def test_a_sets_own_download_is_scored(run: Configs, sets: Path, tmp_path: Path, name: str) -> None:
    """As a folder and, where it is one, as a file; the format is told by its columns."""
    config = run(name, name)
    download = sets / "data" / name
    nabra("evaluate", checkpoint(config), "--data", download, "--output", tmp_path)
    scorecard = scorecard_in(tmp_path)
    (reading,) = scorecard["task_readings"]
    assert reading["name"] == "file"
    then = scorecard_in(run_dir(config))
    if name in ("ans", "checkthat"):  # their own test files, as in the run
        assert scorecard["tasks"] == then["tasks"]
        assert "the test file of the set" in scorecard["notes"][0]
    else:
        splits = read_dataset(run_dir(config) / "dataset")
        assert reading["num_sentences"] == sum(map(len, splits.values()))
        assert "all that was given" in scorecard["notes"][0]
        assert any("was trained on" in note for note in scorecard["notes"])
    (file, *_) = [*download.glob("dev*"), *download.glob("*")]
    again = tmp_path / "again"
    command = ["--data", file, "--output", again, "--format", name]
    nabra("evaluate", checkpoint(config), *command)
    assert scorecard_in(again)["tasks"] == scorecard["tasks"]


def test_a_file_that_lacks_a_label_is_scored(run: Configs, sets: Path, tmp_path: Path) -> None:
    rows = (sets / "data/mawqif/train.csv").read_text(encoding="utf-8-sig").splitlines()
    few = [row for row in rows if ",Favor," in row]
    file = tmp_path / "few.csv"
    file.write_text("\n".join([rows[0], *few, few[0]]), encoding="utf-8")
    config = run("mawqif", "mawqif")
    nabra("evaluate", checkpoint(config), "--data", file, "--output", tmp_path / "out")
    scorecard = scorecard_in(tmp_path / "out")
    assert scorecard["tasks"]["stance"]["support"] == len(few)
    assert "1 records could not be used; the first:" in scorecard["notes"][1]


def test_checkpoints_that_call_the_task_otherwise_are_compared(
    run: Configs, sets: Path, tmp_path: Path
) -> None:
    labels = ["Name_Calling-Labeling", "Loaded_Language"]  # in another order
    task = {"named": {"kind": "tag", "labels": labels, "pair": False}}
    config = run("armpro", "armpro")
    text = yaml.safe_load(config.read_text(encoding="utf-8"))
    datasets = {"armpro": text["datasets"]["armpro"] | {"task": "named"}}
    other = run("armpro_named", "armpro", tasks=task, datasets=datasets)
    found = [checkpoint(config), checkpoint(other)]
    command = ["--data", sets / "data/armpro", "--output", tmp_path, "--compare"]
    nabra("evaluate", *found, *command)
    (reading,) = scorecard_in(tmp_path)["task_readings"]
    assert reading["task"] == "propaganda"
    assert [system["name"] for system in reading["systems"]] == list(map(str, found))
    nabra("evaluate", found[1], "--data", sets / "data/armpro", "--output", tmp_path / "alone")
    (alone,) = scorecard_in(tmp_path / "alone")["task_readings"]
    assert alone["task"] == "named"
    exact = [one["systems"][-1]["scores"]["span_f1_exact"] for one in (alone, reading)]
    assert exact[0]["micro"] == exact[1]["micro"]
    assert exact[0]["per_category"] == exact[1]["per_category"]
    assert exact[0]["micro"]["support"] == 16


def test_what_does_not_fit_is_named(run: Configs, sets: Path, tmp_path: Path) -> None:
    mawqif, armpro, ans = (checkpoint(run(name, name)) for name in ("mawqif", "armpro", "ans"))
    output = ["--output", tmp_path / "out"]
    data = sets / "data"
    with pytest.raises(NabraError, match=r"has stance \(kind: classify, pair: true\), and armpro"):
        nabra("evaluate", mawqif, "--data", data / "armpro", *output)
    with pytest.raises(NabraError, match=r"has the labels against, favor, none, and .* agreement"):
        nabra("evaluate", ans, "--data", data / "mawqif", *output)
    with pytest.raises(NabraError, match=r"format mawkif: unknown; did you mean mawqif"):
        nabra("evaluate", mawqif, "--data", data / "mawqif", *output, "--format", "mawkif")
    command = ["--data", data / "ans/train.csv", *output, "--format", "mawqif"]
    with pytest.raises(NabraError, match=r"no column ID, text, target; it has s1, s2, stance"):
        nabra("evaluate", mawqif, *command)
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(NabraError, match=r"is of no known format; it begins 'a,b'"):
        nabra("evaluate", mawqif, "--data", tmp_path / "x.csv", *output)
    with pytest.raises(NabraError, match="holds no file of a known format"):
        nabra("evaluate", mawqif, "--data", tmp_path, *output)
    with pytest.raises(NabraError, match="cannot be read"):
        nabra("evaluate", mawqif, "--data", tmp_path / "nowhere.csv", *output)
    with pytest.raises(NabraError, match="is no nabra checkpoint"):
        nabra("evaluate", tmp_path, "--data", data / "mawqif", *output)
    both = [mawqif, armpro, "--data", data / "mawqif", *output]
    with pytest.raises(NabraError, match=r"armpro.*: has propaganda \(kind: tag"):
        nabra("evaluate", *both)
    assert not (tmp_path / "out").exists()


def test_labelled_sentences_of_several_tasks_are_compared_where_they_are_shared(
    run: Configs, tmp_path: Path
) -> None:
    mawqif, two, armpro = (
        run(*names) for names in (("mawqif",) * 2, ("mawqif_two", "mawqif"), ("armpro",) * 2)
    )
    gold = [s for c in (mawqif, armpro) for s in read_dataset(run_dir(c) / "dataset")["test"]]
    write_annotations(tmp_path / "both.jsonl", gold)
    subjects = [checkpoint(armpro), checkpoint(mawqif), two]  # a config stands for its checkpoint
    nabra("evaluate", *subjects, "--data", tmp_path / "both.jsonl", "--output", tmp_path)
    scorecard = scorecard_in(tmp_path)
    by_set = {reading["dataset"]: reading for reading in scorecard["task_readings"]}
    assert [s["name"] for s in by_set["armpro"]["systems"]] == [str(checkpoint(armpro))]
    names = [str(checkpoint(config)) for config in (mawqif, two)]
    assert [s["name"] for s in by_set["mawqif"]["systems"]] == names
    assert len(by_set["mawqif"]["differences"]) == 1
    lacking = [note for note in scorecard["notes"] if note.startswith("Not compared in the task")]
    assert len(lacking) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["configs/mawqif.yaml", "--compare"], "--compare puts several side by side"),
        (["configs/mawqif.yaml", "configs/mawqif.yaml", "--compare"], "--compare puts several"),
        (["tests", "configs/mawqif.yaml"], "checkpoints are scored on a file"),
        (["tests"], "checkpoints are scored on a file"),
        (["tests", "--data", "x.jsonl"], "--data FILE needs --output DIR"),
        (["configs/mawqif.yaml", "--output", "x"], "leave out --output"),
        (["configs/mawqif.yaml", "configs/ans.yaml", "--folds"], "for one CONFIG alone"),
        (["tests", "--data", "x", "--output", "y", "--worlds"], "for one CONFIG alone"),
        (["configs/mawqif.yaml", "--format", "ans"], "--format says what --data is"),
        (["tests", "--data", "x", "--output", "y", "--set", "a=b"], "--set changes a key"),
    ],
)
def test_wrong_usage_is_said(arguments: list[str], message: str) -> None:
    printed = " ".join(nabra("evaluate", *arguments, status=2).split())
    assert message in printed


PLACES = (
    "السوق", "الجسر", "المدرسة", "الميناء", "المتحف", "الملعب", "المكتبة", "المصنع", "الحديقة",
    "المطار", "الشاطئ", "القلعة", "المسرح", "البلدية", "المحطة", "المزرعة", "الطريق", "النهر",
)  # fmt: skip


def write_views(folder: Path, tells: str) -> Path:
    """A set in Mawqif's form in which the stance goes with the target, or with the words."""
    folder.mkdir()
    targets = ("Covid Vaccine", "Digital Transformation", "Women empowerment")
    says = {"Favor": "أؤيد ذلك", "Against": "لا أقبل", "None": "سمعت الخبر"}
    chance = random.Random(1)
    rows = []
    for number in range(240):
        stance, other = number % 3, chance.randrange(3)
        word, target = (other, stance) if tells == "target" else (stance, other)
        text = " ".join([list(says.values())[word], *chance.sample(PLACES, 5)])
        rows.append([str(number), text, targets[target], list(says)[stance]])
    with (folder / "train.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["ID", "text", "target", "stance"], *rows])
    return folder


@pytest.mark.parametrize("tells", ["target", "words"])
def test_a_planted_shortcut_of_a_pair_task_is_named(
    run: Configs, tmp_path: Path, tells: str
) -> None:
    data = write_views(tmp_path / "views", tells)
    more = {
        "training.epochs": 12,
        "training.learning_rate": 1.0e-2,
        "training.dropout": 0.0,
        "training.token_dropout": 0.0,
        "scratch.vocabulary": 300,
    }
    config = run(f"planted_{tells}", "mawqif", data, **more)
    scorecard = scorecard_in(run_dir(config))
    (reading,) = scorecard["task_readings"]
    assert reading["systems"][0]["scores"]["macro_f1"] > 0.9, "it learnt what it was given"
    for face in ("scorecard.md", "scorecard.html"):
        shown = (run_dir(config) / face).read_text(encoding="utf-8")
        named = "No evidence that nabra uses the wording: a system that reads the second text"
        assert (named in shown) == (tells == "target")
