"""Lists of the words that open a source's voice, by how they open it; keys of `spelling_key`."""

from __future__ import annotations

from model.text.words import spelling_key

# Verbs of saying, third person: the claim follows behind أن / إن, a colon or quotation marks.
_SAYING = """
قال قالت قالوا قالا يقول تقول يقولون أكد أكدت أكدوا يؤكد تؤكد يؤكدون أعلن أعلنت أعلنوا يعلن تعلن
ذكر ذكرت ذكروا يذكر تذكر أوضح أوضحت أوضحوا يوضح توضح أبان أبانت أنكر أنكرت أضاف أضافت أضافوا
يضيف تضيف أشار أشارت أشاروا يشير تشير لفت لفتت لفتوا يلفت تلفت شدد شددت شددوا يشدد تشدد كشف كشفت
كشفوا يكشف تكشف نفى نفت نفوا ينفي تنفي اعتبر اعتبرت اعتبروا يعتبر تعتبر رأى رأت رأوا يرى ترى
توقع توقعت يتوقع تتوقع حذر حذرت حذروا يحذر تحذر صرح صرحت يصرح تصرح أفاد أفادت أفادوا يفيد تفيد
نقل نقلت ينقل تنقل تابع تابعت يتابع أردف أردفت استطرد استطردت أقر أقرت يقر تقر اتهم اتهمت اتهموا
يتهم تتهم جاء جاءت ورد أظهر أظهرت كرر كررت يكرر تكرر تعهد تعهدت يتعهد تتعهد روى روت تروي أبلغ
أبلغت يبلغ كتب كتبت يكتب تكتب زاد وزاد استدرك واصل واصلت ختم ختمت خلص خلصت توعد توعدت هدد هددت
جدد جددت طمأن طمأنت
"""
# Participles that carry a claim on: مشيراً إلى أن …
_CARRYING = """
مؤكدا مؤكدة مؤكدين مضيفا مضيفة مشيرا مشيرة مشيرين موضحا موضحة لافتا لافتة مبينا مبينة معتبرا
معتبرة معتبرين مشددا مشددة متابعا بقوله بقولها قائلا قائلة قائلين محذرا محذرة كاشفا كاشفة معلنا
معلنة نافيا نافية متهما متهمة متوقعا متوقعة مردفا مستدركا منوها ذاكرا مجددا مجددة متعهدا متعهدة
مذكرا مذكرة
"""
# Verbs and participles that keep the writer at a distance; themselves `doubt`.
_DOUBTING = """
زعم زعمت زعموا يزعم تزعم يزعمون زاعما زاعمة زاعمين ادعى ادعت ادعوا يدعي تدعي يدعون مدعيا مدعية
مدعين
"""
# Nouns whose claim stands right behind them.
_PRETEXT = "بزعم بحجة بذريعة بدعوى بادعاء"
# Prepositions that name the source: بحسب الوزير، …
_ACCORDING = "بحسب حسب وفق وفقا نقلا طبقا حسبما وفقما"
_THAT = """
أن إن بأن أنه إنه بأنه أنها إنها بأنها أنهم إنهم بأنهم أنهما إنهما أننا إننا بأننا أنني إنني
"""
# Verbs that quote a name for something, often a single word in marks: وصفه بأنه «هش».
_DESCRIBING = """
وصف وصفت وصفوا يصف تصف واصفا واصفة سماه أسماه سماها أسماها أسمته سمته تسميه يسميه تحدث تحدثت
يتحدث تتحدث
"""


def _keys(words: str) -> frozenset[str]:
    return frozenset(spelling_key(word) for word in words.split())


SAYING = _keys(_SAYING)
CARRYING = _keys(_CARRYING)
DOUBTING = _keys(_DOUBTING)
PRETEXT = _keys(_PRETEXT)
ACCORDING = _keys(_ACCORDING)
THAT = _keys(_THAT)
DESCRIBING = _keys(_DESCRIBING)

# Verbs that say something only with this word close behind them: نقلت عن، جاء في.
ONLY_WITH = {
    spelling_key(verb): spelling_key(word)
    for verb, word in (
        ("نقل", "عن"), ("نقلت", "عن"), ("ينقل", "عن"), ("تنقل", "عن"),
        ("جاء", "في"), ("جاءت", "في"), ("ورد", "في"),
    )
}  # fmt: skip
# Impersonal with أن right behind them: يذكر أن introduces background of the newsroom's own.
IMPERSONAL = _keys("يذكر يشار يتوقع يعتقد")
# Verbs whose claim may follow a preposition instead of أن: تتهمها بشن …، حذر من تكرار …
_WITH_PREPOSITION = {
    "ب": "اتهم اتهمت اتهموا يتهم تتهم تتهمه تتهمهم متهما متهمة تعهد تعهدت يتعهد تتعهد أقر أقرت",
    "من": "حذر حذرت حذروا يحذر تحذر محذرا محذرة",
    "عن": "كشف كشفت يكشف تكشف كاشفا كاشفة",
}
CLAIM_PREPOSITION = {
    spelling_key(verb): preposition
    for preposition, verbs in _WITH_PREPOSITION.items()
    for verb in verbs.split()
}
# Words that begin with a ب of their own, or that open a circumstance: no charge.
NO_CHARGE = _keys(
    "باسم بشكل بعد بعض بين بها بهم بنا به بذلك بهذا بسبب بدون برئاسة بيان بيانا بحسب بينما بعدما"
    " بقيادة بمناسبة بايدن بوتين بيروت بغداد باريس بريطانيا بكين برلين بروكسل بلجيكا بولندا بلغاريا"
    " باكستان"
)
# Verbs whose claim may be a noun of action right behind the subject: أعلنت القاهرة إيفاد قنصل.
ANNOUNCING = _keys(
    "أعلن أعلنت أعلنوا يعلن تعلن معلنا معلنة أكد أكدت أكدوا يؤكد تؤكد مؤكدا مؤكدة نفى نفت نفوا ينفي"
    " تنفي نافيا نافية أنكر أنكرت ينكر تنكر زعم زعمت يزعم تزعم"
)
ACTIONS = _keys(
    "إيفاد إرسال تخصيص تقديم فتح إغلاق إصابة احتجاز إعادة تشغيل مقتل وفاة تسجيل إطلاق توقيف اعتقال"
    " إحباط وصول بدء انتهاء وقف استعداد رفض دعم مسؤولية صلة وجود التزام إنهاء إسقاط تدمير سيطرة"
    " تحييد استئناف تعيين إقالة توقيع زيادة رفع خفض عزم اكتمال نجاح ضبط منع قبول حرص إلغاء تأجيل"
    " تعليق انسحاب انضمام تشكيل إنشاء إطلاقه استعادة تحرير أهمية ضرورة صحة علاقة نية"
)
# An أن behind one of these belongs to it, and opens no claim: قبل أن …
NOT_BEFORE_THAT = _keys("قبل بعد دون منذ لولا غير بدل إلا")
# وفق and حسب are common prepositions; before one of these they name a source.
SOURCES = _keys(
    "مصدر مصادر بيان وكالة تقرير تقارير صحيفة مسؤول مسؤولين مسؤولون ما شهود متحدث ناطق رئيس وزير"
    " وزارة مسعفين ناشطين ناشطون سكان شهادات إحصاءات أرقام بيانات دراسة قناة إذاعة موقع مراقبين"
    " محللين خبراء"
)
# A comma and one of these begin the newsroom's own comment behind a claim.
COMMENT = _keys("رغم بالرغم برغم بينما علما كما فيما خلافا وهو وهي")
COMMENT_PAIRS = {
    (spelling_key(first), spelling_key(second)) for first, second in (("في", "حين"), ("مع", "أن"))
}
# Here a speaker's name ends and when, where or how it was said begins.
CIRCUMSTANCE = _keys(
    "اليوم أمس الأحد الإثنين الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت خلال عبر في للصحافيين"
    " للصحفيين لوكالة لقناة لصحيفة لاحقا مساء صباح فجر عقب بعد قبل إلى عن من أمام لدى تعليقا"
)
_CONJUNCTIONS = ("و", "ف")


def without_conjunction(key: str, known: frozenset[str]) -> str | None:
    """The key, or the key without a leading و or ف, whichever is known."""
    if key in known:
        return key
    if key[:1] in _CONJUNCTIONS and key[1:] in known:
        return key[1:]
    return None
