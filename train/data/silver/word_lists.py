"""Lists of words that the silver rules look for beside the lexicon; keys of `spelling_key`.

They hold no side's names: verbs, prepositions and nouns that say who does what to whom.
"""

from __future__ import annotations

from collections.abc import Iterable

from model.text.cue_words import DOUBTING, PRETEXT
from model.text.words import Word, spelling_key, without_pronoun


def _keys(words: str) -> frozenset[str]:
    return frozenset(spelling_key(word) for word in words.split())


# Verbs that tell an act as a crime of their subject.
BLAMING = _keys("""
ارتكب ارتكبت ارتكبوا يرتكب ترتكب اقترف اقترفت اقترفوا يقترف تقترف استباح استباحت يستبيح تستبيح
دنس دنست يدنس تدنس اغتصب اغتصبت يغتصب تغتصب نكل نكلت ينكل تنكل عربد عربدت يعربد تعربد
عاث عاثت يعيث تعيث نهب نهبت ينهب تنهب انتهك انتهكت ينتهك تنتهك تمادى تمادت يتمادى تتمادى
خنق خنقت يخنق تخنق جوع جوعت يجوع تجوع ماطل ماطلت يماطل تماطل يؤجج تؤجج حرض حرضت يحرض تحرض
تذرع تذرعت يتذرع تتذرع توعد تواطأ تواطأت يتواطأ تتواطأ أباد أبادت يبيد تبيد
""")
# Verbs that tell an act as a deed of their subject.
PRAISING = _keys("""
حرر حررت حرروا يحرر تحرر يحررون طهر طهرت طهروا يطهر تطهر دحر دحرت دحروا يدحر تدحر سطر سطرت سطروا
يسطر تسطر أذاق أذاقت لقن لقنت يلقن تلقن روى ضحى ضحت يضحي تضحي صان صانت يصون تصون حمى حمت
انتصر انتصرت ينتصر تنتصر دك دكت يدك تدك صمد صمدت يصمد تصمد
""")
# Verbs whose subject is no doer of what the loaded word behind them names: أدان المجزرة.
JUDGING = _keys("""
أدان أدانت أدانوا يدين تدين إدانة استنكر استنكرت يستنكر تستنكر ندد نددت يندد تندد تنديد شجب شجبت
يشجب تشجب رفض رفضت يرفض ترفض حذر حذرت يحذر تحذر واجه واجهت يواجه تواجه تعرض تعرضت يتعرض تتعرض
اتهم اتهمت يتهم تتهم حارب حاربت يحارب تحارب كافح هزم هزمت يهزم تهزم رد ردت يرد ترد ردا نفى نفت ينفي
تنفي طالب طالبت يطالب تطالب ناشد ناشدت وصف وصفت يصف تصف استقبل ودع ودعت تودع يودع شيع شيعت تشيع
""")
# Prepositions and verbs behind an act that lead to whoever suffers it.
SUFFERING = _keys("على ضد بحق استهدف استهدفت يستهدف تستهدف طال طالت يطال تطال عليها عليه لحق لحقت")
UNDERGOING = _keys("تعرض تعرضت يتعرض تتعرض واجه واجهت يواجه تواجه عانى عانت يعاني تعاني")
# Labels that belong to a master who follows: ذراع إيران is said of somebody else.
OWNED = _keys("""
ذراع أذرع ربيب ربيبة عميل عملاء ذيل ذيول أذناب بوق أبواق وكيل وكلاء دمية دمى صنيعة مرتزقة أدوات أداة
موال موالية موالين مواليا حليفة حليف
""")
MARTYRS = _keys("شهيد شهيدة شهداء شهيدا استشهد استشهدت استشهدوا استشهاد يستشهد ارتقى ارتقت ارتقوا")
SO_CALLED = _keys("""
يسمى تسمى يسميه تسميه تسميها يسميها يسمونه يسمونها سماه سماها سمته سمتها أسماه أسمته أسماها أسمتها
""")
ALLEGED = _keys("مزعوم مزعومة مزعومين مزعومون")
DOUBT_VERBS = DOUBTING
PRETEXTS = PRETEXT
# Where people compete and trade, charged words are figures of speech.
PLAY_AND_TRADE = _keys("""
مباراة مباريات فريق منتخب لاعب لاعبين لاعبون مدرب هدف أهداف ملعب دوري بطولة كأس شوط مرمى هداف نادي
بورصة أسهم سهم تداول مؤشر أرباح مبيعات أسعار برميل مستثمرين مستثمرون فيلم مسلسل ألبوم أغنية رواية
ممثل ممثلة مخرج مهرجان
""")
# Words whose name behind them is fixed: شارع الشهداء، وزارة الشهداء.
NAMED_AFTER = _keys("""
شارع حي ساحة ميدان جامع مسجد مدرسة جامعة مستشفى مخيم مقبرة دوار جسر بلدة قرية مدينة محافظة ملعب
وزارة هيئة مؤسسة لجنة دائرة صندوق نادي حزب حركة قانون مكافحة جهاز مديرية كتيبة لواء فرقة
عملية معركة جائزة فيلم مسلسل رواية كتاب قناة صحيفة جريدة موقع
""")
TITLES = _keys(
    "السيد السيدة الشيخ الدكتور المهندس الأستاذ العقيد العميد اللواء الرائد النقيب الملازم"
)


def is_form(key: str, listed: Iterable[str]) -> bool:
    """Whether the key of a written word is a listed word with clitics that can be told safely."""
    known = listed if isinstance(listed, frozenset) else frozenset(listed)
    stems = [key]
    if key[:1] in ("و", "ف"):
        stems.append(key[1:])
    for stem in list(stems):
        for article in ("بال", "لل", "كال", "ال", "ب", "ل"):
            if stem.startswith(article) and len(stem) > len(article) + 2:
                stems.append(stem[len(article) :])
    return any(
        stem in known or any(bare in known for bare in without_pronoun(stem)) for stem in stems
    )


def any_form(words: Iterable[Word], listed: frozenset[str]) -> bool:
    """Whether one of the written words is a form of a listed one."""
    return any(is_form(word.key, listed) for word in words)
