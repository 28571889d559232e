"""The dates that Arabic news archives write, as ISO dates."""

from __future__ import annotations

import re
from datetime import date, datetime

_MONTH_NAMES = (
    "يناير كانون_الثاني جانفي",
    "فبراير شباط فيفري",
    "مارس اذار",
    "ابريل نيسان افريل",
    "مايو ايار ماي",
    "يونيو يونيه حزيران جوان",
    "يوليو يوليه تموز جويليه يوليوز",
    "اغسطس اب اوت غشت",
    "سبتمبر ايلول شتنبر",
    "اكتوبر تشرين_الاول",
    "نوفمبر تشرين_الثاني نونبر",
    "ديسمبر كانون_الاول دجنبر",
)
_MONTHS = {
    name.replace("_", " "): number
    for number, names in enumerate(_MONTH_NAMES, start=1)
    for name in names.split()
}
# Spellings of one name differ in hamza and in the last letter: أبريل / إبريل, يوليه / يولية.
_FOLD = str.maketrans("أإآة", "اااه")

_WEEKDAY = r"(?:يوم\s+)?(?:ال)?(?:احد|اثنين|ثلاثاء|اربعاء|خميس|جمعه|سبت)\s*[،,:]?\s*"
_NUMBERS = r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True)).replace(" ", r"\s+")
_WORDS = (
    rf"(?P<named_day>\d{{1,2}})\s+(?P<name>{_NAME})(?:\s*/\s*(?:{_NAME}))?،?"
    r"\s+(?P<named_year>\d{4})"
)
_TIME = r"(?:[Tt]|\s*[،,-]?\s+)\d{1,2}:\d{2}[\d:.+\-\s]*(?:[Zzصم]|UTC|GMT)?"
_MAX_CHARS = 100
_DATE = re.compile(rf"(?:{_WEEKDAY})?(?:{_NUMBERS}|{_WORDS})(?:\s*م)?(?:{_TIME})?")


def to_iso_date(value: object) -> str | None:
    """`YYYY-MM-DD` from a date, a datetime (its own time zone) or a line that holds only a date.

    Lines: `2020-04-07T10:00Z`, `الثلاثاء 2020/04/07`, `٧ نيسان ٢٠٢٠`, `7 أبريل 2020`. Everything
    else is None; day-first numbers too, since 07/04/2020 is April to some and July to others.
    """
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str) or len(value) > _MAX_CHARS:
        return None
    found = _DATE.fullmatch(value.strip().translate(_FOLD))
    if not found:
        return None
    if name := found["name"]:
        year, month, day = found["named_year"], _MONTHS[" ".join(name.split())], found["named_day"]
    else:
        year, month, day = found["year"], int(found["month"]), found["day"]
    try:
        return date(int(year), month, int(day)).isoformat()
    except ValueError:
        return None
