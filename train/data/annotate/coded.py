"""A coded sample back to the units it was drawn as, and what the whole archive holds beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError, RecordError
from model.records import LabelledSentence, Prediction, Stance
from train.data.annotate.draw import (
    ABSENT,
    ANY,
    LABELS,
    TRAITS,
    Digest,
    Drawn,
    Plan,
    Subject,
    Unit,
    units_of,
)
from train.data.annotate.pick import as_labelled
from train.data.annotate.tasks import task_id

FloatArray = NDArray[np.float64]
ALL = ("all", "")
"""The group of everything."""

_TIE = "a tie"


def to_code(drawn: Sequence[Drawn], subject: Subject, *, shown: bool) -> list[LabelledSentence]:
    """The sentences of a draw, one each, with no more of the prediction in them than a coder needs.

    Voices stay: they say whose words are to be judged. Of stances the drawn ones stay, without
    label, scores and what the name connotes; loaded terms go. With `shown` all that is drawn stays.
    """
    pairs: dict[int, set[int]] = {}
    sentences: dict[int, Prediction] = {}
    for one in drawn:
        for unit, prediction in one.units:
            pairs.setdefault(unit.row, set()).add(unit.pair)
            sentences[unit.row] = prediction
    return [
        _show(prediction, pairs[row], subject, shown=shown) for row, prediction in sentences.items()
    ]


def _show(
    prediction: Prediction, pairs: set[int], subject: Subject, *, shown: bool
) -> LabelledSentence:
    whole = as_labelled(prediction, prediction.article_id)
    if subject == "loaded_terms":
        return replace(whole, stances=(), loaded_terms=whole.loaded_terms if shown else ())
    stances = tuple(stance for number, stance in enumerate(whole.stances) if number in pairs)
    if not shown:
        stances = tuple(map(_blind, stances))
    return replace(whole, stances=stances, loaded_terms=())


def _blind(stance: Stance) -> Stance:
    mentions = tuple(replace(mention, connotation="neutral") for mention in stance.mentions)
    return Stance(stance.target, stance.holder, stance.speaker, mentions, None)


@dataclass(slots=True)
class Cell:
    """A group's part of one stratum; arrays go by label, `gold` and `predicted` by coded unit."""

    hard: FloatArray
    soft: FloatArray
    size: int = 0
    predicted: list[FloatArray] = field(default_factory=list)
    gold: list[FloatArray] = field(default_factory=list)


Cells = dict[tuple[str, str], dict[int, Cell]]
"""By group (trait, value), then by number of the stratum."""


@dataclass(frozen=True, slots=True)
class Coded:
    """Every group's cells, and how many of the drawn units came back coded."""

    cells: Cells
    num_drawn: int
    num_coded: int


def read_plan(path: Path) -> Plan:
    """The plan that the first step left. InputError where it is none."""
    try:
        return Plan.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = f"cannot be read ({error.strerror})"
    except (ValueError, TypeError, KeyError, RecordError) as error:
        reason = f"is no plan of an audit ({error})"
    raise InputError(path, reason, "give the plan.json that nabra audit --sample wrote")


def read_ties(coded: Path) -> Mapping[str, list[str]]:
    """Task → what its annotators are split over, by the dropped.json beside the coded file."""
    try:
        dropped = json.loads((coded.parent / "dropped.json").read_text(encoding="utf-8"))
        ties: dict[str, list[str]] = {}
        for record in dropped:
            if _TIE in record["reason"]:
                ties.setdefault(record["source"], []).append(record["reason"])
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    return ties


def check_coded(path: Path, coded: Sequence[LabelledSentence], plan: Plan) -> None:
    """InputError for a sentence that was not drawn, or is coded twice."""
    drawn = {item.task for item in plan.items}
    if strange := [task for one in coded if (task := task_id(one)) not in drawn]:
        raise InputError(
            path,
            f"{strange[0]} is not in the sample ({len(strange)} such)",
            "give the coding of this plan's tasks alone",
        )
    twice = [task for task, count in Counter(map(task_id, coded)).items() if count > 1]
    if twice:
        raise InputError(
            path,
            f"{twice[0]} is coded twice ({len(twice)} such)",
            "give the annotations.jsonl of nabra annotate import, which settles it",
        )


def collect(
    predictions: Iterable[Prediction],
    plan: Plan,
    coded: Sequence[LabelledSentence],
    ties: Mapping[str, Sequence[str]],
    where: Path,
) -> Coded:
    """One pass over the archive: sizes and predictions of each group, codings where they belong.

    InputError where these are not the predictions that were drawn from.
    """
    subject = plan.subject
    labelled = {task_id(one): one for one in coded}
    items = {(item.row, item.pair): item for item in plan.items}
    numbers = {stratum.key: number for number, stratum in enumerate(plan.strata)}
    cells: Cells = {}
    num_coded = 0
    digest = Digest()
    edited: list[str] = []
    for row, prediction in enumerate(digest.follow(predictions)):
        for unit in units_of(prediction, row, subject):
            number = numbers.get(tuple(unit.traits[name] for name in plan.by))
            if number is None:
                raise _changed(where)
            item = items.get((row, unit.pair))
            gold = None
            if item and item.exported and (sentence := labelled.get(item.task)):
                if sentence.text != prediction.text:
                    edited.append(item.task)
                gold = _code_of(unit, prediction, sentence, ties.get(item.task, ()), subject)
            num_coded += gold is not None
            hard, soft = np.array(unit.hard), np.array(unit.soft)
            traits = [ALL, *((name, unit.traits[name]) for name in TRAITS[subject][1:])]
            for group in traits:
                strata = cells.setdefault(group, {})
                if number not in strata:
                    strata[number] = Cell(np.zeros(len(hard)), np.zeros(len(soft)))
                cell = strata[number]
                cell.size += 1
                cell.hard += hard
                cell.soft += soft
                if gold is not None:
                    cell.gold.append(gold)
                    cell.predicted.append(soft)
    if digest.hexdigest() != plan.digest:
        raise _changed(where)
    if edited:
        raise InputError(edited[0], "is coded over another text", "code the tasks as exported")
    return Coded(cells, len(plan.items), num_coded)


def _changed(where: Path) -> InputError:
    return InputError(
        where,
        "holds other predictions than those the sample was drawn from",
        "audit the folder that the plan was made for, or draw a new sample",
    )


def _code_of(
    unit: Unit,
    prediction: Prediction,
    sentence: LabelledSentence,
    split: Sequence[str],
    subject: Subject,
) -> FloatArray | None:
    """1 for each label that the coder gave the unit; None where the coding does not decide."""
    if subject == "loaded_terms":
        if any(reason.startswith("term ") for reason in split):
            return None
        given: set[str] = {term.category for term in sentence.loaded_terms}
        given |= {ANY} if given else set()
        return np.array([float(name in given) for name in LABELS[subject]])
    stance = prediction.stances[unit.pair]
    coded = _same_stance(stance, sentence.stances)
    if coded is None and any(stance.target in reason.split(" [")[0].split() for reason in split):
        return None
    label = ABSENT if coded is None else coded.label
    if label is None:
        return None
    return np.array([float(name == label) for name in LABELS[subject]])


def _same_stance(stance: Stance, coded: Sequence[Stance]) -> Stance | None:
    """The coded stance toward the same target over one of the same mentions.

    A coder may move a voice, which gives the mention another holder: the words judged are the same.
    """
    places = {(mention.start, mention.end) for mention in stance.mentions}
    same = [
        one
        for one in coded
        if one.target == stance.target
        and any((mention.start, mention.end) in places for mention in one.mentions)
    ]
    return min(same, key=lambda one: one.holder != stance.holder, default=None)
