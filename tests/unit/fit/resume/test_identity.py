"""Only the very same training goes on; what differs is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model.errors import NabraError
from train.fit.resume.identity import (
    IDENTITY,
    TrainingIdentity,
    differences,
    is_finished,
    refuse_changed,
)

CONFIG: dict[str, Any] = {
    "encoder": "embedded",
    "tasks": {
        "stance": {"kind": "classify", "labels": ["favor", "against", "none"], "pair": True},
        "terms": {"kind": "tag", "labels": ["label", "doubt"], "pair": False},
    },
    "training": {"learning_rate": 3e-05, "epochs": 3, "lora": None, "seeds": [1, 2]},
}
THEN = TrainingIdentity(
    config=CONFIG,
    data={"train": "a", "validation": "b", "targets": "c", "encoder": "d"},
    code="e",
    versions={"torch": "2.13.0", "transformers": "5.23.0", "python": "3.11"},
    processes=2,
)


def with_config(*path: str, **changed: Any) -> TrainingIdentity:
    """The identity with keys of the config changed under a path; None given as "gone" removes."""
    config = json.loads(json.dumps(CONFIG))
    part = config
    for key in path:
        part = part[key]
    part.update(changed)
    for key in [key for key, value in changed.items() if value == "gone"]:
        del part[key]
    return replace(THEN, config=config)


def test_the_same_training_has_no_differences() -> None:
    assert differences(THEN, THEN) == []
    assert differences(THEN, with_config()) == []


@pytest.mark.parametrize(
    ("path", "changed", "lines"),
    [
        (["training"], {"learning_rate": 5e-05}, ["training.learning_rate was 3e-05, is 5e-05"]),
        (["training"], {"lora": {"rank": 8}}, ['training.lora was null, is {"rank": 8}']),
        (["training"], {"epochs": "gone"}, ["training.epochs is gone, was 3"]),
        (["training"], {"stride": 16}, ["training.stride is new: 16"]),
        (["training"], {"seeds": [1, 3]}, ["training.seeds[1] was 2, is 3"]),
        (["training"], {"seeds": [1, 2, 3]}, ["training.seeds[2] is new: 3"]),
        (["training"], {"seeds": []},
         ["training.seeds[0] is gone, was 1", "training.seeds[1] is gone, was 2"]),
        (["training"], {"epochs": 4, "lora": 2},
         ["training.epochs was 3, is 4", "training.lora was null, is 2"]),
        (["tasks", "stance"], {"labels": ["favor", "pro", "none"]},
         ['tasks.stance.labels[1] was "against", is "pro"']),
        (["tasks", "stance"], {"pair": 1}, ["tasks.stance.pair was true, is 1"]),
        ([], {"encoder": "./عربي"}, ['encoder was "embedded", is "./عربي"']),
        ([], {"encoder": ["x" * 200]}, [f'encoder was "embedded", is ["{"x" * 77}…']),
        ([], {"tasks": "gone"}, None),
    ],
)  # fmt: skip
def test_keys_are_named_by_their_path(
    path: list[str], changed: dict[str, Any], lines: list[str] | None
) -> None:
    found = differences(THEN, with_config(*path, **changed))
    if lines is None:
        (line,) = found
        assert line.startswith("tasks is gone, was {")
        assert len(line) < 110
    else:
        assert found == lines


def test_the_order_of_tasks_counts() -> None:
    tasks = dict(reversed(CONFIG["tasks"].items()))
    assert differences(THEN, with_config(tasks=tasks)) == [
        "tasks had its keys as stance, terms, has them as terms, stance"
    ]


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({"data": {**THEN.data, "train": "x"}}, ["training sentences have changed"]),
        ({"data": {**THEN.data, "validation": "x"}}, ["validation sentences have changed"]),
        ({"data": {**THEN.data, "targets": "x"}}, ["the list of targets has changed"]),
        ({"data": {**THEN.data, "encoder": "x"}}, ["the encoder's files have changed"]),
        ({"data": {**THEN.data, "mawqif": "x"}}, ["mawqif has been added"]),
        ({"data": {name: THEN.data[name] for name in ("train", "targets", "encoder")}},
         ["validation sentences have been removed"]),
        ({"code": "x"}, ["nabra's code has changed"]),
        ({"versions": {**THEN.versions, "torch": "2.14.1"}}, ["torch was 2.13.0, is 2.14.1"]),
        ({"versions": {**THEN.versions, "peft": "0.17"}}, ["peft was not there, is 0.17"]),
        ({"processes": 1}, ["2 processes then, 1 now"]),
        ({"code": "x", "processes": 3}, ["nabra's code has changed", "2 processes then, 3 now"]),
    ],
)  # fmt: skip
def test_all_else_is_named_plainly(changed: dict[str, Any], lines: list[str]) -> None:
    assert differences(THEN, replace(THEN, **changed)) == lines


def test_one_process_is_one_process() -> None:
    assert differences(replace(THEN, processes=1), THEN) == ["1 process then, 2 now"]


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    config = {"labels": ("a", "b"), "rate": 1e-5, "nan": float("nan"), "name": "عربي", "by": {1: 2}}
    identity = replace(THEN, config=config)
    path = tmp_path / IDENTITY
    identity.write(path)
    read, why = TrainingIdentity.read(path)
    assert read is not None
    assert why == ""
    assert differences(read, identity) == []
    assert read.config["labels"] == ["a", "b"]
    assert list(tmp_path.iterdir()) == [path]


def test_finished_stands_beside_the_identity(tmp_path: Path) -> None:
    path = tmp_path / IDENTITY
    assert not is_finished(path)
    THEN.write(path)
    assert not is_finished(path)
    THEN.write(path, finished=True)
    assert is_finished(path)
    assert TrainingIdentity.read(path) == (THEN, "")


def test_an_identity_that_was_cut_is_none(tmp_path: Path) -> None:
    path = tmp_path / IDENTITY
    assert TrainingIdentity.read(path) == (None, f"{IDENTITY} is missing")
    THEN.write(path, finished=True)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert TrainingIdentity.read(path) == (None, f"{IDENTITY} is damaged")
        assert not is_finished(path)
    path.unlink()
    path.mkdir()
    assert TrainingIdentity.read(path) == (None, f"{IDENTITY} cannot be read (Is a directory)")


@pytest.mark.parametrize(
    "text", ["null", "[]", "{}", '{"finished": true}', '{"finished": 1, "identity": {}}',
             '{"finished": true, "identity": {"config": []}}', "[" * 100_000]
)  # fmt: skip
def test_an_identity_of_another_form_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / IDENTITY
    path.write_text(text)
    assert TrainingIdentity.read(path) == (None, f"{IDENTITY} is damaged")


def test_a_flag_of_another_type_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / IDENTITY
    THEN.write(path, finished=True)
    path.write_text(path.read_text().replace('"finished": true', '"finished": 1'))
    assert TrainingIdentity.read(path) == (None, f"{IDENTITY} is damaged")


def test_a_changed_training_is_refused(tmp_path: Path) -> None:
    THEN.write(tmp_path / IDENTITY)
    refuse_changed(tmp_path, THEN, THEN)
    with pytest.raises(NabraError) as caught:
        refuse_changed(tmp_path, THEN, replace(THEN, code="x"))
    assert str(caught.value) == (
        f"{tmp_path}: an unfinished training lies here, and 1 thing differs: nabra's code has "
        "changed; undo the change, or start afresh with --restart"
    )
    changed = replace(with_config("training", epochs=4), code="x", processes=1)
    with pytest.raises(NabraError, match=r"3 things differ: training\.epochs was 3, is 4; nabra"):
        refuse_changed(tmp_path, THEN, changed)


def test_a_finished_training_refuses_nothing(tmp_path: Path) -> None:
    THEN.write(tmp_path / IDENTITY, finished=True)
    refuse_changed(tmp_path, THEN, replace(THEN, code="x"))


def test_an_identity_killed_in_writing_leaves_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / IDENTITY
    THEN.write(path)

    def fail(*_: object) -> None:
        raise OSError("no room")

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(f"os.{name}", fail)
            with pytest.raises(OSError, match="no room"):
                replace(THEN, code="x").write(path, finished=True)
        assert TrainingIdentity.read(path) == (THEN, "")
        assert list(tmp_path.iterdir()) == [path]
