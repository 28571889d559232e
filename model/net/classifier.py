"""The classifier: articles in, predictions out, the same path for archives and for evaluation."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch

from model.net.checkpoint import Backend, Checkpoint, load_checkpoint
from model.net.deciding import FloatArray, Reading, decide, name_scores, temper_task
from model.net.encoding import Pair, Window
from model.net.light_layers import is_fast_in_bf16, lighten
from model.net.lines import single_lines
from model.net.network import FramingNetwork
from model.net.passes import Passes, as_single, collate
from model.records import Article, Prediction, article_id
from model.stopwatch import Watch, unwatched
from model.tasks import STANCE
from model.text.sentences import segment
from model.text.stances import draft_stances, holder_words
from model.text.surroundings import Surroundings

Precision = Literal["auto", "fp32", "bf16"]

_WINDOW_SENTENCES = 1024  # sentences sorted by length together; bounds the memory of a stream


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

    def complete_stream(
        self, drafts: Iterable[Prediction], watch: Watch = unwatched
    ) -> Iterator[Prediction]:
        """`complete` over any number of drafts, in order, in bounded memory."""
        drafts = iter(drafts)
        surroundings, passes = Surroundings(self.checkpoint.context), Passes(self.checkpoint)
        while window := list(itertools.islice(drafts, _WINDOW_SENTENCES)):
            readings = self._read(window, surroundings, passes, watch)
            with watch("decoding"):
                predictions = self.decide(window, readings)
            yield from predictions

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
        return self.decide(drafts, self.read(drafts))

    def classify(self, task: str, pairs: Sequence[tuple[str, str]]) -> list[dict[str, float]]:
        """For each (text, second text) the probabilities of a pair task's labels."""
        (found,) = [t for t in self.checkpoint.network.tasks if t.name == task]
        read = self.read_pairs(task, pairs)
        return [name_scores(found.labels, temper_task(self.checkpoint, task, s)) for s in read]

    def read_pairs(self, task: str, pairs: Sequence[tuple[str, str]]) -> list[FloatArray]:
        """The probabilities that `classify` names, before any temperature."""
        encoded = self.checkpoint.encoder.pairs([(text, second, ()) for text, second in pairs])
        return [result.classes[task] for result in Passes(self.checkpoint).read(encoded)]

    def represent(self, texts: Sequence[str]) -> FloatArray:
        """What the encoder makes of each text by itself, (texts, width): the mean of its last
        states, over the windows of a long text."""
        network = self.checkpoint.trained
        windows = self.checkpoint.encoder.windows(texts)
        flat = [window for listed in windows for window in listed]
        states = np.empty((len(flat), network.encoder.config.hidden_size))
        for lines, length in single_lines([len(window.input_ids) for window in flat]):
            with torch.inference_mode():
                inputs = collate(self.checkpoint, [[flat[n]] for (n,) in lines], length)
                found = network.represent(**as_single(inputs)).double().cpu().numpy()
            states[[number for (number,) in lines]] = found
        ends = np.cumsum([len(listed) for listed in windows])
        return np.array(
            [
                states[end - len(listed) : end].mean(axis=0)
                for listed, end in zip(windows, ends, strict=True)
            ]
        ).reshape(len(texts), states.shape[1])

    def read(self, drafts: Sequence[Prediction]) -> list[Reading]:
        """What the network makes of each draft; `decide` turns it into predictions."""
        return self._read(drafts, Surroundings(self.checkpoint.context), Passes(self.checkpoint))

    def encode(
        self, drafts: Sequence[Prediction], surroundings: Surroundings
    ) -> tuple[list[list[Window]], Sequence[Pair]]:
        """What the network reads of the drafts: the windows of each, and a pair for each stance."""
        contexts = surroundings.read(drafts)
        windows = self.checkpoint.encoder.windows([draft.text for draft in drafts], contexts)
        return windows, self._pairs(drafts, contexts)

    def decide(self, drafts: Sequence[Prediction], readings: Sequence[Reading]) -> list[Prediction]:
        """The drafts with labels, spans and how sure they are, by the checkpoint's calibration."""
        return [
            decide(self.checkpoint, draft, reading)
            for draft, reading in zip(drafts, readings, strict=True)
        ]

    def _read(
        self,
        drafts: Sequence[Prediction],
        surroundings: Surroundings,
        passes: Passes,
        watch: Watch = unwatched,
    ) -> list[Reading]:
        tasks = [task for task in self.checkpoint.network.tasks if not task.pair]
        with watch("tokenizer"):
            windows, pairs = self.encode(drafts, surroundings)
            flat = [window for listed in windows for window in listed] if tasks else []
        with watch("model"):
            results = passes.read([*flat, *pairs])
        read, scores = iter(results[: len(flat)]), iter(results[len(flat) :])
        readings = []
        for draft, listed in zip(drafts, windows, strict=True):
            parts = [next(read) for _ in listed] if tasks else []
            readings.append(
                Reading(
                    windows=listed,
                    stances=[
                        next(scores).classes[STANCE.name] if pairs else None for _ in draft.stances
                    ],
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

    def _pairs(
        self, drafts: Sequence[Prediction], contexts: Sequence[str] | None
    ) -> Sequence[Pair]:
        """What is read for each stance of the drafts in turn; nothing where no head judges them."""
        if STANCE not in self.checkpoint.network.tasks:
            return []
        asked = [(number, s) for number, draft in enumerate(drafts) for s in draft.stances]
        names = self.checkpoint.targets.targets
        words = (holder_words(drafts[n].text, drafts[n].voices, stance) for n, stance in asked)
        return self.checkpoint.encoder.pairs(
            [
                (text, names[stance.target].name, mentions)
                for (text, mentions), (_, stance) in zip(words, asked, strict=True)
            ],
            None if contexts is None else [contexts[number] for number, _ in asked],
        )


def load(
    path: str | Path, precision: Precision = "auto", backend: Backend | None = None
) -> Classifier:
    """The classifier of a checkpoint directory, or of what was exported of one. CheckpointError
    where there is none, or none for the `backend` named.

    `auto`: in bf16 on a processor or a GPU that multiplies bf16 matrices, which is several times as
    fast and changes a label in a near-tie at most. An exported graph computes as it was exported.
    """
    checkpoint = load_checkpoint(path, backend)
    network = checkpoint.network
    wants_bf16 = precision == "bf16" or (precision == "auto" and is_fast_in_bf16())
    if wants_bf16 and isinstance(network, FramingNetwork):
        lighten(network)
    return Classifier(checkpoint)


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
