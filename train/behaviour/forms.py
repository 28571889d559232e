"""The form of an actor's name: what verbs, adjectives and pronouns agree with, and who acts.

A name may take another's place only where both have one form. The form follows from the head noun
(حركة is feminine, a movement); what is called by no such noun stands in a list, and what stands in
none has no form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model.text.words import spelling_key

Agreement = Literal["m", "f", "p"]
"""Masculine or feminine singular (plurals of things are feminine singular), human plural."""
Kind = Literal[
    "force", "state", "movement", "body", "parliament", "ministry", "office", "court",
    "intelligence", "alliance", "place", "person", "people",
]  # fmt: skip
Case = Literal["any", "nominative", "oblique"]


@dataclass(frozen=True, slots=True)
class Form:
    """What a name has to share with the one whose place it takes.

    `case`: the case that a sound masculine plural shows (ون, ين). `person`: of a person's name its
    last word, since a target has had more than one head.
    """

    agreement: Agreement
    kind: Kind
    is_definite: bool = True
    case: Case = "any"
    person: str | None = None


def _table(text: str) -> dict[str, tuple[Agreement, Kind]]:
    """Lines of `agreement kind: word word …` as a table by spelling key."""
    table: dict[str, tuple[Agreement, Kind]] = {}
    for line in text.strip().splitlines():
        head, words = line.split(":")
        agreement, kind = head.split()
        for word in words.split("|"):
            table[spelling_key(word.strip())] = (agreement, kind)  # type: ignore[assignment]
    return table


# The longest that fits the beginning of a name is its head.
_HEADS = _table("""
f force: قوات|قوة|كتائب|سرايا|فصائل|وحدات|مليشيا|ميليشيا|مليشيات|ميليشيات|عصابة|عصابات|مجموعة
f force: البيشمركة|البشمركة|قسد|سوريا الديمقراطية|تنسيقية الحركات|فصائل المعارضة|فاغنر|فاجنر|القسام
f force: المجموعات|العصابات|العصابة|آلة الحرب|آلة القتل|آلة البطش|آلة القمع|اللجان|أفواج
f force: البحرية|القيادة العامة|طغمة تيغراي|حراس الدين
m force: جيش|حشد|حرس|فيلق|سلاح الجو|سلاح البحرية|سلاح الجو الملكي|الباسيج|الدعم السريع
f state: حكومة|سلطات|سلطة|دولة|دويلة|مملكة|إدارة|جمهورية|الفاشية|السلطنة|الإمارة
f state: عصابة بورتسودان|طغمة|زمرة|بلاد|أرض|إمارات|إمارة|سلطات الاحتلال|شرعية
m state: نظام|كيان|عدو|احتلال|محتل|حكم|الجانب|المخزن|مستعمر|بلد
f movement: حركة|جماعة|جبهة|هيئة تحرير|تنسيقية|حماس|فتح|أنصار الله|جبهة النصرة|النصرة|البوليساريو
f movement: بوليساريو|طالبان|النهضة|أمل|المعارضة|المقاومة|مقاومة|قوى الحرية|الحرية والتغيير
f movement: قوى إعلان|قحت|الحركات|حركات|تحرير الشام|القاعدة|قاعدة
f force: حراس الدين|تنظيم حراس الدين
m movement: حزب|تنظيم|داعش|الجهاد|العمال الكردستاني|تيار|بي كا كا|بي كي كي
f body: الأمم|منظمة|وكالة|جامعة|المفوضية|يونيفيل|اليونيفيل|قوات اليونيفيل|الأونروا|أونروا
f body: وكالة غوث
m body: مجلس|اتحاد|ائتلاف|الانتقالي
m parliament: برلمان|مجلس النواب|مجلس الشعب|مجلس الشورى|مجلس الأمة|مجلس العموم|الكنيست|الدوما
m parliament: مجلس الدوما|الكونغرس|الكونجرس|البرلمان الأوروبي|المجلس الأوروبي
m ministry: مجلس الوزراء|مجلس الأمن القومي
f ministry: وزارة|خارجية|الأجهزة|أجهزة|شرطة|قوات الأمن|القوات الأمنية|رئاسة|القيادة|هيئة الأركان
f ministry: رئاسة الأركان|الأمن
m office: رئيس|الرئيس|عاهل|ملك|أمير|المرشد|مرشد|الأمين|خادم
m court: قصر|ديوان|بيت الأبيض|البيت الأبيض|الكرملين|الإليزيه|البنتاغون|البنتاجون|داونينغ ستريت
f intelligence: مخابرات|استخبارات
m intelligence: الموساد|الشاباك
m alliance: تحالف|حلف|الناتو|العدوان
p people: مرتزقة|شبيحة|الجنجويد|وحوش|ملالي|الخوانجية|القحاتة|ثوار|جنود|مجاهدو|مجاهدي|الروس
""")
# A country or a capital is feminine but for these.
_MASCULINE_PLACES = {
    spelling_key(name)
    for name in ("العراق", "لبنان", "المغرب", "اليمن", "السودان", "الأردن", "الصومال", "إقليم",
                 "الاتحاد", "كردستان العراق")
}  # fmt: skip
_FEMALE_PERSONS = {"تيريزا", "أورسولا", "تساي", "الملكة", "ملكة"}
# Institutes that a word of the same beginning would take for something else.
_EXCEPTIONS = _table("""
m body: مجلس سوريا الديمقراطية|مسد|المجلس السياسي الأعلى|مجلس القيادة الرئاسي|مجلس السيادة
m body: المجلس العسكري|المجلس الانتقالي
m movement: جيش التحرير الشعبي الصيني
f ministry: منظمة التحرير الفلسطينية|القيادة الفلسطينية|الرئاسة
f state: حكومة الإنقاذ|حكومة تأسيس|القيادة الشرعية|السلطة الشرعية
m force: الأمن الفلسطيني
f office: الأمانة العامة|الجمعية العامة
m office: مجلس الأمن
""")


def form_of(name: str, *, is_place: bool = False, is_head: bool = False) -> Form | None:
    """The form of a name in its listed spelling; None where it cannot be known."""
    words = [spelling_key(word) for word in name.split()]
    if is_head:
        agreement: Agreement = "f" if name.split()[0] in _FEMALE_PERSONS else "m"
        return Form(agreement, "person", person=words[-1])
    if is_place and not _is_head_noun(words[0]):
        masculine = bool(
            {words[0], words[0].removeprefix("ال"), " ".join(words)} & _MASCULINE_PLACES
        )
        return Form("m" if masculine else "f", "place")
    known = _look_up(words, _EXCEPTIONS) or _look_up(words, _HEADS)
    if known is None and words[0].endswith(("ون", "ين")) and len(words[0]) > 4:
        case: Case = "nominative" if words[0].endswith("ون") else "oblique"
        return Form("p", "people", words[0].startswith("ال"), case)
    if known is None:
        return None
    return Form(*known, is_definite=_is_definite(name.split()))


def _look_up(
    words: list[str], table: dict[str, tuple[Agreement, Kind]]
) -> tuple[Agreement, Kind] | None:
    for length in range(len(words), 0, -1):
        head = " ".join(words[:length])
        for written in (head, head.removeprefix("ال")):
            if written in table:
                return table[written]
    return None


def _is_head_noun(word: str) -> bool:
    return word.removeprefix("ال") in ("جمهوريه", "مملكه", "دوله", "سلطنه", "اماره")


def _is_definite(words: list[str]) -> bool:
    """Whether a name is definite: every one but a noun with an adjective that both lack ال."""
    if len(words) != 2 or any(spelling_key(word).startswith("ال") for word in words):
        return True
    return not words[1].endswith(("ية", "يون", "يين"))
