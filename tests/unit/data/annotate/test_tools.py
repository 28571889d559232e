"""Every tool gives back what it was given, what a person changed, and nothing else."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cassis import load_typesystem

from model.records import Dropped, LabelledSentence
from train.data.annotate import doccano, inception, label_studio, table
from train.data.annotate.places import utf16_offsets
from train.data.annotate.tasks import Answer, holdable, settle
from train.data.annotations import read_annotations

Make = Callable[..., LabelledSentence]


def settled(answers: Iterator[Answer | Dropped]) -> list[LabelledSentence | Dropped]:
    return [a if isinstance(a, Dropped) else settle(a, lambda text: text) for a in answers]


def label_studio_export(task: dict[str, Any], **annotation: Any) -> list[dict[str, Any]]:
    """What Label Studio exports where an annotator submits the prediction as it is."""
    result = task["predictions"][0]["result"]
    made = {"completed_by": 5, "result": result} | annotation
    return [{"id": 1, "data": task["data"], "annotations": [made]}]


def through_label_studio(folder: Path, sentences: list[LabelledSentence]) -> list[Any]:
    _, tasks = label_studio.write_tasks(folder, sentences, {})
    written = json.loads(tasks.read_text("utf-8"))
    exported = [item for task in written for item in label_studio_export(task)]
    path = folder / "export.json"
    path.write_text(json.dumps(exported), encoding="utf-8")
    return settled(label_studio.read_answers([path]))


def through_doccano(folder: Path, sentences: list[LabelledSentence]) -> list[Any]:
    tasks = doccano.write_tasks(folder, sentences, {})[0]
    return settled(doccano.read_answers([tasks]))


def through_inception(folder: Path, sentences: list[LabelledSentence]) -> list[Any]:
    inception.write_tasks(folder, sentences)
    return settled(inception.read_answers([folder / "documents"]))


def through_table(folder: Path, sentences: list[LabelledSentence]) -> list[Any]:
    return settled(table.read_answers(table.write_tasks(folder, sentences)))


TOOLS = [through_label_studio, through_doccano, through_inception, through_table]


@pytest.mark.parametrize("through", TOOLS)
def test_nothing_is_lost(through: Any, tmp_path: Path, hard: LabelledSentence, plain: Make) -> None:
    sentences = [hard, plain(), plain(1, start=40, end=67)]
    assert holdable(sentences) == (sentences, [])
    assert through(tmp_path, sentences) == sentences


@pytest.mark.parametrize("through", TOOLS)
def test_the_seeds_come_back(through: Any, tmp_path: Path) -> None:
    gold = read_annotations(Path("seeds/annotations.jsonl"))[:150]
    back = {(s.article_id, s.index): s for s in through(tmp_path, gold)}
    assert back == {(s.article_id, s.index): s for s in gold}


def test_no_file_leaves_the_folder(tmp_path: Path, hard: LabelledSentence) -> None:
    inception.write_tasks(tmp_path / "out", [hard])
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    taken: set[str] = set()
    assert [inception.safe_name(name, taken) for name in ("../X", "x", "", "..")] == [
        "X", "x-2", "unnamed", "unnamed-2",
    ]  # fmt: skip


class TestLabelStudio:
    def task(self, sentence: LabelledSentence) -> dict[str, Any]:
        made: dict[str, Any] = json.loads(json.dumps(label_studio.make_task(sentence)))
        return made

    def read(self, folder: Path, exported: object) -> list[Any]:
        path = folder / "export.json"
        path.write_text(json.dumps(exported), encoding="utf-8")
        return settled(label_studio.read_answers([path]))

    def test_right_to_left_and_only_the_region_s_fields(self) -> None:
        config = label_studio.make_config({"sdf": 'ق"س<د'})
        assert "direction: rtl" in config
        assert '<Choice value="sdf" hint="ق&quot;س&lt;د" />' in config
        assert config.count('visibleWhen="region-selected"') == 6

    def test_offsets_in_utf16_are_found_by_the_quoted_text(
        self, tmp_path: Path, hard: LabelledSentence
    ) -> None:
        task = self.task(hard)
        offsets = utf16_offsets(hard.text)
        for item in task["predictions"][0]["result"]:
            value = item["value"]
            value["start"], value["end"] = offsets[value["start"]], offsets[value["end"]]
        assert self.read(tmp_path, label_studio_export(task)) == [hard]

    def test_a_crlf_that_was_counted_as_one(self, tmp_path: Path, hard: LabelledSentence) -> None:
        task = self.task(hard)
        for item in task["predictions"][0]["result"]:
            value = item["value"]
            for edge in ("start", "end"):
                value[edge] -= hard.text[: value[edge]].count("\r\n")
        assert self.read(tmp_path, label_studio_export(task)) == [hard]
        task["data"]["text"] = task["data"]["text"].replace("\r\n", "\n")
        assert self.read(tmp_path, label_studio_export(task)) == [hard]

    def test_what_the_annotator_changed_wins(self, tmp_path: Path, plain: Make) -> None:
        task = self.task(plain())
        result = task["predictions"][0]["result"]
        for item in result:
            if item["from_name"] == "stance":
                item["value"]["choices"] = ["favor"]
            if item["value"].get("labels") == ["label"]:
                item["value"]["labels"] = ["emotive"]
        place = {"start": 16, "end": 26, "text": " في المدينة"[:10]}
        value = place | {"labels": ["direct"]}
        result.append({"id": "new", "from_name": "voice", "type": "labels", "value": value})
        (back,) = self.read(tmp_path, label_studio_export(task, completed_by={"email": "a@b"}))
        assert back.stances[0].label == "favor"
        assert [t.category for t in back.loaded_terms] == ["emotive"]
        assert (back.voices[0].start, back.voices[0].kind) == (17, "direct")

    def test_a_new_direct_quotation_gives_its_names_to_the_source(
        self, tmp_path: Path, plain: Make
    ) -> None:
        task = self.task(plain())
        value = {"start": 6, "end": 16, "text": "مليشيا قسد", "labels": ["direct"]}
        added = {"id": "q", "from_name": "voice", "type": "labels", "value": value}
        task["predictions"][0]["result"].append(added)
        (back,) = self.read(tmp_path, label_studio_export(task))
        assert (back.stances[0].holder, back.loaded_terms[0].voice) == ("source", "direct")

    def test_two_stances_of_one_holder_are_named(
        self, tmp_path: Path, hard: LabelledSentence
    ) -> None:
        task = self.task(hard)
        result = task["predictions"][0]["result"]
        second = [item for item in result if item["value"].get("text") == "قسد الانفصالية"]
        item = {"from_name": "stance", "type": "choices", "value": {"choices": ["favor"]}}
        result.append(item | {"id": second[0]["id"]})
        (back,) = self.read(tmp_path, label_studio_export(task))
        assert back.reason.startswith("stance toward sdf: is against and favor")

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"start": 900, "end": 903, "text": "لا شيء"}, "cannot be placed"),
            ({"start": 0, "end": 2**70, "text": "قسد "}, None),
            ({"start": "0", "end": 3}, "whole number"),
            ({"labels": ["smile"]}, "is no connotation"),
            ({"labels": 3}, "a list belongs"),
        ],
    )
    def test_a_mark_that_cannot_be_placed_is_named(
        self, tmp_path: Path, plain: Make, change: dict[str, Any], reason: str | None
    ) -> None:
        task = self.task(plain())
        for item in task["predictions"][0]["result"]:
            if item["from_name"] == "mention":
                item["value"] |= change
        (back,) = self.read(tmp_path, label_studio_export(task))
        if reason is None:  # the quoted words stand there once: the offsets are not needed
            assert back == plain()
        else:
            assert isinstance(back, Dropped)
            assert reason in back.reason
            assert "task 1" in back.source

    def test_skipped_unlabelled_and_foreign_tasks_are_named(
        self, tmp_path: Path, plain: Make
    ) -> None:
        task = self.task(plain())
        exported: list[Any] = label_studio_export(task, was_cancelled=True)
        exported += [task["data"], {"data": task["data"], "annotations": []}, 7]
        exported += [{"data": {"text": "x", "nabra": "{}"}, "annotations": [{"result": []}]}]
        back = self.read(tmp_path, exported)
        reasons = (
            "skipped by 5",
            "data: is missing",
            "nobody has",
            "data: is missing",
            "article_id",
        )
        assert [reason in b.reason for reason, b in zip(reasons, back, strict=True)] == [True] * 5

    @pytest.mark.parametrize(
        "content",
        [b"[" * 100_000, b"[1" + b"0" * 9000 + b"]", b"\xff", b"{}", b'[{"data": NaN}]'],
    )
    def test_hostile_files_are_one_line_each(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "x.json"
        path.write_bytes(content)
        (back,) = settled(label_studio.read_answers([path]))
        assert isinstance(back, Dropped)


class TestDoccano:
    def task(self, sentence: LabelledSentence) -> dict[str, Any]:
        return doccano.make_task(sentence)

    def read(self, folder: Path, *tasks: dict[str, Any]) -> list[Any]:
        path = folder / "ann.jsonl"
        path.write_text("\n".join(map(json.dumps, tasks)), encoding="utf-8")
        return settled(doccano.read_answers([path]))

    def test_it_is_given_utf16_and_no_carriage_return(self, hard: LabelledSentence) -> None:
        task = self.task(hard)
        assert "\r" not in task["text"]
        units = task["text"].encode("utf-16-le")
        (doubt,) = [one for one in task["entities"] if one["label"] == "term:doubt"]
        held = units[2 * doubt["start_offset"] : 2 * doubt["end_offset"]]
        assert held.decode("utf-16-le") == "بزعم"

    def test_labels_relations_and_their_removal(self, tmp_path: Path, plain: Make) -> None:
        task = self.task(plain())
        for entity in task["entities"]:
            entity["label"] = entity["label"].replace("stance:against", "stance:favor")
        (back,) = self.read(tmp_path, task | {"relations": []})
        assert back.stances[0].label == "favor"
        assert back.loaded_terms[0].target is None

    def test_contradictions_are_named(self, tmp_path: Path, plain: Make) -> None:
        task = self.task(plain())
        stance = {"id": 90, "label": "stance:favor", "start_offset": 13, "end_offset": 16}
        adrift = stance | {"start_offset": 0, "end_offset": 5}
        foreign = stance | {"label": "PER"}
        backs = [
            self.read(tmp_path, task | {"entities": task["entities"] + [entity]})[0].reason
            for entity in (stance, adrift, foreign)
        ]
        ends = ("stands there twice, and differs", "stands on no mention", "is none of nabra's")
        assert [reason.endswith(end) for reason, end in zip(backs, ends, strict=True)] == [True] * 3

    def test_half_an_emoji_is_no_place(self, tmp_path: Path, hard: LabelledSentence) -> None:
        task = self.task(hard)
        start = utf16_offsets(hard.text)[hard.text.index("😀")] + 1
        half = {"id": 99, "label": "term:praise", "start_offset": start, "end_offset": start + 3}
        task["entities"].append(half)
        (back,) = self.read(tmp_path, task)
        assert "cannot be placed" in back.reason

    def test_a_project_without_overlaps_is_found_out(
        self, tmp_path: Path, hard: LabelledSentence
    ) -> None:
        task = self.task(hard) | {"relations": []}
        task["entities"] = [e for e in task["entities"] if e["label"] == "term:doubt"]
        (back,) = self.read(tmp_path, task)
        assert "allow overlapping spans" in back.reason


class TestInception:
    def test_a_project_s_archive_names_its_annotators(self, tmp_path: Path, plain: Make) -> None:
        document = inception.make_document([plain()]).to_json()
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("u.xmi", inception.make_document([plain()]).to_xmi())
        path = tmp_path / "project.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("exportedproject1.json", "{}")
            archive.writestr("annotation/a1.json/INITIAL_CAS.json", document)
            archive.writestr("annotation/a1.json/amal.json", document)
            archive.writestr("annotation/a1.json/badr.zip", inner.getvalue())
        answers = list(inception.read_answers([path]))
        assert [answer.annotator for answer in answers] == ["amal", "badr"]  # type: ignore[union-attr]
        assert settled(iter(answers)) == [plain(), plain()]

    def test_the_layers_hold_every_key(self, tmp_path: Path, plain: Make) -> None:
        layers, _ = inception.write_tasks(tmp_path, [plain()])
        types = load_typesystem(layers)
        assert {f.name for f in types.get_type("custom.Mention").features} >= {
            "target", "connotation", "stance",
        }  # fmt: skip

    def test_emoji_are_counted_as_uima_does(self, hard: LabelledSentence) -> None:
        document = json.loads(inception.make_document([hard]).to_json())
        (doubt,) = [f for f in document["%FEATURE_STRUCTURES"] if f.get("category") == "doubt"]
        assert doubt["begin"] == utf16_offsets(hard.text)[hard.text.index("بزعم")]

    @pytest.mark.parametrize(
        "content",
        [
            '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>',
            '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>',
            "<x/>",
            "",
        ],
    )
    def test_xml_with_entities_is_refused(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "a.xmi"
        path.write_text(content, encoding="utf-8")
        (back,) = settled(inception.read_answers([path]))
        assert isinstance(back, Dropped)
        assert ("DTDForbidden" in back.reason) == ("DOCTYPE" in content)

    @pytest.mark.filterwarnings("ignore")
    def test_half_an_emoji_is_no_place(self, tmp_path: Path, hard: LabelledSentence) -> None:
        path = tmp_path / "a.json"
        document = inception.make_document([hard]).to_json()
        start = utf16_offsets(hard.text)[hard.text.index("بزعم")]
        inside = utf16_offsets(hard.text)[hard.text.index("😀")] + 1
        assert f'"begin": {start}' in document
        path.write_text(document.replace(f'"begin": {start}', f'"begin": {inside}'), "utf-8")
        (back,) = settled(inception.read_answers([path]))
        assert isinstance(back, Dropped)

    @pytest.mark.parametrize("content", ["[" * 100_000, "{}", "7", '{"%TYPES": {}, "%VIEWS": {}}'])
    def test_hostile_json_is_one_line_each(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "a.json"
        path.write_text(content, encoding="utf-8")
        (back,) = settled(inception.read_answers([path]))
        assert isinstance(back, Dropped)

    def test_a_mark_over_two_sentences_costs_both(self, tmp_path: Path, plain: Make) -> None:
        cas = inception.make_document([plain(), plain(1), plain(2)])
        cas.add(cas.typesystem.get_type("custom.Voice")(begin=20, end=40, kind="direct"))
        path = tmp_path / "a.json"
        path.write_text(cas.to_json(), encoding="utf-8")
        back = settled(inception.read_answers([path]))
        assert [isinstance(one, Dropped) for one in back] == [True, True, False]


class TestTable:
    def rewritten(self, folder: Path, sentence: LabelledSentence, *changes: tuple[str, str]) -> Any:
        (path,) = table.write_tasks(folder, [sentence])
        text = path.read_bytes().decode("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_bytes(text.encode("utf-8"))
        (back,) = settled(table.read_answers([path]))
        return back

    def test_a_row_without_offsets_is_found_by_its_words(self, tmp_path: Path, plain: Make) -> None:
        (path,) = table.write_tasks(tmp_path, [plain()])
        with path.open("a", encoding="utf-8", newline="") as file:
            file.write("a1:0,term,تتقدم,,,,,,,,,praise,,\r\n")
        (back,) = settled(table.read_answers([path]))
        found = [(term.text, term.category) for term in back.loaded_terms]
        assert found == [("تتقدم", "praise"), ("مليشيا", "label")]

    def test_a_spreadsheet_s_own_line_ends_and_semicolons(
        self, tmp_path: Path, plain: Make, hard: LabelledSentence
    ) -> None:
        (path,) = table.write_tasks(tmp_path, [hard])
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [[cell.replace("\r\n", "\n") for cell in row] for row in csv.reader(file)]
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows(rows)
        assert settled(table.read_answers([path])) == [hard]

    def test_no_cell_runs_as_a_formula(self, tmp_path: Path, hard: LabelledSentence) -> None:
        (path,) = table.write_tasks(tmp_path, [hard])
        assert ",=الناطق" not in path.read_text(encoding="utf-8")

    def test_a_changed_text_is_named(self, tmp_path: Path, plain: Make) -> None:
        back = self.rewritten(tmp_path, plain(), ("sentence,تتقدم", "sentence,تتراجع"))
        assert "is not the text that was sent" in back.reason

    def test_an_open_stance_is_named(self, tmp_path: Path, plain: Make) -> None:
        back = self.rewritten(tmp_path, plain(), (",against,", ",,"))
        assert back.reason == "stance toward sdf: is not given"

    def test_an_unknown_target_is_named(self, tmp_path: Path, plain: Make) -> None:
        back = self.rewritten(tmp_path, plain(), (",sdf,neutral", ",sfd,neutral"))
        assert "'sfd' is no target" in back.reason
