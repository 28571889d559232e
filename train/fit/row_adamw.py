"""AdamW that leaves alone the rows of an embedding table that no token of the step reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm


class RowAdamW(torch.optim.AdamW):
    """torch's fused AdamW; a table is updated only in the rows that have a gradient.

    Tables are parameters with a sparse gradient, and those of groups with `rows`. Weights, both
    moments and weight decay of the other rows stay as they are, as SparseAdam and LazyAdam do it;
    bias is corrected by the number of steps of the whole table. All else is torch.optim.AdamW.
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
            state["exp_avg"] = torch.zeros_like(parameter)
            state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] += 1
        step, lr, (beta1, beta2) = state["step"].item(), group["lr"], group["betas"]
        if self.grad_scale is not None:
            values = values / self.grad_scale
        first = state["exp_avg"][rows].lerp_(values, 1 - beta1)
        second = state["exp_avg_sq"][rows].mul_(beta2).addcmul_(values, values, value=1 - beta2)
        spread = second.sqrt().div_((1 - beta2**step) ** 0.5).add_(group["eps"])
        weights = parameter[rows].mul_(1 - lr * group["weight_decay"])
        weights.addcdiv_(first, spread, value=-lr / (1 - beta1**step))
        state["exp_avg"][rows] = first
        state["exp_avg_sq"][rows] = second
        parameter[rows] = weights


def _rows_of(gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The numbers of the rows that a gradient touches, and what it holds for them."""
    if gradient.is_sparse:
        gradient = gradient.coalesce()
        return gradient.indices()[0], gradient.values()
    rows = gradient.ne(0).any(1).nonzero().squeeze(1)
    return rows, gradient[rows]
