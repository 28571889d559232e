"""Lists of the words that open a source's voice, by how they open it; keys of `spelling_key`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from model.text.words import PRONOUNS, spelling_key, without_pronoun

# Verbs of saying: past, what follows ي or ت, and the stem of the participle that carries a claim on
# (مؤكدا، مؤكدة، مؤكدين); "-" where it has none that does. The claim follows behind أن / إن, a
# colon or quotation marks.
_VERBS = """
قال قول قائل  أكد ؤكد مؤكد  أعلن علن معلن  ذكر ذكر ذاكر  أوضح وضح موضح  أبان بين مبين
أنكر نكر منكر  أضاف ضيف مضيف  أشار شير مشير  لفت لفت لافت  شدد شدد مشدد  كشف كشف كاشف
اعتبر عتبر معتبر  توقع توقع متوقع  حذر حذر محذر  صرح صرح مصرح  أفاد فيد مفيد  نقل نقل -
تابع تابع متابع  أردف ردف مردف  استطرد ستطرد مستطرد  أقر قر مقر  اتهم تهم متهم  ورد - -
أظهر ظهر -  كرر كرر مكرر  تعهد تعهد متعهد  أبلغ بلغ -  كتب كتب -  استدرك ستدرك مستدرك
واصل واصل -  ختم ختم -  اختتم ختتم مختتم  خلص خلص -  توعد توعد متوعد  هدد هدد مهدد
جدد جدد مجدد  طمأن طمئن مطمئن  نوه نوه منوه  نبه نبه منبه  أبرز برز مبرز  ألمح لمح ملمح
اعترف عترف معترف  جزم جزم جازم  علق علق معلق  أجاب جيب مجيب  ردد ردد مردد  تساءل تساءل متسائل
سأل سأل -  أخبر خبر -  رجح رجح مرجح  أصر صر -  أقسم قسم -  أورد ورد -  استبعد ستبعد مستبعد
اعتقد عتقد معتقد  ذكّر ذكّر مذكر  برر برر مبرر  أفصح فصح -  غرد غرد مغرد  استنتج ستنتج -
"""
# Those whose forms follow another pattern, and nouns that stand for the verb (نقل عنه قوله إن …).
_SAYING = """
قالا نفى نفت نفوا ينفي تنفي ينفون رأى رأت رأوا يرى ترى يرون روى روت يروي تروي جاء جاءت زاد
قيل يقال تقدر يقدر بينت بينوا حكى حكت يحكي تحكي
"""
_CARRYING = """
نافيا نافية نافين بقوله بقولها بقولهم قوله قولها قولهم القول بالقول
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
وصف وصفت وصفوا يصف تصف واصفا واصفة سمى سمت أسمى أسمت يسمي تسمي سما أسما عد عدت
تحدث تحدثت تحدثوا يتحدث تتحدث يتحدثون متحدثا متحدثة
"""


def _keys(words: str) -> frozenset[str]:
    return frozenset(spelling_key(word) for word in words.split())


def _finite(past: str, rest: str) -> Iterator[str]:
    yield from (past, past + "ت", past + "وا")
    if rest != "-":
        yield from ("ي" + rest, "ت" + rest, "ي" + rest + "ون", "ي" + rest + "ان")


def _participles(stem: str) -> Iterator[str]:
    if stem != "-":
        yield from (stem + "ا", stem + "ة", stem + "ين")


def _forms(verbs: Iterable[str]) -> frozenset[str]:
    """Every listed form of the verbs with these pasts, participles included."""
    wanted = set(verbs)
    return frozenset(
        spelling_key(form)
        for past, rest, stem in _TABLE
        if past in wanted
        for form in (*_finite(past, rest), *_participles(stem))
    )


_PARTS = _VERBS.split()
_TABLE = list(zip(_PARTS[::3], _PARTS[1::3], _PARTS[2::3], strict=True))
_FINITE = frozenset(spelling_key(f) for past, rest, _ in _TABLE for f in _finite(past, rest))
SAYING = _FINITE | _keys(_SAYING)
CARRYING = frozenset(
    spelling_key(form) for *_, stem in _TABLE for form in _participles(stem)
) | _keys(_CARRYING)
DOUBTING = _keys(_DOUBTING)
PRETEXT = _keys(_PRETEXT)
ACCORDING = _keys(_ACCORDING)
THAT = _keys(_THAT)
DESCRIBING = _keys(_DESCRIBING)
# These describe only with their object attached: اعتبره «خطأ»، وصفها.
DESCRIBED = _keys("وصف وصفت وصفوا يصف تصف سمى سمت أسمى أسمت يسمي تسمي سما أسما عد عدت يعد تعد") | (
    _keys("اعتبر اعتبرت يعتبر تعتبر")
)
# Behind ما these only give a name: ما يسميه «الخط الأحمر».
NAMING = _keys("سمى سمت أسمى أسمت يسمي تسمي سما أسما")
ACCUSING = _forms(["اتهم"])

# Verbs that say something only with this word close behind them: نقلت عن، جاء في.
ONLY_WITH = {
    spelling_key(verb): spelling_key(word)
    for verb, word in (
        ("نقل", "عن"), ("نقلت", "عن"), ("نقلوا", "عن"), ("ينقل", "عن"), ("تنقل", "عن"),
        ("جاء", "في"), ("جاءت", "في"), ("ورد", "في"), ("وردت", "في"),
        ("تحدث", "عن"), ("تحدثت", "عن"), ("تحدثوا", "عن"), ("يتحدث", "عن"), ("تتحدث", "عن"),
        ("يتحدثون", "عن"), ("متحدثا", "عن"), ("متحدثه", "عن"),
    )
}  # fmt: skip
# Impersonal with أن right behind them: يذكر أن introduces background of the newsroom's own.
IMPERSONAL = _keys("يذكر يشار يتوقع يعتقد يرجح يقال يقدر تبين")
# Words of two meanings: a cue only where أن, a colon, quotation marks or its preposition follow, so
# that in a headline no claim starts right behind them.
AMBIGUOUS = _forms(
    ["حذر", "لفت", "علق", "سأل", "جدد", "تابع", "واصل", "أظهر", "كرر", "هدد"]
) | _keys("جاء جاءت ورد وردت زاد تحدث قدر يقدر تقدر")
# Verbs whose claim may follow a preposition instead of أن: تتهمها بشن …، حذر من تكرار …
_WITH_PREPOSITION = {
    "ب": "اتهم تعهد أقر توعد هدد اعترف نوه",
    "من": "حذر",
    "عن": "كشف أفصح تساءل أعلن",
    "الي": "أشار لفت نبه ألمح",
    "علي": "شدد أكد",
}
CLAIM_PREPOSITION = {
    form: preposition
    for preposition, verbs in _WITH_PREPOSITION.items()
    for form in _forms(verbs.split())
} | dict.fromkeys(_keys("تحدث تحدثت تحدثوا يتحدث تتحدث يتحدثون متحدثا متحدثة"), "عن")
# Words that begin with a ب of their own, or that open a circumstance: no charge.
NO_CHARGE = _keys(
    "باسم بشكل بعد بعض بين بها بهم بنا به بذلك بهذا بسبب بدون برئاسة بيان بيانا بحسب بينما بعدما"
    " بقيادة بمناسبة بايدن بوتين بيروت بغداد باريس بريطانيا بكين برلين بروكسل بلجيكا بولندا بلغاريا"
    " باكستان بحضور بن بنت بني بلاده بلادها بدوره بدورها بالقول بقوله بقولها بوضوح بشدة بلدية بنك"
    " برنامج باحث باحثون بحث"
)
# Verbs whose claim may be a noun of action right behind the subject: أعلنت القاهرة إيفاد قنصل.
_ANNOUNCING = ("أعلن", "أكد", "أنكر", "توقع", "رجح", "استبعد", "أبان")
ANNOUNCING = _forms(_ANNOUNCING) | _keys(
    "نفى نفت نفوا ينفي تنفي ينفون نافيا نافية نافين زعم زعمت يزعم تزعم زاعما زاعمة"
)
ACTIONS = _keys(
    "مقتل وفاة إصابة بدء وقف وصول رفض دعم مسؤولية صلة وجود سيطرة زيادة رفع خفض عزم نجاح ضبط منع"
    " قبول حرص أهمية ضرورة صحة علاقة نية عدم أي فتح قرب جاهزية سعي سقوط دخول خروج حدوث وقوع قصف"
    " ثبوت عودة التزام إعادة إدانة إقالة إغاثة إطلاقه جاهزيته جاهزيتها مسؤوليتها مسؤوليته صلتها"
)
# The patterns of nouns of action: استفعال، افتعال، انفعال، إفعال، تفعيل، مفاعلة.
_ACTION = re.compile(r"است\w{1,2}ا\w|است\w+ه|ا\wت\wا\w|ان\w{2}ا\w|ت\w{2}ي\w")
_MUTUAL_ACTION = re.compile(r"م\wا\w{2}(?:ة|ت(?:ه|ها|هم|هما|نا))")
_CAUSED_ACTION = re.compile(r"إ\w{2}ا\w\w{0,2}")
_NO_ACTIONS = _keys(
    "تقرير تنظيم تشرين محافظة معارضة مقاومة منافسة مباراة مساعدة مخابرات إيران إيهاب إحسان إسلام"
    " انقلاب انتخاب اتحاد امتياز ابتسام مقاتلة"
)
# A participle of one of these takes the noun of its claim right behind it: مؤكدا حرصه على …
BARE = frozenset(
    spelling_key(form)
    for past, _, stem in _TABLE
    if past in ("أكد", "أبان", "أعلن", "توقع", "استبعد")
    for form in _participles(stem)
) | _keys("نافيا نافية")
# An أن behind one of these belongs to it, and opens no claim: قبل أن …
NOT_BEFORE_THAT = _keys("قبل بعد دون منذ لولا غير بدل إلا رغم بيد مع بما كما علما يجب ينبغي يمكن")
# وفق and حسب are common prepositions; before one of these they name a source.
SOURCES = _keys(
    "مصدر مصادر بيان وكالة تقرير تقارير صحيفة مسؤول مسؤولين مسؤولون ما شهود متحدث ناطق رئيس وزير"
    " وزارة مسعفين ناشطين ناشطون سكان شهادات إحصاءات أرقام بيانات دراسة قناة إذاعة موقع مراقبين"
    " محللين خبراء"
)
# وفق and حسب before one of these name a rule, no source: وفقا لأحكام القانون.
RULES = _keys(
    "أحكام حكم نظام أنظمة قانون قوانين لائحة لوائح معايير شروط ضوابط خطة خطط جدول منهج مبدأ أسس"
    " مواصفات طبيعة نوع عدد حاجة حاجات احتياجات أولويات إجراءات قواعد تعليمات متطلبات رؤية شريعة"
    " توجيهات آلية آليات مبادئ أصول سنة قدرات إمكانات ظروف أعراف عادات مقاييس تصنيف"
)
# A comma and one of these begin the newsroom's own comment behind a claim.
COMMENT = _keys("رغم بالرغم برغم بينما علما كما فيما خلافا وهو وهي")
COMMENT_PAIRS = {
    (spelling_key(first), spelling_key(second))
    for first, second in (
        ("في", "حين"),
        ("مع", "أن"),
        ("دون", "أن"),
        ("من", "دون"),
        ("ولم", "يتسن"),
    )
}
# Behind وسط these are what others say.
RUMOURS = _keys("تقارير أنباء مخاوف توقعات شائعات أحاديث")
# Behind فيما these make another expression: فيما يتعلق بـ، فيما بعد.
NO_CLAUSE = _keys("يتعلق يخص بعد بينهم بينهما بينها بيننا إذا لو يلي عدا")
# Behind حيث these give a reason or a state, and carry the claim on; so do nouns and imperfects.
STATES = _keys(
    "كان كانت كانوا بلغ بلغت إن أن إنه إنها أنه أنها لا لم لن ليس ليست ما هو هي هم هناك قد سبق أصبح"
    " أصبحت بات باتت وصل وصلت يعد تعد في من على إلى عن لدى عند مع كل بعض أي هذا هذه ذلك تلك"
)
_PAST_IN_TA = _keys("تم تمت تمكن تمكنت تولى تولت توجه توجهت تعرض تعرضت تلقى تلقت تسلم تسبب تسببت")
# Acts of speech that report no claim: with و, or as a participle, they end one behind a comma;
# the first also without it.
_FEELING = "وتمنى وتمنت وأعرب وأعربت وعبر وعبرت"
FEELING = _keys(_FEELING)
ACTS = _keys(
    _FEELING + " وطالب وطالبت ودعا ودعت وأشاد وأشادت ورحب ورحبت وشكر وشكرت وثمن وثمنت وناشد وناشدت"
    " وحث وحثت وأدان وأدانت وانتقد وانتقدت واستنكر واستنكرت وهنأ وهنأت داعيا داعية مطالبا مطالبة"
    " معربا معربة معبرا معبرة متمنيا متمنية مشيدا مشيدة مثمنا مثمنة شاكرا شاكرة مناشدا مناشدة سائلا"
    " منتقدا منتقدة مرحبا مرحبة مهنئا مقدما داعين مطالبين معربين معبرين متمنين"
)
# Marks behind one of these hold a title or a name, whoever speaks: مهرجان «صيفنا أجمل».
NAMED = _keys(
    "برنامج مهرجان حملة مسلسل كتاب مشروع مبادرة شعار عنوان بعنوان فيلم ديوان رواية صحيفة قناة موقع"
    " وكالة شركة حزب حركة تنظيم جماعة كتيبة لواء قوات جائزة ملتقى مؤتمر معرض سوق نادي مجلة وسم"
    " هاشتاق هاشتاغ قصيدة مسابقة ندوة محاضرة دورة أغنية مسرحية لقب اسم باسم مسمى عملية فرقة مركز"
    " جمعية مؤسسة منتدى دوري كأس تطبيق مصطلح كلمة عبارة بشعار مقال مجموعة تيار جبهة بطولة"
)
# A fragment in marks behind one of these is what somebody says that something is.
COPULAS = _keys(
    "كان كانت يكون تكون ليس ليست هو هي هم هما بات باتت أصبح أصبحت جرى يعد تعد يمثل تمثل يشكل تشكل"
    " كونه كونها"
)
# Words that open such a fragment themselves.
PREDICATES = _keys("تم جرى لا لم لن ليس غير")
# Words of a speaker who speaks for himself.
FIRST_PERSON = _keys(
    "أنا نحن لي لنا لدي لدينا إنني إننا أنني أننا معي معنا عندي عندنا لست لسنا أتمنى أعتقد نتمنى"
    " نعتقد كنت كنا أشعر نشعر أريد نريد أعرف نعرف جاهزون جاهزين سعيد سعداء أحب نحترم أرى نرى"
)
# Words that lead over from one speech to the next behind a comma: وعن الإصابة قال …
TRANSITIONS = _keys("وعن وحول وبدوره وبدورها وبشأن وبخصوص ومن وحينها وبعدها")
# They stand before the verb of the next cue, and belong to it.
LEADERS = _keys(
    "لكن لكنه لكنها لكنهم ولكن ولكنه ولكنها وكان وكانت وقد كما ثم إذ حيث التي الذي الذين وكذلك"
    " بينما فيما وحين عندما حين"
)
# Where these are the subject, يشير إلى shows something, and nobody says it.
SHOWING_THINGS = _keys("صور بيانات أرقام إحصاءات مؤشرات تقديرات معطيات أصابع دلائل")
NEGATIONS = _keys("لم لن لا ولم ولن ولا فلم")
PREPOSITIONS = _keys("في من على إلى عن خلال ضمن أثناء وسط بعد قبل نحو حول عبر أمام لدى ضد دون بلا")
# Behind قال these open a claim that has no أن.
PLAIN_OPENINGS = _keys("إذا لو لقد لن لم ليس ليست نحن أنا")
# Here a speaker's name ends and when, where or how it was said begins.
CIRCUMSTANCE = _keys(
    "اليوم أمس الأحد الإثنين الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت خلال عبر في للصحافيين"
    " للصحفيين لوكالة لقناة لصحيفة لاحقا مساء صباح فجر عقب بعد قبل إلى عن من أمام لدى تعليقا"
)
CONJUNCTIONS = ("و", "ف")


def is_action(word: str) -> bool:
    """Whether a written word is a noun of action (إيفاد، استهداف), its pronoun left aside."""
    key = spelling_key(word)
    for form in (key, *without_pronoun(key)):
        if form in ACTIONS:
            return True
        if form not in _NO_ACTIONS and _ACTION.fullmatch(form):
            return True
    if key in _NO_ACTIONS:
        return False
    return any(pattern.fullmatch(word) for pattern in (_CAUSED_ACTION, _MUTUAL_ACTION))


def tells_past(key: str) -> bool:
    """Whether the word behind حيث is a verb that tells what happened."""
    if key in _PAST_IN_TA:
        return True
    return key not in STATES and not key.startswith(("ال", "ي", "ت", "سي", "ست", "ب", "ل", "ن"))


def with_pronouns(keys: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(form, key) of the keys with each pronoun attached: اتهمه، وصفها."""
    for key in keys:
        yield from ((key + pronoun, key) for pronoun in PRONOUNS)


def without_conjunction(key: str, known: frozenset[str]) -> str | None:
    """The key, or the key without a leading و or ف, whichever is known."""
    if key in known:
        return key
    if key[:1] in CONJUNCTIONS and key[1:] in known:
        return key[1:]
    return None
