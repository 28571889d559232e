from __future__ import annotations

from model.records import Article
from train.data.stories import find_copies, join_stories, same_events

_BODY = (
    "أعلنت بلدية الميناء القديم أن رافعة الحاويات الثالثة تعطلت ليل الخميس بعد حريق محدود في غرفة "
    "المحركات، وأن فرق الإطفاء أخمدته خلال ساعة، فيما توقفت حركة السفن حتى صباح اليوم التالي."
)
_RETOLD = (
    "توقفت السفن في الميناء القديم بعد حريق اندلع في غرفة محركات رافعة الحاويات الثالثة، وقال عمال "
    "إن الإطفاء وصل متأخراً وإن الرافعة بلا صيانة منذ عامين، وسط غضب من إدارة المرفأ."
)
_OTHER = "فاز فريق المدينة على ضيفه بهدفين في افتتاح الدوري المحلي لكرة السلة أمام جمهور كبير."


def article(name: str, headline: str, text: str, day: str | None = "2024-05-03") -> Article:
    return Article(name, "o", day, None, headline, text, name)


def stories(*articles: Article, known: dict[str, str] | None = None) -> dict[str, str]:
    by_id = {item.id: item for item in articles}
    return join_stories(by_id, find_copies(by_id), known or {}, events=True)


FIRE = article("fire", "حريق رافعة الحاويات يوقف السفن في الميناء القديم", _BODY)
RETOLD = article("retold", "رافعة الحاويات تحترق والسفن تنتظر في الميناء القديم", _RETOLD)
GAME = article("game", "فوز فريق المدينة في افتتاح دوري السلة", _OTHER)


def test_two_tellings_of_one_event_are_one_story() -> None:
    assert stories(FIRE, GAME, RETOLD) == {"fire": "fire", "game": "game", "retold": "fire"}


def test_an_event_keeps_to_its_days() -> None:
    later = article("retold", RETOLD.headline, RETOLD.text, "2024-05-09")
    undated = article("retold", RETOLD.headline, RETOLD.text, None)
    for other in (later, undated):
        assert stories(FIRE, other) == {"fire": "fire", "retold": "retold"}


def test_a_copy_is_one_story_whatever_its_day_and_name() -> None:
    copy = article("copy", "عنوان آخر", _BODY, "2025-01-01")
    known = {"fire": "harbour", "copy": "crane"}
    assert stories(FIRE, GAME, copy, known=known) == {
        "fire": "crane",
        "game": "game",
        "copy": "crane",
    }


def test_known_stories_are_not_joined_by_likeness_alone() -> None:
    known = {"fire": "harbour", "retold": "crane"}
    assert stories(FIRE, RETOLD, known=known) == known
    assert stories(FIRE, RETOLD, known={"retold": "crane"})["fire"] == "crane"


def test_articles_without_words_pair_with_none() -> None:
    assert list(same_events([article("a", "", "..."), article("b", "", "!!!")])) == []
    assert list(same_events([])) == []
