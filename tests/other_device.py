"""A device beside the CPU, for machines without one: it refuses the CPU's tensors, as a GPU does.

It computes on the CPU, so that what is trained on it must be what the CPU trains. Run as a module
this is a process that carries out commands on it: what it changes of torch lasts.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from model.net import checkpoint
from train.distill import distill
from train.finetune import finetune
from train.pretrain import pretrain

NAME = "other"
COMMANDS: dict[str, Callable[..., None]] = {
    "pretrain": pretrain,
    "finetune": finetune,
    "distill": distill,
}
_aten = torch.ops.aten
_MOVES = (_aten._to_copy.default, _aten.copy_.default)  # take tensors of two devices


class OtherTensor(Tensor):
    """One that lies on the device; `near` holds its values on the CPU."""

    near: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, near: Tensor) -> OtherTensor:
        made: OtherTensor = Tensor._make_wrapper_subclass(
            cls,
            near.size(),
            strides=near.stride(),
            storage_offset=near.storage_offset(),
            dtype=near.dtype,
            device=torch.device(NAME, 0),
        )
        made.near = near
        return made

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["near"], None

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})


def _compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What an operation gives; RuntimeError where it takes tensors of both devices."""
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    there = [isinstance(tensor, OtherTensor) for tensor in tensors]
    on_cpu = [tensor for tensor, is_there in zip(tensors, there, strict=True) if not is_there]
    if any(there) and func not in _MOVES and any(tensor.dim() for tensor in on_cpu):
        raise RuntimeError(f"{func} takes tensors of two devices, {NAME} and cpu")
    device = kwargs.get("device")
    goes_there = any(there) if device is None else torch.device(device).type == NAME
    near_args, near_kwargs = tree_map(_to_near, (args, kwargs))
    with torch._C._DisableTorchDispatch():
        found = func(*near_args, **near_kwargs)
    if func is _aten.copy_.default:
        return args[0]
    if not goes_there:
        return found
    found = tree_map(lambda leaf: OtherTensor(leaf) if isinstance(leaf, Tensor) else leaf, found)
    return return_and_correct_aliasing(func, args, kwargs, found)


def _to_near(leaf: Any) -> Any:
    if isinstance(leaf, OtherTensor):
        return leaf.near
    return torch.device("cpu") if isinstance(leaf, torch.device) else leaf


class _Operations(TorchDispatchMode):
    """Operations on tensors, and those that make some there from nothing."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with self:
            return _compute(func, args, kwargs or {})


class _Factories(TorchFunctionMode):
    """`torch.tensor`, which asks nothing else where it makes its tensor."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        if func in (torch.tensor, torch.as_tensor) and given.get("device") is not None:
            device = given.pop("device")
            return func(*args, **given).to(device)
        return func(*args, **given)


def set_up() -> None:
    """Make it the device of all trainings, and of all checkpoints that are read."""
    _setup_privateuseone_for_python_backend(NAME)
    torch.__future__.set_swap_module_params_on_conversion(True)  # else no module can go there
    torch.inference_mode = torch.no_grad  # type: ignore[assignment, misc]  # it hides operations
    os.environ["ACCELERATE_TORCH_DEVICE"] = f"{NAME}:0"
    read = checkpoint._read_network
    checkpoint._read_network = lambda *args: read(*args).to(NAME)


@contextmanager
def working() -> Iterator[None]:
    """What the device needs to be in use."""
    with _Operations(), _Factories():
        yield


def main() -> None:
    """Carry out lines of JSON, a command, a config and overrides; print all devices in use."""
    set_up()
    devices: set[str] = set()

    def note(module: nn.Module, given: Any, found: Any) -> None:
        devices.update(leaf.device.type for leaf in tree_leaves(found) if isinstance(leaf, Tensor))

    nn.modules.module.register_module_forward_hook(note)
    with working():
        for line in sys.stdin:
            name, config, overrides = json.loads(line)
            COMMANDS[name](Path(config), overrides, quiet=True)
    sys.stdout.write(" ".join(sorted(devices)))


if __name__ == "__main__":
    main()
