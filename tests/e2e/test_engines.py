"""An archive on Ray and on Spark, with processes killed meanwhile (`make e2e-engines`).

Each engine has an environment of its own, `build/ray` and `build/spark`. What a run leaves has to
be what one process leaves, byte for byte.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT
from tests.integration.test_predict_engines import write_archive
from tests.predict_kills import digest

pytestmark = pytest.mark.e2e
SECONDS = 400
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "SPARK"))},
    "OMP_NUM_THREADS": "1",
}


def python_of(engine: str) -> Path:
    python = ROOT / "build" / engine / "bin" / "python"
    if not python.exists():
        pytest.skip(f"{python} is missing: make e2e-engines")
    if engine == "spark" and shutil.which("java") is None:
        pytest.skip("no JDK on the path")
    return python


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_archive(tmp_path_factory.mktemp("read") / "archive", 600)


class Runs:
    """Runs of `nabra predict` over one archive, in 25 shards, by any engine."""

    def __init__(self, checkpoint: Path, archive: Path) -> None:
        self._arguments = [str(checkpoint), str(archive), "--shard-articles", "25"]

    def start(self, output: Path, *more: str, **environment: str) -> psutil.Popen:
        engine = more[more.index("--engine") + 1] if "--engine" in more else "local"
        python = sys.executable if engine == "local" else python_of(engine)
        command = [python, "-m", "model.predict", *self._arguments, "--output", output, *more]
        return psutil.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            env={**ENVIRONMENT, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finish(self, process: psutil.Popen) -> None:
        _, err = process.communicate(timeout=SECONDS)
        assert process.returncode == 0, err

    def run(self, output: Path, *more: str) -> None:
        self.finish(self.start(output, *more))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path, archive: Path) -> Runs:
    return Runs(tiny_checkpoint, archive)


@pytest.fixture(scope="module")
def expected(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What one process leaves."""
    output = tmp_path_factory.mktemp("expected") / "out"
    runs.run(output, "--workers", "1")
    assert len(list(output.glob("done/*.done"))) == 25
    return digest(output)


@pytest.fixture
def ray_address() -> Iterator[str]:
    command = [python_of("ray"), ROOT / "tests/e2e/ray_cluster.py"]
    with subprocess.Popen(
        command, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdout is not None
        yield cluster.stdout.readline().strip()
        cluster.communicate(timeout=60)


def wait_for_shards(process: psutil.Popen, output: Path, num: int) -> None:
    while len(list(output.glob("done/*.done"))) < num:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)


def named(processes: Sequence[psutil.Process], part: str) -> list[psutil.Process]:
    """Those of the processes whose command line holds the part."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if part in " ".join(process.cmdline()):
                found.append(process)
    return found


@contextmanager
def ended_afterwards(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """What a killed parent leaves behind lives meanwhile, and no longer."""
    try:
        yield
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_an_engine_gives_the_same_bytes(
    runs: Runs, expected: str, tmp_path: Path, engine: str
) -> None:
    runs.run(tmp_path / "out", "--engine", engine, "--workers", "2")
    assert digest(tmp_path / "out") == expected


def test_an_actor_killed_on_a_cluster_of_two(
    runs: Runs, expected: str, tmp_path: Path, ray_address: str
) -> None:
    output = tmp_path / "out"
    process = runs.start(output, "--engine", "ray", "--address", ray_address)
    wait_for_shards(process, output, 3)
    actors = named(psutil.Process().children(recursive=True), "ray::MapWorker")
    assert len({actor.ppid() for actor in actors}) == 2  # one on each of the machines
    actors[0].kill()
    assert process.poll() is None
    assert len(list(output.glob("done/*.done"))) < 25
    runs.finish(process)
    assert digest(output) == expected


@pytest.mark.parametrize("engine", ["ray", "local"])
def test_a_driver_killed_and_what_another_engine_makes_of_it(
    runs: Runs, expected: str, tmp_path: Path, engine: str
) -> None:
    """Ray's workers outlive the driver by seconds, in which the next run begins."""
    output = tmp_path / "out"
    process = runs.start(output, "--engine", "ray", "--workers", "2")
    wait_for_shards(process, output, 3)
    orphans = process.children(recursive=True)
    process.kill()
    with ended_afterwards(orphans):
        process.communicate()
        assert 3 <= len(list(output.glob("done/*.done"))) < 25
        assert named(orphans, "ray::MapWorker")
        runs.run(output, "--engine", engine, "--workers", "2")
    assert digest(output) == expected


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("engine", ["ray", "spark"])
def test_a_signal_ends_all_within_seconds(
    runs: Runs, tmp_path: Path, engine: str, number: signal.Signals
) -> None:
    output = tmp_path / "out"
    process = runs.start(output, "--engine", engine, "--workers", "2")
    wait_for_shards(process, output, 1)
    begun = process.children(recursive=True)
    process.send_signal(number)
    begin = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "interrupted\n")
    assert time.monotonic() - begin < 5
    _, alive = psutil.wait_procs(begun, timeout=10)
    assert named(alive, "model") == []


def test_an_executor_killed_on_a_cluster_of_two(runs: Runs, expected: str, tmp_path: Path) -> None:
    output = tmp_path / "out"
    home = python_of("spark").parents[1] / "lib"
    (pyspark,) = home.glob("python*/site-packages/pyspark")
    cluster = ("--engine", "spark", "--address", "local-cluster[2,1,1024]")
    process = runs.start(output, *cluster, SPARK_HOME=str(pyspark))
    wait_for_shards(process, output, 3)
    executors = named(process.children(recursive=True), "CoarseGrainedExecutorBackend")
    assert len(executors) == 2
    executors[0].kill()
    assert len(list(output.glob("done/*.done"))) < 25
    runs.finish(process)
    assert digest(output) == expected
