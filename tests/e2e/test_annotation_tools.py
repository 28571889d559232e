"""What is written for the annotation tools, read by their own code (`make e2e-annotate`)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from train.data.annotate import doccano, label_studio
from train.data.annotate.marks import as_gold
from train.data.annotate.tasks import Answer, settle
from train.data.annotations import read_annotations

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]


def run(tool: str, script: str, *arguments: Path) -> None:
    python = ROOT / "build" / tool / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python} is missing: make e2e-annotate")
    subprocess.run([python, ROOT / "tests/e2e" / script, *arguments], check=True)


def test_label_studio_takes_configuration_and_tasks(tmp_path: Path) -> None:
    gold = read_annotations(ROOT / "seeds/annotations.jsonl")
    run("label-studio", "label_studio_check.py", *label_studio.write_tasks(tmp_path, gold, {}))


def test_doccano_gives_back_what_it_took(tmp_path: Path) -> None:
    gold = read_annotations(ROOT / "seeds/annotations.jsonl")
    tasks, *_ = doccano.write_tasks(tmp_path, gold, {})
    run("doccano", "doccano_round.py", tasks, tmp_path / "amal.jsonl")
    back = [
        settle(answer, str)
        for answer in doccano.read_answers([tmp_path / "amal.jsonl"])
        if isinstance(answer, Answer)
    ]
    assert back == [as_gold(sentence) for sentence in gold]
