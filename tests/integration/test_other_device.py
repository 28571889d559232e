"""Trainings as a GPU's, without one: nothing stays on the CPU, and bf16 comes by autocast.

What a GPU alone has (its kernels, its own chance) is not asked here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments

from tests.integration.test_distill import CONFIG as DISTILL
from tests.integration.test_distill import overrides as distilling
from tests.integration.test_pretrain import CONFIG as PRETRAIN
from tests.integration.test_pretrain import overrides as pretraining
from tests.integration.test_pretrain import write_archive
from tests.other_device import COMMANDS, NAME
from tests.small_run import CONFIG as FINETUNE
from tests.small_run import SmallRun
from tests.stand_in import write_articles

Order = tuple[str, str, list[str]]
SHORT = {"precision": "fp32", "tokens": 2560, "evaluations": 2}
EQUAL = ("masked/encoder", "replaced/encoder", "comparing/encoder", "run/checkpoint")
"""What both devices train from weights drawn alike. A student is none of them: the CPU reads its
teacher in bf16. Nor is what goes on with an encoder: reading it draws chance, there otherwise."""


def orders(folder: Path) -> list[Order]:
    """Every kind of training, in folders of this one."""
    archive = write_archive(folder / "archive.jsonl")
    run = SmallRun.write(folder, precision="fp32")

    def pretrain(name: str, *changes: str) -> Order:
        given = [*pretraining(archive, folder / name, **SHORT), *changes]
        return "pretrain", str(PRETRAIN), given

    articles = write_articles(folder / "articles.jsonl", 40)
    student = distilling(run, articles, folder / "student", precision="fp32", epochs=1)
    return [
        pretrain("masked"),
        pretrain("replaced", "objective=replaced_tokens", "training.optimizer=muon"),
        pretrain("comparing", "compared_pairs=4"),
        pretrain(
            "kept", f"encoder={folder}/masked/encoder", "compared_pairs=4", "kept_states=10.0"
        ),
        ("finetune", FINETUNE, list(run.settings)),
        ("distill", str(DISTILL), student),
    ]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Those of the other device and of the CPU."""
    there, here = (tmp_path_factory.mktemp(name) for name in ("there", "here"))
    assert carry_out(orders(there)) == [NAME]
    for command, config, overrides in orders(here):
        COMMANDS[command](Path(config), overrides, quiet=True)
    return there, here


def carry_out(given: Sequence[Order]) -> list[str]:
    """The kinds of devices on which any layer's results lay."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.other_device"],
        input="".join(json.dumps(order) + "\n" for order in given),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("name", EQUAL)
def test_trains_what_the_cpu_trains(folders: tuple[Path, Path], name: str) -> None:
    there, here = (load_file(folder / name / "model.safetensors") for folder in folders)
    assert there.keys() == here.keys()
    for key, weight in there.items():
        torch.testing.assert_close(weight, here[key], rtol=0, atol=1e-3, msg=key)


@pytest.mark.parametrize("name", ["kept", "student"])
def test_learns_what_the_cpu_learns(folders: tuple[Path, Path], name: str) -> None:
    there, here = (last_loss(folder / name / "metrics.jsonl") for folder in folders)
    assert there == pytest.approx(here, rel=0.05)


def last_loss(path: Path) -> float:
    """On what is held out."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return float([line["eval_loss"] for line in lines if "eval_loss" in line][-1])


def test_autocast_learns_what_fp32_learns(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_cpu(**settings: Any) -> TrainingArguments:
        return TrainingArguments(**{**settings, "bf16": True, "use_cpu": True})

    monkeypatch.setattr("train.fit.resume.sealed_trainer.TrainingArguments", on_cpu)
    given = orders(tmp_path)
    for command, config, overrides in given:
        COMMANDS[command](Path(config), overrides, quiet=True)
    in_fp32 = list(folders[1].glob("*/metrics.jsonl"))
    assert len(in_fp32) == len(given)
    for metrics in in_fp32:
        name = metrics.parent.name
        found, wanted = last_loss(tmp_path / name / metrics.name), last_loss(metrics)
        assert found == pytest.approx(wanted, rel=0.05), name
        assert found != wanted, f"{name} was trained in fp32"


def test_a_tensor_left_behind_is_found(tmp_path: Path) -> None:
    """The device is one that can tell."""
    code = (
        "import torch, tests.other_device as device\n"
        "device.set_up()\n"
        "with device.working():\n"
        "    layer = torch.nn.Linear(2, 2).to(device.NAME)\n"
        "    layer(torch.ones(1, 2, device=device.NAME))\n"
        "    layer(torch.ones(1, 2))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert last.endswith(f"takes tensors of two devices, {NAME} and cpu")
