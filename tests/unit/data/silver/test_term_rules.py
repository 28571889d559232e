from __future__ import annotations

from collections.abc import Callable

import pytest

from train.data.silver.term_rules import TERM_RULES

Ask = Callable[[str, str], dict[str, str]]
BARE = "أعلنت إدارة الجسر فتح ممر النور. وبقي ممر النور آمناً."
PLAY = "سجل اللاعب هدفاً في المباراة، وفاز الفريق بالبطولة."

# rule, text, candidate, what it says
SAYS = [
    ("firm_entry", "أغلقت مليشيا قسد الطريق.", "مليشيا", "keep"),
    ("weak_entry", "قاتلت قسد المتمردة شهراً.", "المتمردة", "keep"),
    ("weak_entry", "بقيت المدينة المتمردة هادئة.", "المتمردة", "drop"),
    ("common_word", "خاضت قسد في النهر ملحمة.", "ملحمة", "keep"),
    ("beside_a_name", "أغلقت مليشيا قسد الطريق.", "مليشيا", "keep"),
    ("in_company", "وصف العدوان بأنه مجزرة.", "مجزرة", "keep"),
    ("doubting_verb", "تزعم قسد أن الطريق آمن.", "تزعم", "keep"),
    ("pretext_word", "أغلقت قسد الطريق بحجة محاربة تنظيم الدولة.", "بحجة", "keep"),
    ("so_called", "أغلقت ما تسمى «لجنة الجسر» الطريق.", "«لجنة الجسر»", "keep"),
    ("so_called", "أغلقت «لجنة الجسر» المزعومة الطريق.", "«لجنة الجسر»", "keep"),
    ("marks_behind_a_label", "أغلقت مليشيا «النهر» الطريق.", "«النهر»", "keep"),
    ("marks_against_habit", f"{BARE} وأغلق «ممر النور» أمس.", "«ممر النور»", "keep"),
    ("marks_against_habit", "«درب النور» مفتوح. أغلق «درب النور» أمس.", "«درب النور»", "drop"),
    ("loaded_inside", "انسحبت الوحدة في «إعادة تموضع» من القرية.", "«إعادة تموضع»", "keep"),
    ("marks_alone", "صدر كتاب «درب النور» أمس.", "«درب النور»", "drop"),
    ("play_or_trade", f"{PLAY} وكانت الخسارة مجزرة.", "مجزرة", "drop"),
    ("fixed_name", "مر الموكب في شارع الشهداء أمس.", "الشهداء", "drop"),
    ("title_in_marks", "فاز فيلم «مجزرة في النهر» بجائزة.", "مجزرة", "drop"),
    ("sober_article", "كانت العاصفة مجزرة للأشجار.", "مجزرة", "drop"),
    ("said_aloud", 'قال شاهد: "هذه مجزرة لم نر مثلها منذ سنوات طويلة".', "مجزرة", "keep"),
    ("martyr_word", "ودّعت البلدة شهداء قسد.", "شهداء", "keep"),
    ("name_kept_away", "أغلقت ما تسمى «ثوار قسد» الطريق.", "ثوار", "drop"),
]  # fmt: skip
# rule, text, candidate: nothing to say
SILENT = [
    ("firm_entry", "قاتلت قسد المتمردة شهراً.", "المتمردة"),
    ("weak_entry", "أغلقت مليشيا قسد الطريق.", "مليشيا"),
    ("common_word", "أغلقت مليشيا قسد الطريق.", "مليشيا"),
    ("beside_a_name", "قالت قسد أمس إن في القرية مليشيا.", "مليشيا"),
    ("in_company", "أغلقت مليشيا قسد الطريق.", "مليشيا"),
    ("doubting_verb", "أغلقت قسد الطريق بحجة محاربة تنظيم الدولة.", "بحجة"),
    ("pretext_word", "تزعم قسد أن الطريق آمن.", "تزعم"),
    ("so_called", "صدر كتاب «درب النور» أمس.", "«درب النور»"),
    ("marks_behind_a_label", "صدر كتاب «درب النور» أمس.", "«درب النور»"),
    ("marks_against_habit", "صدر كتاب «درب النور» أمس.", "«درب النور»"),
    ("loaded_inside", "صدر كتاب «درب النور» أمس.", "«درب النور»"),
    ("marks_alone", "أغلقت ما تسمى «لجنة الجسر» الطريق.", "«لجنة الجسر»"),
    ("play_or_trade", "نفذت قسد مجزرة في القرية.", "مجزرة"),
    ("fixed_name", "ودّعت البلدة الشهداء أمس.", "الشهداء"),
    ("title_in_marks", "نفذت قسد مجزرة في القرية.", "مجزرة"),
    ("sober_article", "نفذت قسد مجزرة في القرية.", "مجزرة"),
    ("said_aloud", "نفذت قسد مجزرة في القرية.", "مجزرة"),
    ("martyr_word", "مر الموكب في شارع الشهداء أمس.", "الشهداء"),
    ("name_kept_away", "وصل ثوار قسد أمس.", "ثوار"),
]


@pytest.mark.parametrize(("rule", "text", "term", "label"), SAYS)
def test_a_rule_says(term_votes: Ask, rule: str, text: str, term: str, label: str) -> None:
    assert term_votes(text, term).get(rule) == label


@pytest.mark.parametrize(("rule", "text", "term"), SILENT)
def test_a_rule_keeps_silent(term_votes: Ask, rule: str, text: str, term: str) -> None:
    assert rule not in term_votes(text, term)


def test_every_rule_is_tested_both_ways() -> None:
    assert {rule for rule, *_ in SAYS} == set(TERM_RULES)
    assert {rule for rule, *_ in SILENT} == set(TERM_RULES)


def test_a_quotation_is_no_candidate(term_votes: Ask) -> None:
    with pytest.raises(AssertionError, match="no candidate"):
        term_votes('قال شاهد: "فتحت الطريق".', '"فتحت الطريق"')
