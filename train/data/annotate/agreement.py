"""How far annotators agree: Krippendorff's alpha for stances, F1 of spans for each pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from model.records import LOADED_CATEGORIES, LabelledSentence
from train.data.annotate.tasks import task_id

ABSENT = "absent"
Span = tuple[int, int]
Sentences = Mapping[str, LabelledSentence]
"""One annotator's sentences, by task."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's nominal alpha; None where no unit has two judgements.

    `units` are those with at least two judgements; `agreed` is the share of their pairs of
    judgements that are the same.
    """

    alpha: float | None
    units: int
    agreed: float | None


@dataclass(frozen=True, slots=True)
class SpanAgreement:
    """F1 of one annotator's spans against the other's, which is the same both ways.

    `exact` asks for the same borders, `overlap` for a shared character, each span used once; None
    where neither has any. `spans` are the two annotators' numbers of spans.
    """

    exact: float | None
    overlap: float | None
    spans: tuple[int, int]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two annotators on the sentences that both labelled."""

    annotators: tuple[str, str]
    sentences: int
    stance: Alpha
    stance_with_absent: Alpha
    spans: Mapping[str, SpanAgreement]


@dataclass(frozen=True, slots=True)
class Agreement:
    """All annotators together, and each pair.

    `stance` takes the targets and holders to which two annotators gave a stance; in
    `stance_with_absent` an annotator who named no such target says `absent`, so that a missed
    mention counts as well.
    """

    annotators: tuple[str, ...]
    sentences: int
    stance: Alpha
    stance_with_absent: Alpha
    pairs: tuple[PairAgreement, ...]


def measure_agreement(by_annotator: Mapping[str, Sequence[LabelledSentence]]) -> Agreement:
    """The agreement of annotators on the sentences that at least two of them labelled."""
    found = {
        name: {task_id(sentence): sentence for sentence in sentences}
        for name, sentences in by_annotator.items()
    }
    pairs = []
    for left, right in combinations(found, 2):
        both = {name: found[name] for name in (left, right)}
        shared = sorted(found[left].keys() & found[right].keys())
        pairs.append(
            PairAgreement(
                annotators=(left, right),
                sentences=len(shared),
                stance=_alpha(both),
                stance_with_absent=_alpha(both, with_absent=True),
                spans=_span_agreement([(found[left][key], found[right][key]) for key in shared]),
            )
        )
    num_judges: dict[str, int] = {}
    for sentences in found.values():
        for key in sentences:
            num_judges[key] = num_judges.get(key, 0) + 1
    return Agreement(
        annotators=tuple(found),
        sentences=sum(count > 1 for count in num_judges.values()),
        stance=_alpha(found),
        stance_with_absent=_alpha(found, with_absent=True),
        pairs=tuple(pairs),
    )


def _alpha(found: Mapping[str, Sentences], *, with_absent: bool = False) -> Alpha:
    import pandas as pd
    from crowdkit.metrics.data import alpha_krippendorff

    units: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for name, sentences in found.items():
        for key, sentence in sentences.items():
            num_before: Counter[tuple[str, str]] = Counter()
            for stance in sentence.stances:
                if stance.label is not None:
                    # Several sources of one sentence may name one target: they go by their order.
                    held = (stance.target, str(stance.holder))
                    unit = (key, *held, str(num_before[held]))
                    num_before[held] += 1
                    units.setdefault(unit, {})[name] = stance.label
    if with_absent:
        for unit, given in units.items():
            for name, sentences in found.items():
                if unit[0] in sentences:
                    given.setdefault(name, ABSENT)
    rows = [
        ("\t".join(unit), name, label)
        for unit, given in units.items()
        if len(given) > 1
        for name, label in given.items()
    ]
    if not rows:
        return Alpha(None, 0, None)
    judged = [tuple(given.values()) for given in units.values() if len(given) > 1]
    agreeing = [a == b for labels in judged for a, b in combinations(labels, 2)]
    alpha = alpha_krippendorff(pd.DataFrame(rows, columns=["task", "worker", "label"]))
    return Alpha(float(alpha), len(judged), sum(agreeing) / len(agreeing))


def _span_agreement(
    pairs: Sequence[tuple[LabelledSentence, LabelledSentence]],
) -> dict[str, SpanAgreement]:
    """By category of loaded term; then mentions with their target, voices with their kind."""
    layers: dict[str, list[tuple[list[tuple[int, int, str]], ...]]] = {
        category: [
            tuple(
                [(t.start, t.end, "") for t in sentence.loaded_terms if t.category == category]
                for sentence in pair
            )
            for pair in pairs
        ]
        for category in LOADED_CATEGORIES
    }
    layers["mention"] = [
        tuple([(m.start, m.end, s.target) for s in one.stances for m in s.mentions] for one in pair)
        for pair in pairs
    ]
    layers["voice"] = [
        tuple([(v.start, v.end, v.kind) for v in one.voices] for one in pair) for pair in pairs
    ]
    return {name: _f1(layer) for name, layer in layers.items()}


def _f1(pairs: Sequence[tuple[list[tuple[int, int, str]], ...]]) -> SpanAgreement:
    exact = overlap = num_left = num_right = 0
    for left, right in pairs:
        ours, theirs = set(left), set(right)
        exact += len(ours & theirs)
        overlap += sum(
            _num_matched(
                sorted((a, b) for a, b, kind in ours if kind == one),
                sorted((a, b) for a, b, kind in theirs if kind == one),
            )
            for one in {kind for *_, kind in ours}
        )
        num_left += len(ours)
        num_right += len(theirs)
    total = num_left + num_right
    return SpanAgreement(
        exact=2 * exact / total if total else None,
        overlap=2 * overlap / total if total else None,
        spans=(num_left, num_right),
    )


def _num_matched(left: Sequence[Span], right: Sequence[Span]) -> int:
    """The most pairs that share a character, each span used once (augmenting paths)."""
    partner: dict[int, int] = {}

    def give(one: int, tried: set[int]) -> bool:
        start, end = left[one]
        for other, (a, b) in enumerate(right):
            if other not in tried and a < end and start < b:
                tried.add(other)
                if other not in partner or give(partner[other], tried):
                    partner[other] = one
                    return True
        return False

    return sum(give(one, set()) for one in range(len(left)))


def format_agreement(agreement: Agreement) -> str:
    """The figures as a table of plain text."""
    lines = [
        f"{len(agreement.annotators)} annotators, {agreement.sentences} sentences by two or more",
        f"stance, alpha:               {_alpha_text(agreement.stance)}",
        f"stance, alpha with «absent»: {_alpha_text(agreement.stance_with_absent)}",
    ]
    for pair in agreement.pairs:
        lines += [
            "",
            f"{' – '.join(pair.annotators)}: {pair.sentences} sentences",
            f"  stance               {_alpha_text(pair.stance)}",
            f"  stance with «absent» {_alpha_text(pair.stance_with_absent)}",
            f"  {'spans':14}{'exact F1':>10}{'overlap F1':>12}{'spans':>12}",
        ]
        for name, spans in pair.spans.items():
            counts = f"{spans.spans[0]} / {spans.spans[1]}"
            line = f"  {name:14}{_number(spans.exact):>10}{_number(spans.overlap):>12}{counts:>12}"
            lines.append(line)
    return "\n".join(lines)


def _alpha_text(alpha: Alpha) -> str:
    agreed = "–" if alpha.agreed is None else f"{alpha.agreed:.1%}"
    return f"{_number(alpha.alpha)} ({alpha.units} units, {agreed} of pairs the same)"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
