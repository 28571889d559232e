from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import InputError
from model.records import LoadedTerm, Mention, Voice
from model.text.lexicon import Lexicon

LIST = """
- {term: مليشيا, category: label, polarity: pejorative, gloss: militia, why: w, neutral: قوات}
- {term: انفصالي, forms: [انفصالية], category: label, polarity: pejorative, gloss: g, why: w}
- {term: بزعم, category: doubt, polarity: pejorative, gloss: g, why: w}
- {term: متمردون, category: label, polarity: pejorative, weak: true, gloss: g, why: w}
- {term: ملحمة, category: praise, polarity: laudatory, gloss: g, why: w, context: true}
- {term: "[نظام] الأسد", category: label, polarity: pejorative, gloss: g, why: w}
- {term: تحرير, category: emotive, polarity: laudatory, gloss: g, why: w, not_after: [رئيس],
   not_before: [العقد]}
"""
TEXT = 'يدعم التحالف مليشيا "قسد" الانفصالية بزعم محاربة التنظيم'


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    path = tmp_path / "loaded_terms.yaml"
    path.write_text(LIST, encoding="utf-8")
    return Lexicon.read(path)


def mention(text: str, name: str) -> Mention:
    start = text.index(name)
    return Mention(start, start + len(name), name, name, "neutral")


def find(lexicon: Lexicon) -> dict[str, LoadedTerm]:
    mentions = [("sdf", mention(TEXT, "قسد")), ("isis", mention(TEXT, "التنظيم"))]
    claim = TEXT.index("محاربة")
    voices = (Voice(claim, len(TEXT), "reported", None, "بزعم"),)
    return {term.text: term for term in lexicon.find_terms(TEXT, voices, mentions)}


def test_parts_of_a_name_share_a_group_and_a_target(lexicon: Lexicon) -> None:
    found = find(lexicon)
    before, after = found["مليشيا"], found["الانفصالية"]
    assert before.group == after.group == 1
    assert before.target == after.target == "sdf"
    assert after.term == "انفصالي"


def test_marks_distance_only_behind_a_second_cue(lexicon: Lexicon) -> None:
    assert find(lexicon)['"قسد"'].category == "scare_quotes"
    bare = 'أعلنت "قسد" فتح الطريق'
    assert lexicon.find_terms(bare, (), [("sdf", mention(bare, "قسد"))]) == []


def test_doubt_looks_ahead_for_its_target(lexicon: Lexicon) -> None:
    assert find(lexicon)["بزعم"].target == "isis"


def test_weak_and_context_entries(lexicon: Lexicon) -> None:
    (term,) = lexicon.find_terms("تقدم المتمردون في ملحمة", (), [])
    assert (term.text, term.weak, term.voice) == ("المتمردون", True, "own")


def test_a_form_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    again = "- {term: مليشيا, category: emotive, polarity: neutral, gloss: g, why: w}"
    path.write_text(LIST + again, encoding="utf-8")
    with pytest.raises(InputError, match="مليشيا stands under"):
        Lexicon.read(path)


def test_a_polarity_is_one_of_three(tmp_path: Path) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(LIST.replace("laudatory", "flattering"), encoding="utf-8")
    with pytest.raises(InputError, match="unknown polarity flattering"):
        Lexicon.read(path)


def test_a_very_long_sentence_takes_time_in_proportion(lexicon: Lexicon) -> None:
    piece = 'مليشيا "قسد" الانفصالية، '
    text = piece * 3000
    starts = range(text.index("قسد"), len(text), len(piece))
    mentions = [("sdf", Mention(at, at + 3, "قسد", "قسد", "neutral")) for at in starts]
    found = lexicon.find_terms(text, (), mentions)
    assert len(found) == 9000
    assert {term.target for term in found} == {"sdf"}


def test_brackets_say_which_words_of_a_form_are_loaded(lexicon: Lexicon) -> None:
    (term,) = lexicon.find_terms("سقط ونظام الأسد", (), [])
    assert term.text == "ونظام"
    assert lexicon.find_terms("نظام جديد للأسد", (), []) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("رئيس تحرير الصحيفة", []),
        ("ورئيس التحرير", []),
        ("تحرير العقد أمس", []),
        ("بعد تحرير البلدة", ["تحرير"]),
        ("تحرير", ["تحرير"]),
    ],
)
def test_a_neighbour_may_make_it_another_term(
    lexicon: Lexicon, text: str, found: list[str]
) -> None:
    assert [term.text for term in lexicon.find_terms(text, (), [])] == found


@pytest.mark.parametrize("form", ["[نظام الأسد", "ن[ظا]م]", "[]"])
def test_brackets_come_in_one_pair(tmp_path: Path, form: str) -> None:
    path = tmp_path / "list.yaml"
    path.write_text(LIST.replace("[نظام] الأسد", form), encoding="utf-8")
    with pytest.raises(InputError, match="is no form"):
        Lexicon.read(path)
