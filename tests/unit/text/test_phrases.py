from __future__ import annotations

import pytest

from model.text.phrases import PhraseIndex
from model.text.words import bare_form


def found(text: str, *phrases: str, with_pronouns: bool = False) -> list[tuple[str, str]]:
    index = PhraseIndex(((phrase, phrase) for phrase in phrases), with_pronouns=with_pronouns)
    return [(text[match.start : match.end], match.entry) for match in index.find(text)]


@pytest.mark.parametrize(
    "written", ["مليشيا", "لمليشيا", "والمليشيا", "للمليشيا", "وبمليشيا", "كالمليشيا", "مِليشيا"]
)
def test_finds_a_word_with_its_clitics_and_marks(written: str) -> None:
    assert found(f"دعم {written} أمس", "مليشيا") == [(written, "مليشيا")]


@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("الإحتلال", "الاحتلال"),
        ("القاهره", "القاهرة"),
        ("الليبى", "الليبي"),
        ("اسرائيل", "إسرائيل"),
    ],
)
def test_spelling_variants_match(written: str, listed: str) -> None:
    assert found(f"قال {written} اليوم", listed) == [(written, listed)]


@pytest.mark.parametrize("text", ["كيان قائم", "مصرف مصري", "الحماسة"])
def test_finds_nothing_inside_other_words(text: str) -> None:
    assert found(text, "الكيان", "مصر", "حماس") == []


def test_takes_the_longest_name() -> None:
    text = "قوات سوريا الديمقراطية في سوريا"
    names = ("سوريا", "قوات سوريا", "قوات سوريا الديمقراطية")
    assert [entry for _, entry in found(text, *names)] == [names[2], names[0]]


def test_later_words_may_carry_the_article() -> None:
    assert found("بعد العملية النوعية", "عملية نوعية") == [("العملية النوعية", "عملية نوعية")]


def test_words_of_a_phrase_stand_side_by_side() -> None:
    assert found("قوات، سوريا", "قوات سوريا") == []


def test_pronouns_only_where_they_are_asked_for() -> None:
    text = "مع مرتزقتها وحماسها"
    assert found(text, "مرتزقة", with_pronouns=True) == [("مرتزقتها", "مرتزقة")]
    assert found(text, "حماس") == []


@pytest.mark.parametrize(
    ("written", "bare"),
    [("الانفصالية", "انفصالية"), ("للعصابات", "عصابات"), ("والمجزرة", "مجزرة"), ("بطل", "بطل")],
)
def test_bare_form_takes_off_only_what_is_safe(written: str, bare: str) -> None:
    assert bare_form(written) == bare
