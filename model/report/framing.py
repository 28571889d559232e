"""The nouns of the report: counts of wording by outlet, target and voice.

The newsroom answers for its own voice and for the wording of what it reports; a source answers for
its direct quotations. Every noun keeps the two apart, and none offers their sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from model.records import Prediction


@dataclass(frozen=True, slots=True)
class TargetName:
    """How a target is shown: its id, its neutral name in Arabic and English, and its conflict."""

    id: str
    name: str
    name_en: str
    conflict: str


@dataclass(frozen=True, slots=True)
class ByVoice:
    """Counts by whose words they are; `own` and `reported` are the newsroom's wording."""

    own: int
    reported: int
    direct: int

    @classmethod
    def summed(cls, counts: Iterable[ByVoice]) -> ByVoice:
        """All counts together, voice by voice."""
        listed = list(counts)
        return cls(
            own=sum(count.own for count in listed),
            reported=sum(count.reported for count in listed),
            direct=sum(count.direct for count in listed),
        )

    @property
    def newsroom(self) -> int:
        """What the newsroom answers for."""
        return self.own + self.reported

    @property
    def source(self) -> int:
        """What the quoted sources answer for."""
        return self.direct


@dataclass(frozen=True, slots=True)
class LoadedCount:
    """Loaded terms by voice: `every` one, and of these the `weak` (routine words of one side)."""

    every: ByVoice
    weak: ByVoice


@dataclass(frozen=True, slots=True)
class SentenceCount:
    """Sentences; `quoting` ones hold a direct quotation, `_strong` counts leave weak terms out."""

    total: int
    quoting: int
    newsroom_loaded: int
    newsroom_strong: int
    source_loaded: int
    source_strong: int


@dataclass(frozen=True, slots=True)
class StanceCount:
    """Stances of one holder toward one target; `unjudged` ones carry no label."""

    favor: int
    against: int
    none: int
    unjudged: int

    @property
    def judged(self) -> int:
        """The support of every share of these counts."""
        return self.favor + self.against + self.none


@dataclass(frozen=True, slots=True)
class OutletFraming:
    """One outlet: what was read of it, and its loaded terms by category."""

    outlet: str
    num_articles: int
    sentences: SentenceCount
    words: ByVoice
    loaded: Mapping[str, LoadedCount]

    @property
    def all_loaded(self) -> LoadedCount:
        """The categories together."""
        counts = self.loaded.values()
        return LoadedCount(
            every=ByVoice.summed(count.every for count in counts),
            weak=ByVoice.summed(count.weak for count in counts),
        )


@dataclass(frozen=True, slots=True)
class NameUse:
    """A form of a target's name, what it connotes, and how often it stands."""

    term: str
    connotation: str
    count: int


@dataclass(frozen=True, slots=True)
class SaidUse:
    """A loaded term said of a target; `weak` of the `count` are weak."""

    term: str
    category: str
    count: int
    weak: int


@dataclass(frozen=True, slots=True)
class HolderFraming:
    """How one holder's words name and place one target; the most frequent forms come first."""

    mentions: ByVoice
    names: tuple[NameUse, ...]
    said_of: tuple[SaidUse, ...]
    stances: StanceCount


@dataclass(frozen=True, slots=True)
class TargetInOutlet:
    """One target in one outlet: the newsroom's words, and apart from them those of its sources."""

    outlet: str
    newsroom: HolderFraming
    source: HolderFraming


@dataclass(frozen=True, slots=True)
class TargetFraming:
    """One target in every outlet that names it, in the order of the report's outlets."""

    target: TargetName
    mentions: ByVoice
    outlets: tuple[TargetInOutlet, ...]


@dataclass(frozen=True, slots=True)
class TermUse:
    """A loaded term over all outlets; the outlet that uses it most comes first."""

    term: str
    category: str
    count: LoadedCount
    outlets: tuple[tuple[str, LoadedCount], ...]


@dataclass(frozen=True, slots=True)
class ArticleFraming:
    """An article chosen for display, with its sentences in order."""

    num_loaded: int
    sentences: tuple[Prediction, ...]


@dataclass(frozen=True, slots=True)
class FramingReport:
    """All that the page shows. Outlets, targets and terms are sorted by how much there is."""

    num_articles: int
    num_undated: int
    num_sentences: int
    first_date: str | None
    last_date: str | None
    outlets: tuple[OutletFraming, ...]
    targets: tuple[TargetFraming, ...]
    terms: tuple[TermUse, ...]
    articles: tuple[ArticleFraming, ...]
