from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from model.errors import InputError, OutputError, RecordError
from model.records import Dropped, LabelledSentence
from train.data.annotations import match_articles, read_annotations, write_annotations
from train.data.dataset import read_dataset, write_dataset
from train.data.split import split

SEEDS = Path("seeds/annotations.jsonl")


@pytest.fixture(scope="module")
def gold() -> list[LabelledSentence]:
    return read_annotations(Path(__file__).parents[3] / SEEDS)


def test_every_field_survives_the_disk(tmp_path: Path, gold: list[LabelledSentence]) -> None:
    splits = split(gold, by="story", validation=0.1, test=0.2, seed=1).splits
    dropped = [Dropped("file:3", "no text")]
    manifest = write_dataset(tmp_path / "dataset", splits, dropped, {"config": "c"})
    assert read_dataset(tmp_path / "dataset") == splits
    assert manifest["dropped"] == [dropped[0].to_dict()]
    card = (tmp_path / "dataset/README.md").read_text(encoding="utf-8")
    against = [manifest["splits"][name]["stances"]["gold/against"] for name in splits]
    assert f"| gold/against | {against[0]} | {against[1]} | {against[2]} |" in card
    assert "- 1: no text" in card
    assert sum(split["sentences"] for split in manifest["splits"].values()) == len(gold)
    assert all(key.startswith("gold/") for key in manifest["splits"]["test"]["stances"])


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, gold: list[LabelledSentence]) -> None:
    splits = split(gold, by="story", validation=0.1, test=0.2, seed=1).splits
    for name in ("one", "two"):
        write_dataset(tmp_path / name, splits, [], {})
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.arrow")]
    assert files
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_an_empty_split_is_no_fault(tmp_path: Path, gold: list[LabelledSentence]) -> None:
    splits = {"train": gold[:3], "validation": [], "test": []}
    write_dataset(tmp_path / "dataset", splits, [], {})
    assert read_dataset(tmp_path / "dataset") == splits


def test_a_stance_that_nobody_judged_is_counted_as_such(
    tmp_path: Path, gold: list[LabelledSentence]
) -> None:
    """Silver sentences keep the stances that the rules could not settle."""
    named = next(sentence for sentence in gold if sentence.stances)
    unjudged = replace(named, stances=(replace(named.stances[0], label=None, origin="silver"),))
    manifest = write_dataset(
        tmp_path / "dataset", {"train": [*gold, unjudged], "validation": [], "test": []}, [], {}
    )
    assert manifest["splits"]["train"]["stances"]["silver/unjudged"] == 1


def test_says_where_no_dataset_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run nabra prepare"):
        read_dataset(tmp_path)


def test_annotations_round_trip(tmp_path: Path, gold: list[LabelledSentence]) -> None:
    write_annotations(tmp_path / "a.jsonl", gold)
    assert read_annotations(tmp_path / "a.jsonl") == gold


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "is no labelled sentence"),
        ("{}", "is missing"),
        ('"text"', "is no object"),
    ],
)
def test_names_the_line_of_a_bad_annotation(
    tmp_path: Path, gold: list[LabelledSentence], line: str, message: str
) -> None:
    path = tmp_path / "a.jsonl"
    write_annotations(path, gold[:2])
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(RecordError, match=rf"a.jsonl:3.*{message}"):
        read_annotations(path)


def test_a_label_without_its_article_is_dropped_with_a_reason(gold: list[LabelledSentence]) -> None:
    kept, dropped = match_articles(gold[:2], {})
    assert kept == []
    assert [record.reason for record in dropped] == ["its article is not among the inputs"] * 2


def test_an_unlabelled_article_is_never_gold(tmp_path: Path, gold: list[LabelledSentence]) -> None:
    bare = [replace(s, stances=(), loaded_terms=()) for s in gold[:2]]
    silver = [bare[0].article_id]
    with pytest.raises(RecordError, match="silver"):
        write_dataset(tmp_path / "d", {"train": [], "validation": [], "test": bare}, [], {}, silver)
    splits = {"train": bare, "validation": [], "test": []}
    assert write_dataset(tmp_path / "d", splits, [], {}, silver)["silver_articles"] == silver


def test_says_that_the_folder_cannot_be_written(
    tmp_path: Path, gold: list[LabelledSentence]
) -> None:
    (tmp_path / "file").write_text("")
    splits = {"train": gold[:2], "validation": [], "test": []}
    with pytest.raises(OutputError, match="cannot be written"):
        write_dataset(tmp_path / "file" / "dataset", splits, [], {})
