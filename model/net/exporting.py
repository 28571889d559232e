"""From a network to an ONNX graph in a folder of its own, compared with torch before it is named.

onnx and onnxscript are optional, so they are imported where they are used.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from model.errors import NabraError, OutputError
from model.net.agreement import Agreement
from model.net.checkpoint import RECORD, WEIGHTS, Checkpoint, change_record, checkpoint_hash
from model.net.encoding import MENTION, SECOND, WORDS
from model.net.graph import GRAPH, INPUTS, GraphNetwork
from model.net.network import FramingNetwork, probabilities

TOLERANCE = 1e-4  # of a probability, between torch and the graph, both in fp32
_LARGEST = 1_500_000_000  # bytes of weights in the graph's own file, whose form ends at 2 GB
_OPSET = 20
_EXAMPLE = (2, 8)  # rows and tokens of the batch that the network is traced with
_SEED = 0
_LIBRARIES = ("torch", "transformers", "onnx", "onnxscript", "onnxruntime")
_CARD = """
## This copy

`nabra export` made it: `{graph}` holds the network, in {precision}, and takes the place of
`{weights}`. `nabra predict` and `load` read the folder as they read a checkpoint, and compute with
`onnxruntime`.
"""


class Exported(NamedTuple):
    """A folder that is complete but not named yet, and the largest difference from torch."""

    building: Path
    largest_difference: float


def check_exporter(where: Path) -> None:
    """NabraError where a library that exporting needs is not installed."""
    for name in ("onnx", "onnxscript", "onnxruntime"):
        if importlib.util.find_spec(name) is None:
            raise NabraError(where, f"{name} is not installed", "pip install 'nabra[onnx]'")


@contextmanager
def build_export(checkpoint: Checkpoint, output: Path) -> Iterator[Exported]:
    """A copy of the checkpoint's folder with its graph in fp32 in place of the weights.

    It lies beside `output` under a hidden name until `commit_export` gives it its own; without
    that nothing stays of it. NabraError where the graph differs from torch by more than TOLERANCE;
    OSError where there is no room.
    """
    network = checkpoint.trained.to("cpu")
    building = output.with_name(f".{output.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        for file in sorted(checkpoint.path.iterdir()):
            if file.is_file() and file.name != WEIGHTS and not file.name.startswith("."):
                shutil.copyfile(file, building / file.name)
        write_graph(network, building / GRAPH)
        graph = GraphNetwork(building / GRAPH, network.tasks)
        difference = largest_difference(
            network, graph, checkpoint.encoder.max_length, len(checkpoint.encoder.tokenizer)
        )
        if not difference <= TOLERANCE:
            what = f"its graph differs from torch by {difference:.2g}, and {TOLERANCE} is allowed"
            raise NabraError(checkpoint.path, what, "predict with the checkpoint itself")
        yield Exported(building, difference)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def write_graph(network: FramingNetwork, path: Path) -> None:
    """Write the network's graph, of rows and tokens of any number; large weights beside it."""
    # Attention spelled out: fewer nodes than torch's own kernel becomes, and known ones.
    network.encoder.set_attn_implementation("eager")
    # A tensor for each: the exporter takes one that is given twice for one input.
    example = {name: torch.ones(_EXAMPLE, dtype=torch.long) for name in INPUTS}
    with hushed(), torch.no_grad():
        program = torch.onnx.export(
            network,
            (),
            kwargs=example,
            dynamo=True,
            dynamic_shapes={name: {0: "batch", 1: "length"} for name in INPUTS},
            output_names=[task.name for task in network.tasks],
            opset_version=_OPSET,
            verbose=False,
        )
        assert program is not None
        _forget_sources(program.model)
        program.save(path, external_data=is_large(network))


def largest_difference(
    network: FramingNetwork, graph: GraphNetwork, max_length: int, num_tokens: int
) -> float:
    """The largest difference between two probabilities of torch and of the graph.

    Over rows of ids by chance: one row and many, the shortest and the longest, padded and not.
    """
    middle = max(max_length // 3, 2)
    batches = [[2], [max_length], [2, middle, max_length], [middle] * 5, [2] * 9, [middle, 3, 2]]
    chance = np.random.default_rng(_SEED)
    found = [0.0]
    for lengths in batches:
        inputs = _random_rows(lengths, num_tokens, chance)
        with torch.inference_mode():
            expected, given = network(**inputs), graph(**inputs)
        is_read = inputs["attention_mask"].bool()
        for task in network.tasks:
            apart = (probabilities(expected[task.name]) - probabilities(given[task.name])).abs()
            found.append(float((apart[is_read] if task.kind == "tag" else apart).max()))
    return float(np.max(found))  # not a number where any of them is none


def commit_export(
    exported: Exported,
    checkpoint: Path,
    output: Path,
    *,
    precision: str,
    checked: Sequence[Agreement],
) -> None:
    """Say in the folder what it was made of, make it durable, and name it `output`.

    An earlier export there is replaced. `checked`: what a comparison on articles found. OSError
    where there is no room.
    """
    building = exported.building
    change_record(
        building,
        export={
            "format": "onnx",
            "precision": precision,
            "checkpoint_hash": checkpoint_hash(checkpoint),
            "largest_difference": exported.largest_difference,
            "checked": {
                each.task: {"compared": each.num_compared, "share": round(each.share, 6)}
                for each in checked
            },
            "versions": {name: version(name) for name in _LIBRARIES},
        },
    )
    card = _CARD.format(graph=GRAPH, weights=WEIGHTS, precision=precision)
    before = output.with_name(f".{output.name}.before")
    with (building / "README.md").open("a", encoding="utf-8") as stream:
        stream.write(card)
    for file in [*building.iterdir(), building]:
        _make_durable(file)
    shutil.rmtree(before, ignore_errors=True)
    if output.exists():
        output.rename(before)
    building.rename(output)
    _make_durable(output.parent)
    shutil.rmtree(before, ignore_errors=True)


def check_place(checkpoint: Path, output: Path, *, overwrite: bool) -> None:
    """OutputError where something lies at `output` that an export may not replace."""
    if not output.exists():
        return
    if output.resolve() == checkpoint.resolve():
        raise OutputError(output, "is the checkpoint itself", "choose another --output")
    if not (output / GRAPH).is_file() or not (output / RECORD).is_file():
        raise OutputError(output, "is there and no export", "choose another --output")
    if not overwrite:
        raise OutputError(output, "is there already", "add --overwrite, or choose another --output")


def _random_rows(
    lengths: list[int], num_tokens: int, chance: np.random.Generator
) -> dict[str, Tensor]:
    """Rows of these lengths, padded to the longest; the second half of each is a second text, and
    where the first is long enough, a token of it is a mention."""
    places = np.arange(max(lengths))
    ends = np.array(lengths)[:, None]
    mask = places < ends
    ids = chance.integers(num_tokens, size=mask.shape)
    types = np.select([places >= ends // 2, places == 1], [SECOND, MENTION], WORDS)
    rows = (np.where(mask, ids, 0), mask, mask * types)
    return {
        name: torch.from_numpy(np.asarray(row, dtype=np.int64))
        for name, row in zip(INPUTS, rows, strict=True)
    }


def is_large(network: FramingNetwork) -> bool:
    """Whether its weights have to lie beside the graph."""
    weights = [*network.parameters(), *network.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in weights) > _LARGEST


def _forget_sources(model: Any) -> None:
    """Drop the exporter's notes on which line of which file on this machine made each node."""
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()


def _make_durable(path: Path) -> None:
    if path.is_dir() and not hasattr(os, "O_DIRECTORY"):
        return  # Windows cannot open a folder.
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def hushed() -> Iterator[None]:
    """The exporters' notes on their own insides stay off the screen; errors come as exceptions."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
