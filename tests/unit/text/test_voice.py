from __future__ import annotations

import pytest

from model.records import Article
from model.text.sentences import segment


def voices(
    text: str, *, headline: bool = False, number: int = 0
) -> list[tuple[str, str, str | None, str | None]]:
    """(kind, words, speaker, cue) of the voices of one sentence."""
    article = Article("a", "o", None, None, text if headline else "", "" if headline else text, "f")
    sentence = segment(article)[number]
    return [(v.kind, sentence.text[v.start : v.end], v.speaker, v.cue) for v in sentence.voices]


def test_reported_speech_starts_at_the_particle() -> None:
    assert voices("أكد الوزير سامي علي، اليوم الثلاثاء، أن الدعم مستمر.") == [
        ("reported", "أن الدعم مستمر", "الوزير سامي علي", "أكد")
    ]


def test_direct_quotation_without_its_marks() -> None:
    assert voices("وقال المتحدث: «هذه العصابات لن تنتصر أبداً».") == [
        ("direct", "هذه العصابات لن تنتصر أبداً", "المتحدث", "قال")
    ]


def test_an_attributed_fragment_cuts_the_claim() -> None:
    found = voices("قال المسؤول إن القصف كان «رداً على التسلل الأخير» إلى المدينة الساحلية.")
    assert [kind for kind, *_ in found] == ["reported", "direct", "reported"]
    assert found[1][1] == "رداً على التسلل الأخير"


def test_a_fragment_that_describes_is_direct() -> None:
    assert voices("وهو إجراء وصفه أطباء محليون بأنه «حصار جائر».") == [
        ("direct", "حصار جائر", "أطباء محليون", "وصفه")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "زار «أبو علي» المدينة أمس.",
        'سيطرت "قسد" على البلدة.',
        "أدان المجلس اختطاف الصحفيين.",
        "قُتل أربعة في قصف متبادل بين الطرفين.",
        "عاد حسب الله إلى القرية.",
    ],
)
def test_names_marks_and_acts_are_no_voice(text: str) -> None:
    assert voices(text) == []


def test_doubt_opens_reported_speech_right_behind_it() -> None:
    assert voices("يواصل التحالف الدعم بزعم محاربة التنظيم، بالرغم من انتهائه.") == [
        ("reported", "محاربة التنظيم", None, "بزعم")
    ]


def test_a_source_named_at_the_end_claims_what_stands_before() -> None:
    ((kind, words, speaker, cue),) = voices("قُتل خمسة في الغارة، بحسب مصدر طبي.")
    assert (kind, words, speaker, cue) == ("reported", "قُتل خمسة في الغارة", "مصدر طبي", "بحسب")


def test_a_headline_with_a_colon() -> None:
    assert voices("الوزير: الخطة جاهزة", headline=True) == [
        ("reported", "الخطة جاهزة", "الوزير", ":")
    ]


def test_a_quotation_runs_over_two_sentences() -> None:
    text = 'وقال الناطق: "سنعود إلى بيوتنا قريباً. لن نترك هذه الأرض أبداً."'
    first, second = voices(text), voices(text, number=1)
    assert first[0][:2] == ("direct", "سنعود إلى بيوتنا قريباً.")
    assert second[0][:2] == ("direct", "لن نترك هذه الأرض أبداً.")
    assert second[0][3] is None


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("وتتهم لندن دمشق بتنفيذ هجمات على المدنيين.", "بتنفيذ هجمات على المدنيين"),
        ("وأعلنت القاهرة إيفاد قنصل إلى المدينة.", "إيفاد قنصل إلى المدينة"),
        ("ونفت الجماعة مسؤوليتها عن الهجوم.", "مسؤوليتها عن الهجوم"),
        ("وحذر المصدر من تكرار التجربة السابقة.", "تكرار التجربة السابقة"),
        ("وبين الصباغ أن المساعدات وصلت.", "أن المساعدات وصلت"),
        ("أكد الوزير أن الدعم مستمر، في حين تصر موسكو على موقفها.", "أن الدعم مستمر"),
        ("أصيب أربعة عمال، وفق نقابة الصيادين.", "أصيب أربعة عمال"),
        (
            "وذكر تقرير أن الشرطة لم تجد إشارات تفيد بوقوع هجوم.",
            "أن الشرطة لم تجد إشارات تفيد بوقوع هجوم",
        ),
        ("وبحسب القرار فإن الفريق سيعمل عاماً.", "فإن الفريق سيعمل عاماً"),
    ],
)
def test_claims_without_a_plain_that(text: str, claim: str) -> None:
    assert [(kind, words) for kind, words, *_ in voices(text)] == [("reported", claim)]


@pytest.mark.parametrize(
    "text",
    [
        "يذكر أن المدينة تقع على الساحل.",
        "دخلوا وفق تأشيرات خاصة.",
        "يصعد ويهبط حسب مجرى الأحداث.",
        "جرى الاتفاق بين الوزير والسفير على أن يعودا.",
        "انسحبوا قبل أن يصل الجيش.",
    ],
)
def test_common_words_that_look_like_cues(text: str) -> None:
    assert voices(text) == []


def test_speech_behind_a_colon_needs_no_marks() -> None:
    assert voices("وقال المدرب في المؤتمر: نيفيز لاعب مهم لي كمدرب، وأضاف أن الفريق جاهز.") == [
        ("direct", "نيفيز لاعب مهم لي كمدرب", "المدرب", "قال"),
        ("reported", "أن الفريق جاهز", None, "أضاف"),
    ]


def test_the_answers_of_an_interview_are_direct() -> None:
    text = "كيف وجدت الفريق؟\n- وجدته جيداً ومنظماً. وسنعمل معاً."
    assert voices(text, number=0) == []
    assert [words for _, words, *_ in voices(text, number=1)] == ["وجدته جيداً ومنظماً."]
    assert [kind for kind, *_ in voices(text, number=2)] == ["direct"]


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("قال الناطق العسكري: القوات تقدمت في المدينة", "القوات تقدمت في المدينة"),
        ('عاجل | "قسد": الحرب انتهت', "الحرب انتهت"),
    ],
)
def test_the_colon_of_a_headline_beside_other_cues(text: str, claim: str) -> None:
    assert [(kind, words) for kind, words, *_ in voices(text, headline=True)] == [
        ("reported", claim)
    ]


def test_words_in_ba_that_are_no_charge() -> None:
    text = "اتهم الرئيس بايدن روسيا بشن هجمات جديدة."
    assert [words for _, words, *_ in voices(text)] == ["بشن هجمات جديدة"]


def test_a_preposition_is_a_whole_word() -> None:
    assert voices("نقل الجيش عناصره إلى حلب لمنع أن تسقط المدينة.") == []


def test_a_source_before_fa_inna_ends_where_the_next_begins() -> None:
    found = voices("بحسب الوزير فإن القوات تقدمت وقال ناطق إن الأمر انتهى.")
    assert [(words, speaker) for _, words, speaker, _ in found] == [
        ("فإن القوات تقدمت", "الوزير"),
        ("إن الأمر انتهى", "ناطق"),
    ]


def test_answers_in_files_of_other_systems() -> None:
    assert [kind for kind, *_ in voices("ما رأيك؟\r\n- لا أعلم شيئا.", number=1)] == ["direct"]
