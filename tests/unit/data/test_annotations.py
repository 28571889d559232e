"""Labels of several annotators: a file each, or a folder of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from model.errors import InputError
from train.data.annotations import read_annotations, read_annotators


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Three lines of the seeds."""
    lines = Path("seeds/annotations.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    (tmp_path / "labels.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path / "labels.jsonl"


def _copy(labels: Path, to: str) -> Path:
    path = labels.parent / to
    path.parent.mkdir(exist_ok=True)
    return Path(shutil.copy(labels, path))


def test_files_and_folders_are_read_under_the_annotators_names(labels: Path) -> None:
    found = read_annotators([_copy(labels, "all/sara.jsonl").parent, _copy(labels, "omar.jsonl")])
    assert found == dict.fromkeys(("sara", "omar"), read_annotations(labels))
    assert read_annotators([]) == {}


def test_two_files_of_one_name_go_by_their_paths(labels: Path) -> None:
    one, other = _copy(labels, "a/sara.jsonl"), _copy(labels, "b/sara.jsonl")
    assert list(read_annotators([one, other])) == ["sara", str(other)]
    with pytest.raises(InputError, match="is given twice"):
        read_annotators([one, other, other])


def test_an_empty_folder_is_named(labels: Path) -> None:
    (labels.parent / "none").mkdir()
    with pytest.raises(InputError, match=r"none: holds no \.jsonl file"):
        read_annotators([labels.parent / "none"])
