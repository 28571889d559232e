"""From articles to a report, every part real, on a network as small as one can be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.archive.read import read_records
from model.archive.write import read_predictions
from model.errors import InputError
from model.records import Article, LabelledSentence, check_sentence_law, check_span_laws
from model.report.__main__ import report
from train.cli import run_all
from train.data.dataset import read_dataset

TINY = [
    "encoder=scratch",
    "scratch.vocabulary=400",
    "scratch.layers=1",
    "scratch.width=16",
    "scratch.heads=2",
    "scratch.feed_forward=32",
    "training.epochs=1",
    "evaluation.folds=2",
    "evaluation.resamples=100",
]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """prepare, finetune, evaluate and predict on the seeds."""
    folder = tmp_path_factory.mktemp("run") / "tiny"
    overrides = [*TINY, f"output_dir={folder}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(__file__).parents[2])
        run_all(Path("configs/quickstart.yaml"), overrides, quiet=True)
    return folder


def predict_seeds(run_dir: Path, output: Path, *arguments: str) -> int:
    """The exit status of `nabra predict` over the seed articles."""
    from typer.testing import CliRunner

    from train.cli import app

    command = ["predict", str(run_dir / "checkpoint"), "seeds/articles", "--output", str(output)]
    result = CliRunner().invoke(app, [*command, *arguments], catch_exceptions=False)
    return result.exit_code


def test_the_contract_names_every_file(run_dir: Path) -> None:
    for name in (
        "dataset/manifest.json",
        "checkpoint/nabra.json",
        "checkpoint/README.md",
        "trainer",
        "metrics.jsonl",
        "scorecard.json",
        "scorecard.md",
        "scorecard.html",
    ):
        assert (run_dir / name).exists(), name
    lines = (run_dir / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert {"loss", "eval_loss"} <= {key for line in lines for key in json.loads(line)}


def test_gold_alone_is_tested_on_and_stories_stay_whole(run_dir: Path) -> None:
    splits = read_dataset(run_dir / "dataset")
    stories = {name: {s.story for s in sentences} for name, sentences in splits.items()}
    assert all(splits.values())
    assert not stories["train"] & stories["test"]
    assert not stories["train"] & stories["validation"]


def test_the_scorecard_stands_beside_the_baselines(run_dir: Path) -> None:
    scorecard = json.loads((run_dir / "scorecard.json").read_text(encoding="utf-8"))
    assert [reading["name"] for reading in scorecard["readings"]] == ["test", "folds"]
    for reading in scorecard["readings"]:
        names = [system["name"] for system in reading["systems"]]
        probes = ["target-blind", "text-blind", "outlet-only"]
        assert names == ["nabra", "tfidf", "svm", "lexicon", "memory", "majority", *probes]
    folds = scorecard["readings"][1]
    assert folds["num_sentences"] == sum(
        split["num_sentences"] for split in scorecard["dataset"]["splits"]
    )
    record = json.loads((run_dir / "checkpoint/nabra.json").read_text(encoding="utf-8"))
    assert record["main_scores"]["folds"]["sentences"] == folds["num_sentences"]


def test_a_second_run_skips_what_is_done(run_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_all(Path("configs/quickstart.yaml"), [*TINY, f"output_dir={run_dir}"])
    printed = capsys.readouterr().out
    assert [line.split(":")[0] for line in printed.splitlines() if "skipped" in line] == [
        "prepare",
        "finetune",
        "evaluate",
    ]


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_every_article_is_predicted_and_both_laws_hold(
    run_dir: Path, tmp_path: Path, kind: str
) -> None:
    assert predict_seeds(run_dir, tmp_path, "--format", kind) == 0
    articles = {
        record.id: record
        for record in read_records(["seeds/articles"])
        if isinstance(record, Article)
    }
    predicted = set()
    for prediction in read_predictions(tmp_path):
        check_sentence_law(articles[prediction.article_id], prediction)
        check_span_laws(prediction)
        predicted.add(prediction.article_id)
    assert predicted == set(articles)
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["articles_in"] == len(articles) == manifest["articles_predicted"]


def test_predictions_are_the_same_bytes_twice(run_dir: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert predict_seeds(run_dir, tmp_path / name) == 0
    one, two = (tmp_path / name / "predictions/part-00000.jsonl" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_an_earlier_result_is_not_overwritten_unasked(run_dir: Path, tmp_path: Path) -> None:
    from model.errors import OutputError

    assert predict_seeds(run_dir, tmp_path) == 0
    written = {path: path.stat().st_mtime_ns for path in tmp_path.glob("predictions/*")}
    assert predict_seeds(run_dir, tmp_path) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("predictions/*")} == written
    with pytest.raises(OutputError, match="another run lie here, and 1 thing differs: --outlet"):
        predict_seeds(run_dir, tmp_path, "--outlet", "other")
    assert predict_seeds(run_dir, tmp_path, "--outlet", "other", "--overwrite") == 0


def test_the_report_shows_the_articles(run_dir: Path, tmp_path: Path) -> None:
    assert predict_seeds(run_dir, tmp_path) == 0
    page = tmp_path / "report.html"
    report(tmp_path, page, title="The seeds", articles=5, quiet=True)
    html = page.read_text(encoding="utf-8")
    assert "قوات سوريا الديمقراطية" in html
    assert 'dir="rtl"' in html
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_labels_without_text_are_scored_beside_their_articles(
    run_dir: Path, tmp_path: Path
) -> None:
    from typer.testing import CliRunner

    from train.cli import app
    from train.data.standoff import detach, write_standoff

    articles = {a.id: a for a in read_records("seeds/articles") if isinstance(a, Article)}
    gold: dict[str, list[LabelledSentence]] = {}
    for sentence in read_dataset(run_dir / "dataset")["test"]:
        gold.setdefault(sentence.article_id, []).append(sentence)
    labels = tmp_path / "labels.jsonl"
    write_standoff(
        labels,
        [
            detach(articles[name], told, [()] * len(told), split=split, drawn="random")
            for split, (name, told) in zip(("dev", "final") * len(gold), gold.items(), strict=False)
        ],
    )
    config = ["configs/quickstart.yaml", *(p for o in TINY for p in ("--set", o))]
    command = ["evaluate", *config, "--set", f"output_dir={run_dir}", "--data", str(labels)]
    output = ["--output", str(tmp_path / "scores")]
    beside = ["--articles", "seeds/articles", "--split", "dev"]
    result = CliRunner().invoke(app, [*command, *output, *beside], catch_exceptions=False)
    assert result.exit_code == 0
    (reading,) = json.loads((tmp_path / "scores/scorecard.json").read_bytes())["readings"]
    assert [system["name"] for system in reading["systems"]][:3] == ["nabra", "tfidf", "svm"]
    dev = [sentence for told in list(gold.values())[::2] for sentence in told]
    assert reading["num_sentences"] == len(dev)
    assert reading["systems"][0]["stances"]["support"] == sum(len(s.stances) for s in dev)
    with pytest.raises(InputError, match="labels without their text; name the articles"):
        CliRunner().invoke(app, [*command, *output], catch_exceptions=False)


def test_the_same_config_gives_the_same_weights(run_dir: Path, tmp_path: Path) -> None:
    from train.config import read_run
    from train.finetune import finetune_run

    overrides = [*TINY, f"output_dir={tmp_path}"]
    (tmp_path / "dataset").symlink_to(run_dir / "dataset")
    finetune_run(read_run("configs/quickstart.yaml", overrides), quiet=True)
    again = (tmp_path / "checkpoint/model.safetensors").read_bytes()
    assert again == (run_dir / "checkpoint/model.safetensors").read_bytes()


def test_a_killed_training_goes_on_to_the_same_weights(run_dir: Path, tmp_path: Path) -> None:
    """Epoch 2 of 2 is cut short half-way through its saving; the next call starts from epoch 1."""
    from train.config import read_run
    from train.finetune import finetune_run

    (tmp_path / "dataset").symlink_to(run_dir / "dataset")
    run = read_run(
        "configs/quickstart.yaml", [*TINY, "training.epochs=2", f"output_dir={tmp_path}"]
    )
    finetune_run(run, quiet=True)
    whole = (tmp_path / "checkpoint/model.safetensors").read_bytes()
    *_, last = sorted(
        (tmp_path / "trainer").glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1])
    )
    (last / "trainer_state.json").unlink()
    finetune_run(run, quiet=True)
    assert (tmp_path / "checkpoint/model.safetensors").read_bytes() == whole


def test_changed_names_train_anew(run_dir: Path, tmp_path: Path) -> None:
    """The targets' names are input of the network, though they stand in no sentence."""
    from train.config import read_run
    from train.finetune import finetune_run

    (tmp_path / "dataset").symlink_to(run_dir / "dataset")
    changed = tmp_path / "targets.yaml"
    text = Path("seeds/targets.yaml").read_text(encoding="utf-8")
    changed.write_text(text.replace("  name: ", "  name: اسم "), encoding="utf-8")
    overrides = [*TINY, f"output_dir={tmp_path}"]
    finetune_run(read_run("configs/quickstart.yaml", overrides), quiet=True)
    before = (tmp_path / "checkpoint/model.safetensors").read_bytes()
    overrides.append(f"data.targets={changed}")
    finetune_run(read_run("configs/quickstart.yaml", overrides), quiet=True)
    assert (tmp_path / "checkpoint/model.safetensors").read_bytes() != before


def test_unlabelled_articles_are_silver_and_no_copies_of_gold(tmp_path: Path) -> None:
    from train.config import read_run
    from train.prepare import prepare_run

    source = next(Path("seeds/articles/madar-wire").glob("*.txt"))
    folder = tmp_path / "more"
    folder.mkdir()
    copy = source.read_text(encoding="utf-8") + " وأضافت الوكالة جملة واحدة في آخر الخبر."
    (folder / "copy.txt").write_text(copy, encoding="utf-8")
    new = "عنوان جديد\n\nسيطرت مليشيا قسد الانفصالية على البلدة. ثم هطل المطر على الجبال كلها."
    (folder / "new.txt").write_text(new, encoding="utf-8")
    overrides = [f"output_dir={tmp_path / 'run'}", f"data.unlabelled=[{folder}]"]
    prepare_run(read_run("configs/quickstart.yaml", overrides), quiet=True)
    manifest = json.loads((tmp_path / "run/dataset/manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["silver_articles"]) == 1
    (dropped,) = manifest["dropped"]
    assert dropped["source"].endswith("copy.txt")
    assert source.name in dropped["reason"]
    train = read_dataset(tmp_path / "run/dataset")["train"]
    silver = [s for s in train if s.article_id in manifest["silver_articles"]]
    assert [stance.label for s in silver for stance in s.stances] == ["against"]
    assert {stance.origin for s in silver for stance in s.stances} == {"silver"}
