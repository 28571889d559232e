from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import ConfigError, InputError
from train.config import missing_paths, read_run

GOOD = Path(__file__).parents[2] / "configs/quickstart.yaml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed: 5", "sed: 5", r"split.sed: unknown key \(did you mean seed\?\)"),
        ("  seed: 5\n", "", "split.seed: missing"),
        ("epochs: ", "epochs: ten # ", "training.epochs"),
        ("epochs: ", "epochs: true # ", "training.epochs"),
        ("test: 0.2", "test: 1.5", "split.test"),
        ("learning_rate: ", "learning_rate: -", "training.learning_rate"),
        ("seed: 5", "seed: 5\n  seed: 6", "duplicate"),
        ("split:", "split: [", "no valid YAML"),
        ("articles: [seeds/articles]", "articles: seeds/articles", "data.articles"),
        ("articles: [seeds/articles]", "articles: []", "data.articles"),
        ("heads: 4", "heads: 5", "width 192 is no multiple of heads 5"),
        ("test: 0.2", "test: 0.9", "leave nothing for training"),
    ],
)
def test_names_the_wrong_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = GOOD.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "quickstart.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_run(path)


def test_all_faults_at_once(tmp_path: Path) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text("encodr: x\nsplit: {test: 2}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_run(path)
    faults = caught.value.faults
    assert "encodr: unknown key (did you mean encoder?)" in faults
    assert "data: missing" in faults
    assert any(fault.startswith("split.test:") for fault in faults)


def test_overrides_reach_their_key() -> None:
    run = read_run(GOOD, ["training.seed=3", "training.learning_rate=2e-5", "output_dir=elsewhere"])
    assert run.config.training.seed == 3
    assert run.config.training.learning_rate == 2e-5
    assert run.dir == Path("elsewhere")


@pytest.mark.parametrize("override", ["training.sead=3", "training.seed", "training.seed=x"])
def test_a_wrong_override_is_refused(override: str) -> None:
    with pytest.raises(ConfigError):
        read_run(GOOD, [override])


def test_a_missing_file_is_said() -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_run("nowhere.yaml")


def test_the_run_folder_is_named_after_the_config() -> None:
    assert read_run(GOOD).dir == Path("runs/quickstart")


def test_every_missing_path_is_named() -> None:
    run = read_run(GOOD, ["data.targets=no.yaml", "data.unlabelled=[nowhere]"])
    assert missing_paths(run) == [
        "data.targets: no.yaml does not exist",
        "data.unlabelled: nowhere does not exist",
    ]


def test_the_fingerprint_follows_the_parts_it_names() -> None:
    one, two = read_run(GOOD), read_run(GOOD, ["training.seed=9"])
    assert one.fingerprint("data") == two.fingerprint("data")
    assert one.fingerprint("training") != two.fingerprint("training")
