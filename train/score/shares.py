"""An audit's result: each label's share in the archive and in its parts, corrected and naive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from train.score.counts import FloatArray
from train.score.ppi import Difference, Share, Stratum, estimate_difference, estimate_share

FEWEST_CODED = 5
"""Of a group with fewer coded units no corrected share is given."""

FEWEST_COMPARED = 20
MOST_COMPARED = 5  # groups of a trait, the largest: each pair of them is compared


@dataclass(frozen=True, slots=True)
class CodedStratum:
    """A group's part of one stratum.

    `hard` and `soft` (labels,) are the shares of predicted labels and the mean predictors of its
    `size` units; `predicted` and `gold` (coded, labels) belong to the coded ones.
    """

    size: int
    hard: FloatArray
    soft: FloatArray
    predicted: FloatArray
    gold: FloatArray


@dataclass(frozen=True, slots=True)
class LabelShare:
    """The share of one label: as predicted, corrected, and from the sample without predictions."""

    label: str
    naive: float
    corrected: Share | None
    sample_only: Share | None

    @property
    def is_misled(self) -> bool:
        """Whether the naive share lies outside the interval of the corrected one."""
        found = self.corrected
        return found is not None and not found.low <= self.naive <= found.high


@dataclass(frozen=True, slots=True)
class GroupShares:
    """The labels' shares in one group: everything (`all`), an outlet, a target, …"""

    trait: str
    group: str
    size: int
    num_coded: int
    labels: tuple[LabelShare, ...]


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """How far two groups of one trait differ in a label's share: the first less the second."""

    trait: str
    first: str
    second: str
    label: str
    naive: float
    corrected: Difference


@dataclass(frozen=True, slots=True)
class Audit:
    """All of it; groups of a trait stand by size, the largest first."""

    subject: str
    num_units: int
    num_drawn: int
    num_coded: int
    level: float
    notes: tuple[str, ...]
    groups: tuple[GroupShares, ...]
    differences: tuple[GroupDifference, ...]


def measure_shares(
    subject: str,
    labels: Sequence[str],
    groups: Mapping[tuple[str, str], Sequence[CodedStratum]],
    *,
    num_drawn: int,
    notes: Sequence[str] = (),
    level: float = 0.95,
) -> Audit:
    """The audit of groups by (trait, value); that of everything is ("all", "")."""
    traits = list(dict.fromkeys(trait for trait, _ in groups))
    measured = [
        _measure_group(trait, group, strata, labels, level)
        for (trait, group), strata in groups.items()
    ]
    measured.sort(key=lambda one: (traits.index(one.trait), -one.size, one.group))
    whole = next(one for one in measured if one.trait == "all")
    return Audit(
        subject=subject,
        num_units=whole.size,
        num_drawn=num_drawn,
        num_coded=whole.num_coded,
        level=level,
        notes=tuple(notes),
        groups=tuple(measured),
        differences=tuple(
            difference
            for trait in traits
            for difference in _compare([one for one in measured if one.trait == trait])
        ),
    )


def _measure_group(
    trait: str, group: str, strata: Sequence[CodedStratum], labels: Sequence[str], level: float
) -> GroupShares:
    size = sum(stratum.size for stratum in strata)
    num_coded = sum(len(stratum.gold) for stratum in strata)
    shares = []
    for number, label in enumerate(labels):
        naive = sum(float(stratum.hard[number]) * stratum.size for stratum in strata) / size
        corrected = sample_only = None
        if num_coded >= FEWEST_CODED:
            cut = [_cut(stratum, number) for stratum in strata]
            corrected = estimate_share(cut, level=level)
            sample_only = estimate_share(cut, tuning=0.0, level=level)
        shares.append(LabelShare(label, naive, corrected, sample_only))
    return GroupShares(trait, group, size, num_coded, tuple(shares))


def _cut(stratum: CodedStratum, number: int) -> Stratum:
    return Stratum(
        size=stratum.size,
        mean=float(stratum.soft[number]),
        predicted=stratum.predicted[:, number],
        gold=stratum.gold[:, number],
    )


def _compare(groups: Sequence[GroupShares]) -> list[GroupDifference]:
    """Each pair of the largest groups that have enough coded units, label by label."""
    enough = [one for one in groups if one.num_coded >= FEWEST_COMPARED][:MOST_COMPARED]
    return [
        GroupDifference(
            trait=first.trait,
            first=first.group,
            second=second.group,
            label=one.label,
            naive=one.naive - other.naive,
            corrected=estimate_difference(one.corrected, other.corrected),
        )
        for first, second in combinations(enough, 2)
        for one, other in zip(first.labels, second.labels, strict=True)
        if one.corrected and other.corrected
    ]
