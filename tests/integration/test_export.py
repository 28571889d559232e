"""From a checkpoint to an exported folder to predictions, by the commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from model.archive.manifest import read_manifest
from model.archive.write import read_predictions
from model.errors import CheckpointError, InputError, NabraError, OutputError
from model.net import agreement, exporting
from model.net.checkpoint import checkpoint_hash, read_record
from tests.conftest import TEXTS
from tests.pretrained import copy_with_short_lists
from train.cli import app


def run(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint, its export beside it, and an archive."""
    folder = tmp_path_factory.mktemp("export")
    copy_with_short_lists(tiny_checkpoint, folder / "tiny")
    lines = [json.dumps({"id": str(n), "text": text}) for n, text in enumerate(TEXTS * 4)]
    (folder / "archive.jsonl").write_text("\n".join(lines), encoding="utf-8")
    said = run("export", folder / "tiny", "--format", "onnx")
    assert "tiny-onnx" in said
    return folder


def test_predicts_what_the_checkpoint_predicts(folder: Path, tmp_path: Path) -> None:
    for name, backend in (("tiny", "torch"), ("tiny-onnx", "onnx"), ("tiny-onnx", "onnx")):
        output = tmp_path / f"{name}-{len(list(tmp_path.iterdir()))}"
        plain = ("--workers", "1", "--backend", backend)
        run("predict", folder / name, folder / "archive.jsonl", "--output", output, *plain)
    torch_made, made, again = sorted(tmp_path.iterdir(), key=lambda path: path.name[-1])
    part = "predictions/part-00000.jsonl"
    assert (made / part).read_bytes() == (again / part).read_bytes()
    ours, theirs = list(read_predictions(torch_made)), list(read_predictions(made))
    assert len(ours) == len(theirs) == 12
    assert [[s.target for s in p.stances] for p in ours] == [
        [s.target for s in p.stances] for p in theirs
    ]
    manifest = read_manifest(made)
    assert manifest["checkpoint_hash"] == checkpoint_hash(folder / "tiny-onnx")
    assert manifest["versions"]["onnxruntime"]
    assert "onnxruntime" not in read_manifest(torch_made)["versions"]


def test_a_run_goes_on_with_its_own_backend_alone(folder: Path, tmp_path: Path) -> None:
    given = (folder / "archive.jsonl", "--output", tmp_path / "out", "--workers", "1")
    run("predict", folder / "tiny", *given)
    with pytest.raises(OutputError, match="the checkpoint has changed"):
        run("predict", folder / "tiny-onnx", *given)


def test_a_backend_that_the_folder_has_not(folder: Path, tmp_path: Path) -> None:
    given = (folder / "archive.jsonl", "--output", tmp_path / "out")
    with pytest.raises(CheckpointError, match="nabra export"):
        run("predict", folder / "tiny", *given, "--backend", "onnx")
    assert not (tmp_path / "out").exists()


def test_int8_wants_articles(folder: Path) -> None:
    said = run("export", folder / "tiny", "--int8", status=2)
    assert "--articles" in said


def test_int8_that_says_something_else_is_refused_unless_forced(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "int8"
    articles = ("--int8", "--output", output, "--articles", folder / "archive.jsonl")
    graph = folder / "tiny-onnx" / "model.onnx"  # made anew it takes seconds
    monkeypatch.setattr(exporting, "write_graph", lambda _, path: shutil.copy(graph, path))
    monkeypatch.setattr(agreement, "FEWEST", 1)
    monkeypatch.setattr(agreement, "LEAST", 1.1)
    with pytest.raises(NabraError, match=r"stance: .* compared.*--force"):
        run("export", folder / "tiny", *articles)
    assert list(tmp_path.iterdir()) == []
    said = run("export", folder / "tiny", *articles, "--force")
    assert "wide" not in said
    assert read_record(output)["export"]["precision"] == "int8"
    monkeypatch.setattr(agreement, "LEAST", 0.0)
    run("export", folder / "tiny", *articles, "--overwrite")
    checked = read_record(output)["export"]["checked"]
    assert checked["stance"]["compared"] == 8
    assert 0 < checked["loaded_terms"]["share"] <= 1


def test_a_full_disk_leaves_the_earlier_export(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(folder / "tiny-onnx", tmp_path / "out")
    before = checkpoint_hash(tmp_path / "out")

    def fail(_: object, path: Path) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting, "write_graph", fail)
    with pytest.raises(OutputError, match="No space left"):
        run("export", folder / "tiny", "--output", tmp_path / "out", "--overwrite")
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    assert checkpoint_hash(tmp_path / "out") == before


def test_a_wrong_path_costs_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "write_graph", lambda *_: pytest.fail("half a minute is lost"))
    given = ("export", folder / "tiny", "--output", tmp_path / "out")
    with pytest.raises(InputError, match=r"none\.jsonl"):
        run(*given, "--articles", tmp_path / "none.jsonl")
    assert list(tmp_path.iterdir()) == []
