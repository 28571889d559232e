"""An encoder pre-trained by the command, small: whole, killed and gone on, adapted, fine-tuned."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoModelForMaskedLM

from model.errors import ConfigError, NabraError
from tests.killable import told_by_torchrun
from tests.small_run import _WORDS, SmallRun
from train.finetune import finetune
from train.pretrain import pretrain

CONFIG = Path("configs/pretrain.yaml")
SETTINGS = {
    "corpus.held_out": 0.2,
    "scratch.architecture": "modernbert",
    "scratch.vocabulary": 400,
    "scratch.layers": 1,
    "scratch.width": 16,
    "scratch.heads": 2,
    "scratch.feed_forward": 32,
    "training.tokens": 5120,
    "training.length": 32,
    "training.batch_tokens": 256,
    "training.learning_rate": 0.01,
    "training.evaluations": 4,
    "training.save_steps": 4,
}
"""Twenty steps."""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("archive") / "news.jsonl")


def write_archive(path: Path) -> Path:
    """Articles of words by chance, each word followed by the same three others, and of clauses."""
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        for _ in range(60):
            words = [_WORDS[0]]
            while len(words) < 80:
                number = _WORDS.index(words[-1])
                words.append(_WORDS[(3 * number + chance.randint(1, 3)) % len(_WORDS)])
            clauses = [" ".join(words[first : first + 6]) for first in range(0, len(words), 6)]
            file.write(json.dumps({"outlet": "o", "text": "، ".join(clauses)}) + "\n")
    return path


def overrides(archive: Path, output: Path, **changes: object) -> list[str]:
    given = {f"training.{name}": value for name, value in changes.items()}
    named = {"output_dir": output, "corpus.articles": f"[{archive}]"}
    return [f"{key}={value}" for key, value in {**SETTINGS, **named, **given}.items()]


@pytest.fixture(scope="module")
def whole(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    pretrain(CONFIG, overrides(archive, folder), quiet=True)
    return folder


def result(folder: Path) -> tuple[bytes, bytes]:
    weights = folder / "encoder/model.safetensors"
    return weights.read_bytes(), (folder / "metrics.jsonl").read_bytes()


def test_leaves_an_encoder_that_has_learned(whole: Path) -> None:
    pace = [json.loads(line) for line in (whole / "pace.jsonl").read_text().splitlines()]
    assert [line["step"] for line in pace] == [5, 10, 15, 20]
    assert pace[-1]["held_out_loss"] < pace[0]["held_out_loss"]
    assert pace[-1]["tokens"] == 5120
    record = json.loads((whole / "encoder/pretraining.json").read_text(encoding="utf-8"))
    assert record["held_out_loss"] == pace[-1]["held_out_loss"]
    assert record["corpus"]["articles"] == 60
    assert (whole / "curves.png").stat().st_size > 1000
    card = (whole / "encoder/README.md").read_text(encoding="utf-8")
    assert f"{pace[-1]['held_out_loss']:.3f}" in card
    network = AutoModelForMaskedLM.from_pretrained(whole / "encoder")
    assert network.dtype == torch.float16
    assert len({path.stat().st_mode for path in (whole / "encoder").iterdir()}) == 1
    assert network.decoder.weight is network.model.embeddings.tok_embeddings.weight


def test_is_what_a_run_fine_tunes(whole: Path, tmp_path: Path) -> None:
    run = SmallRun.write(tmp_path)
    finetune(
        Path("configs/quickstart.yaml"), [*run.settings, f"encoder={whole / 'encoder'}"], quiet=True
    )
    made = AutoModel.from_pretrained(run.dir / "checkpoint")
    assert made.config.model_type == "modernbert"
    assert made.dtype == torch.float32


@pytest.mark.parametrize("kill_at", [3, 9])
def test_goes_on_where_it_was_killed(
    archive: Path, whole: Path, tmp_path: Path, kill_at: int
) -> None:
    given = overrides(archive, tmp_path)
    kill(given, kill_at)
    assert (tmp_path / "trainer/checkpoint-8").exists() == (kill_at == 9)
    pretrain(CONFIG, given, quiet=True)
    assert result(tmp_path) == result(whole)
    pace = (tmp_path / "pace.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in pace] == [5, 10, 15, 20]


def test_tells_words_that_were_replaced(archive: Path, tmp_path: Path) -> None:
    whole, killed = (
        [*overrides(archive, tmp_path / name), "objective=replaced_tokens"]
        for name in ("whole", "killed")
    )
    pretrain(CONFIG, whole, quiet=True)
    kill(killed, kill_at=9)
    pretrain(CONFIG, killed, quiet=True)
    assert result(tmp_path / "killed") == result(tmp_path / "whole")
    folder = tmp_path / "whole/encoder"
    assert "judging a token" in (folder / "README.md").read_text(encoding="utf-8")
    encoder, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert encoder.config.num_hidden_layers == 1


@pytest.mark.parametrize("architecture", ["modernbert", "bert"])
def test_compares_clauses_beside(archive: Path, tmp_path: Path, architecture: str) -> None:
    whole, killed, alone = (
        [*overrides(archive, tmp_path / name), f"scratch.architecture={architecture}"]
        for name in ("whole", "killed", "alone")
    )
    pretrain(CONFIG, [*whole, "compared_pairs=8"], quiet=True)
    kill([*killed, "compared_pairs=8"], kill_at=9)
    pretrain(CONFIG, [*killed, "compared_pairs=8"], quiet=True)
    pretrain(CONFIG, alone, quiet=True)
    assert result(tmp_path / "killed") == result(tmp_path / "whole")
    assert result(tmp_path / "alone") != result(tmp_path / "whole")
    curves = [
        [json.loads(line) for line in (tmp_path / name / "pace.jsonl").read_text().splitlines()]
        for name in ("whole", "alone")
    ]
    assert curves[0][-1]["compared_loss"] < curves[0][0]["compared_loss"]
    assert "compared_loss" not in curves[1][0]
    folder = tmp_path / "whole/encoder"
    assert "8 beside each batch" in (folder / "README.md").read_text(encoding="utf-8")
    # The heads that compare are no part of it.
    network, report = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert network.config.model_type == architecture


def kill(given: list[str], kill_at: int) -> None:
    """Kill a pre-training behind this step."""
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from train.fit.pretrain import trainer\n"
        "from train.pretrain import pretrain\n"
        "before = trainer.StepEnds.on_step_end\n"
        "def end(self, args, state, control, **rest):\n"
        f"    if state.global_step == {kill_at}:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    before(self, args, state, control, **rest)\n"
        "trainer.StepEnds.on_step_end = end\n"
        f"pretrain(Path({str(CONFIG)!r}), {given!r}, quiet=True)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9


def test_an_unfinished_one_of_another_kind_is_refused(archive: Path, tmp_path: Path) -> None:
    given = overrides(archive, tmp_path, tokens=2560)
    pretrain(CONFIG, given, quiet=True)
    identity = tmp_path / "trainer/training.json"
    record = json.loads(identity.read_text())
    identity.write_text(json.dumps(record | {"finished": False}))
    with pytest.raises(NabraError, match=r"training\.learning_rate was 0\.01, is 0\.02"):
        pretrain(CONFIG, [*given, "training.learning_rate=0.02"], quiet=True)
    pretrain(CONFIG, [*given, "training.learning_rate=0.02"], restart=True, quiet=True)


def test_a_record_that_is_none_is_passed_over(archive: Path, whole: Path, tmp_path: Path) -> None:
    encoder = tmp_path / "encoder-before"
    shutil.copytree(whole / "encoder", encoder)
    (encoder / "pretraining.json").write_text('{"config": {"objective": "masked_words"}}')
    pretrain(CONFIG, [*overrides(archive, tmp_path), f"encoder={encoder}"], quiet=True)
    record = json.loads((tmp_path / "encoder/pretraining.json").read_text(encoding="utf-8"))
    assert record["before"] is None


def test_an_encoder_goes_on_learning_from_another_archive(
    archive: Path, whole: Path, tmp_path: Path
) -> None:
    given = overrides(archive, tmp_path, seed=2, learning_rate=0.002)
    pretrain(CONFIG, [*given, f"encoder={whole / 'encoder'}"], quiet=True)
    record, before = (
        json.loads((folder / "encoder/pretraining.json").read_text(encoding="utf-8"))
        for folder in (tmp_path, whole)
    )
    assert record["before"] == before
    first = (whole / "pace.jsonl").read_text().splitlines()
    pace = (tmp_path / "pace.jsonl").read_text().splitlines()
    assert json.loads(pace[0])["held_out_loss"] < json.loads(first[0])["held_out_loss"]


def test_states_are_kept_while_it_learns_to_compare(
    archive: Path, whole: Path, tmp_path: Path
) -> None:
    given = {
        name: [
            *overrides(archive, tmp_path / name),
            f"encoder={whole / 'encoder'}",
            "compared_pairs=8",
            f"kept_states={weight}",
        ]
        for name, weight in (("kept", 50), ("killed", 50), ("loose", 0.001))
    }
    kill(given["killed"], kill_at=9)
    for settings in given.values():
        pretrain(CONFIG, settings, quiet=True)
    assert result(tmp_path / "killed") == result(tmp_path / "kept")
    curves = {
        name: [
            json.loads(line) for line in (tmp_path / name / "pace.jsonl").read_text().splitlines()
        ]
        for name in given
    }
    assert 0 < curves["kept"][-1]["changed_states"] < curves["loose"][-1]["changed_states"] / 4
    assert curves["kept"][-1]["compared_loss"] < curves["kept"][0]["compared_loss"]
    folder = tmp_path / "kept/encoder"
    assert "with a weight of 50" in (folder / "README.md").read_text(encoding="utf-8")
    # What the states were is no part of it.
    _, report = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not report["unexpected_keys"]
    assert (folder / "model.safetensors").stat().st_size == (
        whole / "encoder/model.safetensors"
    ).stat().st_size


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        (
            "encoder=models/mine objective=replaced_tokens",
            "objective: replaced_tokens wants encoder: scratch",
        ),
        (
            "compared_pairs=8 objective=replaced_tokens",
            "compared_pairs: goes with objective: masked_words alone",
        ),
        ("kept_states=10", "kept_states: wants an encoder that goes on learning"),
        ("kept_states=10 encoder=models/mine", "kept_states: wants compared_pairs"),
        ("scratch.heads=3", "scratch.heads: width 16 is no multiple of heads 3"),
        ("training.batch_tokens=16", "training.batch_tokens: holds not one sequence"),
        ("training.tokens=100", "training.tokens: not enough for one step"),
        ("masking.rat=0.2", "masking.rat: unknown key (did you mean rate?)"),
        ("masking.rate=1.5", "masking.rate: should be less than 0.9"),
    ],
)
def test_faults_of_a_config_are_named(
    archive: Path, tmp_path: Path, setting: str, fault: str
) -> None:
    with pytest.raises(ConfigError) as error:
        pretrain(CONFIG, [*overrides(archive, tmp_path), *setting.split()], quiet=True)
    assert fault in str(error.value)


def test_says_that_a_variable_of_the_environment_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NABRA_DATA", raising=False)
    given = [f"output_dir={tmp_path}", "corpus.articles=[$NABRA_DATA/news.jsonl]"]
    with pytest.raises(NabraError, match=r"variable NABRA_DATA is not set; export NABRA_DATA="):
        pretrain(CONFIG, given, quiet=True)


def test_says_that_a_corpus_is_too_small(tmp_path: Path) -> None:
    path = tmp_path / "news.jsonl"
    path.write_text(
        "".join(json.dumps({"outlet": "o", "text": f"خبر {n}"}) + "\n" for n in range(40))
    )
    with pytest.raises(NabraError, match="to train on and held out; name more articles"):
        pretrain(CONFIG, overrides(path, tmp_path), quiet=True)


def test_two_processes_train_what_one_with_twice_the_passes_does(
    archive: Path, tmp_path: Path
) -> None:
    alone, together = tmp_path / "alone", tmp_path / "together"
    beside = "compared_pairs=8"
    given = overrides(archive, alone, precision="fp32", gradient_accumulation=2)
    pretrain(CONFIG, [*given, beside], quiet=True)
    given = [f"--set={each}" for each in [*overrides(archive, together, precision="fp32"), beside]]
    command = [sys.executable, "-m", "train.pretrain", str(CONFIG), *given, "--quiet"]
    processes = [
        subprocess.Popen(
            command,
            env={**os.environ, "OMP_NUM_THREADS": "1", **told},
            stderr=subprocess.PIPE,
            text=True,
        )
        for told in told_by_torchrun(2)
    ]
    errors = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], errors
    curves = [
        [
            json.loads(line)["held_out_loss"]
            for line in (folder / "pace.jsonl").read_text().splitlines()
        ]
        for folder in (alone, together)
    ]
    assert curves[1] == pytest.approx(curves[0], abs=1e-4)
    record = json.loads((together / "encoder/pretraining.json").read_text(encoding="utf-8"))
    assert record["processes"] == 2
