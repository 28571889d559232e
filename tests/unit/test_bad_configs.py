"""Bad configs: the message names every wrong key, and none besides."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from model.errors import ConfigError, InputError
from tests.unit.bad_configs import BAD, CONFIGS, NO_MAPPING, Edit, edited
from train.cli import check
from train.config import missing_paths, read_run

NO_RUNS = {CONFIGS / f"{name}.yaml" for name in ("pretrain", "comparing", "distill")}
SHIPPED = sorted(set(CONFIGS.glob("*.yaml")) - NO_RUNS)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "joint.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def keys_named(path: Path, *overrides: str) -> list[str]:
    """The keys of the message, in its order."""
    with pytest.raises(ConfigError) as caught:
        read_run(path, overrides)
    assert "\n" not in str(caught.value)
    for fault in caught.value.faults:
        assert fault in str(caught.value)
        assert len(fault) < 250
    return [key for fault in caught.value.faults for key in fault.partition(": ")[0].split(", ")]


@pytest.mark.parametrize("name", BAD)
def test_every_wrong_key_is_named_and_no_other(tmp_path: Path, name: str) -> None:
    edits, keys = BAD[name]
    assert sorted(keys_named(write(tmp_path, edited(edits)))) == sorted(keys.split())


def test_there_are_thirty_and_more() -> None:
    assert len(BAD) >= 30


@pytest.mark.parametrize("name", NO_MAPPING)
def test_what_is_no_mapping_is_said_at_once(tmp_path: Path, name: str) -> None:
    content, message = NO_MAPPING[name]
    path = write(tmp_path, content)
    start = time.perf_counter()
    with pytest.raises((ConfigError, InputError), match=message) as caught:
        read_run(path)
    assert time.perf_counter() - start < 5
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_folder_is_no_config(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        read_run(tmp_path)


def test_a_laugh_is_cut_short(tmp_path: Path) -> None:
    """Aliases of aliases: nine levels of nine would be a billion values."""
    levels = ["a0: &a0 [x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    keys = keys_named(write(tmp_path, edited([]) + "\n".join(levels)))
    assert {key.split(".")[0] for key in keys} == {f"a{n}" for n in range(10)}


@pytest.mark.parametrize(
    ("override", "keys"),
    [
        ("training.sead=3", "training.sead"),
        ("training.seed", "--set training.seed"),
        ("=3", "--set =3"),
        ("training..seed=3", "--set training..seed=3"),
        ("training.seed=x", "training.seed"),
        ("training.seed=", "training.seed"),
        ("training.seed.more=3", "training.seed"),
        ("training.seed=[1", "training.seed"),
        ("training.seed=010", "training.seed"),
        ("training=fast", "training"),
        ("data.articles.0=x", "data.articles"),
        ("training.lora.rank=8", "training.lora.alpha training.lora.dropout"),
        ("datasets.mawqif.wieght=1", "datasets.mawqif.wieght"),
        (
            "datasets.other.weight=1.0",
            "datasets.other.format datasets.other.path datasets.other.task datasets.other.division",
        ),
        ("scratch.heads=5", "scratch.heads"),
        ("silver={combine: vote}", "silver.combine silver.min_confidence"),
        ("encoder=${oc.env:HOME}", "encoder"),
        ("epochs=3", "epochs"),
    ],
)
def test_a_wrong_override_is_named(override: str, keys: str) -> None:
    expected = [keys] if keys.startswith("--set") else sorted(keys.split())
    assert sorted(keys_named(CONFIGS / "joint.yaml", override)) == expected


def test_overrides_and_the_file_are_judged_together(tmp_path: Path) -> None:
    path = write(tmp_path, edited([("\nparity:", "\nparty:")]))
    named = keys_named(path, "training.seed", "split.test=2", "training.epochs=", "split.seed=7")
    assert sorted(named) == sorted(
        ["party", "parity", "split.test", "training.epochs", "--set training.seed"]
    )


def keys_of(part: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in part.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from keys_of(value, (*above, name))


def test_each_key_misspelt_and_each_of_another_type(tmp_path: Path) -> None:
    """JSON is YAML, and quickly written."""
    text = json.dumps(yaml.safe_load(edited([])))
    free = {("tasks", "stance"), ("tasks", "loaded_terms"), ("datasets", "mawqif")}
    keys = [key for key in keys_of(json.loads(text)) if key not in free]
    assert len(keys) > 60
    for *above, name in keys:
        place = ".".join([*above, name])
        misspelt, mistyped = json.loads(text), json.loads(text)
        part, other = misspelt, mistyped
        for key in above:
            part, other = part[key], other[key]
        part[f"{name}x"] = value = part.pop(name)
        other[name] = [[1]] if isinstance(value, dict) or value is None else {"x": 1}
        assert sorted(keys_named(write(tmp_path, json.dumps(misspelt)))) == [place, f"{place}x"]
        assert set(keys_named(write(tmp_path, json.dumps(mistyped)))) == {place}


def test_all_keys_wrong_at_once(tmp_path: Path) -> None:
    whole = yaml.safe_load(edited([]))
    misspelt = {f"{name}x": value for name, value in whole.items()}
    named = keys_named(write(tmp_path, json.dumps(misspelt)))
    assert sorted(named) == sorted([*whole, *misspelt])


@pytest.mark.parametrize(
    ("name", "edits", "keys"),
    [
        ("checkthat", [("  by: story", "  by: time")], ["split.by"]),
        ("checkthat", [("pair: false", "pair: true")],
         ["datasets.checkthat.task"]),
        ("mawqif", [("data: null", "data: null\nold:"), ("datasets:", "datasets: {}\nolder:")],
         ["data", "datasets", "old", "older"]),
        ("armpro", [("[Loaded_Language, Name_Calling-Labeling]", "[no, 1]")],
         ["tasks.propaganda.labels.1"]),
    ],
)  # fmt: skip
def test_configs_without_articles(
    tmp_path: Path, name: str, edits: list[Edit], keys: list[str]
) -> None:
    assert sorted(keys_named(write(tmp_path, edited(edits, name)))) == keys


def test_what_is_odd_but_good(tmp_path: Path) -> None:
    text = edited([("learning_rate: 5.0e-4", "learning_rate: 2e-5"), ("  seed: 5", '  "seed": 5')])
    for content in (
        text,
        "\ufeff" + text,
        text.replace("\n", "\r\n"),
        text + "...\n",
        "--- # one document\n" + text,
    ):
        assert read_run(write(tmp_path, content)).config.training.learning_rate == 2e-5


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_one_fault_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: Path, value: str | None
) -> None:
    monkeypatch.delenv("NABRA_DATA", raising=False)
    if value is not None:
        monkeypatch.setenv("NABRA_DATA", value)
    run = read_run(path)
    unset = [
        f"datasets.{name}.path: the environment variable NABRA_DATA is not set"
        for name in run.config.datasets
    ]
    assert missing_paths(run) == unset
    if unset:
        with pytest.raises(ConfigError, match=r"1 fault: .* NABRA_DATA is not set"):
            check(path)
    monkeypatch.setenv("NABRA_DATA", str(tmp_path))
    assert [fault.partition(": ")[0] for fault in missing_paths(run)] == [
        f"datasets.{name}.path" for name in run.config.datasets
    ]
    for dataset in run.config.datasets.values():
        (tmp_path / "data" / dataset.format).mkdir(parents=True)
    assert missing_paths(run) == []
