"""A file that a user names: its format is told by its columns, and its labels find their task."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from model.errors import InputError, NabraError
from model.tasks import DEFAULT_TASKS, LOADED_TERMS, STANCE, Task
from tests.integration.miniature_sets import write_sets
from train.data.public.recognise import recognise
from train.given import Given, read_given

SETS = ("ans", "armpro", "checkthat", "mawqif")
TWO = Task("two", "tag", ("Loaded_Language", "Name_Calling-Labeling"))
ONE = Task("one", "tag", ("Doubt",))
VIEWS = Task("views", "classify", ("none", "against", "favor", "mixed"), pair=True)
PRO = Task("pro", "classify", ("favor", "against"), pair=True)
ALONE = Task("alone", "classify", STANCE.labels)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("sets")) / "data"


@pytest.mark.parametrize("name", SETS)
def test_each_set_is_known_by_its_folder_and_by_each_file(data: Path, name: str) -> None:
    assert recognise(data / name) == name
    for file in (data / name).iterdir():
        assert recognise(file) == name


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"\n\n",
        b"a,b\n",
        b'{"article_id": "a"}\n',
        b"[1]\n",
        b"\xff\xfe\x00",
        b'"a\n',
        b"[" * 9999,
    ],
    ids=["empty", "blank", "other columns", "labelled", "no object", "binary", "quote", "deep"],
)
def test_what_is_none_of_them(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "x").write_bytes(held)
    assert recognise(tmp_path / "x") is None


def test_columns_of_two_sets_are_not_guessed(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("ID,text,target,stance,s1,s2\n", encoding="utf-8")
    with pytest.raises(InputError, match="may be ans or mawqif; say which: --format"):
        recognise(tmp_path / "x.csv")


def read(path: Path, **tasks: tuple[Task, ...]) -> Given:
    return read_given(path, "auto", tasks)


def test_labels_find_the_task_that_knows_them_all(data: Path) -> None:
    assert read(data / "mawqif", a=DEFAULT_TASKS).task == STANCE
    assert read(data / "mawqif", a=(ALONE, PRO, VIEWS)).task == VIEWS
    assert read(data / "mawqif", a=(VIEWS, STANCE)).task == STANCE, "the very labels come first"
    assert read(data / "armpro", a=(LOADED_TERMS, TWO)).task == TWO
    for tasks in ((PRO,), (ALONE,)):
        with pytest.raises(NabraError, match=r"favor, none|pair: false\), and mawqif"):
            read(data / "mawqif", a=tasks)
    with pytest.raises(NabraError, match="a has loaded_terms: label, emotive"):
        read(data / "armpro", a=(LOADED_TERMS,))
    with pytest.raises(NabraError, match="several tasks that fit armpro: two, one"):
        read(data / "armpro", a=(TWO, ONE))


def test_what_is_left_out_is_told(data: Path) -> None:
    given = read(data / "armpro", a=(TWO,))
    assert {span.label for sentence in given.gold for span in sentence.spans} == set(TWO.labels)
    assert given.notes == [
        "8 texts of armpro, all that was given, scored as the task two.",
        "Labels that the task does not have are left out: Doubt.",
    ]
    assert (
        read(data / "ans", a=(Task("t", "classify", ("agree", "disagree", "other"), True),))
        .notes[0]
        .startswith("7 texts of ans, the test file of the set")
    )


def test_rows_of_training_that_share_a_story_with_the_test_file_are_no_fault(data: Path) -> None:
    """Nothing learns from them here."""
    given = read(data / "checkthat", a=(Task("t", "classify", ("OBJ", "SUBJ")),))
    (note,) = given.notes
    assert note.startswith(f"{len(given.gold)} texts of checkthat, the test file of the set")


def test_checkpoints_share_labels_not_names(data: Path) -> None:
    turned = Task("turned", "tag", TWO.labels[::-1])
    given = read(data / "armpro", a=(TWO,), b=(turned,), c=(TWO,))
    assert given.task == TWO
    assert given.own_names == {"b": "turned"}
    with pytest.raises(NabraError, match=r"b: its task one has the labels Doubt, and two of a has"):
        read(data / "armpro", a=(TWO,), b=(ONE,))


def test_labelled_sentences_are_read_as_they_are(data: Path, tmp_path: Path) -> None:
    from train.data.annotations import write_annotations

    gold = read(data / "mawqif", a=(STANCE,)).gold
    write_annotations(tmp_path / "x.jsonl", gold)
    given = read(tmp_path / "x.jsonl", a=(STANCE,))
    assert (given.gold, given.notes, given.task) == (gold, [], None)
    assert read_given(tmp_path / "x.jsonl", "labelled", {}).gold == gold
    (tmp_path / "y.jsonl").write_text(json.dumps({"a": 1}), encoding="utf-8")
    with pytest.raises(NabraError, match=r"y.jsonl:1: is no labelled sentence|y.jsonl:1: Labelled"):
        read(tmp_path / "y.jsonl", a=(STANCE,))
