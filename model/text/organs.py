"""The organs of a state by the adjective after which they are called: the same for every state."""

from __future__ import annotations

from collections.abc import Iterator

from model.records import Connotation

_MASCULINE = """
الجيش|الرئيس|البرلمان|الجانب|العاهل|رئيس الوزراء|رئيس الحكومة|رئيس الجمهورية|مجلس الوزراء|سلاح الجو
|مجلس الأمن القومي|الحرس الوطني|سلاح الجو الملكي|سلاح البحرية
"""
_FEMININE = """
الحكومة|القوات|السلطات|الخارجية|الرئاسة|القيادة|الدولة|المخابرات|الاستخبارات
|الشرطة|البحرية|القوات المسلحة|القوات الجوية|القوات البحرية|القوات الخاصة|قوات الأمن|الأجهزة الأمنية
|وزارة الخارجية|وزارة الدفاع|وزارة الداخلية|رئاسة الجمهورية|رئاسة الوزراء|رئاسة الأركان|هيئة الأركان
"""
_CONSTRUCT = "حكومة|جيش|سلطات|رئيس|رئيس وزراء|رئيس حكومة|رئيس جمهورية|ملك|عاهل|أمير|رئاسة"
_LOADED_MASCULINE = "النظام|الاحتلال|العدو|الكيان|المحتل"
_LOADED_FEMININE = "الفاشية|آلة الحرب|آلة القتل|آلة البطش|آلة القمع"
_LOADED_CONSTRUCT = "نظام"


# An organ alone is the one that the article called by its whole name last: الحكومة.
SHORT_ORGANS = ("الحكومة", "الجيش", "الرئاسة", "البرلمان", "المجلس", "الجامعة", "القوة")


def _split(words: str) -> list[str]:
    return [word.strip() for word in words.split("|")]


def name_organs(adjective: str) -> Iterator[tuple[str, Connotation]]:
    """What is called by a masculine adjective: الجيش التركي, القوات التركية, النظام التركي."""
    for organ in _split(_MASCULINE):
        yield f"{organ} {_definite(adjective)}", "neutral"
    for organ in _split(_FEMININE):
        yield f"{organ} {_definite(adjective)}ة", "neutral"
    for organ in _split(_LOADED_MASCULINE):
        yield f"{organ} {_definite(adjective)}", "pejorative"
    for organ in _split(_LOADED_FEMININE):
        yield f"{organ} {_definite(adjective)}ة", "pejorative"


def name_organs_of(place: str) -> Iterator[tuple[str, Connotation]]:
    """What is called by a land or capital: حكومة تركيا, نظام أنقرة."""
    for organ in _split(_CONSTRUCT):
        yield f"{organ} {place}", "neutral"
    for organ in _split(_LOADED_CONSTRUCT):
        yield f"{organ} {place}", "pejorative"


def spell_name(person: str) -> set[str]:
    """The spellings of a person's name: عبد الفتاح is written عبدالفتاح too."""
    return {person, person.replace("عبد ال", "عبدال"), person.replace("نصر الله", "نصرالله")}


def _definite(adjective: str) -> str:
    return f"ال{adjective}"
