"""Several annotators into gold: what more than half of them say; the rest with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from model.records import Dropped, LabelledSentence, LoadedTerm, Mention, Stance, Voice
from model.text.attribution import voice_at
from train.data.annotate.tasks import task_id

T = TypeVar("T")


def adjudicate(
    by_annotator: Mapping[str, Sequence[LabelledSentence]],
) -> tuple[list[LabelledSentence], list[Dropped]]:
    """One gold sentence for each task, and what was left out of it.

    A span stands where more than half of the sentence's annotators drew just these borders, a
    stance where more of those who judged it say so than say anything else. Ties are left out. A
    sentence of one annotator stays as it is.
    """
    by_task: dict[str, list[LabelledSentence]] = {}
    for sentences in by_annotator.values():
        for sentence in sentences:
            by_task.setdefault(task_id(sentence), []).append(sentence)
    gold: list[LabelledSentence] = []
    dropped: list[Dropped] = []
    for task, versions in by_task.items():
        first = versions[0]
        if any(_article_fields(version) != _article_fields(first) for version in versions):
            dropped.append(Dropped(task, "annotators were given different texts"))
        elif all(version == first for version in versions):
            gold.append(first)
        else:
            gold.append(_join(task, versions, dropped))
    return gold, dropped


def _article_fields(sentence: LabelledSentence) -> LabelledSentence:
    return replace(sentence, voices=(), stances=(), loaded_terms=())


def _join(
    task: str, versions: Sequence[LabelledSentence], dropped: list[Dropped]
) -> LabelledSentence:
    ballot = _Ballot(task, versions[0].text, dropped)
    voices = tuple(_voices(versions, ballot))
    return replace(
        versions[0],
        voices=voices,
        stances=tuple(_stances(versions, ballot)),
        loaded_terms=tuple(_terms(versions, voices, ballot)),
    )


@dataclass(frozen=True, slots=True)
class _Ballot:
    """Counts the votes on one sentence, and notes what finds no majority."""

    task: str
    text: str
    dropped: list[Dropped]

    def drop(self, what: str, start: int, end: int, reason: str) -> None:
        excerpt = self.text[start:end]
        self.dropped.append(Dropped(self.task, f"{what} [{start}, {end}): {reason}", None, excerpt))

    def majority(
        self, layers: Sequence[Sequence[T]], key: Callable[[T], tuple[Any, ...]], what: str
    ) -> Iterator[tuple[tuple[Any, ...], list[T]]]:
        """By place, each key that more than half of the annotators have, with their items."""
        votes: dict[tuple[Any, ...], list[T]] = {}
        for layer in layers:
            for item_key, item in {key(item): item for item in layer}.items():
                votes.setdefault(item_key, []).append(item)
        for item_key in sorted(votes):
            start, end, *name = item_key
            count, num_annotators = len(votes[item_key]), len(layers)
            if 2 * count > num_annotators:
                yield item_key, votes[item_key]
            else:
                tie = "a tie: " if 2 * count == num_annotators else ""
                reason = f"{tie}drawn by {count} of {num_annotators} annotators"
                self.drop(f"{what} {' '.join(name)}", start, end, reason)


def _voices(versions: Sequence[LabelledSentence], ballot: _Ballot) -> Iterator[Voice]:
    layers = [version.voices for version in versions]
    for (start, end, kind), found in ballot.majority(
        layers, lambda voice: (voice.start, voice.end, voice.kind), "voice"
    ):
        # Open answers: where no wording prevails, none is given.
        speaker, cue = _winner([v.speaker for v in found]), _winner([v.cue for v in found])
        yield Voice(start, end, kind, speaker, cue)


def _terms(
    versions: Sequence[LabelledSentence], voices: tuple[Voice, ...], ballot: _Ballot
) -> Iterator[LoadedTerm]:
    layers = [version.loaded_terms for version in versions]
    for (start, end, _), found in ballot.majority(
        layers, lambda term: (term.start, term.end, term.category), "term"
    ):
        is_same = all(version.voices == voices for version in versions)
        yield replace(
            found[0],
            weak=_winner([term.weak for term in found]) is True,
            voice=found[0].voice if is_same else voice_at(voices, start, end),
            target=_winner([term.target for term in found]),
            group=_winner([term.group for term in found]),
        )


def _stances(versions: Sequence[LabelledSentence], ballot: _Ballot) -> Iterator[Stance]:
    """The mentions of the majority, each group of them with the label that prevails."""
    layers = [
        [(stance, mention) for stance in version.stances for mention in stance.mentions]
        for version in versions
    ]
    groups: dict[tuple[Any, ...], dict[Mention, list[Stance]]] = {}
    for (start, end, target, holder), found in ballot.majority(
        layers, lambda pair: (pair[1].start, pair[1].end, pair[0].target, pair[0].holder), "mention"
    ):
        connotation = _winner([mention.connotation for _, mention in found])
        if connotation is None:
            ballot.drop(f"mention {target}", start, end, "a tie on what the name connotes")
            continue
        speaker = _winner([stance.speaker for stance, _ in found])
        mention = replace(found[0][1], connotation=connotation)
        judges = groups.setdefault((target, holder, speaker), {})
        judges[mention] = [stance for stance, _ in found]
    for (target, holder, speaker), judged in groups.items():
        # One vote for each annotator's stance, however many of its mentions stand here.
        votes = {id(stance): stance for listed in judged.values() for stance in listed}
        labels = [stance.label for stance in votes.values() if stance.label is not None]
        mentions = tuple(judged)
        label = _winner(labels)
        if label is None:
            counts = ", ".join(f"{count} {name}" for name, count in Counter(labels).most_common())
            ballot.drop(
                f"stance of the {holder} toward {target}",
                mentions[0].start,
                mentions[-1].end,
                f"a tie: {counts or 'nobody judged'}",
            )
            continue
        yield Stance(target, holder, speaker, mentions, label, origin="gold")


def _winner(votes: Sequence[T]) -> T | None:
    """What more say than anything else; None where two are level."""
    ranked = Counter(votes).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]
