"""A student distilled by the command from a stand-in teacher: whole, killed and gone on, in use."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.archive.write import read_predictions
from model.errors import CheckpointError, ConfigError, InputError, NabraError
from model.net.agreement import compare
from model.net.classifier import load
from model.net.network import FramingNetwork
from model.predict import predict
from model.tasks import DEFAULT_TASKS
from tests.small_run import SMALL_ENCODER, SmallRun
from tests.stand_in import write_articles, write_classifier
from train.cli import check
from train.data.dataset import read_dataset, write_dataset
from train.distill import distill
from train.evaluate import evaluate

CONFIG = Path("configs/distill.yaml")
SETTINGS = {
    "corpus.share": 1.0,
    "corpus.held_out": 0.1,
    **SMALL_ENCODER,
    "training.epochs": 4,
    "training.batch_tokens": 512,
    "training.learning_rate": 0.03,
    "training.max_length": 32,
    "training.stride": 4,
    "training.save_steps": 20,
}
KILL = """
import json, os, signal, sys
from pathlib import Path
import datasets, train.calibrating, train.fit.distill.distilling, train.fit.records.curves
from train.distill import distill
from train.fit import trainer
from train.fit.distill import labels

die = lambda: os.kill(os.getpid(), signal.SIGKILL)
end_step, write_soft = trainer.EpochEnds.on_step_end, labels.write_soft

def end(self, args, state, control, **rest):
    if state.global_step == step:
        die()
    end_step(self, args, state, control, **rest)

def write(stream, *rest):
    if step == 0 and "00001" in stream.name:
        stream.write(b"half")
        stream.flush()
        die()
    write_soft(stream, *rest)

trainer.EpochEnds.on_step_end, labels.write_soft = end, write
for step, given in json.loads(sys.argv[2]):
    child = os.fork()
    if not child:
        distill(Path(sys.argv[1]), given, quiet=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""
"""Begins distillations in processes of their own, and kills each at a step; 0: while it labels."""

KILLS = {
    0: "labels/part-00000.arrow",
    7: "labels/labels.json",
    47: "trainer/checkpoint-40/complete.json",
}
"""The steps to be killed at, with what each has left."""


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return write_classifier(tmp_path_factory.mktemp("teacher"), num_train=160, epochs=10)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 300 articles, and a line that is none."""
    path = write_articles(tmp_path_factory.mktemp("archive") / "news.jsonl", 300)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"outlet": "o", "text": \n')
    return path


def overrides(teacher: SmallRun, archive: Path, output: Path, **changes: object) -> list[str]:
    named = {
        "output_dir": output,
        "teacher": teacher.dir / "checkpoint",
        "corpus.articles": f"[{archive}]",
    }
    given = {f"training.{name}": value for name, value in changes.items()}
    return [f"{key}={value}" for key, value in {**SETTINGS, **named, **given}.items()]


@pytest.fixture(scope="module")
def whole(teacher: SmallRun, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    distill(CONFIG, overrides(teacher, archive, folder), quiet=True)
    return folder


def result(folder: Path) -> tuple[bytes, bytes]:
    weights = folder / "checkpoint/model.safetensors"
    return weights.read_bytes(), (folder / "metrics.jsonl").read_bytes()


def record_of(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(
        (folder / "checkpoint/nabra.json").read_text(encoding="utf-8")
    )
    return record


def agreement(teacher: SmallRun, checkpoint: Path, archive: Path) -> dict[str, float]:
    """On articles that neither has met, by the path that archives take."""
    texts = [json.loads(line)["text"] for line in archive.read_text(encoding="utf-8").splitlines()]
    said = [load(path).predict(texts) for path in (teacher.dir / "checkpoint", checkpoint)]
    return {each.task: each.share for each in compare(DEFAULT_TASKS, *said)}


def test_a_student_says_what_its_teacher_says(
    teacher: SmallRun, whole: Path, tmp_path: Path
) -> None:
    """On articles that neither has met, and more than one that had but few labels."""
    new = write_articles(tmp_path / "new.jsonl", 60, seed=2)
    alone = write_classifier(tmp_path / "alone", num_train=20, epochs=20)
    taught = agreement(teacher, whole / "checkpoint", new)
    untaught = agreement(teacher, alone.dir / "checkpoint", new)
    assert taught["loaded_terms"] > 0.95
    assert taught["stance"] > 0.9 > 0.7 > untaught["stance"]
    told = record_of(whole)["teacher"]["agreement"]
    assert told["stance"]["share"] == pytest.approx(taught["stance"], abs=0.1)
    assert told["loaded_terms"]["compared"] > 50


def test_the_record_and_the_card_name_the_teacher(teacher: SmallRun, whole: Path) -> None:
    record = record_of(whole)
    about = record["teacher"]
    assert about["path"] == str(teacher.dir / "checkpoint")
    assert about["counts"]["articles"] == 301
    assert about["counts"]["dropped"] == 1
    assert about["counts"]["train"] + about["counts"]["held_out"] == 600
    assert record["num_sentences"] == about["counts"]["train"]
    assert record["calibration"] is None
    assert about["calibrated_on"].startswith("nothing")
    card = (whole / "checkpoint/README.md").read_text(encoding="utf-8")
    assert about["sha256"] in card
    assert f"{about['agreement']['stance']['share']:.3f} labels equal" in card
    assert (whole / "curves.png").stat().st_size > 1000


def test_predict_and_evaluate_take_it(
    teacher: SmallRun, whole: Path, archive: Path, tmp_path: Path
) -> None:
    predict(whole / "checkpoint", [str(archive)], tmp_path / "out", quiet=True)
    predictions = list(read_predictions(tmp_path / "out"))
    assert len(predictions) == 600
    assert any(term.category == "doubt" for each in predictions for term in each.loaded_terms)
    sentences = read_dataset(teacher.dir / "dataset")["test"]
    data = tmp_path / "labelled.jsonl"
    data.write_text(
        "".join(json.dumps(sentence.to_dict()) + "\n" for sentence in sentences), encoding="utf-8"
    )
    evaluate([str(whole / "checkpoint")], data=data, output=tmp_path / "scores", quiet=True)
    assert (tmp_path / "scores/scorecard.json").is_file()


@pytest.fixture(scope="module")
def killed(
    teacher: SmallRun, archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Path]:
    """The folder of a distillation that was killed at each of the steps."""
    folders = {step: tmp_path_factory.mktemp(f"killed-{step}") for step in KILLS}
    orders = [(step, overrides(teacher, archive, folder)) for step, folder in folders.items()]
    command = [sys.executable, "-c", KILL, str(CONFIG), json.dumps(orders)]
    subprocess.run(command, check=True, timeout=300)
    return folders


@pytest.mark.parametrize("step", KILLS)
def test_goes_on_where_it_was_killed(
    teacher: SmallRun, archive: Path, whole: Path, killed: dict[int, Path], step: int
) -> None:
    folder = killed[step]
    assert (folder / KILLS[step]).is_file()
    assert not (folder / "checkpoint").exists()
    distill(CONFIG, overrides(teacher, archive, folder), quiet=True)
    assert result(folder) == result(whole)
    sealed = [(each / "labels/labels.json").read_bytes() for each in (folder, whole)]
    assert sealed[0] == sealed[1]


def test_labels_of_people_are_learned_beside(
    teacher: SmallRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The student is calibrated on them, no sentence of their validation split is read, and how
    much of an epoch they are is told."""
    splits = read_dataset(teacher.dir / "dataset")
    archive = write_articles(tmp_path / "news.jsonl", 40)
    with archive.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"outlet": "o", "text": splits["validation"][0].text}) + "\n")
    dataset = teacher.dir / "dataset"
    given = overrides(teacher, archive, tmp_path / "run", epochs=2)
    distill(CONFIG, [*given, f"dataset={{path: {dataset}, weight: 2.0}}"])
    record = record_of(tmp_path / "run")
    weighed = 2 * len(splits["train"])
    share = weighed / (weighed + record["teacher"]["counts"]["train"])
    told = f"labels of people: {len(splits['train'])} sentences, {share:.0%} of what an epoch reads"
    assert told in capsys.readouterr().out
    assert record["teacher"]["counts"]["known"] == 1
    assert record["num_sentences"] == record["teacher"]["counts"]["train"] + len(splits["train"])
    assert record["loaded_term_counts"]
    assert set(record["calibration"]) == {"stance", "loaded_terms"}
    assert record["teacher"]["calibrated_on"] == "the dataset's validation split"


def test_what_was_changed_is_refused_by_name(teacher: SmallRun, tmp_path: Path) -> None:
    archive = write_articles(tmp_path / "news.jsonl", 40)
    given = overrides(teacher, archive, tmp_path / "run", epochs=1)
    distill(CONFIG, given, quiet=True)
    with pytest.raises(NabraError, match=r"labels: soft labels lie here .* corpus\.held_out was"):
        distill(CONFIG, [*given, "corpus.held_out=0.2"], quiet=True)
    write_articles(archive, 41)
    with pytest.raises(NabraError, match=r"the articles have changed; .* with --restart"):
        distill(CONFIG, given, quiet=True)
    distill(CONFIG, given, restart=True, quiet=True)
    assert record_of(tmp_path / "run")["teacher"]["counts"]["articles"] == 41


def test_an_unfinished_training_of_another_kind_is_refused(
    teacher: SmallRun, tmp_path: Path
) -> None:
    archive = write_articles(tmp_path / "news.jsonl", 40)
    given = overrides(teacher, archive, tmp_path / "run", epochs=1)
    distill(CONFIG, given, quiet=True)
    identity = tmp_path / "run/trainer/training.json"
    identity.write_text(json.dumps(json.loads(identity.read_text()) | {"finished": False}))
    with pytest.raises(NabraError, match=r"temperature was 2\.0, is 3\.0"):
        distill(CONFIG, [*given, "temperature=3.0"], quiet=True)


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("temprature=1.0", "temprature: unknown key (did you mean temperature?)"),
        ("temperature=0.5", "temperature: should be greater than or equal to 1"),
        ("corpus.held_out=0", "corpus.held_out: should be greater than 0"),
        ("training.epochs=many", "training.epochs: should be a whole number"),
        ("training.lora=null", "training.lora: unknown key"),
        ("scratch.heads=3", "scratch.heads: width 16 is no multiple of heads 3"),
        ("training.batch_tokens=16", "training.batch_tokens: holds no text of max_length"),
        ("dataset={path: x}", "dataset.weight: missing"),
    ],
)
def test_faults_of_a_config_are_named(
    teacher: SmallRun, archive: Path, tmp_path: Path, setting: str, fault: str
) -> None:
    given = [*overrides(teacher, archive, tmp_path), setting]
    for command in (distill, check):
        with pytest.raises(ConfigError) as error:
            command(CONFIG, given, quiet=True)
        assert fault in str(error.value)


def test_says_what_is_wrong_with_what_a_config_names(
    teacher: SmallRun, archive: Path, tmp_path: Path
) -> None:
    given = overrides(teacher, archive, tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"is no nabra checkpoint: .*make one with nabra"):
        distill(CONFIG, [*given, f"teacher={tmp_path}"], quiet=True)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(InputError, match=r"corpus\.articles: leave no sentence .*; name more"):
        distill(CONFIG, [*given, f"corpus.articles=[{empty}]"], quiet=True)
    nobody = tmp_path / "nobody.jsonl"
    lines = [json.dumps({"outlet": "o", "text": f"يبدأ عمل طويل غدا {n}"}) for n in range(99)]
    nobody.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match=r"name none of the teacher's targets"):
        distill(CONFIG, [*given, f"corpus.articles=[{nobody}]"], quiet=True)
    with pytest.raises(NabraError, match=r"no-dataset.*"):
        distill(CONFIG, [*given, f"dataset={{path: {tmp_path / 'no-dataset'}, weight: 1.0}}"])


def test_a_dataset_that_asks_what_the_teacher_does_not_know(
    teacher: SmallRun, archive: Path, tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    splits = read_dataset(teacher.dir / "dataset")
    stances = tuple(replace(each, target="moon") for each in splits["train"][0].stances)
    splits["train"][0] = replace(splits["train"][0], stances=stances)
    write_dataset(dataset, splits, [], {})
    given = overrides(teacher, archive, tmp_path / "run")
    with pytest.raises(InputError, match=r"names the target moon, which the teacher does not know"):
        distill(CONFIG, [*given, f"dataset={{path: {dataset}, weight: 1.0}}"], quiet=True)


def test_the_students_network_is_an_ordinary_one(whole: Path) -> None:
    network = load(whole / "checkpoint", precision="fp32").checkpoint.trained
    assert isinstance(network, FramingNetwork)
    assert network.tasks == DEFAULT_TASKS
