"""From labelled sentences to the rows that a network trains on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Dataset

from model.net.encoding import TextEncoder, Window
from model.net.network import IGNORED, TAGS
from model.records import LOADED_CATEGORIES, STANCE_LABELS, LabelledSentence, LoadedTerm
from model.text.stances import holder_words

_CATEGORY_NUMBER = {category: number for number, category in enumerate(LOADED_CATEGORIES)}
_STANCE_NUMBER = {label: number for number, label in enumerate(STANCE_LABELS)}
_BEGIN, _INSIDE = TAGS.index("B"), TAGS.index("I")

Row = dict[str, Any]


def make_rows(
    sentences: Sequence[LabelledSentence], encoder: TextEncoder, target_names: Mapping[str, str]
) -> list[Row]:
    """A tagging row for each window of a sentence and a stance row for each judged stance.

    Both kinds have the same keys; IGNORED stands for the label that a row has not.
    """
    rows: list[Row] = []
    for sentence, windows in zip(
        sentences, encoder.windows([s.text for s in sentences]), strict=True
    ):
        rows += [_tagging_row(window, sentence.loaded_terms) for window in windows]
    judged = [(s, stance) for s in sentences for stance in s.stances if stance.label is not None]
    pairs = encoder.pairs(
        [
            (
                holder_words(s.text, s.voices, stance),
                target_names[stance.target],
                stance.mentions[0].text if stance.mentions else "",
            )
            for s, stance in judged
        ]
    )
    for (_, stance), pair in zip(judged, pairs, strict=True):
        assert stance.label is not None
        rows.append(
            {
                "input_ids": pair.input_ids,
                "token_type_ids": pair.token_type_ids,
                "tag_labels": [[IGNORED] * len(LOADED_CATEGORIES)] * len(pair.input_ids),
                "stance_labels": _STANCE_NUMBER[stance.label],
                "stance_weights": 1.0 if stance.confidence is None else stance.confidence,
            }
        )
    return rows


def _tagging_row(window: Window, terms: Sequence[LoadedTerm]) -> Row:
    labels = [[IGNORED] * len(LOADED_CATEGORIES) for _ in window.input_ids]
    for token in window.first_tokens:
        labels[token] = [0] * len(LOADED_CATEGORIES)
    for term in terms:
        layer = _CATEGORY_NUMBER[term.category]
        tag = _BEGIN
        for token, (start, end) in zip(window.first_tokens, window.word_spans, strict=True):
            if start < term.end and term.start < end:
                labels[token][layer] = tag
                tag = _INSIDE
    return {
        "input_ids": window.input_ids,
        "token_type_ids": window.token_type_ids,
        "tag_labels": labels,
        "stance_labels": IGNORED,
        "stance_weights": 1.0,
    }


class TokenDropout(Dataset[Row]):
    """Rows in which, each time they are read, some tokens have become the unknown one.

    A small network then has to read the words around a word, too. Chance comes from torch, whose
    state the Trainer keeps, so that a resumed run draws what the whole run would have drawn.
    """

    def __init__(self, rows: Sequence[Row], probability: float, tokenizer: Any) -> None:
        self._rows = rows
        self._probability = probability
        self._unknown_id: int = tokenizer.unk_token_id
        self._special_ids = frozenset(tokenizer.all_special_ids)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Row:
        row = self._rows[number]
        chances = torch.rand(len(row["input_ids"])).tolist()
        ids = [
            self._unknown_id
            if chance < self._probability and token not in self._special_ids
            else token
            for token, chance in zip(row["input_ids"], chances, strict=True)
        ]
        return {**row, "input_ids": ids}


class Collator:
    """Pads the rows of a batch to its longest."""

    def __init__(self, pad_token_id: int) -> None:
        self.pad_token_id = pad_token_id

    def __call__(self, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
        length = max(len(row["input_ids"]) for row in rows)
        size = (len(rows), length)
        batch = {
            "input_ids": torch.full(size, self.pad_token_id),
            "attention_mask": torch.zeros(size, dtype=torch.long),
            "token_type_ids": torch.zeros(size, dtype=torch.long),
            "tag_labels": torch.full((*size, len(LOADED_CATEGORIES)), IGNORED),
        }
        for number, row in enumerate(rows):
            filled = len(row["input_ids"])
            batch["attention_mask"][number, :filled] = 1
            for name in ("input_ids", "token_type_ids", "tag_labels"):
                batch[name][number, :filled] = torch.tensor(row[name])
        batch["stance_labels"] = torch.tensor([row["stance_labels"] for row in rows])
        batch["stance_weights"] = torch.tensor([row["stance_weights"] for row in rows])
        return batch
