"""A training that was cut short ends, run again, with the very same bytes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.killable import KILLED, Ending, Operation, Trainer
from tests.small_run import SmallRun, write_small_dataset

FILES = (
    "model.safetensors",
    "optimizer.pt",
    "scheduler.pt",
    "rng_state.pth",
    "trainer_state.json",
    "complete.json",
)
BEST = {
    "best_by": "loss",
    "early_stopping": 2,
    "epochs": 6,
    "learning_rate": 0.3,
    "precision": "fp32",
    "save_steps": None,
}
"""Of its epochs, six steps each, the third is the best, and the fifth the last one."""


@dataclass(frozen=True)
class Whole:
    """A run that was never cut short: its result, and what it did to its files."""

    run: SmallRun
    result: tuple[bytes, bytes]
    operations: list[Operation]


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainer]:
    with Trainer(tmp_path_factory.mktemp("trainer")) as trainer:
        yield trainer


def train_whole(trainer: Trainer, run: SmallRun) -> Whole:
    run.clear()
    ending = trainer.train(*run.settings, trace=True)
    assert ending.status == 0, ending.err
    return Whole(run, run.result(), ending.operations)


@pytest.fixture(scope="module")
def plain(trainer: Trainer, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return train_whole(trainer, SmallRun.write(tmp_path_factory.mktemp("plain")))


@pytest.fixture(scope="module")
def best(trainer: Trainer, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return train_whole(trainer, SmallRun.write(tmp_path_factory.mktemp("best"), **BEST))


def kill(trainer: Trainer, run: SmallRun, at: str | int, how: str = "before") -> None:
    """Begin the run, or go on with it, up to this operation."""
    ending = trainer.train(*run.settings, kill=at, how=how)
    assert ending.status == KILLED, ending.err


def assert_ends_the_same(trainer: Trainer, whole: Whole, *options: str) -> Ending:
    ending = trainer.train(*whole.run.settings, *options)
    assert ending.status == 0, ending.err
    weights, metrics = whole.run.result()
    assert metrics.decode() == whole.result[1].decode()
    assert weights == whole.result[0]
    return ending


# Kills

IN_A_CHECKPOINT = [
    ("save_file trainer/checkpoint-9/model.safetensors", "half"),
    ("save trainer/checkpoint-9/optimizer.pt", "half"),
    ("save trainer/checkpoint-9/scheduler.pt", "half"),
    ("save trainer/checkpoint-9/rng_state.pth", "half"),
    ("open trainer/checkpoint-9/trainer_state.json", "half"),
    ("open trainer/checkpoint-9/model.safetensors", "before"),  # all is saved, nothing sealed
    ("open trainer/checkpoint-9/.complete.json.tmp", "half"),
    ("replace trainer/checkpoint-9/.complete.json.tmp", "before"),
]
IN_ROTATION = [
    ("unlink trainer/checkpoint-3/complete.json", "before"),  # sealed, nothing removed
    ("unlink trainer/checkpoint-3/optimizer.pt", "before"),
    ("rmdir trainer/checkpoint-3", "before"),
]
AT_THE_END = [
    ("mkdir .checkpoint.building", "before"),  # the last checkpoint of the Trainer stands
    ("save_file .checkpoint.building/model.safetensors", "half"),
    ("open .checkpoint.building/.nabra.json.tmp", "half"),
    ("rename .checkpoint.building", "before"),
]
BEFORE_CHECKPOINTS = [(f"mkdir trainer/checkpoint-{step}", "before") for step in (3, 6, 9, 12)]


@pytest.mark.parametrize(
    ("at", "how"), BEFORE_CHECKPOINTS + IN_A_CHECKPOINT + IN_ROTATION + AT_THE_END
)
def test_killed(trainer: Trainer, plain: Whole, at: str, how: str) -> None:
    plain.run.clear()
    kill(trainer, plain.run, at, how)
    ending = assert_ends_the_same(trainer, plain)
    assert ("goes on from" in ending.err) == (at != "mkdir trainer/checkpoint-3")


def test_killed_before_it_is_noted_that_all_is_done(trainer: Trainer, plain: Whole) -> None:
    plain.run.clear()
    noted = Operation("replace", "trainer/.training.json.tmp")
    last = max(n for n, operation in enumerate(plain.operations) if operation == noted)
    kill(trainer, plain.run, last)
    assert_ends_the_same(trainer, plain)


def test_killed_again_and_again(trainer: Trainer, plain: Whole) -> None:
    plain.run.clear()
    for at, how in [
        ("open trainer/.training.json.tmp", "half"),
        ("save trainer/checkpoint-3/rng_state.pth", "half"),
        ("save trainer/checkpoint-6/optimizer.pt", "half"),
        ("unlink trainer/checkpoint-6/optimizer.pt", "before"),  # when it makes room to go on
        ("unlink trainer/checkpoint-3/model.safetensors", "before"),
        ("open .metrics.jsonl.tmp", "half"),
        ("mkdir trainer/checkpoint-12", "before"),
        ("rename .checkpoint.building", "before"),
    ]:
        kill(trainer, plain.run, at, how)
    assert_ends_the_same(trainer, plain)


@pytest.fixture(scope="module")
def accumulating(trainer: Trainer, plain: Whole) -> Whole:
    run = plain.run.but(gradient_accumulation=3, batch_tokens=100)
    return train_whole(trainer, run)


@pytest.mark.parametrize(
    ("at", "how"), BEFORE_CHECKPOINTS + IN_A_CHECKPOINT[1:2] + IN_ROTATION[1:2]
)
def test_killed_with_gradient_accumulation(
    trainer: Trainer, accumulating: Whole, at: str, how: str
) -> None:
    accumulating.run.clear()
    kill(trainer, accumulating.run, at, how)
    assert_ends_the_same(trainer, accumulating)


@pytest.mark.parametrize(
    "at",
    [
        "mkdir trainer/checkpoint-18",  # judged the best, not saved
        "mkdir trainer/checkpoint-30",  # the end is decided: one of two worse epochs is saved
        "mkdir .checkpoint.building",  # both are
    ],
)
def test_killed_around_the_best_epoch(trainer: Trainer, best: Whole, at: str) -> None:
    best.run.clear()
    kill(trainer, best.run, at)
    assert_ends_the_same(trainer, best)


def test_the_weights_are_those_of_the_best_epoch(trainer: Trainer, best: Whole) -> None:
    best.run.clear()
    assert_ends_the_same(trainer, best)
    kept, *_, last = best.run.checkpoints()
    assert (kept.name, last.name) == ("checkpoint-18", "checkpoint-30")
    weights = load_file(best.run.dir / "checkpoint/model.safetensors")
    of_best = load_file(kept / "model.safetensors")
    assert weights.keys() == {name.replace("encoder.", "bert.", 1) for name in of_best}
    for name, tensor in of_best.items():
        assert weights[name.replace("encoder.", "bert.", 1)].equal(tensor), name


@pytest.mark.parametrize("moved", [False, True])
def test_a_run_s_folder_may_be_moved(
    trainer: Trainer, best: Whole, tmp_path: Path, moved: bool
) -> None:
    best.run.clear()
    kill(trainer, best.run, "mkdir .checkpoint.building")
    run = SmallRun(tmp_path / "run", (*best.run.settings, f"output_dir={tmp_path / 'run'}"))
    if moved:
        shutil.copytree(best.run.dir, run.dir)
        shutil.rmtree(best.run.dir / "trainer")
    assert_ends_the_same(trainer, Whole(run, best.result, []) if moved else best)


VARIANTS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "steps that divide no epoch": ({"save_steps": 4}, {}),
    "fp32": ({"precision": "fp32", "log_steps": 2}, {}),
    "rows": (
        {"precision": "bf16"},
        {"model.net.fast_layers:MANY_ROWS": 50},
    ),
    "nothing by chance": ({"dropout": 0.0, "token_dropout": 0.0}, {}),
    "lora": ({"lora": "{rank: 2, alpha: 4.0, dropout: 0.1}"}, {}),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_way_of_training_goes_on(trainer: Trainer, plain: Whole, variant: str) -> None:
    if variant == "lora":
        pytest.importorskip("peft")
    settings, patches = VARIANTS[variant]
    run = plain.run.but(**settings)
    results = []
    for at in (None, "mkdir trainer/checkpoint-12"):
        run.clear()
        if at:
            killed = trainer.train(*run.settings, patches=patches, kill=at)
            assert killed.status == KILLED, killed.err
        ending = trainer.train(*run.settings, patches=patches)
        assert ending.status == 0, ending.err
        results.append(run.result())
    assert results[0] == results[1]
    if variant in ("rows", "nothing by chance", "lora"):
        assert results[0][0] != plain.result[0]


# Damage


def delete(path: Path) -> None:
    path.unlink()


def halve(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES = (delete, halve, flip)


@pytest.fixture(scope="module")
def cut_short(
    trainer: Trainer, plain: Whole, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], None]:
    """Puts the run in the state of one that was killed when three checkpoints stood."""
    plain.run.clear()
    kill(trainer, plain.run, "unlink trainer/checkpoint-6/complete.json")
    assert [path.name[11:] for path in plain.run.checkpoints()] == ["6", "9", "12"]
    kept = tmp_path_factory.mktemp("cut_short") / "trainer"
    shutil.copytree(plain.run.dir / "trainer", kept)

    def restore() -> None:
        plain.run.clear()
        shutil.copytree(kept, plain.run.dir / "trainer")

    return restore


@pytest.mark.parametrize(
    ("damage", "name"),
    [*((delete, name) for name in FILES), *((halve, name) for name in FILES), (flip, FILES[1])],
)
def test_a_damaged_checkpoint_is_skipped(
    trainer: Trainer,
    plain: Whole,
    cut_short: Callable[[], None],
    damage: Callable[[Path], None],
    name: str,
) -> None:
    cut_short()
    damage(plain.run.checkpoints()[-1] / name)
    lines = assert_ends_the_same(trainer, plain).err.splitlines()
    assert lines[0].startswith(f"WARNING: trainer/checkpoint-12: {name} ")
    assert lines[0].endswith("; it is skipped")
    assert lines[1] == f"WARNING: goes on from {plain.run.dir / 'trainer/checkpoint-9'}"
    assert len(lines) == 2


def test_without_a_whole_checkpoint_it_begins_afresh(
    trainer: Trainer, plain: Whole, cut_short: Callable[[], None]
) -> None:
    cut_short()
    for damage, folder, name in zip(DAMAGES, plain.run.checkpoints(), FILES, strict=False):
        damage(folder / name)
    err = assert_ends_the_same(trainer, plain).err
    assert err.count("; it is skipped\n") == 3
    assert "goes on" not in err


@pytest.mark.parametrize(
    ("step", "damage", "name"),
    [(18, delete, FILES[0]), (18, flip, FILES[0]), (24, halve, FILES[1]), (24, flip, FILES[4])],
)
def test_a_damaged_checkpoint_where_the_best_is_kept(
    trainer: Trainer, best: Whole, step: int, damage: Callable[[Path], None], name: str
) -> None:
    """Without the best one, of step 18, the newest cannot be gone on from either."""
    best.run.clear()
    kill(trainer, best.run, "unlink trainer/checkpoint-12/complete.json")
    assert [path.name[11:] for path in best.run.checkpoints()] == ["12", "18", "24"]
    damage(best.run.dir / f"trainer/checkpoint-{step}" / name)
    lines = assert_ends_the_same(trainer, best).err.splitlines()
    assert lines[0].startswith("WARNING: trainer/checkpoint-24: ")
    assert f" {name} " in lines[0]
    assert lines[-1] == f"WARNING: goes on from {best.run.dir / f'trainer/checkpoint-{step - 6}'}"


# Another training


def assert_refused(ending: Ending, run: SmallRun, *differences: str) -> None:
    assert ending.status == 1
    (line,) = ending.err.splitlines()
    count = len(differences)
    assert line == (
        f"error: {run.dir / 'trainer'}: an unfinished training lies here, and "
        f"{count} thing{' differs' if count == 1 else 's differ'}: {'; '.join(differences)}; "
        "undo the change, or start afresh with --restart"
    )


CHANGES = {
    "training.learning_rate=0.02": "training.learning_rate was 0.01, is 0.02",
    "training.seed=2": "training.seed was 1, is 2",
    "training.max_grad_norm=0.0": "training.max_grad_norm was 1.0, is 0.0",
    "scratch.layers=2": "scratch.layers was 1, is 2",
    "data.weight=2.0": "weights.own was 1.0, is 2.0",
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_config_is_refused(
    trainer: Trainer, plain: Whole, cut_short: Callable[[], None], change: str
) -> None:
    cut_short()
    assert_refused(trainer.train(*plain.run.settings, change), plain.run, CHANGES[change])
    assert len(plain.run.checkpoints()) == 3


def test_changed_code_data_and_processes_are_refused(
    trainer: Trainer, plain: Whole, cut_short: Callable[[], None], tmp_path: Path
) -> None:
    cut_short()
    ending = trainer.train(*plain.run.settings, code="another")
    assert_refused(ending, plain.run, "nabra's code has changed")
    two = {"WORLD_SIZE": "2", "RANK": "0"}
    ending = trainer.train(*plain.run.settings, environment=two)
    assert_refused(ending, plain.run, "1 process then, 2 now")
    targets = tmp_path / "targets.yaml"
    text = (plain.run.dir.parent / "targets.yaml").read_text(encoding="utf-8")
    targets.write_text(text + "\n", encoding="utf-8")
    ending = trainer.train(*plain.run.settings, f"data.targets={targets}", code="another")
    assert_refused(ending, plain.run, "the list of targets has changed", "nabra's code has changed")
    shutil.move(plain.run.dir / "dataset", tmp_path / "dataset")
    try:
        write_small_dataset(plain.run.dir / "dataset", num_train=41)
        ending = trainer.train(*plain.run.settings)
    finally:
        shutil.rmtree(plain.run.dir / "dataset")
        shutil.move(tmp_path / "dataset", plain.run.dir / "dataset")
    changed = ("training sentences have changed", "validation sentences have changed")
    assert_refused(ending, plain.run, *changed)
    assert_ends_the_same(trainer, plain)


def test_restart_begins_afresh(
    trainer: Trainer, plain: Whole, cut_short: Callable[[], None]
) -> None:
    other = train_whole(trainer, plain.run.but(seed=2))
    assert other.result[0] != plain.result[0]
    cut_short()
    ending = assert_ends_the_same(trainer, other, "--restart")
    assert "goes on" not in ending.err


@pytest.mark.parametrize("damage", [delete, halve])
def test_checkpoints_of_an_unknown_training_are_refused(
    trainer: Trainer,
    plain: Whole,
    cut_short: Callable[[], None],
    damage: Callable[[Path], None],
) -> None:
    cut_short()
    damage(plain.run.dir / "trainer/training.json")
    ending = trainer.train(*plain.run.settings)
    why = "is missing" if damage is delete else "is damaged"
    assert (ending.status, ending.err) == (
        1,
        f"error: {plain.run.dir / 'trainer'}: checkpoints lie here, and nothing tells of which "
        f"training: training.json {why}; start afresh with --restart\n",
    )
    assert "goes on" not in assert_ends_the_same(trainer, plain, "--restart").err


def test_a_finished_run_may_be_changed(trainer: Trainer, plain: Whole) -> None:
    other = train_whole(trainer, plain.run.but(learning_rate=0.02))
    plain.run.clear()
    assert_ends_the_same(trainer, plain)
    ending = assert_ends_the_same(trainer, other)
    assert "goes on" not in ending.err


def test_a_finished_run_gives_the_same_again(trainer: Trainer, plain: Whole) -> None:
    plain.run.clear()
    assert_ends_the_same(trainer, plain)
    for _ in range(2):
        ending = assert_ends_the_same(trainer, plain)
        assert ending.err == f"WARNING: goes on from {plain.run.dir / 'trainer/checkpoint-12'}\n"


def test_where_it_is_reported_to_is_no_change(trainer: Trainer, plain: Whole) -> None:
    pytest.importorskip("tensorboard")
    plain.run.clear()
    kill(trainer, plain.run.but(report_to="[tensorboard]"), "mkdir trainer/checkpoint-9")
    assert_ends_the_same(trainer, plain)


# Interrupted


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_interrupted(trainer: Trainer, plain: Whole, number: int) -> None:
    plain.run.clear()
    ending = trainer.train(*plain.run.settings, signal=(number, 8))
    assert (ending.status, ending.err) == (130, "interrupted\n")
    assert "goes on from" in assert_ends_the_same(trainer, plain).err


# A full disk


def assert_no_room(ending: Ending, where: Path) -> None:
    assert ending.status == 1
    line = ending.err.splitlines()[-1]
    assert line.startswith(f"error: {where}: cannot be written: ")
    assert line.endswith(" and run the same command again: the last complete checkpoint is kept")
    assert "Traceback" not in ending.err


@pytest.mark.parametrize(
    ("limit", "at", "where"),
    [
        (20_000, "mkdir trainer/checkpoint-6", "trainer/checkpoint-6"),  # the weights
        (60_000, "mkdir trainer/checkpoint-6", "trainer/checkpoint-6"),  # the optimizer
        (20_000, "mkdir .checkpoint.building", "checkpoint"),
    ],
)
def test_a_limit_on_file_sizes(
    trainer: Trainer, plain: Whole, limit: int, at: str, where: str
) -> None:
    plain.run.clear()
    kill(trainer, plain.run, at)
    before = plain.run.checkpoints()
    ending = trainer.train(*plain.run.settings, largest_file=limit)
    assert_no_room(ending, plain.run.dir / where)
    assert plain.run.checkpoints()[: len(before)] == before
    assert "goes on from" in assert_ends_the_same(trainer, plain).err


def test_a_full_disk(trainer: Trainer, plain: Whole) -> None:
    folder = plain.run.checkpoints()[-1]
    pages = sum(path.stat().st_size // 4096 + 1 for path in folder.iterdir())
    plain.run.clear()
    place = plain.run.dir / "trainer"
    place.mkdir()
    size = f"size={pages * 4 * 5 // 2}k"  # of two checkpoints and a half
    mount = ["mount", "-t", "tmpfs", "-o", size, "nabra-test", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True) if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done and done.stderr.strip()}")
    try:
        ending = trainer.train(*plain.run.settings)
        assert_no_room(ending, place / "checkpoint-9")
        assert "no space left on the disk; make room" in ending.err
        larger = ["mount", "-o", "remount,size=2m", str(place)]
        subprocess.run(larger, check=True)
        assert "checkpoint-6\n" in assert_ends_the_same(trainer, plain).err
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
