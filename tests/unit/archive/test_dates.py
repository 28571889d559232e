from datetime import UTC, date, datetime

import pytest

from model.archive.dates import to_iso_date


@pytest.mark.parametrize(
    "line",
    [
        "2020-04-07",
        "2020/04/07",
        "2020/4/7",
        "2020.04.07",
        "2020-04-07T23:30:00Z",
        "2020-04-07T23:30:00.123+03:00",
        "2020-04-07 23:30:00 UTC",
        " الثلاثاء 2020/04/07\r",
        "الثلاثاء، 2020/04/07",
        "الثلاثاء ٢٠٢٠/٠٤/٠٧",
        "الثلاثاء ٧ نيسان ٢٠٢٠",
        "7 نيسان 2020",
        "7 أبريل 2020",
        "7 إبريل 2020م",
        "٧ نيسان/أبريل ٢٠٢٠",
        "يوم الثلاثاء 7 أفريل 2020",
        "الثلاثاء 7 أبريل 2020 - 10:30 م",
    ],
)
def test_a_date_line_becomes_an_iso_date(line):
    assert to_iso_date(line) == "2020-04-07"


@pytest.mark.parametrize(
    ("names", "month"),
    [
        ("كانون الثاني|يناير|جانفي", 1),
        ("شباط|فبراير", 2),
        ("آذار|مارس", 3),
        ("نيسان|أبريل", 4),
        ("أيار|مايو|ماي", 5),
        ("حزيران|يونيو|يونية", 6),
        ("تموز|يوليو|يولية|يوليوز", 7),
        ("آب|أغسطس|غشت", 8),
        ("أيلول|سبتمبر|شتنبر", 9),
        ("تشرين الأول|أكتوبر", 10),
        ("تشرين الثاني|نوفمبر|نونبر", 11),
        ("كانون الأول|ديسمبر|دجنبر", 12),
    ],
)
def test_every_month_has_its_levantine_egyptian_and_maghrebi_names(names, month):
    for name in names.split("|"):
        assert to_iso_date(f"9 {name} 2021") == f"2021-{month:02d}-09", name


@pytest.mark.parametrize(
    "weekday",
    ["الأحد", "الإثنين", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"],
)
def test_every_weekday_may_stand_before(weekday):
    assert to_iso_date(f"{weekday} 2020/04/07") == "2020-04-07"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "أمس",
        "07/04/2020",
        "2020-13-01",
        "2020-02-30",
        "2020/04-07",
        "2020",
        "في 2020/04/07 بدأ القصف",
        "2020/04/07 12:30 عاجل: قصف",
        "٧ نيسان",
        "2020-04-07" + " " * 100_000 + "x",
    ],
)
def test_what_is_not_only_a_date_is_none(line):
    assert to_iso_date(line) is None


def test_dates_and_datetimes_keep_their_own_day():
    assert to_iso_date(date(2020, 4, 7)) == "2020-04-07"
    assert to_iso_date(datetime(2020, 4, 7, 23, 59, tzinfo=UTC)) == "2020-04-07"
    assert to_iso_date(None) is None
    assert to_iso_date(20200407) is None
