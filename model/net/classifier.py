"""The classifier: articles in, predictions out, the same path for archives and for evaluation."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
import torch

from model.net.checkpoint import Checkpoint, load_checkpoint
from model.net.deciding import FloatArray, Reading, decide, name_scores, temper_task
from model.net.encoding import Pair, Window
from model.net.network import probabilities
from model.records import Article, Prediction, article_id
from model.tasks import STANCE
from model.text.sentences import segment
from model.text.stances import draft_stances, holder_words
from model.text.surroundings import Surroundings

_WINDOW_SENTENCES = 1024  # sentences sorted by length together; bounds the memory of a stream
_BATCH_TOKENS = 4096  # padded tokens of one pass through the network


class _TextReading(NamedTuple):
    """Of one window: by task the tag probabilities of its own words (words, labels, tags), and
    the probabilities of the labels."""

    tags: dict[str, FloatArray]
    classes: dict[str, FloatArray]


class Classifier:
    """Predicts stances and loaded terms; made by `load`."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint

    @overload
    def predict(self, source: str | Article | Sequence[str | Article]) -> list[Prediction]: ...
    @overload
    def predict(self, source: Iterable[str | Article]) -> Iterable[Prediction]: ...
    def predict(self, source: str | Article | Iterable[str | Article]) -> Iterable[Prediction]:
        """A prediction for each sentence, in order: a list, or for an iterator an iterator."""
        if isinstance(source, str | Article):
            return list(self.predict_stream([source]))
        if isinstance(source, Sequence):
            return list(self.predict_stream(source))
        return self.predict_stream(source)

    def predict_stream(self, source: Iterable[str | Article]) -> Iterator[Prediction]:
        """Predictions as an iterator, in order, over any number of articles in bounded memory."""
        return self.complete_stream(
            draft for item in source for draft in self.draft(as_article(item))
        )

    def complete_stream(self, drafts: Iterable[Prediction]) -> Iterator[Prediction]:
        """`complete` over any number of drafts, in order, in bounded memory."""
        drafts = iter(drafts)
        surroundings = Surroundings(self.checkpoint.context)
        while window := list(itertools.islice(drafts, _WINDOW_SENTENCES)):
            yield from self._complete(window, surroundings)

    def draft(self, article: Article) -> list[Prediction]:
        """The sentences of an article with voices and stances to judge, nothing predicted yet."""
        sentences = segment(article)
        mentions = self.checkpoint.targets.find_mentions([s.text for s in sentences])
        return [
            Prediction.extend(
                sentence,
                outlet=article.outlet,
                published=article.published,
                url=article.url,
                stances=draft_stances(found, sentence.voices),
                loaded_terms=(),
            )
            for sentence, found in zip(sentences, mentions, strict=True)
        ]

    def complete(self, drafts: Sequence[Prediction]) -> list[Prediction]:
        """The drafts with the network's labels and spans; targets and voices stay as they came."""
        return self._complete(drafts, Surroundings(self.checkpoint.context))

    def classify(self, task: str, pairs: Sequence[tuple[str, str]]) -> list[dict[str, float]]:
        """For each (text, second text) the probabilities of a pair task's labels."""
        (found,) = [t for t in self.checkpoint.network.tasks if t.name == task]
        read = self.read_pairs(task, pairs)
        return [name_scores(found.labels, temper_task(self.checkpoint, task, s)) for s in read]

    def read_pairs(self, task: str, pairs: Sequence[tuple[str, str]]) -> list[FloatArray]:
        """The probabilities that `classify` names, before any temperature."""
        encoded = self.checkpoint.encoder.pairs([(text, second, "") for text, second in pairs])
        return self._classify(encoded, task)

    def represent(self, texts: Sequence[str]) -> FloatArray:
        """What the encoder makes of each text by itself, (texts, width): the mean of its last
        states, over the windows of a long text."""
        windows = self.checkpoint.encoder.windows(texts)
        flat = [window for listed in windows for window in listed]
        states = np.empty((len(flat), self.checkpoint.network.encoder.config.hidden_size))
        for batch in _batches([len(window.input_ids) for window in flat]):
            with torch.inference_mode():
                inputs = self._inputs([flat[number] for number in batch])
                states[batch] = self.checkpoint.network.represent(**inputs).double().cpu().numpy()
        ends = np.cumsum([len(listed) for listed in windows])
        return np.array(
            [
                states[end - len(listed) : end].mean(axis=0)
                for listed, end in zip(windows, ends, strict=True)
            ]
        ).reshape(len(texts), states.shape[1])

    def read(self, drafts: Sequence[Prediction]) -> list[Reading]:
        """What the network makes of each draft; `decide` turns it into predictions."""
        return self._read_drafts(drafts, Surroundings(self.checkpoint.context))

    def decide(self, drafts: Sequence[Prediction], readings: Sequence[Reading]) -> list[Prediction]:
        """The drafts with labels, spans and how sure they are, by the checkpoint's calibration."""
        return [
            decide(self.checkpoint, draft, reading)
            for draft, reading in zip(drafts, readings, strict=True)
        ]

    def _complete(
        self, drafts: Sequence[Prediction], surroundings: Surroundings
    ) -> list[Prediction]:
        return self.decide(drafts, self._read_drafts(drafts, surroundings))

    def _read_drafts(
        self, drafts: Sequence[Prediction], surroundings: Surroundings
    ) -> list[Reading]:
        contexts = surroundings.read(drafts)
        windows = self.checkpoint.encoder.windows([draft.text for draft in drafts], contexts)
        read = iter(self._read([window for listed in windows for window in listed]))
        scores = iter(self._judge(drafts, contexts))
        tasks = [task for task in self.checkpoint.network.tasks if not task.pair]
        readings = []
        for draft, listed in zip(drafts, windows, strict=True):
            parts = [next(read) for _ in listed]
            readings.append(
                Reading(
                    windows=listed,
                    stances=[next(scores) for _ in draft.stances],
                    tags={
                        t.name: [p.tags[t.name] for p in parts] for t in tasks if t.kind == "tag"
                    },
                    classes={
                        task.name: np.mean([part.classes[task.name] for part in parts], axis=0)
                        for task in tasks
                        if task.kind == "classify"
                    },
                )
            )
        return readings

    def _judge(
        self, drafts: Sequence[Prediction], contexts: Sequence[str] | None
    ) -> Sequence[FloatArray | None]:
        """The probabilities of each stance of the drafts in turn; None where no head judges it."""
        asked = [(number, s) for number, draft in enumerate(drafts) for s in draft.stances]
        if STANCE not in self.checkpoint.network.tasks:
            return [None] * len(asked)
        pairs = self.checkpoint.encoder.pairs(
            [
                (
                    holder_words(drafts[number].text, drafts[number].voices, stance),
                    self.checkpoint.targets.targets[stance.target].name,
                    stance.mentions[0].text if stance.mentions else "",
                )
                for number, stance in asked
            ],
            None if contexts is None else [contexts[number] for number, _ in asked],
        )
        return self._classify(pairs, STANCE.name)

    def _read(self, windows: Sequence[Window]) -> list[_TextReading]:
        """For each window what all tasks make of it that read the sentence alone."""
        tasks = [task for task in self.checkpoint.network.tasks if not task.pair]
        if not tasks:
            return [_TextReading({}, {}) for _ in windows]
        results: dict[int, _TextReading] = {}
        for batch in _batches([len(window.input_ids) for window in windows]):
            logits = self._run([windows[number] for number in batch])
            arrays = {task.name: probabilities(logits[task.name]).cpu().numpy() for task in tasks}
            for row, number in enumerate(batch):
                results[number] = _TextReading(
                    tags={
                        task.name: arrays[task.name][row, windows[number].first_tokens]
                        for task in tasks
                        if task.kind == "tag"
                    },
                    classes={
                        task.name: arrays[task.name][row]
                        for task in tasks
                        if task.kind == "classify"
                    },
                )
        return [results[number] for number in range(len(windows))]

    def _classify(self, pairs: Sequence[Pair], task: str) -> list[FloatArray]:
        """For each pair the probabilities of the task's labels."""
        results: list[FloatArray] = [np.empty(0)] * len(pairs)
        for batch in _batches([len(pair.input_ids) for pair in pairs]):
            logits = self._run([pairs[number] for number in batch])[task]
            for number, row in zip(batch, probabilities(logits).cpu().numpy(), strict=True):
                results[number] = row
        return results

    @torch.inference_mode()
    def _run(self, rows: Sequence[Window | Pair]) -> dict[str, torch.Tensor]:
        outputs: dict[str, torch.Tensor] = self.checkpoint.network(**self._inputs(rows))
        return outputs

    def _inputs(self, rows: Sequence[Window | Pair]) -> dict[str, torch.Tensor]:
        """Ids, mask and types of rows padded to one length, where the network is."""
        padding = self.checkpoint.encoder.tokenizer.pad_token_id
        length = max(len(row.input_ids) for row in rows)
        ids = torch.full((len(rows), length), padding)
        types = torch.zeros((len(rows), length), dtype=torch.long)
        mask = torch.zeros((len(rows), length), dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row.input_ids)] = torch.tensor(row.input_ids)
            types[number, : len(row.input_ids)] = torch.tensor(row.token_type_ids)
            mask[number, : len(row.input_ids)] = 1
        device = next(self.checkpoint.network.parameters()).device
        return {
            "input_ids": ids.to(device),
            "attention_mask": mask.to(device),
            "token_type_ids": types.to(device),
        }


def load(path: str | Path) -> Classifier:
    """The classifier of a checkpoint directory. CheckpointError where there is none."""
    return Classifier(load_checkpoint(path))


def as_article(item: str | Article) -> Article:
    """A text alone as an article without headline, outlet and day."""
    if isinstance(item, Article):
        return item
    return Article(
        id=article_id("", item),
        outlet="",
        published=None,
        url=None,
        headline="",
        text=item,
        source="text",
    )


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of rows of like length, shortest first, within the budget of padded tokens."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda number: (lengths[number], number)):
        if batch and lengths[number] * (len(batch) + 1) > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
