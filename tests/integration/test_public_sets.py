"""The readers on the real public sets: every row comes out as a record or as a Dropped."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from model.records import LabelledSentence, check_span_laws
from model.tasks import STANCE, Task
from train.data.dataset import refuse_leaks
from train.data.public import PublicSet, read_public

LOADED = ("Loaded_Language", "Name_Calling-Labeling")
SUBJECTIVITY = Task("subjectivity", "classify", ("OBJ", "SUBJ"))
AGREEMENT = Task("agreement", "classify", ("agree", "disagree", "other"), pair=True)


def folder(name: str) -> Path:
    if not os.environ.get("NABRA_DATA"):
        pytest.skip("NABRA_DATA is unset: no public sets to read")
    path = Path(os.environ["NABRA_DATA"], "data", name)
    if not path.is_dir():
        pytest.skip(f"NABRA_DATA holds no data/{name}")
    return path


def read(name: str, task: Task) -> PublicSet:
    found = read_public(name, folder(name), name=name, task=task)
    sentences = everything(found)
    for sentence in sentences:
        check_span_laws(sentence)
        assert LabelledSentence.from_dict(sentence.to_dict()) == sentence
    assert len({s.article_id for s in sentences}) == len(sentences)
    refuse_leaks(found.splits)
    return found


def everything(found: PublicSet) -> list[LabelledSentence]:
    return [sentence for sentences in found.splits.values() for sentence in sentences]


def num_rows(path: Path) -> int:
    """Lines under the header: no row of these tables runs over two, as their counts show."""
    return len(path.read_bytes().splitlines()) - 1


def counts(found: PublicSet) -> dict[str, Counter[str]]:
    return {
        split: Counter(label.label for s in sentences for label in s.classes)
        for split, sentences in found.splits.items()
    }


def test_checkthat() -> None:
    found = read("checkthat", SUBJECTIVITY)
    path = folder("checkthat")
    assert len(found.splits["test"]) == num_rows(path / "dev_ar.tsv") == 467
    assert (
        len(found.splits["train"]) + len(found.dropped) == num_rows(path / "train_ar.tsv") == 2446
    )
    assert counts(found)["test"] == {"OBJ": 266, "SUBJ": 201}
    reasons = Counter(d.reason.split()[-1] for d in found.dropped)
    assert reasons == {"split": 1274, "already": 1}
    assert {s.outlet for s in found.splits["test"]} <= {s.outlet for s in everything(found)}


@pytest.mark.parametrize(
    ("name", "task", "num_train"), [("checkthat", SUBJECTIVITY, 2445), ("ans", AGREEMENT, 2652)]
)
def test_the_official_divisions(name: str, task: Task, num_train: int) -> None:
    found = read_public(name, folder(name), name=name, task=task, division="official")
    assert len(found.splits["train"]) == num_train
    assert [s.text for s in found.splits["test"]] == [
        s.text for s in read(name, task).splits["test"]
    ]
    refuse_leaks(found.splits)
    shared = {s.story.partition(":")[2] for s in found.splits["train"]} & {
        s.story.partition(":")[2] for s in found.splits["test"]
    }
    assert len(shared) == {"checkthat": 278, "ans": 26}[name]


def test_mawqif() -> None:
    found = read("mawqif", STANCE)
    assert len(everything(found)) == num_rows(folder("mawqif") / "train.csv") == 3502
    assert found.dropped == []
    assert counts(found)["all"] == {"favor": 2148, "against": 1021, "none": 333}
    labels = [label for s in everything(found) for label in s.classes]
    assert len({label.pair for label in labels}) == 3
    assert all(label.confidence and 0.3 < label.confidence <= 1 for label in labels)
    years = {(s.published or "")[:4] for s in everything(found)}
    assert years == {"2018", "2019", "2020", "2021", "2022"}
    assert 3400 < len({s.story for s in everything(found)}) < 3488


def test_ans() -> None:
    found = read("ans", AGREEMENT)
    path = folder("ans")
    assert len(found.splits["test"]) == num_rows(path / "dev.csv") == 755
    assert len(found.splits["train"]) + len(found.dropped) == num_rows(path / "train.csv") == 2652
    assert len(found.dropped) == 68
    titles = {
        split: {title.strip() for s in sentences for title in (s.text, s.classes[0].pair or "")}
        for split, sentences in found.splits.items()
    }
    assert titles["train"].isdisjoint(titles["test"])


def test_armpro() -> None:
    file = folder("armpro") / "spans.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    found = read("armpro", Task("loaded", "tag", LOADED))
    assert len(everything(found)) == len(rows) == 1326
    assert found.dropped == []
    assert [s.text for s in everything(found)] == [row["paragraph"] for row in rows]
    held = Counter(span.label for s in everything(found) for span in s.spans)
    assert held == {"Loaded_Language": 1403, "Name_Calling-Labeling": 277}
    assert sum(s.published is not None for s in everything(found)) > 1250


def test_armpro_with_every_technique() -> None:
    file = folder("armpro") / "spans.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    labels = {span["technique"] for row in rows for span in row["labels"]}
    assert len(labels) == 23
    found = read("armpro", Task("techniques", "tag", tuple(sorted(labels))))
    assert len(everything(found)) == len(rows)
    assert [d.reason.split(",")[0] for d in found.dropped] == ["span 2"]
    for row, sentence in zip(rows, everything(found), strict=True):
        covered = {(s.label, place) for s in sentence.spans for place in range(s.start, s.end)}
        wanted = {
            (span["technique"], place)
            for span in row["labels"]
            for place in range(span["start"], span["end"])
            if row["paragraph"][span["start"] : span["end"]] == span["text"]
        }
        joints = covered - wanted
        assert wanted <= covered
        assert all(row["paragraph"][place].isspace() for _, place in joints)
