"""What goes together with an engine, and what is said where it is missing."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from model.archive.engines.crew import Crew, Engine
from model.errors import NabraError
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("crew", "is_queue", "message"),
    [
        (Crew(), True, None),
        (Crew(Engine.RAY, "auto"), False, None),
        (Crew(Engine.SPARK), False, None),
        (Crew(address="auto"), False, "--address names a cluster: give --engine"),
        (Crew(Engine.RAY), True, "--engine ray with --shard-index"),
        (Crew(Engine.SPARK, "yarn"), True, "--engine spark with --shard-index"),
    ],
)
def test_what_goes_together(crew: Crew, *, is_queue: bool, message: str | None) -> None:
    told = crew.misuse(is_queue=is_queue, is_profiled=False)
    assert told is None if message is None else message in str(told)


def test_time_is_measured_on_this_machine_alone() -> None:
    assert Crew().misuse(is_queue=False, is_profiled=True) is None
    assert "--profile with --engine ray" in str(
        Crew(Engine.RAY).misuse(is_queue=False, is_profiled=True)
    )


@pytest.mark.parametrize(("engine", "module"), [("ray", "ray"), ("spark", "pyspark")])
def test_a_missing_engine(engine: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "model.archive.engines.crew.find_spec",
        lambda name: None if name == module else find_spec(name),
    )
    Crew().check_installed()
    with pytest.raises(NabraError, match=rf'not installed; pip install "nabra\[{engine}\]"'):
        Crew(Engine(engine)).check_installed()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--engine", "ray", "--shard-index", "0", "--num-shards", "2"], 2, "gives out all shards"),
        (["--address", "auto"], 2, "--address names a cluster"),
        (["--engine", "dask"], 2, "'dask' is not one of 'local', 'ray', 'spark'"),
        (
            ["--engine", "spark"],
            1,
            '--engine spark: pyspark is not installed; pip install "nabra',
        ),
    ],
)
def test_the_command_says_so_before_it_makes_anything(
    tiny_checkpoint: Path, tmp_path: Path, arguments: list[str], status: int, message: str
) -> None:
    if status == 1 and find_spec("pyspark"):
        pytest.skip("pyspark is installed here")
    (tmp_path / "a.txt").write_text("نص.", encoding="utf-8")
    paths = [str(tiny_checkpoint), str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    result = subprocess.run(
        [sys.executable, "-m", "model.predict", *paths, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == status
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "out").exists()
