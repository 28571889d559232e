"""From a stream of predictions to the figures of the report, in one pass.

Memory grows with outlets, targets and distinct forms, never with sentences: kept are counters and,
for each outlet, the few articles that the page may show.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, zip_longest
from typing import TypeVar, get_args

from model.errors import RecordError
from model.records import (
    CONNOTATIONS,
    HOLDERS,
    LOADED_CATEGORIES,
    STANCE_LABELS,
    LoadedTerm,
    Prediction,
    Stance,
    TermVoice,
    Voice,
    VoiceKind,
    check_span_laws,
)
from model.report.framing import (
    ArticleFraming,
    ByVoice,
    FramingReport,
    HolderFraming,
    LoadedCount,
    NameUse,
    OutletFraming,
    SaidUse,
    SentenceCount,
    StanceCount,
    TargetFraming,
    TargetInOutlet,
    TargetName,
    TermUse,
)

__all__ = ["FramingReport", "TargetName", "aggregate", "voice_at"]

VOICES: tuple[TermVoice, ...] = get_args(TermVoice)

Form = TypeVar("Form", str, tuple[str, str])

# A word starts at its first letter or digit, so that an opening quotation mark belongs to no voice.
_WORD = re.compile(r"[^\W_]\S*")


def aggregate(
    predictions: Iterable[Prediction],
    targets: Mapping[str, TargetName],
    *,
    max_articles: int = 60,
) -> FramingReport:
    """Count a stream in which the sentences of an article stand together, as `predict` writes them.

    Kept for display are the articles with the most loaded terms, one outlet after the other (ties:
    first seen). A target that `targets` lacks goes by its id. RecordError names a faulty sentence.
    """
    tally = _Tally(max_articles)
    for article in _articles(predictions):
        tally.add(article)
    return tally.report(targets)


def voice_at(voices: Sequence[Voice], position: int) -> Voice | None:
    """The voice span that holds a character, a direct one first; None: the newsroom's own voice."""
    holding = (voice for voice in voices if voice.start <= position < voice.end)
    return min(holding, key=lambda v: (v.kind != "direct", v.end - v.start), default=None)


def _articles(predictions: Iterable[Prediction]) -> Iterator[tuple[Prediction, ...]]:
    """The stream cut where the article changes, or starts again (the same article read twice)."""
    article: list[Prediction] = []
    for sentence in predictions:
        if article:
            last = article[-1]
            is_same = (sentence.outlet, sentence.article_id) == (last.outlet, last.article_id)
            if not is_same or sentence.index <= last.index:
                yield tuple(article)
                article = []
        article.append(sentence)
    if article:
        yield tuple(article)


def _check(sentence: Prediction) -> None:
    """RecordError unless the offsets hold and every label is one that the report knows."""
    check_span_laws(sentence)
    found: list[tuple[str, tuple[str, ...]]] = [
        (voice.kind, get_args(VoiceKind)) for voice in sentence.voices
    ]
    for term in sentence.loaded_terms:
        found += [(term.category, LOADED_CATEGORIES), (term.voice, VOICES)]
    for stance in sentence.stances:
        found += [(stance.holder, HOLDERS), (stance.label or "none", STANCE_LABELS)]
        found += [(mention.connotation, CONNOTATIONS) for mention in stance.mentions]
    for value, known in found:
        if value not in known:
            raise RecordError(
                f"{sentence.article_id}:{sentence.index}",
                f"{value!r} is none of {', '.join(known)}",
                "predict this article again",
            )


class _Weighed(Counter[tuple[str, bool]]):
    """Loaded terms by voice and whether they are weak."""

    def freeze(self) -> LoadedCount:
        return LoadedCount(
            every=ByVoice(*(self[voice, True] + self[voice, False] for voice in VOICES)),
            weak=ByVoice(*(self[voice, True] for voice in VOICES)),
        )


@dataclass(slots=True)
class _OutletTally:
    num_articles: int = 0
    sentences: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    # A heap of (loaded terms, −order, article): the least worth showing is the first to leave.
    shown: list[tuple[int, int, tuple[Prediction, ...]]] = field(default_factory=list)

    def add_sentence(self, sentence: Prediction) -> None:
        self.sentences["total"] += 1
        self.sentences["quoting"] += any(voice.kind == "direct" for voice in sentence.voices)
        for holder, is_own in (("newsroom", True), ("source", False)):
            terms = [t for t in sentence.loaded_terms if (t.voice != "direct") is is_own]
            self.sentences[f"{holder}_loaded"] += bool(terms)
            self.sentences[f"{holder}_strong"] += any(not term.weak for term in terms)
        for word in _WORD.finditer(sentence.text):
            voice = voice_at(sentence.voices, word.start())
            self.words[voice.kind if voice else "own"] += 1


@dataclass(slots=True)
class _HolderTally:
    mentions: Counter[str] = field(default_factory=Counter)
    names: Counter[tuple[str, str]] = field(default_factory=Counter)
    said_of: Counter[tuple[str, str]] = field(default_factory=Counter)
    weak_said_of: Counter[tuple[str, str]] = field(default_factory=Counter)
    stances: Counter[str | None] = field(default_factory=Counter)

    def freeze(self) -> HolderFraming:
        return HolderFraming(
            mentions=_by_voice(self.mentions),
            names=tuple(NameUse(*form, count) for form, count in _ranked(self.names)),
            said_of=tuple(
                SaidUse(*form, count, self.weak_said_of[form])
                for form, count in _ranked(self.said_of)
            ),
            stances=StanceCount(
                **{label: self.stances[label] for label in STANCE_LABELS},
                unjudged=self.stances[None],
            ),
        )


class _Tally:
    """The running counts: `add` takes one article, `report` freezes them."""

    def __init__(self, max_articles: int) -> None:
        self.max_articles = max_articles
        self.num_articles = 0
        self.num_undated = 0
        self.days: tuple[str, str] | None = None
        self.outlets: defaultdict[str, _OutletTally] = defaultdict(_OutletTally)
        # target → (outlet, holder); (category, term) → outlet
        self.targets: defaultdict[str, defaultdict[tuple[str, str], _HolderTally]] = defaultdict(
            lambda: defaultdict(_HolderTally)
        )
        self.terms: defaultdict[tuple[str, str], defaultdict[str, _Weighed]] = defaultdict(
            lambda: defaultdict(_Weighed)
        )

    def add(self, article: tuple[Prediction, ...]) -> None:
        self.num_articles += 1
        self._add_date(article[0].published)
        outlet = self.outlets[article[0].outlet]
        outlet.num_articles += 1
        for sentence in article:
            _check(sentence)
            outlet.add_sentence(sentence)
            for stance in sentence.stances:
                self._add_stance(sentence, stance)
            for term in sentence.loaded_terms:
                self._add_term(sentence.outlet, term)
        num_loaded = sum(len(sentence.loaded_terms) for sentence in article)
        heapq.heappush(outlet.shown, (num_loaded, -self.num_articles, article))
        if len(outlet.shown) > self.max_articles:
            heapq.heappop(outlet.shown)

    def _add_date(self, published: str | None) -> None:
        try:
            day = date.fromisoformat((published or "")[:10]).isoformat()
        except ValueError:
            self.num_undated += 1
        else:
            first, last = self.days or (day, day)
            self.days = min(first, day), max(last, day)

    def _add_stance(self, sentence: Prediction, stance: Stance) -> None:
        tally = self.targets[stance.target][sentence.outlet, stance.holder]
        tally.stances[stance.label] += 1
        for mention in stance.mentions:
            tally.names[mention.term, mention.connotation] += 1
            if stance.holder == "source":
                tally.mentions["direct"] += 1
            else:
                is_own = voice_at(sentence.voices, mention.start) is None
                tally.mentions["own" if is_own else "reported"] += 1

    def _add_term(self, outlet: str, term: LoadedTerm) -> None:
        form = (term.term, term.category)
        self.terms[form][outlet][term.voice, term.weak] += 1
        if term.target is not None:
            holder = "source" if term.voice == "direct" else "newsroom"
            tally = self.targets[term.target][outlet, holder]
            tally.said_of[form] += 1
            tally.weak_said_of[form] += term.weak

    def report(self, targets: Mapping[str, TargetName]) -> FramingReport:
        outlets = sorted(self.outlets, key=lambda name: (-self.outlets[name].num_articles, name))
        first_date, last_date = self.days or (None, None)
        return FramingReport(
            num_articles=self.num_articles,
            num_undated=self.num_undated,
            num_sentences=sum(tally.sentences["total"] for tally in self.outlets.values()),
            first_date=first_date,
            last_date=last_date,
            outlets=self._outlets(outlets),
            targets=self._targets(outlets, targets),
            terms=self._terms(),
            articles=self._chosen_articles(outlets),
        )

    def _outlets(self, outlets: Sequence[str]) -> tuple[OutletFraming, ...]:
        loaded: defaultdict[tuple[str, str], _Weighed] = defaultdict(_Weighed)
        for (_, category), by_outlet in self.terms.items():
            for outlet, weighed in by_outlet.items():
                loaded[outlet, category].update(weighed)
        return tuple(
            OutletFraming(
                outlet=outlet,
                num_articles=self.outlets[outlet].num_articles,
                sentences=SentenceCount(**self.outlets[outlet].sentences),
                words=_by_voice(self.outlets[outlet].words),
                loaded={key: loaded[outlet, key].freeze() for key in LOADED_CATEGORIES},
            )
            for outlet in outlets
        )

    def _targets(
        self, outlets: Sequence[str], names: Mapping[str, TargetName]
    ) -> tuple[TargetFraming, ...]:
        found = []
        for target, tallies in self.targets.items():
            named_in = {outlet for outlet, _ in tallies}
            mentions = sum((tally.mentions for tally in tallies.values()), Counter[str]())
            framing = TargetFraming(
                target=names.get(target) or TargetName(target, target, target, ""),
                mentions=_by_voice(mentions),
                outlets=tuple(
                    TargetInOutlet(
                        outlet,
                        newsroom=tallies[outlet, "newsroom"].freeze(),
                        source=tallies[outlet, "source"].freeze(),
                    )
                    for outlet in outlets
                    if outlet in named_in
                ),
            )
            found.append((-mentions.total(), target, framing))
        return tuple(framing for *_, framing in sorted(found, key=lambda item: item[:2]))

    def _terms(self) -> tuple[TermUse, ...]:
        found = []
        for form, by_outlet in self.terms.items():
            total = _Weighed()
            for weighed in by_outlet.values():
                total.update(weighed)
            totals = Counter({outlet: weighed.total() for outlet, weighed in by_outlet.items()})
            outlets = tuple((outlet, by_outlet[outlet].freeze()) for outlet, _ in _ranked(totals))
            found.append((-total.total(), form, TermUse(*form, total.freeze(), outlets)))
        return tuple(use for *_, use in sorted(found, key=lambda item: item[:2]))

    def _chosen_articles(self, outlets: Sequence[str]) -> tuple[ArticleFraming, ...]:
        """The first article of each outlet, then the second of each, up to the limit."""
        turns = zip_longest(*(sorted(self.outlets[name].shown, reverse=True) for name in outlets))
        in_turn = [item for item in chain.from_iterable(turns) if item is not None]
        return tuple(
            ArticleFraming(num_loaded, article)
            for num_loaded, _, article in in_turn[: self.max_articles]
        )


def _by_voice(counts: Counter[str]) -> ByVoice:
    return ByVoice(*(counts[voice] for voice in VOICES))


def _ranked(counts: Counter[Form]) -> list[tuple[Form, int]]:
    """The most frequent first; ties in the order of the forms, so that a report never varies."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
