"""The outlet probe is asked for by --worlds alone, and says where it cannot be made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.small_run import CONFIG, SmallRun
from train.config import read_run
from train.evaluate import evaluate_run
from train.finetune import finetune_run


def test_worlds_ask_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small run has one outlet; its folds are of no interest here."""
    small = SmallRun.write(tmp_path)
    run = read_run(CONFIG, small.settings)
    finetune_run(run, quiet=True)
    monkeypatch.setattr("train.readings._read_folds", lambda *_, **__: [])
    notes = {}
    for worlds in (False, True):
        evaluate_run(run, worlds=worlds, quiet=True)
        scorecard = json.loads((small.dir / "scorecard.json").read_text(encoding="utf-8"))
        assert scorecard["outlets"] is None
        notes[worlds] = [note for note in scorecard["notes"] if "outlet probe" in note]
    assert notes[False] == []
    assert len(notes[True]) == 1
