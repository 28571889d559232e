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


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("وقال الوزير إن العمل بدأ، مشيراً إلى جاهزية الطرق.", "جاهزية الطرق"),
        ("وشدد المدير في ختام جولته على ضرورة إنهاء العمل.", "ضرورة إنهاء العمل"),
        ("وأعلن الجيش في بيان استهداف مخزن للسلاح.", "استهداف مخزن للسلاح"),
        ("ونفت الوزارة أي علاقة لها بالحادث.", "أي علاقة لها بالحادث"),
        ("وتعهدت السلطات بتعويض الأهالي.", "بتعويض الأهالي"),
        ("وأصر الحارس على أنه لم ير أحداً.", "أنه لم ير أحداً"),
        ("وقال إذا توقف المطر فسنعود.", "إذا توقف المطر فسنعود"),
        ("وزادت الأسعار في الشتاء، كما يقول سكان الحي.", "وزادت الأسعار في الشتاء"),
        ("وسقطت ثلاثة بيوت، على حد قوله.", "وسقطت ثلاثة بيوت"),
        ("عادت الكهرباء إلى الحي، وذلك بحسب ما ذكره سكانه.", "عادت الكهرباء إلى الحي"),
        ("سُجن خمسة منهم أمس، حسب «الوكالة».", "سُجن خمسة منهم أمس"),
        ("وأضاف: إن الطريق سيفتح قبل الشتاء.", "إن الطريق سيفتح قبل الشتاء"),
    ],
)
def test_more_ways_to_make_a_claim(text: str, claim: str) -> None:
    assert [(kind, words) for kind, words, *_ in voices(text)][-1] == ("reported", claim)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("قال إن الجسر فُتح، حيث عبرت أول شاحنة أمس.", "إن الجسر فُتح"),
        ("قال إن الجسر أغلق، حيث كان يهدد العابرين.", "إن الجسر أغلق، حيث كان يهدد العابرين"),
        ("قال إن الجسر فُتح فيما عادت الحافلات.", "إن الجسر فُتح"),
        ("قال إن الجسر فُتح فيما يتعلق بالمشاة.", "إن الجسر فُتح فيما يتعلق بالمشاة"),
        ("أكد أن العمل انتهى، من دون أن يحدد الكلفة.", "أن العمل انتهى"),
        ("أكد أن العمل انتهى، داعياً الأهالي إلى الصبر.", "أن العمل انتهى"),
        ("قال إن الخطة تمت، كما أن المال متوفر.", "إن الخطة تمت، كما أن المال متوفر"),
    ],
)
def test_where_a_claim_ends(text: str, claim: str) -> None:
    assert [words for _, words, *_ in voices(text)] == [claim]


def test_a_source_between_two_commas_claims_both_sides() -> None:
    text = "ومنذ الشتاء، بحسب إحصاء محلي، هدمت السيول ستة بيوت، وستعيد البلدية بناءها."
    assert [words for _, words, *_ in voices(text)] == ["ومنذ الشتاء", "هدمت السيول ستة بيوت"]


def test_in_a_headline_the_next_speaker_ends_the_claim() -> None:
    text = "المصرف يعلن رفع الفائدة والحكومة تنفي وجود أزمة"
    assert [words for _, words, *_ in voices(text, headline=True)] == ["رفع الفائدة", "وجود أزمة"]


@pytest.mark.parametrize(
    "text",
    [
        'وأوضح "سامر الحداد" في حديث طويل ما جرى.',
        "ودخلوا إلى ما يسمى «المنطقة الآمنة» أمس.",
        "وتحدثت صحف عن «النصر الكبير» المزعوم.",
        "وفقاً لأحكام القانون، يدفع المخالف غرامة.",
        "شاركت في مهرجان: «صيفنا أجمل بكم جميعا» فرق كثيرة.",
        "هدوء حذر في المدينة بعد الهدنة.",
        "ولم تعترف الشركة بخسارتها.",
        "وتشير صور جوية إلى حفر كثيرة.",
        "وتحدث الوزير عن مأساة السكان.",
        "يمكن القول إن الشتاء انتهى.",
        'وأضاف "سامر": الطريق.',
    ],
)
def test_more_words_that_open_no_voice(text: str) -> None:
    assert voices(text) == []


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("قالت الشركة إنها تبحث عن «حل سريع» لديونها.", "حل سريع"),
        ("وقال إن هدفهم هو «معاقبتهما» على الفوز.", "معاقبتهما"),
        ("ودعا الحزب إلى أن «تعود الحياة غداً».", "تعود الحياة غداً"),
        ("وخص الناس بالشكر: «أنتم سند هذه المدينة».", "أنتم سند هذه المدينة"),
        (
            'وقال المتحدث إن "المجموعة تضم عشرات الرجال من القرية.',
            "المجموعة تضم عشرات الرجال من القرية.",
        ),
        ("وزاد: الواقع هنا صعب جداً في «الضالع».", "الواقع هنا صعب جداً في «الضالع"),
    ],
)
def test_more_ways_to_quote(text: str, quoted: str) -> None:
    assert [words for kind, words, *_ in voices(text) if kind == "direct"] == [quoted]


def test_a_headline_in_the_first_person_is_direct() -> None:
    assert [
        (kind, words) for kind, words, *_ in voices("سامر: لن نخاف أحدا لدينا خطة", headline=True)
    ] == [("direct", "لن نخاف أحدا لدينا خطة")]


def test_speech_goes_on_in_the_first_person() -> None:
    text = (
        "وقال المدرب: أتمنى الفوز دائما هنا. أنا أعرف خصومنا جيدا، وعن الإصابات قال إن الأمر صعب."
    )
    assert [(kind, words) for kind, words, *_ in voices(text, number=1)] == [
        ("direct", "أنا أعرف خصومنا جيدا"),
        ("reported", "إن الأمر صعب"),
    ]
