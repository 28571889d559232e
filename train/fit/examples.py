"""From labelled sentences to the rows that a network trains on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from model.net.encoding import Pair, Spans, TextEncoder, Window
from model.net.network import TAGS
from model.records import LabelledSentence, LoadedTerm, TaskSpan
from model.tasks import LOADED_TERMS, STANCE, Task
from model.text.stances import holder_words
from model.text.surroundings import Context, Surroundings

IGNORED = -100
_OUTSIDE, _BEGIN, _INSIDE = range(len(TAGS))

Weights = npt.NDArray[np.float32]
Tags = tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]
"""Of one window and task: tag numbers and their weights, each (tokens, labels)."""

ClassWeights = Literal["none", "root", "balanced"]


@dataclass(frozen=True, slots=True)
class Row:
    """What one pass reads of one text, with what each task says of it.

    `classes`: by task the label's number and its weight. `tags`: by task the tags of its tokens,
    IGNORED where none of its own words begins. `num_lost` tokens did not fit; `dataset` is the set
    that the row comes from.
    """

    input_ids: npt.NDArray[np.int32]
    token_type_ids: npt.NDArray[np.int8]
    classes: dict[str, tuple[int, float]]
    tags: dict[str, Tags]
    num_lost: int
    dataset: str | None

    def __len__(self) -> int:
        return len(self.input_ids)


class RowMaker:
    """Makes rows by one encoder, for the tasks of one network."""

    def __init__(
        self,
        encoder: TextEncoder,
        tasks: Sequence[Task],
        target_names: Mapping[str, str],
        *,
        context: Context = "none",
        silver_confidence: bool = True,
    ) -> None:
        self._encoder = encoder
        self._tasks = {task.name: task for task in tasks}
        self._target_names = target_names
        self._context: Context = context
        self._silver_confidence = silver_confidence

    def make(self, sentences: Sequence[LabelledSentence]) -> list[Row]:
        """A row for each window of a sentence that a task reads alone, and for each pair."""
        contexts = Surroundings(self._context).read(sentences)
        return self._text_rows(sentences, contexts) + self._pair_rows(sentences, contexts)

    def _text_rows(
        self, sentences: Sequence[LabelledSentence], contexts: Sequence[str] | None
    ) -> list[Row]:
        windows = self._encoder.windows([s.text for s in sentences], contexts)
        rows: list[Row] = []
        for sentence, listed in zip(sentences, windows, strict=True):
            asked = [task for task in self._tasks_of(sentence) if not task.pair]
            classes = {
                label.task: self._class(label.task, label.label, label.confidence)
                for label in sentence.classes
                if label.pair is None and label.task in self._tasks
            }
            tagged = [task for task in asked if task.kind == "tag"]
            if not (classes or tagged):
                continue
            tags = {task.name: self._tags(listed, task, sentence) for task in tagged}
            for number, window in enumerate(listed):
                if not (classes or window.first_tokens):
                    continue
                own = {name: of_windows[number] for name, of_windows in tags.items()}
                rows.append(_row(window, classes, own, sentence.dataset))
        return rows

    def _pair_rows(
        self, sentences: Sequence[LabelledSentence], contexts: Sequence[str] | None
    ) -> list[Row]:
        pairs: list[tuple[str, str, Spans]] = []
        labels: list[tuple[str, tuple[int, float]]] = []
        owners: list[int] = []

        def add(owner: int, pair: tuple[str, str, Spans], task: str, *label: Any) -> None:
            owners.append(owner)
            pairs.append(pair)
            labels.append((task, self._class(task, *label)))

        for number, sentence in enumerate(sentences):
            for stance in sentence.stances if STANCE.name in self._tasks else ():
                if stance.label is not None:
                    words, mentions = holder_words(sentence.text, sentence.voices, stance)
                    pair = (words, self._target_names[stance.target], mentions)
                    add(number, pair, STANCE.name, stance.label, stance.confidence)
            for label in sentence.classes:
                if label.pair is not None and label.task in self._tasks:
                    pair = (sentence.text, label.pair, ())
                    add(number, pair, label.task, label.label, label.confidence)
        chosen = None if contexts is None else [contexts[owner] for owner in owners]
        return [
            _row(encoded, {task: label}, {}, sentences[owner].dataset)
            for encoded, (task, label), owner in zip(
                self._encoder.pairs(pairs, chosen), labels, owners, strict=True
            )
        ]

    def _tasks_of(self, sentence: LabelledSentence) -> list[Task]:
        names = (STANCE.name, LOADED_TERMS.name) if sentence.tasks is None else sentence.tasks
        return [self._tasks[name] for name in names if name in self._tasks]

    def _class(self, task: str, label: str, confidence: float | None) -> tuple[int, float]:
        is_sure = confidence is None or not self._silver_confidence
        return self._tasks[task].labels.index(label), 1.0 if is_sure else float(confidence or 0)

    def _tags(
        self, windows: Sequence[Window], task: Task, sentence: LabelledSentence
    ) -> list[Tags]:
        """For each window of a sentence its tags; a span goes on from one window to the next."""
        found = []
        for window in windows:
            shape = (len(window.input_ids), len(task.labels))
            tags = np.full(shape, IGNORED, np.int8)
            tags[window.first_tokens] = _OUTSIDE
            found.append((tags, np.ones(shape, np.float32)))
        for place, layer, tag, span in tagged_words(windows, task, sentence):
            sure = getattr(span, "confidence", None) if self._silver_confidence else None
            token = windows[place.window].first_tokens[place.word]
            tags, weights = found[place.window]
            tags[token, layer] = tag
            weights[token, layer] = 1.0 if sure is None else sure
        return found


class Place(NamedTuple):
    """A window of a sentence, and which of its own words."""

    window: int
    word: int


def tagged_words(
    windows: Sequence[Window], task: Task, sentence: LabelledSentence
) -> Iterator[tuple[Place, int, int, LoadedTerm | TaskSpan]]:
    """Each word that a gold span of the task touches, with the label's and the tag's number.

    A span goes on from one window to the next. All other words have the tag O.
    """
    for label, span in _spans(sentence, task):
        if label not in task.labels:
            continue
        layer, tag = task.labels.index(label), _BEGIN
        for number, window in enumerate(windows):
            for word, (start, end) in enumerate(window.word_spans):
                if start < span.end and span.start < end:
                    yield Place(number, word), layer, tag, span
                    tag = _INSIDE


def _spans(sentence: LabelledSentence, task: Task) -> Iterator[tuple[str, LoadedTerm | TaskSpan]]:
    if task == LOADED_TERMS:
        yield from ((term.category, term) for term in sentence.loaded_terms)
    yield from ((span.label, span) for span in sentence.spans if span.task == task.name)


def _row(
    encoded: Window | Pair,
    classes: dict[str, tuple[int, float]],
    tags: dict[str, Tags],
    dataset: str | None,
) -> Row:
    return Row(
        np.asarray(encoded.input_ids, np.int32),
        np.asarray(encoded.token_type_ids, np.int8),
        classes,
        tags,
        encoded.num_lost,
        dataset,
    )


def balance(rows: Sequence[Row], tasks: Sequence[Task], mode: ClassWeights) -> dict[str, Weights]:
    """By task a weight for each label, or each tag: one throughout, or more for what is rare.

    `balanced` weighs a label by the number of rows over its own, `root` by the root of that; the
    mean over the rows is 1. A label that does not occur weighs 1.
    """
    weights = {}
    for task in tasks:
        size = len(task.labels) if task.kind == "classify" else len(TAGS)
        counts = np.zeros(size)
        for row in rows:
            if task.name in row.classes:
                counts[row.classes[task.name][0]] += 1
            if task.name in row.tags:
                tags = row.tags[task.name][0]
                counts += np.bincount(tags[tags != IGNORED], minlength=size)
        if mode == "none" or not counts.any():
            weights[task.name] = np.ones(size, np.float32)
            continue
        rare = counts.sum() / np.maximum(counts, 1)
        rare = np.where(counts > 0, np.sqrt(rare) if mode == "root" else rare, 0)
        mean = (rare * counts).sum() / counts.sum()
        weights[task.name] = np.where(counts > 0, rare / mean, 1).astype(np.float32)
    return weights


class Collator:
    """Pads the rows of a pass to its longest, and sets the weight of every label.

    Gives `inputs` (ids, mask and types, each (rows, length)), and by task `labels` and `weights`:
    (rows) for a classifying task, (rows, length, labels) for a tagging one.
    """

    def __init__(
        self, pad_token_id: int, tasks: Sequence[Task], weights: Mapping[str, Weights]
    ) -> None:
        self._pad_token_id = pad_token_id
        self._tasks = tasks
        self._weights = weights

    def __call__(self, rows: Sequence[Row]) -> dict[str, dict[str, torch.Tensor]]:
        size = (len(rows), max(map(len, rows)))
        ids = np.full(size, self._pad_token_id, np.int64)
        types, mask = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row.input_ids
            types[number, : len(row)] = row.token_type_ids
            mask[number, : len(row)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        labels, weights = {}, {}
        for task in self._tasks:
            shape = (*size, len(task.labels)) if task.kind == "tag" else size[:1]
            given, sure = np.full(shape, IGNORED, np.int64), np.zeros(shape, np.float32)
            for number, row in enumerate(rows):
                if task.name in row.classes:
                    given[number], sure[number] = row.classes[task.name]
                elif task.name in row.tags:
                    given[number, : len(row)], sure[number, : len(row)] = row.tags[task.name]
            by_label = np.append(self._weights[task.name], np.float32(0))  # the last is for IGNORED
            labels[task.name] = given
            weights[task.name] = sure * by_label[np.where(given == IGNORED, -1, given)]
        parts = {"inputs": inputs, "labels": labels, "weights": weights}
        return {
            part: {name: torch.from_numpy(array) for name, array in arrays.items()}
            for part, arrays in parts.items()
        }
