"""Several annotators beside a checkpoint: what they score against each other, in its scorecard."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from train.data.annotations import read_annotations, write_annotations
from train.evaluate import app


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A folder as `nabra annotate import` leaves it; one of two annotators finds every other
    term."""
    gold = read_annotations(Path("seeds/annotations.jsonl"))[:40]
    (tmp_path / "annotators").mkdir()
    write_annotations(tmp_path / "annotations.jsonl", gold)
    write_annotations(tmp_path / "annotators/sara.jsonl", gold)
    half = [replace(one, loaded_terms=one.loaded_terms[::2]) for one in gold]
    write_annotations(tmp_path / "annotators/omar.jsonl", half)
    return tmp_path


def _evaluate(checkpoint: Path, labels: Path, *given: Path) -> tuple[dict[str, object], str]:
    output = labels / "scored"
    options = [part for path in given for part in ("--annotators", str(path))]
    data = str(labels / "annotations.jsonl")
    asked = [str(checkpoint), "--data", data, "--output", str(output), *options, "--quiet"]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    scorecard = json.loads((output / "scorecard.json").read_text(encoding="utf-8"))
    return scorecard, (output / "scorecard.md").read_text(encoding="utf-8")


def test_the_scorecard_holds_what_they_score(tiny_checkpoint: Path, labels: Path) -> None:
    scorecard, page = _evaluate(tiny_checkpoint, labels, labels / "annotators")
    ceiling = scorecard["ceiling"]
    assert isinstance(ceiling, dict)
    assert ceiling["annotators"] == ["omar", "sara"]
    assert ceiling["num_sentences"] == 40
    assert ceiling["figures"]["macro_f1"]["value"] == 1
    assert 0.5 < ceiling["figures"]["span_f1_exact"]["value"] < 0.95
    assert "What one annotator scores against another" in page
    assert "omar, sara: 40 sentences" in page


def test_one_annotator_gives_a_note_and_none_nothing(tiny_checkpoint: Path, labels: Path) -> None:
    scorecard, page = _evaluate(tiny_checkpoint, labels, labels / "annotators/sara.jsonl")
    assert scorecard["ceiling"] is None
    assert "No ceiling is shown" in page
    scorecard, page = _evaluate(tiny_checkpoint, labels)
    assert scorecard["ceiling"] is None
    assert "ceiling" not in page
