from __future__ import annotations

from pathlib import Path

import pytest

from model.records import Article, check_sentence_law
from model.text.sentences import segment, split_sentences
from tests.unit.text.hard_cases import END, read_hard_cases
from train.score.rules import Hits, count_hits


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("انتهى الاجتماع. بدأ آخر! هل ينجح؟ نعم.", 4),
        ("الأسعار ارتفعت 3.5 في المئة، والطلب 1.2.", 1),
        ("قال د. محمد العلي إن الخطة جاهزة.", 1),
        ("أفادت وكالة أ.ف.ب بأن القمة تأجلت.", 1),
        ("جاء، ثم ذهب؛ ثم عاد.", 1),
        ("انتظر... ثم تكلم.", 1),
        ("قال: «سنعود غداً.»", 1),
        ('قال: "نحن هنا. لن نرحل عن أرضنا أبداً." ثم غادر.', 3),
        ('سأل: "هل انتهى الأمر؟" وأجاب بالنفي.', 1),
        ("سطر بلا نقطة\nوسطر آخر", 2),
        ("انتهى الاجتماع.وقال الوزير إن الأمر تم.", 2),
        ("1. البند الأول\n2. البند الثاني", 2),
        ("https://example.org/a\n#وسم #آخر\nنص الخبر.", 1),
        ('قال "كلاماً لم يُغلق. ثم جاء غيره.', 2),
        ("ارتفعت الأرباح في إن.بي.كيه كابيتال هذا العام.", 1),
        ("لم تتمكن الإدارة من حسم الصفقة قبل الموعد.. فقد رفض النادي العرض الأخير أمس.", 2),
        ("بلغ العدد منذ شهر يونيو في كل المدن 1082 حالة.. 587 حالة منها شفيت تماماً.", 1),
        ("#غزة" * 40 + " نص الخبر", 1),
        ("اقرأ أيضاً: الحرب في الشمال\nنص الخبر.", 1),
        ("(قال «لن نقبل بهذا أبدا.») وأضاف الوزير.", 2),
        ("", 0),
        ("... !!", 0),
    ],
)
def test_number_of_sentences(text: str, expected: int) -> None:
    assert len(pieces(text)) == expected, pieces(text)


def test_a_quotation_of_one_sentence_stays_whole() -> None:
    text = "أكد الوزير «أن العمل مستمر. وسينتهي» قريباً. وغادر."
    assert pieces(text) == ["أكد الوزير «أن العمل مستمر. وسينتهي» قريباً.", "وغادر."]


def test_the_hard_cases() -> None:
    hits, misses = Hits(), []
    cases = read_hard_cases()
    for case in cases:
        assert END not in case.text
        assert case.ends, case.text
        found = {end for _, end in split_sentences(case.text)}
        hits += count_hits(case.ends, found)
        if found != case.ends:
            got = [case.text[start:end] for start, end in split_sentences(case.text)]
            misses.append(f"{case.kind}: {got}")
    assert len(cases) >= 60
    assert hits.f1 == 1.0, "\n".join([f"F1 {hits.f1:.3f}", *misses])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("وصل المنتخب إلى المجموعة ب. وسيلعب غداً.", 2),
        ('قالت: "عدنا إلى البيت. بكينا عند الباب طويلا!". ثم صمتت.', 3),
        ("خسر الفريق مباراة أمس في أرضه.. مؤكداً أنه سيعوض جمهوره قريباً.", 1),
        ("ألقى محاضرة (التعريف بتاريخ المدن القديمة.. واقعه ومستقبله بين الناس) أمس.", 1),
        ("وقال:»رأيت الدخان من بعيد.« ثم وصف المكان.", 2),
        ("انتهى العرض… فتحت القاعة أبوابها للزوار صباح اليوم.", 1),
    ],
)
def test_dots_series_and_turned_marks(text: str, expected: int) -> None:
    assert len(pieces(text)) == expected, pieces(text)


def test_headline_and_body_are_slices_of_the_article() -> None:
    article = Article("a", "o", None, None, "  عنوان الخبر ", "فقرة أولى. جملة.\n\nأخرى.", "f")
    sentences = segment(article)
    for sentence in sentences:
        check_sentence_law(article, sentence)
    assert [(s.section, s.text) for s in sentences] == [
        ("headline", "عنوان الخبر"),
        ("body", "فقرة أولى."),
        ("body", "جملة."),
        ("body", "أخرى."),
    ]
    assert [s.index for s in sentences] == [0, 1, 2, 3]


def test_the_original_report_comes_out_right() -> None:
    path = next(Path("seeds/articles").glob("*/000_5401e4e7f70db426.txt"))
    _, headline, body = path.read_text(encoding="utf-8").split("\n\n", 2)
    sentences = segment(Article("seed", "o", "2020-04-07", None, headline, body, str(path)))
    assert len(sentences) == 9
    claim = sentences[1]
    (voice,) = claim.voices
    assert voice.kind == "reported"
    assert voice.cue == "أكد"
    assert claim.text[voice.start : voice.end].startswith("أن التحالف")
    assert claim.text[voice.start : voice.end].endswith("الانفصالية")
    kinds = [{voice.kind for voice in sentence.voices} for sentence in sentences[2:8]]
    assert all("direct" in kind for kind in kinds)
