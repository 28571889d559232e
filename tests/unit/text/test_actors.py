from __future__ import annotations

import pytest

from model.text.targets import TargetList

LIST = """
- {id: iran, name: إيران, name_en: Iran, conflict: c, side: a, places: [إيران, طهران]}
- {id: turkey, name: تركيا, name_en: Türkiye, conflict: c, side: b, places: [تركيا, أنقرة]}
- {id: egypt, name: مصر, name_en: Egypt, conflict: d, side: e, places: [مصر, القاهرة]}
- {id: morocco, name: المغرب, name_en: Morocco, conflict: w, side: m, places: [المغرب, الرباط]}
- {id: group, name: الجماعة الفلانية, name_en: Group, conflict: c, side: g,
   neutral: [الجماعة الفلانية]}
"""

ACTORS = """
أعلنت إيران موقفها
وترفض تركيا العرض
قال الوزير إن مصر لن تقبل
إيران تتهم الوكالة بالتحيز
طهران لن تفاوض
وقّع الاتفاق مع تركيا
فرض عقوبات على إيران
حذر الناطق من حرب ضد مصر
محادثات بين طهران وأنقرة
تتهم تركيا وإيران بالمماطلة
دعم إيران للفصائل
حلفاء مصر في المجلس
القرار الذي اتخذته أنقرة
الدور الذي تقوم به مصر
القوات الموالية لإيران
الدعم المقدم من تركيا
بيان صدر من قبل القاهرة
وجه رسالة إلى إيران
يتهم المتحدث العسكري إيران بالتصعيد
اتهم المغرب بالمماطلة
التزام طهران بالاتفاق
كل من إيران وتركيا ترفض
"إيران الأبية لا تساوم"
محادثات بين الجماعة الفلانية ومصر
أكد دعم كل من مصر
ترفض كندا وهولندا وتركيا العرض
طهران: الاتفاق لن يستغل ضد أحد
أبدى المغرب تحفظه
هجوم حمّلته أنقرة للوكالة وخطة أيّدتها القاهرة
والقاهرة غارقة في ديونها
وطهران، الراعي الأول للخطة، صامتة
تبرأ الرجل من زبانية طهران
طرده جنود مصر من المكتب
سلم المندوب ردا مكتوبا إلى القاهرة وأنقرة
وقف الحزب إلى جانب طهران
لا مصر ولا تركيا تريد الحرب
أشاد النائب بتركيا
القوات المرتهنة لطهران
عادت إيران إلى التلويح
"""

PLACES = """
يعيش في إيران ملايين الناس
سافر الوفد إلى تركيا
عاد من مصر أمس
حريق شمال إيران
على الحدود مع تركيا
وصل الرئيس إلى مطار القاهرة
في مصر وتركيا وغيرهما
سعر الصرف ببورصة مصر
هبطت أسعار أسواق تركيا
انتقل بالطائرة لزيارة إيران
أهالي إيران وسكان تركيا
من أبناء المغرب
السيطرة على القاهرة
نشر الخبر في «القاهرة» أمس
القاهرة - محمد علي
القاهرة: سمير أبو علي
القاهرة واس
جريدة «القاهرة» تنشر الخبر
القاهرة 25 يوليو 2015
ضيوف قدموا من كندا وتركيا
صلاة المغرب
درس بجامعة القاهرة
مدن مصر القديمة
مأساة تشهدها مصر منذ عام
أوفد الطلاب إلى مصر
قدم المسافر إلى تركيا
في خارطتها مصر القديمة
تحت سماء بلدته القاهرة
طلبة مصر في المدارس
سافر راضيا بتركيا
والقاهرة.
فاز منتخب مصر على منتخب تركيا في كأس الأمم بعد مباراة لعبها اللاعب المصاب ورفضت مصر الهدف
"""


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> TargetList:
    path = tmp_path_factory.mktemp("list") / "targets.yaml"
    path.write_text(LIST, encoding="utf-8")
    return TargetList.read(path)


def count(targets: TargetList, text: str) -> int:
    places = ("iran", "turkey", "egypt", "morocco")
    return sum(target in places for target, _ in targets.find_mentions([text])[0])


@pytest.mark.parametrize("text", ACTORS.strip().split("\n"))
def test_every_land_that_acts_or_is_dealt_with_is_named(targets: TargetList, text: str) -> None:
    lands = ["إيران", "تركيا", "مصر", "طهران", "أنقرة", "القاهرة", "المغرب"]
    assert count(targets, text) == sum(text.count(land) for land in lands)


@pytest.mark.parametrize("text", PLACES.strip().split("\n"))
def test_a_place_is_no_mention(targets: TargetList, text: str) -> None:
    assert count(targets, text) == 0


def test_no_run_of_words_makes_the_rules_slow_or_deep(targets: TargetList) -> None:
    assert count(targets, "دولة " * 20_000 + "إيران") == 0
    assert count(targets, "كلمة " + "وكلمة " * 20_000 + "وإيران") == 0
