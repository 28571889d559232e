"""The door: articles to a tool's files and back, picked, adjudicated, measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.errors import InputError, OutputError
from model.records import Article
from train.annotate import app
from train.data.annotations import read_annotations


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.fixture
def archive(tmp_path: Path, article: Article) -> Path:
    path = tmp_path / "articles.jsonl"
    fields = {"id": "a1", "outlet": "o", "headline": article.headline, "text": article.text}
    path.write_text(json.dumps(fields) + "\n", encoding="utf-8")
    return path


def test_rules_label_articles_first(tmp_path: Path, archive: Path) -> None:
    said = run("export", archive, "--tool", "csv", "--output", tmp_path / "out")
    assert "4 of 4 sentences for csv" in said
    said = run("import", tmp_path / "out/tasks.csv", "--tool", "csv", "--output", tmp_path / "in",
               "--annotator", "../أمل", "--articles", archive)  # fmt: skip
    (mine,) = (tmp_path / "in/annotators").iterdir()
    assert mine.name == "أمل.jsonl"
    gold = read_annotations(tmp_path / "in/annotations.jsonl")
    assert gold == read_annotations(mine)
    assert {stance.origin for sentence in gold for stance in sentence.stances} == {"gold"}
    assert json.loads((tmp_path / "in/dropped.json").read_text("utf-8")) == []


def test_a_model_picks_what_it_is_unsure_of(
    tmp_path: Path, archive: Path, tiny_checkpoint: Path
) -> None:
    said = run("export", archive, "--tool", "doccano", "--output", tmp_path / "out",
               "--checkpoint", tiny_checkpoint, "--pick", 2, "--by", "uncertainty")  # fmt: skip
    assert "2 of 4 sentences for doccano" in said
    assert "--by uncertainty needs" in run(
        "export", archive, "--tool", "csv", "--output", tmp_path / "x", "--pick", 1, "--by",
        "uncertainty",
    )  # fmt: skip


def test_two_annotators_disagree(tmp_path: Path) -> None:
    gold, files = "seeds/annotations.jsonl", []
    for name in ("a", "b"):
        run("export", gold, "--tool", "doccano", "--output", tmp_path / name)
        text = (tmp_path / name / "tasks.jsonl").read_text("utf-8")
        if name == "b":
            text = text.replace("stance:against", "stance:none", 5)
        files.append(tmp_path / f"{name}.jsonl")
        files[-1].write_text(text, encoding="utf-8")
    run("import", *files, "--tool", "doccano", "--output", tmp_path / "in")
    dropped = json.loads((tmp_path / "in/dropped.json").read_text("utf-8"))
    assert sum("a tie: 1 against, 1 none" in record["reason"] for record in dropped) == 5
    both = [tmp_path / f"in/annotators/{name}.jsonl" for name in ("a", "b")]
    said = run("agreement", *both, "--output", tmp_path / "agreement.json")
    assert run("agreement", tmp_path / "in/annotators") == said.split("figures:")[0]
    figures = json.loads((tmp_path / "agreement.json").read_text("utf-8"))
    assert 0.95 < figures["stance"]["alpha"] < 1
    assert figures["pairs"][0]["spans"]["label"]["exact"] == 1
    assert f"{figures['stance']['alpha']:.3f}" in said


def test_faults_are_one_line(tmp_path: Path, archive: Path) -> None:
    (tmp_path / "bad.json").write_text("[" * 9, encoding="utf-8")
    with pytest.raises(InputError, match=r"holds no usable label: .*bad\.json: JSON"):
        run("import", tmp_path / "bad.json", "--tool", "label-studio", "--output", tmp_path / "in")
    with pytest.raises(InputError, match="no such file"):
        run("import", tmp_path / "no.json", "--tool", "label-studio", "--output", tmp_path / "in")
    with pytest.raises(OutputError, match="is not empty"):
        run("export", archive, "--tool", "csv", "--output", tmp_path)
    with pytest.raises(InputError, match="one annotator"):
        run("agreement", "seeds/annotations.jsonl")
