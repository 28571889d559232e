"""Bad input: one clear line, the right exit status, and nothing else is lost."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

OF_SEEDS = ["--set", "corpus.articles=[seeds/articles]", "--set"]


def nabra(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "train.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def one_error_line(result: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, result.stderr
    return lines[0]


def test_a_config_with_typos_names_them_all(tmp_path: Path) -> None:
    text = Path("configs/quickstart.yaml").read_text(encoding="utf-8")
    text = text.replace("warmup_ratio:", "warmup_ration:").replace("epochs: ", "epochs: many # ")
    path = tmp_path / "quickstart.yaml"
    path.write_text(text, encoding="utf-8")
    result = nabra("check", path)
    line = one_error_line(result)
    assert result.returncode == 1
    assert "training.warmup_ration: unknown key (did you mean warmup_ratio?)" in line
    assert "training.warmup_ratio: missing" in line
    assert "training.epochs" in line


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["check", "nowhere.yaml"], 1, "nowhere.yaml: cannot be read"),
        (["check", "configs/quickstart.yaml", "--set", "split.sed=1"], 1, "split.sed: unknown key"),
        (["check", "configs/quickstart.yaml", "--set", "data.targets=x"], 1, "x does not exist"),
        (["run", "configs/quickstart.yaml", "--set", "encoder=mine"], 1, "mine: is no directory"),
        (["check", "configs/pretrain.yaml", *OF_SEEDS, "encoder=a/b/c"], 1, "no directory here"),
        (["pretrain", "configs/pretrain.yaml", "--set", "encoder=a/b/c"], 1, "no directory here"),
        (["check", "configs/distill.yaml", *OF_SEEDS, "encoder=a/b/c"], 1, "no directory here"),
        (["predict", "nowhere", "seeds/articles", "--output", "x"], 1, "is no nabra checkpoint"),
        (["predict", "nowhere", "missing.txt", "--output", "x"], 1, "missing.txt"),
        (["report", "nowhere", "--output", "x.html"], 1, "holds no predictions"),
        (["evaluate", "nowhere.yaml"], 1, "nowhere.yaml"),
    ],
)
def test_one_line_and_the_right_status(arguments: list[str], status: int, message: str) -> None:
    result = nabra(*arguments)
    assert result.returncode == status
    assert message in one_error_line(result)


@pytest.mark.parametrize("arguments", [["predict"], ["unknown"], ["check"], ["run", "--no"]])
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    result = nabra(*arguments)
    assert result.returncode == 2
    assert "Traceback" not in result.stderr


def test_a_bad_record_costs_exactly_itself(tiny_checkpoint: Path, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    folder.mkdir()
    good = {"outlet": "o", "headline": "عنوان", "text": "التحالف الدولي يدعم قسد."}
    lines = [json.dumps(good | {"id": str(n)}, ensure_ascii=False) for n in range(3)]
    (folder / "a.jsonl").write_text(f"{lines[0]}\n{{broken\n{lines[1]}\n", encoding="utf-8")
    (folder / "b.txt").write_bytes(b"")
    (folder / "c.txt").write_bytes(b"\x00\xff\x00\xfe\x00")
    (folder / "d.txt").write_bytes("عنوان\n\nنص الخبر هنا.".encode("cp1256"))
    (folder / "e.jsonl").write_text('{"id": "e", "text": "123 456"}\n', encoding="utf-8")
    output = tmp_path / "out"
    arguments = ["predict", tiny_checkpoint, folder, "--output", output]
    result = nabra(*arguments, "--strict")
    assert result.returncode == 3, result.stderr
    manifest = json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["articles_in"] == 7
    assert manifest["articles_predicted"] == 3
    assert manifest["rows_quarantined"] == 4
    quarantine = (output / "quarantine/part-00000.jsonl").read_text(encoding="utf-8")
    records = [json.loads(line) for line in quarantine.splitlines()]
    assert [Path(record["source"]).name for record in records] == [
        "a.jsonl:2",
        "b.txt",
        "c.txt",
        "e.jsonl:1",
    ]
    assert all(record["reason"] for record in records)
    assert nabra(*arguments, "--overwrite").returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_prediction_leaves_no_half_part(
    tiny_checkpoint: Path, tmp_path: Path, number: signal.Signals
) -> None:
    articles = tmp_path / "a.jsonl"
    line = json.dumps({"text": "التحالف الدولي يدعم قسد. " * 20}, ensure_ascii=False)
    articles.write_text(f"{line}\n" * 3000, encoding="utf-8")
    output = tmp_path / "out"
    command = ["predict", str(tiny_checkpoint), str(articles), "--output", str(output)]
    process = subprocess.Popen(
        [sys.executable, "-m", "train.cli", *command], stderr=subprocess.PIPE
    )
    while not (output / "predictions").is_dir():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    assert process.wait(timeout=30) == 130
    assert b"Traceback" not in process.communicate()[1]
    assert list(output.rglob("*part-*")) == []


def test_a_signal_is_not_lost_where_an_object_is_deleted() -> None:
    code = """
import os, signal, time
from model.console import new_app, run_app
class Slow:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
app = new_app()
@app.command()
def command():
    Slow()
    time.sleep(20)
run_app(app)
"""
    begin = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (130, "interrupted\n")
    assert time.monotonic() - begin < 15


def test_nor_does_a_worker_lose_it_or_print_it() -> None:
    code = """
import os, signal, time
from pathlib import Path
from model.archive.engines import local
class Slow:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
def load(checkpoint, num_threads):
    Slow()
    time.sleep(20)
local.read_plan = lambda output_dir: "a plan"
try:
    local._work(None, None, Path(), "checkpoint", load, 1, False)
except SystemExit:
    os.kill(os.getpid(), signal.SIGTERM)  # one more while it ends
    time.sleep(0.1)
    raise
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (143, "")


def test_the_rules_are_scored_on_gold() -> None:
    command = [sys.executable, "-m", "train.rules", "seeds/annotations.jsonl", "seeds/articles"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = {line[:16].strip(): line[16:].split() for line in result.stdout.splitlines()[2:]}
    assert float(rows["sentence ends"][2]) > 0.99
    assert float(rows["direct"][2]) > 0.9
    assert float(rows["reported"][2]) > 0.8
    assert int(rows["loaded terms"][3]) > 500


def test_gold_of_other_articles_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("نص آخر.", encoding="utf-8")
    command = [sys.executable, "-m", "train.rules", "seeds/real_gold.jsonl", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "labels none of these articles" in one_error_line(result)
