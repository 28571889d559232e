"""What may stand for what: agreement, kind of actor, and what stands around a name."""

from __future__ import annotations

import pytest

from model.records import LabelledSentence, Mention, Stance
from tests.sentences import labelled, stance_of
from train.behaviour.forms import form_of
from train.behaviour.names import Name, NameBook, are_alike, attach, fits, rename, takes_epithet

# (target, name in the sentence, name that may or may not take its place)
GOOD = [
    ("sdf", "قسد", "قوات سوريا الديمقراطية"),
    ("hamas", "حماس", "حركة المقاومة الإسلامية"),
    ("houthis", "جماعة الحوثي", "أنصار الله"),
    ("houthis", "الجماعة", "جماعة الحوثي"),
    ("pkk", "حزب العمال الكردستاني", "بي كا كا"),
    ("isis", "داعش", "تنظيم الدولة"),
    ("israel", "الحكومة الإسرائيلية", "السلطات الإسرائيلية"),
    ("israel", "القوات الإسرائيلية", "القوات المسلحة الإسرائيلية"),
    ("israel", "تل أبيب", "إسرائيل"),
    ("iran", "إيران", "طهران"),
    ("iran", "الحرس الثوري", "الحرس الثوري الإيراني"),
    ("palestinian-authority", "السلطة الفلسطينية", "السلطة الوطنية الفلسطينية"),
    ("polisario", "جبهة البوليساريو", "البوليساريو"),
    ("sudanese-army", "الجيش", "الجيش السوداني"),
    ("lebanese-forces", "القوات", "القوات اللبنانية"),
    ("hezbollah", "الحزب", "حزب الله اللبناني"),
    ("kurdistan-region", "البيشمركة", "البشمركة"),
    ("unrwa", "الأونروا", "وكالة الغوث"),
    ("libyan-parliament", "مجلس النواب الليبي", "البرلمان الليبي"),
    ("settlers", "المستوطنون", "المستوطنون الإسرائيليون"),
    ("settlers", "مستوطنين", "مستوطنين يهود"),
    ("russia", "فلاديمير بوتين", "بوتين"),
    ("united-nations", "الأمم المتحدة", "منظمة الأمم المتحدة"),
]
BAD = [
    ("israel", "الجيش الإسرائيلي", "القوات الإسرائيلية"),  # masculine, feminine
    ("israel", "الجيش الإسرائيلي", "الكنيست"),  # an army, a parliament
    ("israel", "الموساد", "الشاباك"),  # two agencies
    ("israel", "الحكومة الإسرائيلية", "تل أبيب"),  # a government, a place
    ("sdf", "قسد", "مجلس سوريا الديمقراطية"),
    ("hamas", "حماس", "كتائب القسام"),
    ("houthis", "الحوثيون", "جماعة الحوثي"),  # a plural
    ("houthis", "الحوثيون", "الحوثيين"),  # another case
    ("houthis", "الحوثيين", "حوثيين"),  # indefinite
    ("houthis", "صنعاء", "جماعة الحوثي"),
    ("settlers", "المستوطنون", "المستوطنين"),
    ("settlers", "المستوطنون", "مستوطنون"),
    ("iran", "الحرس الثوري", "فيلق القدس"),
    ("iran", "الرئيس الإيراني", "المرشد الإيراني"),
    ("iran", "حسن روحاني", "إبراهيم رئيسي"),  # another person
    ("palestinian-authority", "الشرطة الفلسطينية", "الخارجية الفلسطينية"),
    ("palestinian-authority", "الرئيس الفلسطيني", "محمود عباس"),
    ("al-qaeda", "تنظيم القاعدة", "تنظيم حراس الدين"),  # a branch
    ("al-qaeda", "تنظيم القاعدة", "تنظيم القاعدة في جزيرة العرب"),
    ("turkey", "الجيش التركي", "الرئيس التركي"),
    ("lebanon", "الحكومة اللبنانية", "لبنان"),
    ("united-nations", "الأمم المتحدة", "الجمعية العامة للأمم المتحدة"),
    ("mali-junta", "المجلس العسكري في مالي", "الجيش المالي"),
    ("kurdistan-region", "البيشمركة", "حكومة إقليم كردستان"),
    ("rapid-support-forces", "قوات الدعم السريع", "الدعم السريع"),
]


def find_name(book: NameBook, target: str, text: str) -> Name:
    target = {"lebanon": "lebanese-government"}.get(target, target)
    stance = Stance(target, "newsroom", None, (), "none")
    place = book.locate(0, stance, Mention(0, len(text), text, text, "neutral"))
    assert place is not None, text
    return place.name


@pytest.mark.parametrize(("target", "old", "new"), GOOD)
def test_good_swaps(book: NameBook, target: str, old: str, new: str) -> None:
    assert are_alike(find_name(book, target, old), find_name(book, target, new))


@pytest.mark.parametrize(("target", "old", "new"), BAD)
def test_bad_swaps(book: NameBook, target: str, old: str, new: str) -> None:
    assert not are_alike(find_name(book, target, old), find_name(book, target, new))


@pytest.mark.parametrize(
    ("name", "agreement"),
    [("العراق", "m"), ("لبنان", "m"), ("المغرب", "m"), ("الإقليم", "m"), ("مصر", "f"),
     ("الاتحاد الروسي", "m"), ("السعودية", "f"), ("صنعاء", "f")],
)  # fmt: skip
def test_countries_have_their_gender(name: str, agreement: str) -> None:
    form = form_of(name, is_place=True)
    assert form is not None
    assert form.agreement == agreement


def test_what_no_head_tells_has_no_form() -> None:
    assert form_of("كعبة المضيوم") is None
    assert form_of("واي بي جي") is None


def test_women_who_lead() -> None:
    form = form_of("تيريزا ماي", is_head=True)
    assert form is not None
    assert form.agreement == "f"


@pytest.mark.parametrize(
    ("prefix", "name", "written"),
    [("ل", "اليونيفيل", "لليونيفيل"), ("ول", "قسد", "ولقسد"), ("ب", "الحشد", "بالحشد"),
     ("", "قسد", "قسد"), ("وب", "تنظيم داعش", "وبتنظيم داعش")],
)  # fmt: skip
def test_prefixes_are_written_as_arabic_does(prefix: str, name: str, written: str) -> None:
    assert attach(prefix, name) == written


def sentence_about(text: str, target: str, name: str) -> LabelledSentence:
    return labelled(text, stances=(stance_of(text, target, name),))


@pytest.mark.parametrize(
    ("text", "name", "new", "reason"),
    [
        ("نفت هذه الحركة التقرير.", "الحركة", "حركة حماس",
         "a demonstrative stands before the name"),
        ("قالت «حماس» إنها ستحضر.", "حماس", "حركة حماس", "the name stands alone in marks"),
        ("وصل وفد حركة المقاومة الإسلامية (حماس).", "حركة المقاومة الإسلامية", "حركة حماس",
         "a bracket explains the name"),
        ("قالت حماس إن حركة حماس باقية.", "حماس", "حركة حماس",
         "the new name stands in the sentence"),
        ("وصل قادة حركة حماس أمس.", "حماس", "حركة المقاومة الإسلامية",
         "the word before the name is its own first word"),
        ("قالت حماس إنها ستحضر.", "حماس", "حركة حماس", None),
    ],
)  # fmt: skip
def test_what_stands_around_a_name(
    book: NameBook, text: str, name: str, new: str, reason: str | None
) -> None:
    sentence = sentence_about(text, "hamas", name)
    place = book.locate(0, sentence.stances[0], sentence.stances[0].mentions[0])
    assert place is not None
    assert fits(sentence, place, find_name(book, "hamas", new)) == reason


@pytest.mark.parametrize(
    ("text", "fitting"),
    [("أعلنت إيران موعد الجولة.", True), ("الاتفاق مع إيران قائم.", True),
     ("سوق إيران مغلق.", False), ("عاد المسافرون إلى إيران أمس.", True)],
)  # fmt: skip
def test_a_capital_stands_for_a_country_only_where_it_acts(
    book: NameBook, text: str, fitting: bool
) -> None:
    sentence = sentence_about(text, "iran", "إيران")
    place = book.locate(0, sentence.stances[0], sentence.stances[0].mentions[0])
    assert place is not None
    assert (fits(sentence, place, find_name(book, "iran", "طهران")) is None) == fitting


@pytest.mark.parametrize(
    ("text", "takes"),
    [("انسحبت قسد من البلدة.", True), ("قصفت قسد المدينة.", False), ("هاجمت قسد التي رفضت.", True),
     ("قالت «قسد» إنها ستحضر.", False), ("وانسحبت قسد.", True)],
)  # fmt: skip
def test_where_an_epithet_may_follow(book: NameBook, text: str, takes: bool) -> None:
    sentence = sentence_about(text, "sdf", "قسد")
    place = book.locate(0, sentence.stances[0], sentence.stances[0].mentions[0])
    assert place is not None
    assert takes_epithet(sentence, place) == takes


def test_renaming_moves_target_and_term(book: NameBook, lexicon: object) -> None:
    sentence = sentence_about("وقال بيان لقسد إن الطريق مفتوح.", "sdf", "لقسد")
    place = book.locate(0, sentence.stances[0], sentence.stances[0].mentions[0])
    assert place is not None
    new = find_name(book, "syrian-government", "القوات السورية")
    made = rename(sentence, [(place, new)], lexicon)  # type: ignore[arg-type]
    assert made is not None
    after, _ = made
    assert after.text == "وقال بيان للقوات السورية إن الطريق مفتوح."
    assert after.stances[0].target == "syrian-government"
    assert after.stances[0].mentions[0].text == "للقوات السورية"
