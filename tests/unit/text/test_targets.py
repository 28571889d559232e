from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from model.errors import InputError
from model.records import Mention, Stance, Voice
from model.text.stances import draft_stances, holder_words
from model.text.targets import TargetList
from model.text.words import spelling_key

SEEDS = Path("seeds/targets.yaml")

LIST = """
- {id: sdf, name: قوات سوريا الديمقراطية, name_en: SDF, conflict: syria, side: a,
   neutral: [قوات سوريا الديمقراطية, قسد], pejorative: [عصابات قسد],
   neutral_in_context: [القوات]}
- {id: army, name: الجيش السوري, name_en: Army, conflict: syria, side: b,
   neutral: [الجيش السوري], neutral_in_context: [القوات]}
"""
OTHER = "- {{id: x, name: n, name_en: n, conflict: c, side: s, {}}}"


@pytest.fixture
def targets(tmp_path: Path) -> TargetList:
    path = tmp_path / "targets.yaml"
    path.write_text(LIST, encoding="utf-8")
    return TargetList.read(path)


def test_names_come_with_connotation_and_listed_form(targets: TargetList) -> None:
    ((target, mention),) = targets.find_mentions(["أرسلت لعصابات قسد سلاحاً"])[0]
    assert target == "sdf"
    assert (mention.text, mention.term, mention.connotation) == (
        "لعصابات قسد",
        "عصابات قسد",
        "pejorative",
    )


def test_a_name_in_context_follows_the_last_full_name(targets: TargetList) -> None:
    texts = ["تقدم الجيش السوري.", "وصلت القوات.", "انسحبت قسد.", "عادت القوات."]
    found = targets.find_mentions(texts)
    assert [target for listed in found for target, _ in listed] == ["army", "army", "sdf", "sdf"]


def test_a_name_in_context_means_nothing_alone(targets: TargetList) -> None:
    assert targets.find_mentions(["وصلت القوات."]) == [[]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("أعلنت السعودية موقفها", ["السعودية"]),
        ("هبط مؤشر السوق السعودية اليوم", []),
        ("في السعودية وخارجها", []),
        ("الرياض 25 شوال 1436 هـ", []),
        ("رفضت الرياض 25 مرة", ["الرياض"]),
    ],
)
def test_adjectives_and_datelines_are_no_mentions(
    tmp_path: Path, text: str, found: list[str]
) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(OTHER.format("places: [السعودية, الرياض]"), encoding="utf-8")
    (listed,) = TargetList.read(path).find_mentions([text])
    assert [mention.text for _, mention in listed] == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- {id: a}", "entry 1: lacks"),
        (
            LIST + OTHER.format("neutral: [قسد]"),
            "قسد stands",
        ),
        (LIST + "- {id: sdf, name: n, name_en: n, conflict: c, side: s}", "stands twice"),
        (
            OTHER.format("neutrl: [a]"),
            "unknown field neutrl",
        ),
        (OTHER.format("neutral: [no]"), "no text"),
        ("{", "no valid YAML"),
        ("text", "no list"),
    ],
)
def test_says_what_is_wrong_with_a_list(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        TargetList.read(path)


STATES = """
- {id: turkey, name: تركيا, name_en: Türkiye, conflict: c, side: s, places: [تركيا, أنقرة],
   adjectives: [تركي], heads: [رجب طيب أردوغان, أردوغان], neutral_in_context: [الحكومة, الحزب]}
- {id: hamas, name: حركة حماس, name_en: Hamas, conflict: p, side: h, neutral: [حركة حماس, حماس]}
- {id: oneself, name: قسد, name_en: SDF, conflict: c, side: t, neutral: [قسد],
   neutral_in_context: [الجيش الوطني]}
- {id: houthis, name: الحوثيون, name_en: Houthis, conflict: y, side: h, neutral: [الحوثيون],
   pejorative_in_context: [المتمردون]}
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("التقى وزير الدفاع بالرئيس التركي رجب طيب أردوغان", ["بالرئيس التركي رجب طيب أردوغان"]),
        ("وصل الرئيس أردوغان أمس", ["الرئيس أردوغان"]),
        ("افتتحت جامعة أردوغان فرعها", []),
        ("قال محمد بن أردوغان", []),
        ("أعلنت وزارة الدفاع التركية والجيش التركي", ["وزارة الدفاع التركية", "والجيش التركي"]),
        ("ينتقد النظام التركي", ["النظام التركي"]),
        ("سافر على الخطوط التركية", []),
        ("استقبلوه بالحماس", []),
        ('هاجمت «قسد» البلدة ثم هاجمت "قسد" غيرها', ["قسد", "قسد"]),
        ("تركيا ترفض. وأقرت الحكومة الألمانية قانونا", ["تركيا"]),
        ("تركيا ترفض. وأقرت الحكومة قانونا", ["تركيا", "الحكومة"]),
        ("تركيا ترفض حزب «الأمل» وتقول إن الحزب خسر", ["تركيا"]),
        ("تركيا ترفض وصول الجيش الوطني", ["تركيا", "الجيش الوطني"]),
        ("المقسدون والقسدي", []),
        ("قال الرئيس التركي السابق إنه باق", []),
        ("قال نائب الرئيس التركي إنه باق", []),
        ("هزم المتمردون الحوثيون ثم عاد المتمردون", ["الحوثيون", "المتمردون"]),
    ],
)
def test_organs_heads_and_short_names(tmp_path: Path, text: str, found: list[str]) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(STATES, encoding="utf-8")
    (listed,) = TargetList.read(path).find_mentions([text])
    assert [mention.text for _, mention in listed] == found


SHORT = """
- {id: turkey, name: تركيا, name_en: Türkiye, conflict: t, side: s, places: [تركيا],
   adjectives: [تركي]}
- {id: iran, name: إيران, name_en: Iran, conflict: g, side: i, places: [إيران],
   adjectives: [إيراني]}
- {id: hamas, name: حركة حماس, name_en: Hamas, conflict: p, side: h, neutral: [حركة حماس, حماس],
   neutral_in_context: [الحركة]}
- {id: fatah, name: حركة فتح, name_en: Fatah, conflict: p, side: f, neutral: [حركة فتح],
   neutral_with_cue: [فتح]}
- {id: israel, name: إسرائيل, name_en: Israel, conflict: p, side: i, places: [إسرائيل],
   pejorative_in_context: [العدو]}
- {id: brothers, name: جماعة الإخوان, name_en: Brotherhood, conflict: e, side: b,
   neutral: [جماعة الإخوان], neutral_in_context: [الإخوان]}
- {id: jordan, name: الأردن, name_en: Jordan, conflict: j, side: j, places: [الأردن],
   places_in_context: [عمّان]}
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("التقت فتح وحماس", ["فتح", "وحماس"]),
        ("قال قيادي في فتح لحركة حماس", ["فتح", "لحركة حماس"]),
        ("سمت حركة فتح وفدها. وقالت فتح إنها باقية", ["حركة فتح", "فتح"]),
        ("سمت حركة فتح وفدها. وقالت فتح باب البيت", ["حركة فتح"]),
        ("طلبت حماس فتح المعبر مع فتح باب الحوار", ["حماس"]),
        ("قال قيادي في فتح", []),
        ("سدت حماس الطريق فشلت حرية الحركة", ["حماس"]),
        ("لعب الفريق بكل حماس", []),
        (
            "أقالت الحكومة الإيرانية وزيرا. وعدت تركيا الحكومة ضعيفة",
            ["الحكومة الإيرانية", "تركيا", "الحكومة"],
        ),
        ("أعلنت الحكومة موقفها. تركيا ترفض", ["تركيا"]),
        (
            "قاتلت حماس العدو. وفي بيان حماس أن العدو خسر في إسرائيل",
            ["حماس", "العدو", "حماس", "العدو"],
        ),
        ("تحدثت إيران عن إسرائيل وعن العدو. إيران ترفض", ["إيران", "إسرائيل", "إيران"]),
        ("كشف خفافيش الإخوان. ثم عاد الإخوان", ["الإخوان", "الإخوان"]),
        ("اجتمع الإخوان في البيت", []),
        ("رحبت عمّان بالقرار", ["عمّان"]),
        ("رحبت عمان بالقرار", []),
        ("رفض الأردن العرض ورحبت عمان به", ["الأردن", "عمان"]),
        ("تقصف آلة الحرب التركية القرى", ["آلة الحرب التركية"]),
    ],
)
def test_common_words_are_names_only_in_context(
    tmp_path: Path, text: str, found: list[str]
) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(SHORT, encoding="utf-8")
    texts = [f"{part}." for part in text.split(". ")]
    named = TargetList.read(path).find_mentions(texts)
    assert [mention.text for listed in named for _, mention in listed] == found


def test_an_organ_alone_is_whose_it_was_last(tmp_path: Path) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(SHORT, encoding="utf-8")
    texts = ["قال الجيش الإيراني.", "ترفض تركيا.", "ثم قال الجيش.", *["مر يوم."] * 6, "قال الجيش."]
    found = TargetList.read(path).find_mentions(texts)
    assert [target for listed in found for target, _ in listed] == ["iran", "turkey", "iran"]


def test_the_list_names_every_side_by_one_rule() -> None:
    entries = yaml.safe_load(SEEDS.read_text(encoding="utf-8"))
    loaded: dict[str, dict[str, bool]] = {}
    for entry in entries:
        sides = loaded.setdefault(entry["conflict"], {})
        is_loaded = any(field.startswith(("pejorative", "laudatory")) for field in entry)
        sides[entry["side"]] = sides.get(entry["side"], False) or is_loaded
    assert len(entries) >= 60
    assert len(loaded) >= 12
    for conflict, sides in loaded.items():
        assert len(sides) == 1 or sum(sides.values()) != 1, conflict


def test_no_name_of_the_list_stands_twice() -> None:
    """By spelling: two spellings that are one to the matcher would be two names for one."""
    lists = ["neutral", "pejorative", "laudatory", "places", "heads"]
    named: dict[str, str] = {}
    targets = TargetList.read(SEEDS)
    for entry in yaml.safe_load(SEEDS.read_text(encoding="utf-8")):
        for field in lists:
            for name in entry.get(field, ()):
                key = " ".join(spelling_key(word) for word in name.split())
                assert key not in named, f"{name}: {entry['id']} and {named.get(key)}"
                named[key] = entry["id"]
    for target in targets.targets.values():
        ((found, _),) = targets.find_mentions([f"قالت {target.name}"])[0]
        assert found == target.id


def test_a_stance_for_each_target_holder_and_speaker() -> None:
    text = "قال زيد: «قسد تتقدم» وقسد تنفي"
    voices = (Voice(10, 19, "direct", "زيد", "قال"),)
    first, second = text.index("قسد"), text.rindex("وقسد")
    mentions = [
        ("sdf", Mention(first, first + 3, "قسد", "قسد", "neutral")),
        ("sdf", Mention(second, second + 4, "وقسد", "قسد", "neutral")),
    ]
    source, newsroom = draft_stances(mentions, voices)
    assert (source.holder, source.speaker) == ("source", "زيد")
    assert (newsroom.holder, newsroom.speaker) == ("newsroom", None)
    for stance, of_them in ((source, "قسد تتقدم"), (newsroom, "قال زيد: « » وقسد تنفي")):
        words, named = holder_words(text, voices, stance)
        assert words == of_them
        assert [words[start:end] for start, end in named] == [stance.mentions[0].text]


def test_holder_words_of_one_speaker_only() -> None:
    text = "«نعم» و«لا»"
    voices = (Voice(1, 4, "direct", "زيد", None), Voice(8, 10, "direct", "عمرو", None))
    stance = Stance("sdf", "source", "عمرو", (), None)
    assert holder_words(text, voices, stance) == ("لا", ())
