from __future__ import annotations

import pytest

from model.text.quotes import find_quotations


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
    ],
)
def test_pairs(text: str, expected: list[str]) -> None:
    assert quoted(text) == expected


def test_many_open_marks_are_no_trouble() -> None:
    assert find_quotations("« " * 50_000) == []
    assert len(find_quotations("«أ» " * 50_000)) == 50_000
