"""The network as an ONNX graph, run by onnxruntime: what `nabra export` makes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.errors import CheckpointError, NabraError
from model.tasks import Task

GRAPH = "model.onnx"
GRAPH_DATA = f"{GRAPH}.data"  # weights of a graph too large for one file
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
# The first one that there is. TF32 would cost three digits of what fp32 gives.
_PROVIDERS = {"CUDAExecutionProvider": {"use_tf32": 0}, "CPUExecutionProvider": {}}


class GraphNetwork:
    """Takes what a FramingNetwork takes and gives the same logits; it holds no weights to train.

    It computes with as many threads as torch does when it is made.
    """

    device = torch.device("cpu")  # where it takes its inputs from, whatever it runs on

    def __init__(self, path: Path, tasks: Sequence[Task]) -> None:
        self.tasks = tuple(tasks)
        self._session = _open(path)
        outputs = [output.name for output in self._session.get_outputs()]
        if outputs != [task.name for task in tasks]:
            what = f"gives {', '.join(outputs)}, and nabra.json names other tasks"
            raise CheckpointError(path, what, "export it again")

    def __call__(self, **inputs: Tensor) -> dict[str, Tensor]:
        """As of `FramingNetwork.forward`."""
        names = [task.name for task in self.tasks]
        arrays = {name: inputs[name].numpy() for name in INPUTS}
        found = self._session.run(names, arrays)
        return {name: torch.from_numpy(a) for name, a in zip(names, found, strict=True)}


def _open(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError:
        what = "onnxruntime is not installed"
        raise NabraError(path, what, "pip install 'nabra[onnx]'") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors alone
    there = onnxruntime.get_available_providers()
    try:
        return onnxruntime.InferenceSession(
            path, options, providers=[each for each in _PROVIDERS.items() if each[0] in there]
        )
    except Exception as fault:  # onnxruntime's own errors have no common class
        what = f"cannot be run: {' '.join(str(fault).split())}"
        raise CheckpointError(path, what, "export it again") from None
