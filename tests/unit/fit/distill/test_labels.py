"""The teacher is asked once; what is damaged or was cut short is asked again, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.errors import InputError, NabraError
from model.records import Article, Dropped
from tests.unit.fit.distill.teaching import TASKS, Stub, article
from train.distill_settings import ReadingConfig
from train.fit.distill import labels
from train.fit.distill.labels import SoftLabels, make_labels
from train.fit.resume.identity import TrainingIdentity

NUMBER = 20
Make = Callable[..., SoftLabels]


@pytest.fixture(autouse=True)
def small_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "_LOT", 4)


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(teacher: Stub, records: Any = None, **changes: Any) -> SoftLabels:
        given: dict[str, Any] = {"share": 1.0, "sentences": 1000, "held_out": 0.3}
        given |= {key: changes.pop(key) for key in list(changes) if key in given}
        corpus = ReadingConfig(articles=["x"], columns={}, **given)
        options: dict[str, Any] = {"kept_out": (), "on_change": "refuse", "made_by": "t"} | changes
        made_of = TrainingIdentity(
            {"corpus": given}, {"teacher": options.pop("made_by"), "articles": "a"}, "", {}, 1
        )
        return make_labels(
            lambda: archive() if records is None else records,
            tmp_path / "labels",
            made_of,
            load_teacher=lambda: teacher,  # type: ignore[arg-type,return-value]
            tasks=TASKS,
            corpus=corpus,
            parity="strict",
            tell=lambda line: None,
            **options,
        )

    return make


def archive() -> list[Article | Dropped]:
    return [article(f"خبر {n}\nسطر {n} ثان", f"a{n}") for n in range(NUMBER)]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "labels").iterdir()}


def test_every_sentence_is_asked_for_once(make: Make, tmp_path: Path) -> None:
    teacher, again = Stub(), Stub()
    found = make(teacher)
    assert teacher.asked == [line for each in archive() for line in each.text.splitlines()]  # type: ignore[union-attr]
    assert found.counts["train"] + found.counts["held_out"] == 2 * NUMBER
    assert len(found.tables) == NUMBER / 4
    before = files(tmp_path)
    assert make(again).counts == found.counts
    assert again.asked == []
    assert files(tmp_path) == before


def test_an_article_lies_in_one_part(make: Make) -> None:
    found = make(Stub())
    parts = {
        part: {
            table.draft(line).article_id for table in found.tables for line in table.lines_of(part)
        }
        for part in ("train", "held_out")
    }
    assert not parts["train"] & parts["held_out"]
    assert parts["train"] | parts["held_out"] == {f"a{n}" for n in range(NUMBER)}


def test_bad_records_cost_only_themselves(make: Make) -> None:
    records = [Dropped("x:1", "is no JSON"), article("broken"), *archive(), *archive()[:3]]
    found = make(Stub(), records)
    assert found.counts["articles"] == NUMBER + 5
    assert found.counts["dropped"] == 2
    assert found.counts["copies"] == 3
    assert found.counts["train"] + found.counts["held_out"] == 2 * NUMBER


def test_only_so_many_sentences_are_read(make: Make) -> None:
    found = make(Stub(), sentences=13)
    assert found.counts["train"] + found.counts["held_out"] == 13
    assert found.counts["articles"] == 8


def test_a_share_is_drawn_by_the_text(make: Make) -> None:
    found = make(Stub(), share=0.5)
    assert 0 < found.counts["not_drawn"] < NUMBER
    read = NUMBER - found.counts["not_drawn"]
    assert found.counts["train"] + found.counts["held_out"] == 2 * read


def test_what_is_measured_on_is_not_learned_from(make: Make) -> None:
    found = make(Stub(), kept_out={"خبر 3", "سطر 4 ثان"})
    texts = [table.draft(n).text for table in found.tables for n in range(len(table))]
    assert found.counts["known"] == 2
    assert not {"خبر 3", "سطر 4 ثان"} & set(texts)


def test_cut_short_it_goes_on_behind_the_last_whole_lot(make: Make, tmp_path: Path) -> None:
    """And still knows what copies are, of articles that it need not read again."""
    records = [*archive(), *archive()[:3]]
    make(Stub(), records)
    whole = files(tmp_path)
    for path in (tmp_path / "labels").iterdir():
        path.unlink()
    cut, rest = Stub(fail_at=16), Stub()
    with pytest.raises(KeyboardInterrupt):
        make(cut, records)
    assert make(rest, records).counts["copies"] == 3
    assert len(cut.asked) == 16
    assert cut.asked + rest.asked == [t for each in archive() for t in each.text.splitlines()]  # type: ignore[union-attr]
    assert files(tmp_path) == whole


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
def test_a_damaged_file_is_made_again_alone(make: Make, tmp_path: Path, damage: str) -> None:
    make(Stub())
    whole = files(tmp_path)
    path = tmp_path / "labels/part-00002.arrow"
    if damage == "flip":
        path.write_bytes(whole[path.name][:-9] + b"x" + whole[path.name][-8:])
    elif damage == "cut":
        path.write_bytes(whole[path.name][:100])
    else:
        path.unlink()
    again = Stub()
    make(again)
    assert again.asked == [t for each in archive()[8:12] for t in each.text.splitlines()]  # type: ignore[union-attr]
    assert files(tmp_path) == whole


def test_a_damaged_record_makes_all_of_it_again(make: Make, tmp_path: Path) -> None:
    make(Stub())
    whole = files(tmp_path)
    record = tmp_path / "labels/labels.json"
    told = json.loads(record.read_text(encoding="utf-8"))
    told["lots"][0]["counts"]["train"] += 1
    record.write_text(json.dumps(told), encoding="utf-8")
    again = Stub()
    make(again)
    assert len(again.asked) == 2 * NUMBER
    assert files(tmp_path) == whole


def test_a_change_is_refused_by_name(make: Make) -> None:
    make(Stub())
    message = r"the teacher has changed; undo the change, or make them anew with --restart"
    with pytest.raises(NabraError, match=message):
        make(Stub(), made_by="another")
    with pytest.raises(NabraError, match=r"corpus\.sentences was 1000, is 9"):
        make(Stub(), sentences=9)
    anew = Stub()
    make(anew, made_by="another", on_change="restart")
    assert len(anew.asked) == 2 * NUMBER


@pytest.mark.parametrize("records", [[], [article("broken")], [article("خبر")]])
def test_too_few_articles(make: Make, records: list[Article]) -> None:
    with pytest.raises(InputError, match=r"corpus\.articles: leave no sentence for .*name more"):
        make(Stub(), records)
