"""Short names: what makes a word that is common besides a name, or another's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import product

from model.text.actor_words import LOADED_AGENTS
from model.text.aliases import Alias
from model.text.phrases import PhraseMatch
from model.text.words import Word, spelling_key

_CONJUNCTIONS = ("", "و", "ف")
_PREPOSITIONS = ("", "ب", "ل", "ك")
_LONGEST_BEFORE = 40
# An adjective of origin or rank behind a short name makes it another's, and so does another king's
# name behind الملك; loaded adjectives leave it what it is.
_ANOTHER = re.compile(
    r"\s+(?:(?!ال(?:إرهابي|ارهابي|انقلابي|انفصالي|إجرامي|طائفي|دموي|ظلامي|تكفيري))"
    r"ال(?:\w{2,}ية?|عامة?(?! ال)|حاكمة?|أعلى|حرة?|مشتركة?|خاصة)"
    r"|فهد|فيصل|الفيصل|خالد|سعود|عبد ?العزيز|عبد ?الله|حسين|الحسين|فاروق|طلال|بن)(?!\w)"
)
# Where the word is a common noun after all: what stands before it, and what behind it.
_COMMON = {
    name: (
        re.compile(rf"(?<!\w)(?:{before})\s+$") if before else None,
        re.compile(rf"\s+(?:{behind})(?!\w)") if behind else None,
    )
    for name, before, behind in (
        (
            "حماس",
            "بكل|كل|روح|بروح|شعلة|زاد|منسوب|نتيجة|انتابني|يزداد|ازداد",
            "كبير|شديد|مفاجئ|بالغ|منقطع|الشباب|الجماهير|الجمهور|اللاعبين|المشاركين|الطلاب",
        ),
        (
            "الحركة",
            "حرية|لحرية|وحرية|سهولة|شلل|كثافة|سرعة|خفة|إعاقة|تعطيل|تعطل|تنظيم|انسيابية|بطء|توقف|توقفت"
            "|شل|على|مساحة|صعوبة|قليل|كثير",
            "بين|داخل|والسكون|والتنقل",
        ),
        ("الحشد", "هذا|وسط|أمام|ذلك|بين", "بالتصفيق|بالهتاف|بالتكبير|الكبير|الغفير|الهائل"),
        ("الجيش", "نادي|فريق|مستشفى|شارع", ""),
        ("المحتل", r"(?:[وف]?[بكل]?ال|لل)\w+", ""),
        (
            "السلطة",
            "الانتقال|انتقال|تداول|تسليم|تسلم|إلى|على|كرسي|سدة|للوصول|وصول|انتزاع|اغتصاب|السياسي|هرم",
            "التنفيذية|القضائية|التشريعية|والثروة|والمال",
        ),
        ("الرئاسة", "انتخابات|الانتخابات|سباق|مرشح|مرشحي|منصب|كرسي|إلى|لمنصب|عن", ""),
        ("المجلس", "هذا|في|مركز|قاعة|خارج", ""),
        ("الجامعة", "هذه|مركز|قاعة|خارج|حرم|داخل|في", ""),
    )
}
_TITLE = re.compile(
    r"(?<!\w)[وفبل]?(?:اسمها|اسمه|عنوان|عنوانها|عنوانه|لعبة|فيلم|مسلسل|رواية|كتاب|كتابه|مسرحية|أغنية"
    r'|أنشودة|مسلسل)\s+[«"“”„(]$'
)
_MEMBERS = (
    "وفد|وفدا|وفدي|قيادي|قياديي|قياديو|قياديين|قيادات|قيادة|كوادر|عناصر|أنصار|مناصري|مناصرو|جمهور|ناخبو|ناخبي"
    "|مرشحو|مرشحي|مرشح|نواب|نائب|كتلة|عضو|أعضاء|حركتا|حركتي|حزبي|حزبا|مقاتلي|مقاتلو|مقر|صفوف|ميليشيا|مليشيا"
)
_INSIDERS = f"{_MEMBERS}|مصادر|مصدر|مسؤول|مسؤولون|مسؤولين|ناطق|متحدث"
_MEMBER = re.compile(rf"(?<!\w)[وفبل]?(?:{_MEMBERS}|(?:{_INSIDERS}) في)\s+$")
# A verb or word of dealing before a short name is a cue where no object of its own can follow.
_DEALING = re.compile(
    r"(?<!\w)[وفبل]?(?:\w{3,}ت|[ت]\w{3,}|يمثل|يمثّل|ملاحظات|رد|موقف|مواقف|بيان|باسم|مع|بين|أن|إن)\s+$"
)
_NO_OBJECT = re.compile(
    r"\s*(?:$|[،,.؛:!؟?»\"”)]|(?:التي|أن|أنها|إنها|في|عن|على|إلى|قد|لن|لم|لا)(?!\w))"
)
_LOADED_ADJECTIVE = re.compile(
    r"\s+ال(?:إرهابي|ارهابي|ظلامي|تكفيري|إجرامي|محظور|متأسلم|متطرف)(?:ة|ون|ين)?(?!\w)"
)
_LAST_WORD = re.compile(r"(\w{3,})\s+$")
_SHADDA = "\u0651"
_OPENING_MARKS = '«"“”„('


class ShortNames:
    """The written forms in which a short name is the head of a longer one: حزب for الحزب.

    Where an article names a party that no list holds, its الحزب is that party, not a listed one.
    """

    def __init__(self, aliases: Mapping[str, Alias]) -> None:
        keys = {spelling_key(name) for name, alias in aliases.items() if alias.needs_context}
        self._forms = {
            key: [
                conjunction + preposition + key[2:]
                for conjunction, preposition in product(_CONJUNCTIONS, _PREPOSITIONS)
            ]
            for key in keys
            if key.startswith("ال") and " " not in key
        }

    def forms_of(self, keys: Iterable[str]) -> dict[str, str]:
        """The short name for each written form of the heads of these."""
        return {form: key for key in keys for form in self._forms.get(key, ())}


def find_others(
    text: str,
    words: Sequence[Word],
    matches: Sequence[PhraseMatch[Alias]],
    forms: Mapping[str, str],
) -> Iterator[tuple[str, int]]:
    """Each short name whose head begins a name that is not listed, and where."""
    taken = set()
    for match in matches:
        taken.add(match.start)
        if match.entry.needs_context and is_another(text, match):
            yield spelling_key(match.phrase), match.start
    for position, word in enumerate(words):
        if word.key not in forms or word.start in taken:
            continue
        behind = words[position + 1 : position + 3]
        is_marked = text[word.end : word.end + 2].strip()[:1] in _OPENING_MARKS
        if any(next_.key.startswith("ال") for next_ in behind) or is_marked:
            yield forms[word.key], word.start


def is_another(text: str, match: PhraseMatch[Alias]) -> bool:
    """Whether what follows makes a short name another's: الحكومة الألمانية, النظام العام."""
    return " " not in match.phrase and _ANOTHER.match(text, match.end) is not None


def is_common(text: str, match: PhraseMatch[Alias]) -> bool:
    """Whether a short name is a common noun here, or stands in a title: حرية الحركة."""
    start = max(0, match.start - _LONGEST_BEFORE)
    if match.entry.needs_context and _TITLE.search(text, start, match.start):
        return True
    before, behind = _COMMON.get(match.phrase, (None, None))
    if before is not None and before.search(text, start, match.start):
        return True
    return behind is not None and behind.match(text, match.end) is not None


def is_named_by_cue(text: str, match: PhraseMatch[Alias]) -> bool:
    """Whether a name in context is as good as full here: خفافيش الإخوان, or عمّان so written."""
    alias = match.entry
    if len(alias.targets) != 1 or alias.needs_cue or alias.connotation != "neutral":
        return False
    if alias.is_place:
        return _SHADDA in match.phrase and _SHADDA in text[match.start : match.end]
    before = _LAST_WORD.search(text, max(0, match.start - _LONGEST_BEFORE), match.start)
    is_loaded = before is not None and _is_loaded(spelling_key(before.group(1)))
    return is_loaded or _LOADED_ADJECTIVE.match(text, match.end) is not None


def has_cue(text: str, match: PhraseMatch[Alias]) -> bool:
    """Whether the words around a common word make it a name: وفد فتح, قالت فتح إنها."""
    start = max(0, match.start - _LONGEST_BEFORE)
    if _MEMBER.search(text, start, match.start):
        return True
    is_dealt_with = _DEALING.search(text, start, match.start) is not None
    return is_dealt_with and _NO_OBJECT.match(text, match.end) is not None


@cache
def head_of(phrase: str) -> str:
    """The key of a name's first word with the article: الحكومه for حكومة صنعاء."""
    first = spelling_key(phrase.split(maxsplit=1)[0])
    return first if first.startswith("ال") else f"ال{first}"


def _is_loaded(key: str) -> bool:
    return key in LOADED_AGENTS or key[1:] in LOADED_AGENTS
