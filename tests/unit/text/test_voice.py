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
