from __future__ import annotations

from collections.abc import Callable

import pytest

from train.data.silver.stance_rules import STANCE_RULES

Ask = Callable[[str, str], dict[str, str]]
BARE = "أعلنت قسد أمس فتح الطريق. ثم قالت قسد إن الطريق آمن."

# rule, text, target, what it says
SAYS = [
    ("loaded_name", "دخلت عصابات قسد البلدة.", "sdf", "against"),
    ("distanced_name", "أغلقت ما تسمى «قسد» الطريق.", "sdf", "against"),
    ("adjoining_label", "أغلقت مليشيا قسد الطريق.", "sdf", "against"),
    ("adjoining_label", "أغلقت قسد الانفصالية الطريق.", "sdf", "against"),
    ("owner_of_a_label", "تحدث حزب الله، ذراع إيران في البلاد.", "iran", "none"),
    ("adjoining_act", "احتجت القرية على قرصنة واشنطن.", "united-states", "against"),
    ("adjoining_praise", "عبرت قسد الباسلة النهر.", "sdf", "favor"),
    ("apposition", "وصلت من روسيا، الوفية لجيرانها، شحنة قمح إلى قسد.", "sdf", None),
    ("apposition", "أرسلت موسكو، الوفية لجيرانها، شحنة قمح.", "russia", "favor"),
    ("doubted_claim", "تزعم قسد أن الطريق آمن.", "sdf", "against"),
    ("doubted_claim", "وكانت قسد قد زعمت أن الطريق آمن.", "sdf", "against"),
    ("pretext", "أغلقت قسد الطريق بحجة محاربة تنظيم الدولة.", "sdf", "against"),
    ("pretext", "أغلقت قسد الطريق بحجة محاربة تنظيم الدولة.", "isis", "none"),
    ("charged_deed", "نفذت قسد فجر أمس مجزرة في القرية.", "sdf", "against"),
    ("sufferer", "طال العدوان على قسد قريتين.", "sdf", "none"),
    ("judge_of_an_act", "أدانت قسد مجزرة في القرية.", "sdf", "none"),
    ("blaming_verb", "استباحت قسد القرية.", "sdf", "against"),
    ("praising_verb", "حررت قسد القرية.", "sdf", "favor"),
    ("martyrs", "ودّعت البلدة شهداء قسد.", "sdf", "favor"),
    ("martyrs", "ودّعت البلدة شهداء السيول، وحضرت قسد.", "sdf", "none"),
    ("label_in_clause", "وصلت قسد مع مليشيا محلية.", "sdf", "against"),
    ("praise_in_clause", "خاضت قسد في النهر ملحمة.", "sdf", "favor"),
    ("euphemism", "أعلنت قسد تحييد خمسة مسلحين.", "sdf", "none"),
    ("nothing_loaded", "فتحت قسد الطريق.", "sdf", "none"),
    ("said_of_another", "دعت روسيا قادة مليشيا قسد إلى فتح الطريق.", "russia", "none"),
    ("claim_of_another", "قال شاهد إن قسد فتحت الطريق.", "sdf", "none"),
    ("weak_words", "قاتلت قسد المتمردة شهراً.", "sdf", "against"),
    ("marks_against_habit", f"{BARE} وأغلقت «قسد» الجسر.", "sdf", None),
    ("marks_against_habit", f"«قسد» تغلق الجسر. {BARE}", "sdf", "against"),
    ("nearest_wording", "وصلت قسد مع مليشيا محلية.", "sdf", "against"),
]  # fmt: skip
# rule, text, target: nothing to say
SILENT = [
    ("loaded_name", "دخلت قسد البلدة.", "sdf"),
    ("distanced_name", "أغلقت قسد ما يسمى معبر النهر.", "sdf"),
    ("adjoining_label", "تحدث حزب الله، ذراع إيران في البلاد.", "iran"),
    ("owner_of_a_label", "أغلقت مليشيا قسد الطريق.", "sdf"),
    ("adjoining_act", "وقعت مجزرة في قرية تسيطر عليها قسد.", "sdf"),
    ("adjoining_praise", "ودّعت البلدة شهداء قسد.", "sdf"),
    ("apposition", "أرسلت موسكو شحنة قمح وفية.", "russia"),
    ("doubted_claim", "تقول قسد إن الطريق آمن.", "sdf"),
    ("doubted_claim", 'قال شاهد: "تزعم قسد ذلك". وفتحت قسد الطريق.', "isis"),
    ("pretext", "أغلقت قسد الطريق لمحاربة تنظيم الدولة.", "sdf"),
    ("charged_deed", "أدانت قسد مجزرة في القرية.", "sdf"),
    ("charged_deed", "انسحبت قسد، ثم وقعت مجزرة في القرية.", "sdf"),
    ("sufferer", "نفذت قسد فجر أمس مجزرة في القرية.", "sdf"),
    ("judge_of_an_act", "نفذت قسد فجر أمس مجزرة في القرية.", "sdf"),
    ("blaming_verb", "دخلت قسد القرية.", "sdf"),
    ("praising_verb", "حررت قسد القرية من تنظيم الدولة.", "isis"),
    ("martyrs", "فتحت قسد الطريق.", "sdf"),
    ("label_in_clause", "وصلت قسد، ثم غادرت مليشيا محلية.", "sdf"),
    ("praise_in_clause", "ودّعت البلدة شهداء قسد.", "sdf"),
    ("euphemism", "نفذت قسد مجزرة وأعلنت تحييد خمسة.", "sdf"),
    ("nothing_loaded", "دخلت عصابات قسد البلدة.", "sdf"),
    ("nothing_loaded", "حررت قسد القرية.", "sdf"),
    ("said_of_another", "أغلقت مليشيا قسد الطريق.", "sdf"),
    ("claim_of_another", "قال شاهد إن مليشيا قسد فتحت الطريق.", "sdf"),
    ("weak_words", "قاتلت مليشيا قسد المتمردة شهراً.", "sdf"),
    ("marks_against_habit", BARE, "sdf"),
    ("nearest_wording", "فتحت قسد الطريق.", "sdf"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "text", "target", "label"), SAYS)
def test_a_rule_says(
    stance_votes: Ask, rule: str, text: str, target: str, label: str | None
) -> None:
    assert stance_votes(text, target).get(rule) == label


@pytest.mark.parametrize(("rule", "text", "target"), SILENT)
def test_a_rule_keeps_silent(stance_votes: Ask, rule: str, text: str, target: str) -> None:
    try:
        votes = stance_votes(text, target)
    except AssertionError:
        votes = {}
    assert rule not in votes


def test_every_rule_is_tested_both_ways() -> None:
    assert {rule for rule, *_, label in SAYS if label} == set(STANCE_RULES)
    assert {rule for rule, *_ in SILENT} == set(STANCE_RULES)


def test_a_source_and_the_newsroom_are_judged_by_their_own_words(stance_votes: Ask) -> None:
    quoted = 'فتحت قسد الطريق، وقال شاهد: "هذه مليشيا وقحة".'
    assert stance_votes(quoted, "sdf").get("nothing_loaded") == "none"
