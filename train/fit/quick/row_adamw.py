"""AdamW that leaves alone the rows of an embedding table that no token of the step reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm


class RowAdamW(torch.optim.AdamW):
    """torch's fused AdamW; a table is updated only in the rows that have a gradient.

    Tables are parameters with a sparse gradient, and those of groups with `rows`. A row goes at
    once all the way that AdamW's first moment would move it in this step and the steps behind it,
    and has no first moment; the other rows stay as they are. All else is torch.optim.AdamW.
    (Lazy and SparseAdam keep the moment, wait for the row's next turn, and learn a tenth of it.)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, fused=True)
        self.grad_scale: Tensor | None = None  # AdamW divides gradients by it in its own pass

    @torch.no_grad()
    def clip(self, max_norm: float) -> Tensor:
        """The norm of all gradients together; the next `step` scales them down to `max_norm`.

        Same result as torch.nn.utils.clip_grad_norm_, without a pass over the gradients for it.
        """
        gradients = []
        for _, parameter in self._with_gradients():
            if parameter.grad.is_sparse:
                parameter.grad = parameter.grad.coalesce()
                gradients.append(parameter.grad.values())
            else:
                gradients.append(parameter.grad)
        norm = get_total_norm(gradients)
        ratio = (norm + 1e-6) / max_norm
        self.grad_scale = ratio if ratio > 1 else None
        return norm

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; a `clip` before it counts for this step alone."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        tables = [
            (group, parameter, parameter.grad)
            for group, parameter in self._with_gradients()
            if parameter.grad.is_sparse or group.get("rows")
        ]
        for _, parameter, _ in tables:
            parameter.grad = None  # hides it from AdamW
        super().step()
        for group, parameter, gradient in tables:
            self._step_rows(group, parameter, *_rows_of(gradient))
            parameter.grad = gradient
        self.grad_scale = None
        return loss

    def _with_gradients(self) -> Iterator[tuple[dict[str, Any], Any]]:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    yield group, parameter

    def _step_rows(
        self, group: dict[str, Any], parameter: Tensor, rows: Tensor, values: Tensor
    ) -> None:
        state = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] += 1
        lr, beta2 = group["lr"], group["betas"][1]
        if self.grad_scale is not None:
            values = values / self.grad_scale
        second = state["exp_avg_sq"][rows].mul_(beta2).addcmul_(values, values, value=1 - beta2)
        state["exp_avg_sq"][rows] = second
        spread = second.div_(1 - beta2 ** state["step"].item()).sqrt_().add_(group["eps"])
        weights = parameter[rows].mul_(1 - lr * group["weight_decay"])
        parameter[rows] = weights.addcdiv_(values, spread, value=-lr)


def _rows_of(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The numbers of the rows that a gradient touches, and what it holds for them."""
    if gradient.is_sparse:
        gradient = gradient.coalesce()
        return gradient.indices()[0], gradient.values()
    rows = gradient.ne(0).any(1).nonzero().squeeze(1)
    return rows, gradient[rows]
