"""int8 in place of fp32 in the products of an exported graph."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from model.net.exporting import hushed, is_large
from model.net.graph import GRAPH, GRAPH_DATA
from model.net.network import FramingNetwork

_FOLDER = "int8"
_PRODUCTS = ("MatMul", "Gemm")


def quantize_graph(network: FramingNetwork, folder: Path, *, spares_wide: bool) -> Path:
    """A copy of the network's graph in `folder` whose products are in int8; where it lies.

    The heads stay in fp32; with `spares_wide`, also what reads more numbers than the encoder is
    wide: the activations inside a layer, which int8 serves worst. Weights are of 7 bits and by
    channel: 8 overflow on processors without VNNI. What a product reads is scaled anew in each
    batch, by the largest number in any of its rows.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    graph = onnx.load(folder / GRAPH, load_external_data=False).graph
    spared = _heads(graph, {task.name for task in network.tasks})
    if spares_wide:
        width = network.encoder.config.hidden_size
        rows = {weights.name: weights.dims[0] for weights in graph.initializer if weights.dims}
        spared += [
            node.name
            for node in graph.node
            if node.op_type == "MatMul" and rows.get(node.input[1], 0) > width
        ]
    path = folder / _FOLDER / GRAPH
    shutil.rmtree(path.parent, ignore_errors=True)
    path.parent.mkdir()
    with hushed():
        quantize_dynamic(
            folder / GRAPH,
            path,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=spared,
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            use_external_data_format=is_large(network),
        )
    return path


def take_graph(folder: Path, graph: Path) -> None:
    """Put a quantized graph in the place of the one in `folder`."""
    (folder / GRAPH_DATA).unlink(missing_ok=True)
    for file in graph.parent.iterdir():
        file.replace(folder / file.name)
    graph.parent.rmdir()


def _heads(graph: Any, outputs: set[str]) -> list[str]:
    """The last product before each of these outputs, and as what the quantizer rewrites it."""
    made_by = {name: node for node in graph.node for name in node.output}
    heads = []
    for output in outputs:
        node = made_by[output]
        while node.op_type not in _PRODUCTS:
            node = next(made_by[name] for name in node.input if name in made_by)
        heads += [node.name, f"{node.name}_MatMul"]
    return heads
