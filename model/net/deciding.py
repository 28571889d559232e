"""From what the network makes of a sentence to a prediction, and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from model.net.calibration import temper
from model.net.checkpoint import Checkpoint
from model.net.decoding import OUTSIDE, TaggedSpan, decode_spans
from model.net.encoding import Window
from model.records import STANCE_LABELS, LoadedTerm, Prediction, Stance
from model.tasks import LOADED_TERMS, STANCE
from model.text.attribution import attribute_terms

FloatArray = npt.NDArray[np.float64]


class Reading(NamedTuple):
    """What the network makes of one sentence, before any temperature: probabilities.

    `stances`: for each stance those of its labels, None where no head judges it. `tags`: by task
    those of each window's own words, (words, labels, tags). `classes`: by task those of the labels.
    """

    windows: Sequence[Window]
    stances: Sequence[FloatArray | None]
    tags: dict[str, list[FloatArray]]
    classes: dict[str, FloatArray]


def decide(checkpoint: Checkpoint, draft: Prediction, reading: Reading) -> Prediction:
    """The draft with labels, spans and how sure they are, by the checkpoint's calibration."""
    return replace(
        draft,
        stances=tuple(
            _judged(checkpoint, stance, scores) if scores is not None else stance
            for stance, scores in zip(draft.stances, reading.stances, strict=True)
        ),
        **_text_results(checkpoint, draft, reading),
    )


def temper_task(checkpoint: Checkpoint, task: str, scores: FloatArray) -> FloatArray:
    """Probabilities of a task's labels or tags with its temperature, if it has one."""
    calibration = checkpoint.calibration.get(task)
    return scores if calibration is None else temper(scores, calibration.temperature)


def find_presence(checkpoint: Checkpoint, task: str, reading: Reading) -> float:
    """The probability that a sentence holds any span of a tagging task: that of the one word and
    label likeliest to lie in a span, over all windows; 0 without a word.

    Any span is at least as likely as this one, so it errs to the low side, if at all; and it does
    not grow with the length of a text, as a product over words would, which are not independent.
    """
    inside = [
        1 - temper_task(checkpoint, task, part)[..., OUTSIDE].min()
        for part in reading.tags[task]
        if part.size
    ]
    return max(inside, default=0.0)


def name_scores(labels: Sequence[str], scores: FloatArray) -> dict[str, float]:
    """The probabilities by label, rounded so that they still sum to 1."""
    best = int(scores.argmax())
    rounded = [round(float(value), 6) for value in scores]
    # What rounding took or gave goes to the largest.
    rounded[best] = round(1.0 - sum(rounded) + rounded[best], 6)
    return dict(zip(labels, rounded, strict=True))


def _judged(checkpoint: Checkpoint, stance: Stance, scores: FloatArray) -> Stance:
    scores = temper_task(checkpoint, STANCE.name, scores)
    label = STANCE_LABELS[int(scores.argmax())]
    named = name_scores(STANCE_LABELS, scores)
    sure = _is_sure(checkpoint, STANCE.name, named[label])
    return replace(stance, label=label, scores=named, sure=sure)


def _text_results(checkpoint: Checkpoint, draft: Prediction, reading: Reading) -> dict[str, Any]:
    """The fields of a prediction that come from reading the sentence alone."""
    fields: dict[str, Any] = {"classes": {}, "spans": {}}
    for task in checkpoint.network.tasks:
        if task.kind == "tag":
            # A temperature keeps the likeliest tag of each word, so the spans stay the same.
            tags = [temper_task(checkpoint, task.name, part) for part in reading.tags[task.name]]
            spans = _correct(
                checkpoint,
                task.name,
                decode_spans(draft.text, reading.windows, tags, task.labels),
            )
            if task == LOADED_TERMS:
                fields["loaded_terms"] = _loaded_terms(checkpoint, draft, spans)
            else:
                fields["spans"][task.name] = [
                    _span(checkpoint, task.name, draft.text, span) for span in spans
                ]
        elif not task.pair:
            scores = temper_task(checkpoint, task.name, reading.classes[task.name])
            label = task.labels[int(scores.argmax())]
            named = name_scores(task.labels, scores)
            fields["classes"][task.name] = {
                "label": label,
                "scores": named,
                **_named_sure(checkpoint, task.name, named[label]),
            }
    return fields


def _correct(checkpoint: Checkpoint, task: str, spans: Sequence[TaggedSpan]) -> list[TaggedSpan]:
    """The spans with the confidence that such spans have earned, by the task's calibration."""
    calibration = checkpoint.calibration.get(task)
    if calibration is None:
        return list(spans)
    confidences = calibration.correct_spans(np.array([span.confidence for span in spans]))
    return [
        replace(span, confidence=float(confidence))
        for span, confidence in zip(spans, confidences, strict=True)
    ]


def _loaded_terms(
    checkpoint: Checkpoint, draft: Prediction, spans: Sequence[TaggedSpan]
) -> tuple[LoadedTerm, ...]:
    lexicon = checkpoint.lexicon
    listed = [lexicon.look_up(draft.text[span.start : span.end]) for span in spans]
    confidences = [round(span.confidence, 6) for span in spans]
    terms = attribute_terms(
        draft.text,
        [
            (span.start, span.end, span.category, entry is not None and entry.weak)
            for span, entry in zip(spans, listed, strict=True)
        ],
        draft.voices,
        [(stance.target, m) for stance in draft.stances for m in stance.mentions],
        lexicon.name_term,
        confidences,
    )
    return tuple(
        replace(term, sure=_is_sure(checkpoint, LOADED_TERMS.name, confidence))
        for term, confidence in zip(terms, confidences, strict=True)
    )


def _span(checkpoint: Checkpoint, task: str, text: str, span: TaggedSpan) -> dict[str, Any]:
    confidence = round(span.confidence, 6)
    return {
        "start": span.start,
        "end": span.end,
        "text": text[span.start : span.end],
        "label": span.category,
        "confidence": confidence,
        **_named_sure(checkpoint, task, confidence),
    }


def _named_sure(checkpoint: Checkpoint, task: str, confidence: float) -> dict[str, bool]:
    """The field `sure`, absent where no threshold is known."""
    sure = _is_sure(checkpoint, task, confidence)
    return {} if sure is None else {"sure": sure}


def _is_sure(checkpoint: Checkpoint, task: str, confidence: float) -> bool | None:
    """By the confidence as it is written, so that a reader of the files finds the same."""
    calibration = checkpoint.calibration.get(task)
    return None if calibration is None else calibration.is_sure(confidence)
