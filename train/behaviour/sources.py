"""Invariance to who is quoted and which outlet writes."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from model.records import LabelledSentence
from model.text.words import spelling_key
from train.behaviour.collect import Collector
from train.behaviour.edits import as_article, edit_sentence
from train.score.behaviour.cases import Case, Edit

PERSON = "another person's name"
OUTLET = "another outlet"

_MEN = """
أحمد|محمد|محمود|خالد|سامر|مازن|وائل|عادل|حسين|حسن|علي|عمر|يوسف|إبراهيم|سالم|فهد|ناصر|بدر|سعود|رائد|ياسين
|أنيس|مفتاح|رمضان|نعيم|كريم|هشام|نصر|باسل|عدلي|حمدي|حيدر|فيصل|أنور|ناجي|عواد|قيس|خليل|صابر|كاظم|شاكر|وليد
|طارق|زياد|سمير|جمال|ماجد|رامي|بلال|نزار|فادي|مروان|عصام|منجي|شريف|يحيى|حاتم|عمران|ياسر|حميد|عوض|بشرى|مبخوت
|آدم|رمزي|وديع|وجيه
"""
_WOMEN = """
سلوى|نوال|رشا|إشراق|درصاف|ريتا|فاطمة|مريم|هند|سعاد|ليلى|أمل|منى|هالة|رانيا|دينا|سارة|نادية|سميرة|لمى|ناديا
|خديجة|زينب|النانة
"""
# Names that are at home in every Arab country; none is a well-known person's.
_NEW_MEN = ("وائل النجار", "سمير الخطيب", "ماجد يوسف", "طارق منصور", "زياد الحداد", "رامي صالح")
_NEW_WOMEN = ("منى الخطيب", "سعاد منصور", "هالة يوسف", "ليلى الحداد", "نادية صالح", "رانيا النجار")
_GIVEN = re.compile(
    rf"(?:^|\s)((?P<man>{''.join(_MEN.split())})|(?P<woman>{''.join(_WOMEN.split())}))"
    r"(?P<family>(?:\s(?!وهو|وهي|من|في|الناطق|عضو|أحد)[\u0621-\u0652]+){1,2})(?=$|،)"
)
_DATELINE = re.compile(
    r"^[^:.«»\"]{2,30}\s[-–]\s[«\"“]?(?P<outlet>[\u0621-\u0652][\u0621-\u0652 ]{2,24}?)[»\"”]?:\s"
)


class SourceSwapper:
    """Makes the cases of one sentence after another; `outlets`: (id, name in datelines)."""

    def __init__(
        self, into: Collector, rng: random.Random, outlets: Iterable[tuple[str, str]]
    ) -> None:
        self._into = into
        self._rng = rng
        self._outlets = list(outlets)

    def person(self, sentence: LabelledSentence) -> None:
        """The named speaker of a quotation or claim has another name of the same gender."""
        for speaker in dict.fromkeys(v.speaker for v in sentence.voices if v.speaker):
            match = _GIVEN.search(speaker)
            if match is None:
                self._into.leave_out(PERSON, "the speaker has no name, or none that is known")
                continue
            old = speaker[match.start(1) : match.end("family")]
            new = self._rng.choice(_NEW_MEN if match["man"] else _NEW_WOMEN)
            edits = tuple(
                Edit(m.start(), m.end(), new)
                for m in re.finditer(rf"(?<!\w){re.escape(old)}(?!\w)", sentence.text)
            )
            mentions = [m for stance in sentence.stances for m in stance.mentions]
            if not edits:
                self._into.leave_out(PERSON, "the sentence writes the name otherwise")
            elif any(e.start < m.end and m.start < e.end for e in edits for m in mentions):
                self._into.leave_out(PERSON, "the speaker is a target")
            else:
                after = edit_sentence(sentence, edits, name_of=_replacing(old, new))
                self._add(PERSON, sentence, after, edits)

    def outlet(self, sentence: LabelledSentence) -> None:
        """The sentence comes from another outlet, in its dateline too where it has one."""
        others = [pair for pair in self._outlets if pair[0] != sentence.outlet]
        if not others:
            self._into.leave_out(OUTLET, "there is no other outlet")
            return
        outlet, name = self._rng.choice(others)
        match = _DATELINE.match(sentence.text)
        if match is None or not name:
            self._into.leave_out(OUTLET, "no dateline names the outlet")
            return
        edits = (Edit(match.start("outlet"), match.end("outlet"), name),)
        after = edit_sentence(sentence, edits)
        if after is not None:
            after = as_article(replace(after, outlet=outlet))
        self._add(OUTLET, sentence, after, edits)

    def _add(
        self,
        test: str,
        sentence: LabelledSentence,
        after: LabelledSentence | None,
        edits: tuple[Edit, ...],
    ) -> None:
        if not sentence.stances and not sentence.loaded_terms:
            self._into.leave_out(test, "the sentence has no label")
            return
        if after is None:
            self._into.leave_out(test, "an edit crosses the border of a span")
            return
        self._into.add(
            Case(
                test=test,
                kind="invariance",
                source=f"{sentence.article_id}:{sentence.index}",
                conflict="",
                target=sentence.stances[0].target if sentence.stances else "",
                before=as_article(sentence),
                after=after,
                edits=edits,
            )
        )


def _replacing(old: str, new: str) -> Callable[[str], str]:
    return lambda speaker: speaker.replace(old, new)


def name_outlets(sentences: Iterable[LabelledSentence]) -> list[tuple[str, str]]:
    """The outlets that datelines name, by id, each by the name that they give it."""
    found: dict[str, str] = {}
    for sentence in sentences:
        match = _DATELINE.match(sentence.text)
        if match and len(spelling_key(match["outlet"]).split()) <= 3:
            found.setdefault(sentence.outlet, match["outlet"])
    return sorted(found.items())
