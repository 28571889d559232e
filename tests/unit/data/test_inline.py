from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import RecordError
from model.records import check_sentence_law, check_span_laws
from train.data.inline import check_all, parse_labelled

GOOD = """story: event
date: الثلاثاء 2020/04/07

[headline]
<m t="sdf">قسد</m> تتقدم
= sdf newsroom none

[body]
أكد زيد <r by="زيد" cue="أكد">أن <label t="sdf" g="1">مليشيا</label> <m t="sdf">قسد</m> باقية</r>.
= sdf newsroom against
وقال: "<d cue="قال">ندعم <m t="sdf">قسد</m></d>".
= sdf source favor

فقرة أخيرة.
"""


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_an_article_with_its_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "outlet" / "001.txt", GOOD)
    labelled = parse_labelled(path, "outlet", lambda text: text)
    assert labelled.file_text == (
        "الثلاثاء 2020/04/07\n\nقسد تتقدم\n\n"
        'أكد زيد أن مليشيا قسد باقية. وقال: "ندعم قسد".\n\nفقرة أخيرة.'
    )
    assert labelled.article.published == "2020-04-07"
    for sentence in labelled.sentences:
        check_sentence_law(labelled.article, sentence)
        check_span_laws(sentence)
        assert sentence.story == "event"
    _, reported, direct, last = labelled.sentences
    assert [(s.target, s.holder, s.label) for s in reported.stances] == [
        ("sdf", "newsroom", "against")
    ]
    assert [(t.text, t.voice, t.group) for t in reported.loaded_terms] == [
        ("مليشيا", "reported", 1)
    ]
    assert [(s.target, s.holder, s.label) for s in direct.stances] == [("sdf", "source", "favor")]
    assert not last.stances


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("= sdf newsroom none\n", "", "no stance line"),
        ("= sdf newsroom none", "= sdf newsroom none\n= isis newsroom none", "which no <m> marks"),
        ("= sdf newsroom none", "= sdf newsroom maybe", "is no stance line"),
        ("= sdf newsroom none", "= sdf newsroom none\n= sdf newsroom none", "a second line"),
        ("مليشيا</label>", "مليشيا", "closes nothing"),
        ("<label", "<lable", "unknown mark"),
        ('<m t="sdf">قسد</m> تتقدم', "<m>قسد</m> تتقدم", "needs t="),
        ('<m t="sdf">قسد</m> تتقدم', '<m x="sdf">قسد</m> تتقدم', "takes no x"),
        ('<m t="sdf">قسد</m> تتقدم', '<m t="sdf">قس</m>د تتقدم', "cuts a word"),
        ('<m t="sdf">قسد</m> تتقدم', '<m t="sdf"> قسد</m> تتقدم', "white space"),
        ("story: event\n", "", "story: is missing"),
        ("date:", "day:", "is no header"),
        ("[headline]", "[body]", "needs one"),
        ("فقرة أخيرة", "فقرة < أخيرة", "stray"),
    ],
)
def test_names_every_fault(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    path = write(tmp_path / "o" / "001.txt", GOOD.replace(old, new, 1))
    with pytest.raises(RecordError, match=message):
        parse_labelled(path, "o", lambda text: text)


def test_checks_all_files_at_once(tmp_path: Path) -> None:
    write(tmp_path / "a" / "1.txt", GOOD)
    write(tmp_path / "b" / "1.txt", GOOD)
    write(tmp_path / "c" / "1.txt", GOOD.replace("sdf", "unheard"))
    faults = check_all(tmp_path, {"sdf"}, lambda text: text)
    assert any("stands twice" in fault for fault in faults)
    assert any("unknown target 'unheard'" in fault for fault in faults)
