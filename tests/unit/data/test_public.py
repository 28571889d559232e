from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from model.records import ClassLabel, TaskSpan, check_span_laws
from model.tasks import STANCE, Task
from train.data.public import FORMATS, PublicSet, read_public

TASKS = {
    "armpro": Task("propaganda", "tag", ("Loaded_Language", "Name_Calling-Labeling")),
    "checkthat": Task("subjectivity", "classify", ("OBJ", "SUBJ")),
    "mawqif": STANCE,
    "ans": Task("agreement", "classify", ("agree", "disagree", "other"), pair=True),
}
CHECKTHAT_HEADER = "sentence_id\tsentence\tlabel\n"
CHECKTHAT = CHECKTHAT_HEADER + (
    "Nur_7_3\tنقلت البلدية السوق.\tOBJ\nNur_8-curl_02_010\tيا له من سوق!\tSUBJ\n"
)
MAWQIF = (
    "ID,text,target,stance,stance:confidence,datetime,Date\n"
    "1, اللقاح متاح للجميع,Covid Vaccine,Favor,0.75,2020-01-02 03:04:05+00:00,02/01/2021\n"
    '2,"لا أثق به, ولن آخذه",Covid Vaccine,Against,1,,13/14/2021\n'
    "3,اللقاح متاحٌ للجميع!,Women empowerment,None,nan,,\n"
)
ANS_HEADER = "s1,s2,stance\n"
ANS = ANS_HEADER + "فتح الجسر,إغلاق الجسر,disagree\nفتح الجسر,الجسر يفتح,agree\nأ,ب,other\n"


def read(format: str, path: Path, **more: Any) -> PublicSet:
    found = read_public(format, path, **({"name": "set", "task": TASKS[format]} | more))
    for sentences in found.splits.values():
        for sentence in sentences:
            assert (sentence.start, sentence.end) == (0, len(sentence.text))
            assert sentence.article_id.startswith("set:")
            assert sentence.story.startswith("set:")
            assert sentence.tasks == (TASKS[format].name,)
            assert sentence.dataset == "set"
            check_span_laws(sentence)
    return found


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def paragraph(text: str = "وصف الكاتب القرار بأنه جريمة كبرى", **more: Any) -> dict[str, Any]:
    plain = {"page_id": "p", "paragraph_id": "p_001", "paragraph": text, "labels": []}
    return plain | {"page_domain": "o.example", "page_date": "2022-10-13T10:06:50Z"} | more


def span(text: str, start: int, end: int, technique: str = "Loaded_Language") -> dict[str, Any]:
    return {"technique": technique, "text": text[start:end], "start": start, "end": end}


def lines(*items: dict[str, Any]) -> str:
    """JSON lines, and a last paragraph that has both techniques."""
    whole = "كارثة و مهرج"
    spans = [span(whole, 0, 5), span(whole, 8, 12, "Name_Calling-Labeling")]
    last = paragraph(whole, paragraph_id="last_099", labels=spans)
    return "".join(json.dumps(item) + "\n" for item in (*items, last))


def test_checkthat(tmp_path: Path) -> None:
    write(tmp_path / "train_ar.tsv", CHECKTHAT)
    write(tmp_path / "dev_ar.tsv", CHECKTHAT_HEADER + 'Nur_9_1\t"نعم\tOBJ\n')
    found = read("checkthat", tmp_path)
    first, second = found.splits["train"]
    assert (first.article_id, first.story, first.index) == ("set:Nur_7_3", "set:Nur_7", 3)
    assert (second.story, second.index, second.outlet) == ("set:Nur_8-curl_02", 10, "Nur")
    assert first.classes == (ClassLabel("subjectivity", None, "OBJ"),)
    assert [s.text for s in found.splits["test"]] == ['"نعم']
    assert found.dropped == []


def test_checkthat_keeps_articles_of_test_out_of_train(tmp_path: Path) -> None:
    write(tmp_path / "train_ar.tsv", CHECKTHAT)
    write(tmp_path / "dev_ar.tsv", CHECKTHAT_HEADER + "Nur_7_1\tصباح\tOBJ\nNur_70_1\tمساء\tOBJ\n")
    found = read("checkthat", tmp_path)
    assert [s.story for s in found.splits["train"]] == ["set:Nur_8-curl_02"]
    assert len(found.splits["test"]) == 2
    assert [(d.source, d.reason) for d in found.dropped] == [
        (f"{tmp_path}/train_ar.tsv:2", "story set:Nur_7 stands in the test split")
    ]


@pytest.mark.parametrize(
    ("format", "train", "test"),
    [
        ("checkthat", CHECKTHAT, CHECKTHAT_HEADER + "Nur_7_1\tصباح\tOBJ\n"),
        ("ans", ANS, ANS_HEADER + "فتح الجسر,د,agree\n"),
    ],
)
def test_the_official_division_keeps_what_stands_in_both(
    tmp_path: Path, format: str, train: str, test: str
) -> None:
    names = ("train_ar.tsv", "dev_ar.tsv") if format == "checkthat" else ("train.csv", "dev.csv")
    for name, text in zip(names, (train, test), strict=True):
        write(tmp_path / name, text)
    given = {"name": "set", "task": TASKS[format]}
    found = read_public(format, tmp_path, **given, division="official")
    apart = read_public(format, tmp_path, **given)
    assert found.dropped == []
    assert apart.dropped != []
    assert len(found.splits["train"]) == len(train.splitlines()) - 1
    stories = {split: {s.story for s in held} for split, held in found.splits.items()}
    assert stories["train"].isdisjoint(stories["test"])
    known = {s.story for held in apart.splits.values() for s in held}
    for split, held in stories.items():
        assert all(story.startswith(f"{split}:set:") for story in held)
    assert {story.partition(":")[2] for held in stories.values() for story in held} >= known


@pytest.mark.parametrize("format", list(FORMATS))
def test_a_file_alone_has_no_official_division(tmp_path: Path, format: str) -> None:
    path = write(tmp_path / "x", GOOD[format])
    with pytest.raises(InputError, match="brings no division into train and test; set division"):
        read_public(format, path, name="set", task=TASKS[format], division="official")


def test_mawqif(tmp_path: Path) -> None:
    found = read("mawqif", write(tmp_path / "x.csv", "\ufeff" + MAWQIF.replace("\n", "\r\n")))
    first, second, third = found.splits["all"]
    assert first.classes == (ClassLabel("stance", "لقاح كورونا", "favor", 0.75),)
    assert (first.published, second.published, third.published) == ("2021-01-02", None, None)
    assert (first.text, second.text) == (" اللقاح متاح للجميع", "لا أثق به, ولن آخذه")
    assert third.classes == (ClassLabel("stance", "تمكين المرأة", "none", None),)
    assert (first.story, second.story, third.story) == ("set:1", "set:2", "set:1")


def test_ans_reads_the_second_title_beside_the_claim(tmp_path: Path) -> None:
    write(tmp_path / "train.csv", ANS)
    write(tmp_path / "dev.csv", ANS_HEADER + "ج,د,agree\n")
    found = read("ans", tmp_path)
    first = found.splits["train"][0]
    assert first.text == "إغلاق الجسر"
    assert first.classes == (ClassLabel("agreement", "فتح الجسر", "disagree"),)
    assert [s.article_id for s in found.splits["train"]] == [f"set:train:{n}" for n in (2, 3, 4)]


def test_ans_links_pairs_by_titles_in_either_place(tmp_path: Path) -> None:
    rows = "أ,ب,agree\nج,د,other\nه,و,disagree\nد , ز,agree\nب,  ه,agree\n"
    write(tmp_path / "train.csv", ANS_HEADER + rows)
    write(tmp_path / "dev.csv", ANS_HEADER + "ح,ز,agree\nز,ط,agree\n")
    found = read("ans", tmp_path)
    assert [s.story for s in found.splits["train"]] == ["set:train:2"] * 3
    assert {s.story for s in found.splits["test"]} == {"set:train:3"}
    assert [d.source.rpartition("/")[2] for d in found.dropped] == ["train.csv:3", "train.csv:5"]


def test_armpro(tmp_path: Path) -> None:
    text = "وصف الكاتب القرار بأنه جريمة كبرى"
    labels = [span(text, 23, 33), span(text, 4, 10, "Doubt")]
    write(tmp_path / "spans.jsonl", lines(paragraph(text, paragraph_id="p_012", labels=labels)))
    found = read("armpro", tmp_path)
    first = found.splits["all"][0]
    assert first.spans == (TaskSpan("propaganda", 23, 33, "جريمة كبرى", "Loaded_Language"),)
    assert (first.article_id, first.story, first.index) == ("set:p_012", "set:p", 12)
    assert (first.outlet, first.published, first.section) == ("o.example", "2022-10-13", "body")


def test_armpro_merges_spans_of_one_technique(tmp_path: Path) -> None:
    text = "أب جد، هو زح طي"
    places = [(13, 15), (0, 4), (3, 5), (0, 4), (7, 9), (10, 12)]
    labels = [span(text, *place) for place in places]
    labels.append(span(text, 0, 5, "Name_Calling-Labeling"))
    found = read("armpro", write(tmp_path / "x", lines(paragraph(text, labels=labels))))
    assert [(s.start, s.end, s.label) for s in found.splits["all"][0].spans] == [
        (0, 5, "Loaded_Language"),
        (0, 5, "Name_Calling-Labeling"),
        (7, 15, "Loaded_Language"),
    ]


@pytest.mark.parametrize(
    "bad",
    [
        {"text": "جريمه"},
        {"start": -10, "end": -5},
        {"start": 29, "end": 99, "text": "كبرى"},
        {"start": 25, "end": 25, "text": ""},
        {"start": "23"},
        {"start": 23.0},
        {"text": None},
    ],
    ids=str,
)
def test_a_span_that_does_not_hold_its_text_costs_itself(
    tmp_path: Path, bad: dict[str, Any]
) -> None:
    text = "وصف الكاتب القرار بأنه جريمة كبرى"
    labels = [span(text, 0, 3), span(text, 23, 28) | bad, "x"]
    found = read("armpro", write(tmp_path / "x", lines(paragraph(text, labels=labels))))
    assert [s.text for s in found.splits["all"][0].spans] == ["وصف"]
    assert [d.source for d in found.dropped] == [f"{tmp_path}/x:1"] * 2
    assert [d.reason[:6] for d in found.dropped] == ["span 2", "span 3"]


def test_offsets_in_utf16_are_found_out(tmp_path: Path) -> None:
    text = "😀 كارثة"
    wrong = span(text, 2, 7) | {"start": 3, "end": 8}
    found = read("armpro", write(tmp_path / "x", lines(paragraph(text, labels=[wrong]))))
    assert (found.splits["all"][0].spans, len(found.dropped)) == ((), 1)


BAD: dict[str, dict[str, str | bytes]] = {
    "checkthat": {
        "a short row": "Nur_1_1\tنص\n",
        "a long row": "Nur_1_1\tنص\tOBJ\tx\n",
        "an unknown label": "Nur_1_1\tنص\tobj\n",
        "no text": "Nur_1_1\t \tOBJ\n",
        "NUL": "Nur_1_1\tن\0ص\tOBJ\n",
        "invalid UTF-8": b"Nur_1_1\t\xd9\xff\tOBJ\n",
        "an id without a number": "Nur_1_x\tنص\tOBJ\n",
        "an id that stands twice": "Nur_7_3\tنص\tOBJ\n",
        "a field past all limits": "Nur_1_1\t" + "ن" * 10_000_001 + "\tOBJ\n",
    },
    "mawqif": {
        "an unknown target": "9,نص,Vaccine,Favor,1,,\n",
        "an unknown label": "9,نص,Covid Vaccine,Maybe,1,,\n",
        "no id": ",نص,Covid Vaccine,Favor,1,,\n",
        "an id that stands twice": "1,نص,Covid Vaccine,Favor,1,,\n",
        "a quotation mark that nothing closes": '9,"نص,Covid Vaccine,Favor,1,,\n',
        "a quotation mark in the wrong place": '9,"ن"ص,Covid Vaccine,Favor,1,,\n',
        "a short row over two lines": '9,"ن\nص",Covid Vaccine\n',
        "invalid UTF-8": b"9,\xd9\xff,Covid Vaccine,Favor,1,,\n",
    },
    "ans": {
        "no title": "نص,,agree\n",
        "an unknown label": "نص,نص,unrelated\n",
    },
    "armpro": {
        "no object": "[1]\n",
        "broken": '{"page_id": \n',
        "nested too deep": "[" * 200_000 + "\n",
        "NaN": json.dumps(paragraph(page_date=float("nan"))) + "\n",
        "a huge number": json.dumps(paragraph()).replace('"p"', "9" * 5000) + "\n",
        "invalid UTF-8": json.dumps(paragraph()).encode() + b" \xff\n",
        "a lone surrogate": json.dumps(paragraph("ن\ud800")) + "\n",
        "NUL": json.dumps(paragraph("ن\0")) + "\n",
        "a missing field": json.dumps({"page_id": "p", "\ud800": 1}) + "\n",
        "an id that is no text": json.dumps(paragraph(paragraph_id=1)) + "\n",
        "an id without a number": json.dumps(paragraph(paragraph_id="p")) + "\n",
        "an id that stands twice": json.dumps(paragraph(paragraph_id="last_099")) + "\n",
        "labels that are no list": json.dumps(paragraph(labels=None)) + "\n",
        "an empty text": json.dumps(paragraph("")) + "\n",
    },
}
NEXT = {
    "checkthat": "Nur_99_1\tنص\tOBJ\n",
    "mawqif": '99,"نص, ونص",Covid Vaccine,Favor,1,,\n',
    "ans": "سين,عين,agree\n",
    "armpro": json.dumps(paragraph(paragraph_id="next_1")) + "\n",
}
GOOD = {"checkthat": CHECKTHAT, "mawqif": MAWQIF, "ans": ANS, "armpro": lines()}


@pytest.mark.parametrize(
    ("format", "row"),
    [
        pytest.param(format, row, id=f"{format}: {name}")
        for format, rows in BAD.items()
        for name, row in rows.items()
    ],
)
def test_a_bad_row_costs_itself(tmp_path: Path, format: str, row: str | bytes) -> None:
    bad = row.encode() if isinstance(row, str) else row
    good = GOOD[format].encode()
    alone = read(format, write(tmp_path / "x", good)).splits["all"]
    found = read(format, write(tmp_path / "x", good + bad + NEXT[format].encode()))
    assert found.splits["all"][:-1] == alone
    assert [d.source for d in found.dropped] == [f"{tmp_path}/x:{len(good.splitlines()) + 1}"]
    assert json.dumps(found.dropped[0].to_dict(), ensure_ascii=False).encode()


def test_a_long_text_is_a_text(tmp_path: Path) -> None:
    row = "4," + "ن" * 200_000 + ",Covid Vaccine,Favor,1,,\n"
    found = read("mawqif", write(tmp_path / "x.csv", MAWQIF + row))
    assert len(found.splits["all"][-1].text) == 200_000
    assert found.dropped == []


def test_what_looks_like_nothing_is_text(tmp_path: Path) -> None:
    rows = '4,NA,Covid Vaccine,Favor,1.5,,\n5,"ن\r\nص",Covid Vaccine,Favor,x,,\n\n'
    found = read("mawqif", write(tmp_path / "x.csv", MAWQIF + rows))
    assert [s.text for s in found.splits["all"][-2:]] == ["NA", "ن\r\nص"]
    assert [s.classes[0].confidence for s in found.splits["all"][-2:]] == [None, None]


@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)))
def test_what_the_csv_module_wrote_is_read(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written).writerows([text, text, "agree"] for text in texts)
    path = write(tmp_path_factory.mktemp("public") / "x.csv", ANS + written.getvalue())
    found = read("ans", path)
    held = [s.text for s in found.splits["all"]][3:]
    assert held == [text for text in texts if text.strip()]
    assert len(found.dropped) == len(texts) - len(held)


@pytest.mark.parametrize("format", list(FORMATS))
@given(data=st.binary(max_size=300), cut=st.integers(0, 400))
def test_no_bytes_break_a_reader(
    tmp_path_factory: pytest.TempPathFactory, format: str, data: bytes, cut: int
) -> None:
    good = GOOD[format].encode()
    path = write(tmp_path_factory.mktemp("public") / "x", good[:cut] + data + good[cut:])
    try:
        found = read(format, path)
    except InputError as error:
        str(error).encode()
    else:
        for record in found.dropped:
            json.dumps(record.to_dict(), ensure_ascii=False).encode()


AGREEMENT, ARMPRO, SUBJECTIVITY = (TASKS[name] for name in ("ans", "armpro", "checkthat"))
TYPO = replace(SUBJECTIVITY, labels=("OBJ", "SUB"))
LOWER = replace(SUBJECTIVITY, labels=("obj", "subj"))
PLURAL = replace(ARMPRO, labels=("Loaded_Languages",))


@pytest.mark.parametrize(
    ("format", "file", "task", "message"),
    [
        ("mawqf", "mawqif", STANCE, "format mawqf: unknown; did you mean mawqif?"),
        ("csv", "mawqif", STANCE, "known: ans, armpro, checkthat, mawqif"),
        ("checkthat", "checkthat", ARMPRO, "for kind: classify, pair: false"),
        ("ans", "ans", replace(AGREEMENT, pair=False), "for kind: classify, pair: true"),
        ("checkthat", "checkthat", TYPO, "never has the label SUB of task subjectivity; did you"),
        ("checkthat", "checkthat", LOWER, "the label obj of task subjectivity; it has OBJ, SUBJ"),
        ("armpro", "armpro", PLURAL, "did you mean Loaded_Language? it has Loaded_Language, Name"),
        ("armpro", "bare", ARMPRO, "Loaded_Language of task propaganda; it has none"),
        ("armpro", "odd", ARMPRO, "Loaded_Language of task propaganda; it has ?"),
        ("armpro", "none", ARMPRO, "no file spans.jsonl is there; give the folder"),
        ("checkthat", ".", SUBJECTIVITY, "no file dev_ar.tsv is there"),
        ("mawqif", ".", STANCE, "no file Mawqif_AllTargets_Train.csv or train.csv is there"),
        ("mawqif", "ans", STANCE, "ans:1: no column ID, text, target; it has s1, s2, stance"),
        ("mawqif", "semicolons", STANCE, "semicolons:1: no column ID, text, target, stance"),
        ("checkthat", "utf16", SUBJECTIVITY, "no column sentence_id, sentence, label"),
        ("ans", "empty", AGREEMENT, "no row can be used"),
        ("armpro", "ans", ARMPRO, "ans:1: broken JSON"),
    ],
)
def test_what_the_user_has_to_mend(
    tmp_path: Path, format: str, file: str, task: Task, message: str
) -> None:
    for name, text in GOOD.items():
        write(tmp_path / name, text)
    write(tmp_path / "train_ar.tsv", CHECKTHAT)
    write(tmp_path / "semicolons", MAWQIF.replace(",", ";"))
    write(tmp_path / "empty", "")
    write(tmp_path / "bare", json.dumps(paragraph()))
    odd = span("كارثة", 0, 5, "\ud800")
    write(tmp_path / "odd", json.dumps(paragraph("كارثة", labels=[odd])))
    write(tmp_path / "utf16", CHECKTHAT.encode("utf-16"))
    with pytest.raises(InputError, match=re.escape(message)):
        read_public(format, tmp_path / file, name="set", task=task)


def test_a_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    write(tmp_path / "x", ANS)
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(
        InputError, match=r"x: cannot be read \(Permission denied\); check the file"
    ):
        read("ans", tmp_path / "x")
