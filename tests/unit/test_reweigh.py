"""The door: predictions corrected for another mix of labels, and every wrong input."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from model.archive.manifest import read_manifest
from model.archive.write import ShardWriter, read_predictions
from model.errors import CheckpointError, InputError, OutputError, RecordError
from model.net.checkpoint import add_calibration, checkpoint_hash, load_calibration
from model.records import Dropped
from tests.audit_predictions import write_predictions
from tests.unit.test_label_mix import _archive, _known, _predictions
from train.cli import app
from train.label_mix import correct_stances, estimate_stance_mix

NONE_RARE = (0.6, 0.3, 0.1)
PREDICTIONS = _predictions(_archive(NONE_RARE, 400, seed=2))


def invoke(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["reweigh", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def checkpoint(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    path = Path(shutil.copytree(tiny_checkpoint, tmp_path / "checkpoint"))
    add_calibration(path, _known())
    return path


def _write(folder: Path, by: Path, form: Any = "jsonl", **changed: object) -> Path:
    write_predictions(folder, PREDICTIONS, form)
    with ShardWriter(folder, "part-00000", form) as writer:
        for prediction in PREDICTIONS[:70]:
            writer.write(prediction)
        writer.quarantine(Dropped("a.txt", "no text"))
    manifest = {
        "rows_out": 200, "rows_quarantined": 1, "checkpoint": str(by),
        "checkpoint_hash": checkpoint_hash(by),
    } | changed  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def archive(tmp_path: Path, checkpoint: Path) -> Path:
    return _write(tmp_path / "archive", checkpoint)


@pytest.mark.parametrize("form", ["jsonl", "parquet", "csv"])
def test_stances_are_corrected_for_the_given_mix(
    tmp_path: Path, checkpoint: Path, form: str
) -> None:
    archive = _write(tmp_path / "in", checkpoint, form)
    said = invoke(archive, "--output", tmp_path / "out", "--label-mix", "0.6,0.3,0.1").output
    expected = [correct_stances(p, _known(), NONE_RARE) for p in PREDICTIONS]
    found = list(read_predictions(tmp_path / "out"))
    assert [p.stances for p in found] == [p.stances for p in expected]
    assert [p.text for p in found] == [p.text for p in PREDICTIONS]
    assert {path.suffix for path in (tmp_path / "out/predictions").iterdir()} == {f".{form}"}
    changed = sum(
        a.label != b.label
        for one, other in zip(PREDICTIONS, found, strict=True)
        for a, b in zip(one.stances, other.stances, strict=True)
    )
    assert changed > 20
    assert f"{changed} of 600 stances have another label" in said
    assert "mix of labels, given: favor 0.600, against 0.300, none 0.100" in said
    manifest = read_manifest(tmp_path / "out")
    assert manifest == read_manifest(archive) | {
        "label_mix": {"favor": 0.6, "against": 0.3, "none": 0.1}, "label_mix_from": "given",
    }  # fmt: skip
    quarantine = "quarantine/part-00000.jsonl"
    assert (tmp_path / "out" / quarantine).read_bytes() == (archive / quarantine).read_bytes()
    assert list(read_predictions(archive)) == PREDICTIONS, "the first ones stay"


def test_the_mix_is_estimated_where_none_is_given(tmp_path: Path, archive: Path) -> None:
    said = invoke(archive, "--output", tmp_path / "out").output
    mix = estimate_stance_mix(PREDICTIONS, _known()).shares
    expected = [correct_stances(p, _known(), mix) for p in PREDICTIONS]
    assert list(read_predictions(tmp_path / "out")) == expected
    assert read_manifest(tmp_path / "out")["label_mix_from"] == "estimated"
    assert f"mix of labels, estimated: favor {mix[0]:.3f}" in said
    assert mix == pytest.approx(NONE_RARE, abs=0.1)


def test_an_estimate_that_would_be_far_off_is_refused_and_a_given_mix_is_not(
    tmp_path: Path, checkpoint: Path
) -> None:
    add_calibration(checkpoint, _known(mix_error=0.23))
    archive = _write(tmp_path / "archive", checkpoint)
    with pytest.raises(RecordError, match=r"error of 0\.23, more than 0\.1; .* or give the mix"):
        invoke(archive, "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert (
        invoke(archive, "--output", tmp_path / "out", "--label-mix", "0.6,0.3,0.1").exit_code == 0
    )


@pytest.mark.parametrize(
    "given",
    ["often", "0.5,0.5", "0.5,0.3,0.1", "1.2,-0.1,-0.1", "nan,0.5,0.5", "0.2,0.2,0.2,0.4", ""],
)
def test_what_is_no_mix_is_refused(archive: Path, tmp_path: Path, given: str) -> None:
    result = invoke(archive, "--output", tmp_path / "out", "--label-mix", given)
    assert result.exit_code == 2
    assert "favor, against, none" in " ".join(result.output.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


def test_rounded_shares_sum_to_1(archive: Path, tmp_path: Path) -> None:
    invoke(archive, "--output", tmp_path / "out", "--label-mix", "0.333,0.333,0.333")
    assert read_manifest(tmp_path / "out")["label_mix"] == pytest.approx(
        dict.fromkeys(("favor", "against", "none"), 1 / 3), abs=1e-6
    )


def test_predictions_of_another_checkpoint_are_refused(tmp_path: Path, checkpoint: Path) -> None:
    mix = ("--label-mix", "0.6,0.3,0.1", "--output", tmp_path / "out")
    stranger = _write(tmp_path / "stranger", checkpoint, checkpoint_hash="0f")
    with pytest.raises(InputError, match="were made by another checkpoint than"):
        invoke(stranger, *mix)
    again = _write(tmp_path / "again", checkpoint, label_mix={"favor": 1})
    with pytest.raises(InputError, match="were corrected for a mix of labels already"):
        invoke(again, *mix)
    moved = _write(tmp_path / "moved", checkpoint, checkpoint=str(tmp_path / "gone"))
    with pytest.raises(CheckpointError, match=r"is no nabra checkpoint: nabra\.json"):
        invoke(moved, *mix)
    (moved / "manifest.json").unlink()
    with pytest.raises(InputError, match="name it with --checkpoint"):
        invoke(moved, *mix)
    assert invoke(moved, *mix, "--checkpoint", checkpoint).exit_code == 0
    with pytest.raises(OutputError, match="earlier run"):
        invoke(moved, *mix, "--checkpoint", checkpoint)
    assert invoke(moved, *mix, "--checkpoint", checkpoint, "--overwrite").exit_code == 0


def test_the_predictions_themselves_are_not_replaced(archive: Path) -> None:
    with pytest.raises(InputError, match="choose another --output"):
        invoke(archive, "--output", archive, "--overwrite", "--label-mix", "0.6,0.3,0.1")
    assert list(read_predictions(archive)) == PREDICTIONS


def test_a_calibration_is_read_without_the_network(checkpoint: Path) -> None:
    (checkpoint / "model.safetensors").unlink()
    assert load_calibration(checkpoint) == _known()
    (checkpoint / "nabra.json").write_text("[]", encoding="utf-8")
    with pytest.raises(CheckpointError, match="names no tasks"):
        load_calibration(checkpoint)
