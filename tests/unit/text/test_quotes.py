from __future__ import annotations

import pytest

from model.text.quotes import find_quotations, find_unclosed


def quoted(text: str) -> list[str]:
    return [text[q.inner_start : q.inner_end] for q in find_quotations(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('قال «نعم» ثم “لا” ثم "ربما"', ["نعم", "لا", "ربما"]),
        ("قال «إن “قسد” باقية» أمس", ["إن “قسد” باقية"]),
        ("قال «إن «قسد» باقية» أمس", ["إن «قسد» باقية"]),
        ('قال "إن «قسد" باقية', ["إن «قسد"]),
        ("قال «لم يُغلق. ثم «أُغلق» هذا", ["أُغلق"]),
        ('واحدة " فقط', []),
        ("سطر «أول\nوسطر» ثان", []),
        ("» بلا بداية «ثم» نهاية", ["ثم"]),
        ("وقال:»كذا وكذا« أمس", ["كذا وكذا"]),
        ("كتب “كذا وكذا“ أمس", ["كذا وكذا"]),
        ('وأضاف "لم يُغلق. وقال "هذا أُغلق" أمس', ["هذا أُغلق"]),
        ('قال " نعم " ثم " لا "', [" نعم ", " لا "]),
    ],
)
def test_pairs(text: str, expected: list[str]) -> None:
    assert quoted(text) == expected


def test_many_open_marks_are_no_trouble() -> None:
    assert find_quotations("« " * 50_000) == []
    assert len(find_quotations("«أ» " * 50_000)) == 50_000
    assert len(find_quotations('"' * 100_000)) == 50_000


def test_a_mark_that_opens_by_its_place() -> None:
    text = 'قال إن "المدينة عادت. ثم "انتهى" الأمر'
    assert find_unclosed(text, 0, text.index(".")) == text.index('"')
    assert find_unclosed("عاد» أمس", 0, 8) is None
