"""The door: a sample out, its coding back, shares that hold the truth; and every wrong input."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from model.errors import InputError, NabraError, OutputError
from tests.audit_predictions import OUTLETS, make_predictions, write_predictions
from train.cli import app
from train.data.annotate.tasks import task_id, unpack
from train.data.annotations import read_annotations, write_annotations

NUM = 400
PREDICTIONS, TRUTH, IS_LOADED = make_predictions(NUM)


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_predictions(tmp_path_factory.mktemp("archive"), PREDICTIONS)
    targets = [{"id": "sdf", "name": "قوات سوريا الديمقراطية"}]
    (folder / "manifest.json").write_text(json.dumps({"targets": targets}), encoding="utf-8")
    return folder


@pytest.fixture
def draw(tmp_path: Path, archive: Path) -> Callable[..., Path]:
    def run(*more: object) -> Path:
        folder = tmp_path / "tasks"
        result = invoke("audit", archive, "--sample", 120, "--output", folder, *more)
        assert result.exit_code == 0, result.output
        return folder

    return run


def code_csv(folder: Path) -> Path:
    """Fill the stance of each mention, and mark loaded words, as a coder would."""
    path = folder / "tasks.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    done = []
    for row in rows:
        if row["layer"] == "mention":
            row["stance"] = TRUTH[row["task"], row["target"]]
        done.append(row)
    coded = folder.parent / "coded.csv"
    with coded.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(done)
    return coded


def code_label_studio(folder: Path) -> Path:
    """An export of Label Studio in which each mention got its stance."""
    tasks = json.loads((folder / "tasks.json").read_text("utf-8"))
    for task in tasks:
        name = task_id(unpack(task["data"]["nabra"]))
        (prediction,) = task.pop("predictions")
        result = prediction["result"]
        for item in list(result):
            if item["from_name"] == "target":
                (target,) = item["value"]["choices"]
                value = {**item["value"], "choices": [TRUTH[name, target]]}
                result.append({**item, "from_name": "stance", "value": value})
        task["annotations"] = [{"completed_by": 1, "result": result}]
    path = folder.parent / "export.json"
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return path


def bring_back(path: Path, tool: str) -> Path:
    folder = path.parent / "labels"
    invoke("annotate", "import", path, "--tool", tool, "--output", folder, "--annotator", "ليلى")
    return folder / "annotations.jsonl"


@pytest.fixture(scope="module")
def round_trip(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(plan, coded file) of one sample, to be copied."""
    folder = tmp_path_factory.mktemp("round") / "tasks"
    invoke("audit", archive, "--sample", 120, "--output", folder, "--by", "label,outlet")
    return folder / "plan.json", bring_back(code_csv(folder), "csv")


@pytest.fixture
def coded(round_trip: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """(plan, coded file), each alone in a folder of its own."""
    folders = tmp_path / "plan", tmp_path / "coded"
    for path, folder in zip(round_trip, folders, strict=True):
        folder.mkdir()
        shutil.copy(path, folder)
    return folders[0] / "plan.json", folders[1] / "annotations.jsonl"


def group(result: dict[str, Any], trait: str, name: str) -> dict[str, Any]:
    (found,) = [g for g in result["groups"] if (g["trait"], g["group"]) == (trait, name)]
    return {one["label"]: one for one in found["labels"]}


def test_there_and_back(archive: Path, coded: tuple[Path, Path]) -> None:
    plan, answers = coded
    folder = plan.parent
    said = invoke("audit", archive, "--coded", answers, "--plan", plan).output
    result = json.loads((folder / "audit.json").read_text("utf-8"))
    assert (result["num_units"], result["num_drawn"], result["num_coded"]) == (800, 120, 120)
    whole = group(result, "all", "")
    for label in ("favor", "against", "none"):
        true = sum(one == label for one in TRUTH.values()) / len(TRUTH)
        naive = sum(s.label == label for one in PREDICTIONS for s in one.stances) / len(TRUTH)
        assert whole[label]["naive"] == pytest.approx(naive)
        assert whole[label]["corrected"]["low"] <= true <= whole[label]["corrected"]["high"]
    assert whole["absent"]["corrected"]["value"] == 0
    # A third of `against` goes unseen: the page says that the naive share is out of the interval.
    assert not whole["against"]["corrected"]["low"] <= whole["against"]["naive"]
    assert "✗" in said
    for trait, names in (("outlet", OUTLETS), ("target", ("sdf", "turkey"))):
        for name in names:
            shares = [one["corrected"]["value"] for one in group(result, trait, name).values()]
            assert sum(shares) == pytest.approx(1, abs=0.02)
    assert {(one["trait"], one["label"]) for one in result["differences"]} >= {
        ("outlet", "against"), ("target", "favor"),
    }  # fmt: skip
    page = (folder / "audit.html").read_text("utf-8")
    assert "الشرق &lt;b&gt;" in page
    assert "<b>" not in page
    assert "<script" not in page
    assert "قوات سوريا الديمقراطية (sdf)" in page
    assert "الشرق &lt;b>" in (folder / "audit.md").read_text("utf-8")


def test_every_tool_gives_the_same_figures(
    archive: Path, draw: Callable[..., Path], coded: tuple[Path, Path]
) -> None:
    folder = draw("--tool", "label-studio", "--by", "label,outlet")
    answers = bring_back(code_label_studio(folder), "label-studio")
    assert (folder / "plan.json").read_bytes() == coded[0].read_bytes()
    results = []
    for plan, path in ((folder / "plan.json", answers), coded):
        invoke("audit", archive, "--coded", path, "--plan", plan)
        results.append((plan.parent / "audit.json").read_bytes())
    assert results[0] == results[1]


def test_loaded_terms(archive: Path, draw: Callable[..., Path]) -> None:
    folder = draw("--for", "loaded_terms")
    path = folder / "tasks.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    assert {row["layer"] for row in rows} == {"sentence"}  # nothing of the prediction is shown
    done = []
    for row in rows:
        done.append(row)
        if IS_LOADED[row["task"]]:
            word = row["quote"].split()[1]
            mark = {"task": row["task"], "layer": "term", "quote": word, "category": "emotive"}
            done.append(dict.fromkeys(row, "") | mark)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(done)
    answers = bring_back(path, "csv")
    invoke("audit", archive, "--coded", answers, "--plan", folder / "plan.json")
    result = json.loads((folder / "audit.json").read_text("utf-8"))
    whole = group(result, "all", "")
    true = sum(IS_LOADED.values()) / NUM
    for name in ("emotive", "any"):
        assert whole[name]["naive"] < true
        assert whole[name]["corrected"]["low"] <= true <= whole[name]["corrected"]["high"]
    assert whole["praise"]["naive"] == whole["praise"]["corrected"]["value"] == 0
    assert whole["praise"]["corrected"]["high"] > 0


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, archive: Path) -> None:
    contents = []
    for number, seed in enumerate((3, 3, 4)):
        folder = tmp_path / str(number)
        invoke("audit", archive, "--sample", 50, "--output", folder, "--seed", seed)
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert contents[0] == contents[1]
    assert contents[0]["tasks.csv"] != contents[2]["tasks.csv"]


def test_tasks_hide_what_was_predicted(draw: Callable[..., Path]) -> None:
    folder = draw("--tool", "label-studio")
    text = (folder / "tasks.json").read_text("utf-8")
    assert not any(word in text for word in ("against", "favor", "pejorative", "scores"))
    sent = [unpack(task["data"]["nabra"]) for task in json.loads(text)]
    places = [(one.article_id, one.index) for one in sent]
    assert places != sorted(places)
    assert len(json.loads((folder / "plan.json").read_text("utf-8"))["items"]) == 120


def test_a_mention_that_is_none_is_absent(
    archive: Path, tmp_path: Path, coded: tuple[Path, Path]
) -> None:
    plan, answers = coded
    sentences = read_annotations(answers)
    gone = len(sentences[0].stances)
    write_annotations(
        answers, [type(s).from_dict(s.to_dict() | {"stances": []} if n == 0 else s.to_dict())
                  for n, s in enumerate(sentences)]
    )  # fmt: skip
    invoke("audit", archive, "--coded", answers, "--plan", plan, "--output", tmp_path / "r")
    result = json.loads((tmp_path / "r/audit.json").read_text("utf-8"))
    assert result["num_coded"] == 120
    assert group(result, "all", "")["absent"]["corrected"]["value"] > 0
    # Where two annotators are split it is undecided instead.
    ties = [
        {
            "source": task_id(sentences[0]),
            "reason": f"stance of the newsroom toward {s.target} [0, 9): a tie: 1 none",
        }
        for s in sentences[0].stances
    ]
    (answers.parent / "dropped.json").write_text(json.dumps(ties), encoding="utf-8")
    invoke("audit", archive, "--coded", answers, "--plan", plan, "--output", tmp_path / "r",
           "--overwrite")  # fmt: skip
    result = json.loads((tmp_path / "r/audit.json").read_text("utf-8"))
    assert result["num_coded"] == 120 - gone
    assert any(f"{gone} drawn units" in note for note in result["notes"])
    assert group(result, "all", "")["absent"]["corrected"]["value"] == 0


def test_what_is_missing_is_said_and_then_refused(
    archive: Path, tmp_path: Path, coded: tuple[Path, Path]
) -> None:
    plan, answers = coded
    sentences = read_annotations(answers)
    write_annotations(answers, sentences[: int(0.8 * len(sentences))])
    invoke("audit", archive, "--coded", answers, "--plan", plan, "--output", tmp_path / "r")
    (note,) = [
        note
        for note in json.loads((tmp_path / "r/audit.json").read_text("utf-8"))["notes"]
        if "missing at random" in note
    ]
    assert "so take care" in note
    write_annotations(answers, sentences[: int(0.4 * len(sentences))])
    with pytest.raises(InputError, match=r"codes \d+ of the 120 units drawn; code 50% of them"):
        invoke("audit", archive, "--coded", answers, "--plan", plan, "--output", tmp_path / "s")
    assert not (tmp_path / "s").exists()


def test_wrong_input_is_named(archive: Path, tmp_path: Path, coded: tuple[Path, Path]) -> None:
    plan, answers = coded
    sentences = read_annotations(answers)
    step = ("--plan", plan, "--output", tmp_path / "r")

    def refuses(kind: type[NabraError], match: str, *arguments: object) -> None:
        with pytest.raises(kind, match=match):
            invoke("audit", *arguments)

    refuses(InputError, "cannot be read .*plan.json that nabra audit", archive, "--coded", answers,
            "--plan", tmp_path / "no.json", "--output", tmp_path / "r")  # fmt: skip
    broken = tmp_path / "broken.json"
    for text in ("{", "[]", "{}", "5"):
        broken.write_text(text, encoding="utf-8")
        refuses(InputError, "is no plan of an audit", archive, "--coded", answers,
                "--plan", broken, "--output", tmp_path / "r")  # fmt: skip
    fewer = write_predictions(tmp_path / "fewer", PREDICTIONS[:-1])
    refuses(InputError, "holds other predictions than", fewer, "--coded", answers, *step)
    write_annotations(answers, [*sentences, sentences[3]])
    refuses(InputError, "is coded twice", archive, "--coded", answers, *step)
    strange = type(sentences[0]).from_dict(sentences[0].to_dict() | {"article_id": "غريب"})
    write_annotations(answers, [*sentences, strange])
    refuses(InputError, "غريب:.* is not in the sample", archive, "--coded", answers, *step)
    edited = sentences[0].to_dict() | {"text": sentences[0].text + "!"}
    write_annotations(answers, [type(sentences[0]).from_dict(edited), *sentences[1:]])
    refuses(InputError, "over another text", archive, "--coded", answers, *step)
    assert not (tmp_path / "r").exists()
    refuses(OutputError, "is not empty", archive, "--sample", 50, "--output", plan.parent)
    write_annotations(answers, sentences)
    invoke("audit", archive, "--coded", answers, "--plan", plan)
    refuses(OutputError, "is there already", archive, "--coded", answers, "--plan", plan)
    invoke("audit", archive, "--sample", 50, "--output", plan.parent, "--overwrite")
    assert not (plan.parent / "audit.json").exists()  # it told of another sample


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_format_of_the_archive_does_not_matter(
    form: str, archive: Path, tmp_path: Path, coded: tuple[Path, Path]
) -> None:
    plan, answers = coded
    other = write_predictions(tmp_path / form, PREDICTIONS, form)
    for folder in (archive, other):
        invoke("audit", folder, "--coded", answers, "--plan", plan, "--output", tmp_path / "r",
               "--overwrite")  # fmt: skip
    assert (tmp_path / "r/audit.json").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give either --sample N"),
        (("--sample", 50, "--coded", "x"), "give either --sample N"),
        (("--sample", 50), "--sample needs --output"),
        (("--sample", 50, "--output", "x", "--plan", "y"), "--plan belongs to --coded"),
        (("--coded", "x"), "--coded needs --plan"),
        (("--sample", 50, "--output", "x", "--by", "mood"), "of stance there are label, outlet"),
    ],
)
def test_wrong_usage(arguments: tuple[object, ...], said: str, archive: Path) -> None:
    result = invoke("audit", archive, *arguments)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_quiet(archive: Path, tmp_path: Path) -> None:
    arguments = ("--sample", 50, "--output", tmp_path / "t", "--quiet")
    assert invoke("audit", archive, *arguments).output == ""
