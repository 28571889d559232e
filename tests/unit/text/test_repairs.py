from __future__ import annotations

import pytest

from model.text.normalize import normalize


@pytest.mark.parametrize(
    ("source", "strict", "repaired"),
    [
        ("ڤيينا", "يينا", "فيينا"),
        ("ﻻ ﺣﻞ", "", "لا حل"),
        ("عبد\ufdf2", "عبد", "عبدالله"),
        ("مك\u200dتب", "مك تب", "مكتب"),
        ("\u202bقال\u202c", "قال", "قال"),
        ("قال\u200bالناطق", "قال الناطق", "قال الناطق"),
        ("ایران گفت", "ا ران فت", "ايران كفت"),
        ("۱۲ قتيلا", "قتيلا", "12 قتيلا"),
        ("ا\u0653لية", "ا ٓ لية", "آلية"),
        ("نص\u00adطويل", "نص طويل", "نصطويل"),
    ],
)
def test_repairs_stand_before_the_steps_of_the_reference(
    source: str, strict: str, repaired: str
) -> None:
    assert normalize(source).text == strict
    assert normalize(source, "repaired").text == repaired


def test_a_repaired_span_comes_back_to_the_source_as_it_is() -> None:
    source = "زار ڤيينا\u200f، ثم ﻻهاي"
    view = normalize(source, "repaired")
    for wanted, slice_of_source in (("فيينا", "ڤيينا\u200f"), ("لاهاي", "ﻻهاي")):
        start = view.text.index(wanted)
        left, right = view.to_source(start, start + len(wanted))
        assert source[left:right] == slice_of_source


def test_leaves_plain_text_as_it_is() -> None:
    source = "قالت «الوكالة» إنّ 3.5 ملايين غادروا (أ.ف.ب)"
    assert normalize(source, "repaired") == normalize(source)
