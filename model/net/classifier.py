"""The classifier: articles in, predictions out, the same path for archives and for evaluation."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt
import torch

from model.net.checkpoint import Checkpoint, load_checkpoint
from model.net.decoding import decode_spans
from model.net.encoding import Pair, Window
from model.net.network import stance_probabilities
from model.records import STANCE_LABELS, Article, LoadedTerm, Prediction, Stance, article_id
from model.text.attribution import attribute_terms
from model.text.sentences import segment
from model.text.stances import draft_stances, holder_words
from model.text.words import find_words

_WINDOW_SENTENCES = 1024  # sentences sorted by length together; bounds the memory of a stream
_BATCH_TOKENS = 4096  # padded tokens of one pass through the network


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
            draft for item in source for draft in self.draft(_as_article(item))
        )

    def complete_stream(self, drafts: Iterable[Prediction]) -> Iterator[Prediction]:
        """`complete` over any number of drafts, in order, in bounded memory."""
        drafts = iter(drafts)
        while window := list(itertools.islice(drafts, _WINDOW_SENTENCES)):
            yield from self.complete(window)

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
        encoder = self.checkpoint.encoder
        windows = encoder.windows([draft.text for draft in drafts])
        pairs = encoder.pairs(
            [
                (
                    holder_words(draft.text, draft.voices, stance),
                    self.checkpoint.targets.targets[stance.target].name,
                    stance.mentions[0].text if stance.mentions else "",
                )
                for draft in drafts
                for stance in draft.stances
            ]
        )
        flat_windows = [window for listed in windows for window in listed]
        tags = iter(self._tag(flat_windows))
        scores = iter(self._classify(pairs))
        return [
            replace(
                draft,
                stances=tuple(_judged(stance, next(scores)) for stance in draft.stances),
                loaded_terms=self._loaded_terms(draft, listed, [next(tags) for _ in listed]),
            )
            for draft, listed in zip(drafts, windows, strict=True)
        ]

    def _loaded_terms(
        self,
        draft: Prediction,
        windows: Sequence[Window],
        probabilities: Sequence[npt.NDArray[np.float64]],
    ) -> tuple[LoadedTerm, ...]:
        spans = decode_spans(draft.text, find_words(draft.text), windows, probabilities)
        lexicon = self.checkpoint.lexicon
        listed = [lexicon.look_up(draft.text[span.start : span.end]) for span in spans]
        return tuple(
            attribute_terms(
                draft.text,
                [
                    (span.start, span.end, span.category, entry is not None and entry.weak)
                    for span, entry in zip(spans, listed, strict=True)
                ],
                draft.voices,
                [(stance.target, m) for stance in draft.stances for m in stance.mentions],
                lexicon.name_term,
                [round(span.confidence, 6) for span in spans],
            )
        )

    def _tag(self, windows: Sequence[Window]) -> list[npt.NDArray[np.float64]]:
        """For each window the tag probabilities of its words (words, categories, tags)."""
        results: list[npt.NDArray[np.float64]] = [np.empty(0)] * len(windows)
        for batch in _batches([len(window.input_ids) for window in windows]):
            logits = self._run([windows[number] for number in batch])["tag_logits"]
            probabilities = torch.softmax(logits.double(), dim=-1).cpu().numpy()
            for row, number in enumerate(batch):
                results[number] = probabilities[row, windows[number].first_tokens]
        return results

    def _classify(self, pairs: Sequence[Pair]) -> list[npt.NDArray[np.float64]]:
        """For each pair the probabilities of the stance labels."""
        results: list[npt.NDArray[np.float64]] = [np.empty(0)] * len(pairs)
        for batch in _batches([len(pair.input_ids) for pair in pairs]):
            logits = self._run([pairs[number] for number in batch])["stance_logits"]
            for number, row in zip(batch, stance_probabilities(logits).cpu().numpy(), strict=True):
                results[number] = row
        return results

    @torch.inference_mode()
    def _run(self, rows: Sequence[Window | Pair]) -> dict[str, torch.Tensor]:
        padding = self.checkpoint.encoder.tokenizer.pad_token_id
        length = max(len(row.input_ids) for row in rows)
        ids = torch.full((len(rows), length), padding)
        types = torch.zeros((len(rows), length), dtype=torch.long)
        mask = torch.zeros((len(rows), length), dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row.input_ids)] = torch.tensor(row.input_ids)
            types[number, : len(row.input_ids)] = torch.tensor(row.token_type_ids)
            mask[number, : len(row.input_ids)] = 1
        network = self.checkpoint.network
        device = next(network.parameters()).device
        outputs: dict[str, torch.Tensor] = network(
            input_ids=ids.to(device),
            attention_mask=mask.to(device),
            token_type_ids=types.to(device),
        )
        return outputs


def load(path: str | Path) -> Classifier:
    """The classifier of a checkpoint directory. CheckpointError where there is none."""
    return Classifier(load_checkpoint(path))


def _as_article(item: str | Article) -> Article:
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


def _judged(stance: Stance, scores: npt.NDArray[np.float64]) -> Stance:
    best = int(scores.argmax())
    rounded = [round(float(value), 6) for value in scores]
    # What rounding took or gave goes to the largest, so that the three still sum to 1.
    rounded[best] = round(1.0 - sum(rounded) + rounded[best], 6)
    named: dict[str, float] = dict(zip(STANCE_LABELS, rounded, strict=True))
    return replace(stance, label=STANCE_LABELS[best], scores=named)


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
