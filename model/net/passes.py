"""Rows through the network: many in a pass, equal rows just once."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeGuard

import numpy as np
import numpy.typing as npt
import torch

from model.net.checkpoint import Checkpoint
from model.net.encoding import Pair, Window
from model.net.graph import GraphNetwork
from model.net.lines import shared_lines, single_lines
from model.net.network import NO_ROW, FramingNetwork, probabilities

FloatArray = npt.NDArray[np.float64]
Row = Window | Pair

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
        arrange = shared_lines if _can_share_lines(self._checkpoint.network) else single_lines
        for lines, length in arrange([len(row.input_ids) for _, row in todo]):
            results = self._run([[todo[number][1] for number in line] for line in lines], length)
            for number, result in zip(itertools.chain(*lines), results, strict=True):
                self._known[todo[number][0]] = result
        return [self._known[key] for key in keys]

    @torch.inference_mode()
    def _run(self, lines: Sequence[Sequence[Row]], length: int) -> Iterator[Result]:
        """What the network makes of each row of the lines in turn."""
        network = self._checkpoint.network
        inputs = collate(self._checkpoint, lines, length)
        if _can_share_lines(network):
            logits = network.read_lines(**inputs)
        else:
            logits = network(**as_single(inputs))
        found = {task: probabilities(values).cpu().numpy() for task, values in logits.items()}
        tags = [task.name for task in network.tasks if task.kind == "tag"]
        classes = [task.name for task in network.tasks if task.kind == "classify"]
        for number, (place, start, row) in enumerate(_places(lines)):
            # Copies: a view would keep the whole batch in memory.
            yield Result(
                {name: found[name][place, start:][row.first_tokens] for name in tags}
                if isinstance(row, Window)
                else {},
                {name: found[name][number].copy() for name in classes},
            )


def collate(
    checkpoint: Checkpoint, lines: Sequence[Sequence[Row]], length: int
) -> dict[str, torch.Tensor]:
    """The inputs of `FramingNetwork.read_lines`, each (lines, length), where the network is.

    Lines with a row each are no longer than what the network reads.
    """
    if all(len(line) == 1 for line in lines):
        length = min(length, checkpoint.encoder.max_length)
    shape = len(lines), length
    ids = np.full(shape, checkpoint.encoder.tokenizer.pad_token_id, dtype=np.int64)
    rows = np.full(shape, NO_ROW, dtype=np.int64)
    types, positions = (np.zeros(shape, dtype=np.int64) for _ in range(2))
    for number, (place, start, row) in enumerate(_places(lines)):
        size = len(row.input_ids)
        filled = place, slice(start, start + size)
        ids[filled] = row.input_ids
        types[filled] = row.token_type_ids
        rows[filled] = number
        positions[filled] = np.arange(size)
    parts = {"input_ids": ids, "token_type_ids": types, "rows": rows, "position_ids": positions}
    device = checkpoint.network.device
    return {name: torch.from_numpy(part).to(device) for name, part in parts.items()}


def as_single(inputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The inputs of `FramingNetwork.forward`, from those of lines with a row each."""
    return {
        "input_ids": inputs["input_ids"],
        "attention_mask": (inputs["rows"] != NO_ROW).long(),
        "token_type_ids": inputs["token_type_ids"],
    }


def _can_share_lines(network: FramingNetwork | GraphNetwork) -> TypeGuard[FramingNetwork]:
    return isinstance(network, FramingNetwork) and network.can_share_lines


def _places(lines: Sequence[Sequence[Row]]) -> Iterator[tuple[int, int, Row]]:
    """Each row with the number of its line and where in this it begins."""
    for place, line in enumerate(lines):
        start = 0
        for row in line:
            yield place, start, row
            start += len(row.input_ids)


def _key(row: Row) -> bytes:
    """Equal for rows of which the network must make the same; much smaller than the row."""
    first = row.first_tokens if isinstance(row, Window) else [_NO_WINDOW]
    parts = (row.input_ids, row.token_type_ids, first)
    return array("i", [number for part in parts for number in (len(part), *part)]).tobytes()
