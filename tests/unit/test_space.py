"""What a search may vary: every fault of its part is named, by its key, and all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import ConfigError
from train.config import read_run
from train.space import KNOWN, number_type

GOOD = Path("configs/quickstart.yaml")
OFF = "search: null"
RATE = "training.learning_rate: {low: 1.0e-5, high: 1.0e-3, log: true}"


def write(folder: Path, space: str, *, metric: str = "mean", trials: str = "3") -> Path:
    text = GOOD.read_text(encoding="utf-8").replace("encoder: embedded", "encoder: scratch", 1)
    assert OFF in text
    part = f"search: {{trials: {trials}, metric: {metric}, seed: 1, space: {{{space}}}}} #"
    path = folder / "quickstart.yaml"
    path.write_text(text.replace(OFF, part, 1), encoding="utf-8")
    return path


def faults(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_run(path, overrides)
    return caught.value.faults


def test_a_good_space_is_read(tmp_path: Path) -> None:
    more = "training.batch_tokens: {choices: [512, 1024]}, training.epochs: {low: 2, high: 8}"
    search = read_run(write(tmp_path, f"{RATE}, {more}")).config.search
    assert search is not None
    assert search.space["training.learning_rate"].high == 1e-3
    assert search.space["training.batch_tokens"].choices == [512, 1024]


def test_the_example_in_the_quickstart_is_a_good_one(tmp_path: Path) -> None:
    lines = GOOD.read_text(encoding="utf-8").splitlines()
    example = "".join(line.removeprefix("# ") for line in lines[-2:])
    path = tmp_path / "quickstart.yaml"
    path.write_text("\n".join([*lines[:-3], f"search: {example}"]), encoding="utf-8")
    search = read_run(path).config.search
    assert search is not None
    assert (search.trials, len(search.space)) == (20, 3)


@pytest.mark.parametrize(
    ("space", "fault"),
    [
        ("", "search.space: names no key"),
        ("training.epoch: {choices: [1]}", "unknown key (did you mean training.epochs?)"),
        ("split.seed: {low: 1, high: 2}", "unknown key"),
        ("training.seed: {low: 1, high: 9}", "is chance"),
        ("training.folds: {low: 2, high: 9}", "decides no weight"),
        ("training.epochs: {low: 8, high: 2}", "epochs.low: 8 is not below high 2"),
        ("training.epochs: {low: 2, high: 2}", "epochs.low: 2 is not below high 2"),
        ("training.epochs: {low: 2}", "give low and high, or choices"),
        ("training.epochs: {low: 2, high: 8, choices: [3]}", "give choices, or low and high"),
        ("training.epochs: {choices: []}", "epochs.choices: names no value"),
        ("training.epochs: {choices: [2, 3, 2]}", "epochs.choices: a value repeats"),
        ("training.epochs: {low: 0, high: 8}", "epochs.low: should be greater than or equal"),
        ("training.epochs: {low: 1.5, high: 8}", "epochs.low: should be a valid integer"),
        ("training.epochs: {low: a, high: 8}", "epochs.low: "),
        ("training.epochs: {choices: [2, three]}", "valid integer, not 'three'"),
        ("training.epochs: {choices: [[2]]}", "choices.0: should be a number, a text"),
        ("training.epochs: 3", "search.space.training.epochs: "),
        ("training.schedule: {low: 1, high: 2}", "is no number, give choices"),
        ("training.schedule: {choices: [linear, cosin]}", "schedule.choices: should be 'linear'"),
        ("training.compile: {choices: [1]}", "compile.choices: should be a valid boolean"),
        ("training.dropout: {low: 0, high: 0.5, log: true}", "log: needs low above 0, not 0"),
        ("training.dropout: {low: 0.1, high: 1.5}", "dropout.high: should be less than 1"),
        ("training.dropout: {lwo: 0.1, high: 0.5}", "dropout.lwo: unknown key (did you mean low?)"),
        (
            "training: {epochs: {low: 2, high: 8}}",
            "should be one key, as training.epochs",
        ),
        ("training.batch_tokens: {choices: [64, 512]}", "with 64, training.batch_tokens: holds"),
        ("scratch.width: {choices: [30, 64]}", "with 30, scratch.heads: width 30 is no multiple"),
        ("training.early_stopping: {choices: [null, 2]}", "with 2, training.early_stopping: needs"),
    ],
)
def test_a_bad_space_is_named(tmp_path: Path, space: str, fault: str) -> None:
    (found,) = faults(write(tmp_path, space))
    assert found.startswith("search.space")
    assert fault in found


def test_all_faults_at_once(tmp_path: Path) -> None:
    space = f"training.epochs: {{low: 8, high: 2}}, training.epoch: {{choices: []}}, {RATE}"
    path = write(tmp_path, space, metric="meen", trials="0")
    found = faults(path, "split.validation=0", "training.dropout=2")
    assert sorted(fault.split(": ")[0] for fault in found) == [
        "search.metric",
        "search.space.training.epoch",
        "search.space.training.epochs.low",
        "search.trials",
        "split.validation",
        "training.dropout",
    ]
    assert any("did you mean mean?" in fault for fault in found)


def test_a_value_that_another_searched_key_makes_good_is_no_fault(tmp_path: Path) -> None:
    """30 is no multiple of the config's 4 heads, but of 3, which is tried as well."""
    space = "scratch.width: {choices: [30, 64]}, scratch.heads: {choices: [3, 4]}"
    assert read_run(write(tmp_path, space)).config.search


def test_the_encoder_s_size_is_searched_where_it_is_made_from_scratch(tmp_path: Path) -> None:
    path = write(tmp_path, "scratch.layers: {low: 1, high: 3}")
    assert read_run(path).config.search
    (found,) = faults(path, "encoder=some/where")
    assert found == "search.space.scratch.layers: does nothing, the encoder is some/where"


def test_what_is_searched_is_known_by_its_kind_of_number() -> None:
    assert number_type("training.learning_rate") is float
    assert number_type("training.early_stopping") is int
    assert number_type("scratch.width") is int
    assert number_type("training.compile") is None
    assert number_type("training.schedule") is None
    assert "training.seeds" not in KNOWN
