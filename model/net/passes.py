"""Rows through the network: in batches of like length, equal rows just once."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from model.net.checkpoint import Checkpoint
from model.net.encoding import Pair, Window
from model.net.network import probabilities

FloatArray = npt.NDArray[np.float64]
Row = Window | Pair

BATCH_TOKENS = 2048  # padded tokens of one pass: more leave the cache between two operations
_LENGTH_STEP = 8  # of padded rows: oneDNN keeps kernels for each shape that it has met
_NO_WINDOW = -1
_MOST_KEPT = 8_192  # rows whose results are kept for equal ones: some 50 MB


class Result(NamedTuple):
    """What the network makes of a row, before any temperature: probabilities by task.

    `tags`: of a window's own words, (words, labels, tags). `classes`: of the labels.
    """

    tags: dict[str, FloatArray]
    classes: dict[str, FloatArray]


class Passes:
    """Runs a network over rows of any kind, all kinds in the same batches.

    Equal rows, also of later calls, are read once: bylines and boilerplate stand in many articles.
    So what a row gives may depend, in its last digits, on the rows before; a new object forgets.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._known: dict[bytes, Result] = {}

    def read(self, rows: Sequence[Row]) -> list[Result]:
        """For each row its result, in order."""
        keys = [_key(row) for row in rows]
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        fresh = {key: row for key, row in zip(keys, rows, strict=True) if key not in self._known}
        todo = list(fresh.items())
        for batch in batches([len(row.input_ids) for _, row in todo]):
            results = self._run([todo[number][1] for number in batch])
            for number, result in zip(batch, results, strict=True):
                self._known[todo[number][0]] = result
        return [self._known[key] for key in keys]

    @torch.inference_mode()
    def _run(self, rows: Sequence[Row]) -> Iterator[Result]:
        network = self._checkpoint.network
        logits = network(**collate(self._checkpoint, rows))
        found = {task: probabilities(values).cpu().numpy() for task, values in logits.items()}
        tags = [task.name for task in network.tasks if task.kind == "tag"]
        classes = [task.name for task in network.tasks if task.kind == "classify"]
        for place, row in enumerate(rows):
            # Copies: a view would keep the whole batch in memory.
            yield Result(
                {name: found[name][place, row.first_tokens] for name in tags}
                if isinstance(row, Window)
                else {},
                {name: found[name][place].copy() for name in classes},
            )


def collate(checkpoint: Checkpoint, rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """Ids, mask and types of rows padded to one length, where the network is."""
    longest = max(len(row.input_ids) for row in rows)
    length = min(_padded(longest), checkpoint.encoder.max_length)  # the network has no more places
    ids = np.full((len(rows), length), checkpoint.encoder.tokenizer.pad_token_id, dtype=np.int64)
    types = np.zeros_like(ids)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        end = len(row.input_ids)
        ids[number, :end] = row.input_ids
        types[number, :end] = row.token_type_ids
        mask[number, :end] = 1
    device = checkpoint.network.device
    return {
        "input_ids": torch.from_numpy(ids).to(device),
        "attention_mask": torch.from_numpy(mask).to(device),
        "token_type_ids": torch.from_numpy(types).to(device),
    }


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of rows of like length, shortest first, within the budget of padded tokens."""
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda number: (lengths[number], number)):
        if batch and _padded(lengths[number]) * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch


def _padded(length: int) -> int:
    return -(-length // _LENGTH_STEP) * _LENGTH_STEP


def _key(row: Row) -> bytes:
    """Equal for rows of which the network must make the same; much smaller than the row."""
    first = row.first_tokens if isinstance(row, Window) else [_NO_WINDOW]
    parts = (row.input_ids, row.token_type_ids, first)
    return array("i", [number for part in parts for number in (len(part), *part)]).tobytes()
