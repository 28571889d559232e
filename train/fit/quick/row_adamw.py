"""AdamW that touches the rows of an embedding table only when they are read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.utils.hooks import RemovableHandle

_CHUNK = 4096  # rows that are brought up to date together


class RowAdamW(torch.optim.AdamW):
    """torch's fused AdamW; in tables with a sparse gradient a row waits until it is read again.

    A step in which no token reads a row moves it all the same, by its momentum and by weight decay,
    and both follow from the steps alone. So a row makes them up at once, before it is read (in the
    tables of `follow`) or gets a gradient, and all rows do in `catch_up`: weights and state are
    then those of AdamW, but for rounding. (Lazy Adam and SparseAdam leave these moves out.)
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
        self._delays: dict[Tensor, _Delay] = {}

    def follow(self, network: nn.Module) -> list[RemovableHandle]:
        """Bring rows up to date before the network's sparse tables read them."""
        tables = [m for m in network.modules() if isinstance(m, nn.Embedding) and m.sparse]
        return [table.register_forward_pre_hook(self._before_reading) for table in tables]

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
            if parameter.grad.is_sparse
        ]
        for _, parameter, _ in tables:
            parameter.grad = None  # hides it from AdamW
        super().step()
        for group, parameter, gradient in tables:
            self._step_rows(group, parameter, gradient.coalesce())
            parameter.grad = gradient
        self.grad_scale = None
        return loss

    @torch.no_grad()
    def catch_up(self) -> None:
        """Bring all rows up to date: before weights or state are saved, or read past the hooks."""
        for table, delay in self._delays.items():
            for rows in torch.split(torch.arange(len(table)), _CHUNK):
                self._catch_up(table, rows)
            delay.forget()

    def state_dict(self) -> dict[str, Any]:
        """That of torch.optim.AdamW; call `catch_up` before."""
        assert not any(delay.num_steps for delay in self._delays.values()), "rows wait"
        found: dict[str, Any] = super().state_dict()
        return found

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """That of torch.optim.AdamW."""
        super().load_state_dict(state_dict)
        self._delays.clear()

    def _with_gradients(self) -> Iterator[tuple[dict[str, Any], Any]]:
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    yield group, parameter

    @torch.no_grad()
    def _before_reading(self, table: nn.Embedding, inputs: tuple[Tensor, ...]) -> None:
        if table.weight in self._delays:
            self._catch_up(table.weight, torch.unique(inputs[0]))

    def _step_rows(self, group: dict[str, Any], table: Tensor, gradient: Tensor) -> None:
        rows, values = gradient.indices()[0], gradient.values()
        state = self.state[table]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32)
            state["exp_avg"] = torch.zeros_like(table)
            state["exp_avg_sq"] = torch.zeros_like(table)
        if table not in self._delays:
            self._delays[table] = _Delay(len(table), int(state["step"]), group)
        self._catch_up(table, rows)
        state["step"] += 1
        step = int(state["step"])
        lr, (beta1, beta2) = group["lr"], group["betas"]
        if self.grad_scale is not None:
            values = values / self.grad_scale
        first = state["exp_avg"][rows].lerp_(values, 1 - beta1)
        second = state["exp_avg_sq"][rows].mul_(beta2).addcmul_(values, values, value=1 - beta2)
        state["exp_avg"][rows], state["exp_avg_sq"][rows] = first, second
        spread = second.div_(1 - beta2**step).sqrt_().add_(group["eps"])
        weights = table[rows].mul_(1 - lr * group["weight_decay"])
        table[rows] = weights.addcdiv_(first, spread, value=-lr / (1 - beta1**step))
        self._delays[table].advance(rows)

    def _catch_up(self, table: Tensor, rows: Tensor) -> None:
        """The steps that these rows have waited for, at once."""
        delay, state = self._delays[table], self.state[table]
        rows = rows[delay.waits(rows)]
        if not len(rows):
            return
        made_up = delay.make_up(rows, table.dtype)
        first, second = state["exp_avg"][rows], state["exp_avg_sq"][rows]
        move = first / second.sqrt().add_(made_up.eps)
        table[rows] = (table[rows] * made_up.decay).sub_(move.mul_(made_up.drift))
        state["exp_avg"][rows] = first.mul_(made_up.first)
        state["exp_avg_sq"][rows] = second.mul_(made_up.second)


class _MadeUp(NamedTuple):
    """By row, as (rows, 1): how far the momentum carries, what is kept of weight and moments."""

    drift: Tensor
    decay: Tensor
    eps: Tensor
    first: Tensor
    second: Tensor


class _Delay:
    """How far each row of a table is behind, and what the steps that it waits for come to.

    In step t a row whose last gradient came in step s moves by its first moment over the root of
    its second one, both of step s, times lr · (β1/√β2)^(t−s) · √(1−β2^t) / (1−β1^t): a sum over t
    that all rows of one s share. Only eps, beside the root, is held as in the first of these steps.
    """

    def __init__(self, num_rows: int, step: int, group: dict[str, Any]) -> None:
        self._group = group
        self._dates = torch.full((num_rows,), step)  # of each row: the step that it stands at
        self._step = step
        self.forget()

    @property
    def num_steps(self) -> int:
        """Made since all rows were up to date."""
        return len(self._drift) - 1

    def forget(self) -> None:
        """All rows are up to date."""
        self._dates.fill_(self._step)
        self._first = self._step
        self._drift = torch.zeros(1, dtype=torch.float64)  # by the step that a row stands at
        self._decay = torch.ones(1, dtype=torch.float64)

    def waits(self, rows: Tensor) -> Tensor:
        """Which of the rows are behind."""
        return self._dates[rows] < self._step

    def advance(self, rows: Tensor) -> None:
        """One step more; these rows took part in it."""
        self._step += 1
        lr, (beta1, beta2) = self._group["lr"], self._group["betas"]
        ages = torch.arange(len(self._drift), 0, -1, dtype=torch.float64)
        move = lr * math.sqrt(1 - beta2**self._step) / (1 - beta1**self._step)
        kept = 1 - lr * self._group["weight_decay"]
        now = torch.zeros(1, dtype=torch.float64)
        drift = self._drift * kept + move * (beta1 / math.sqrt(beta2)) ** ages
        self._drift = torch.cat((drift, now))
        self._decay = torch.cat((self._decay * kept, now + 1))
        self._dates[rows] = self._step

    def make_up(self, rows: Tensor, dtype: torch.dtype) -> _MadeUp:
        """What these rows have to make up; they are taken for up to date from now on."""
        dates = self._dates[rows]
        self._dates[rows] = self._step
        beta1, beta2 = self._group["betas"]
        age = (self._step - dates).double()
        eps = self._group["eps"] * ((1 - beta2 ** (dates + 1.0)) / beta2) ** 0.5
        factors = (
            self._drift[dates - self._first],
            self._decay[dates - self._first],
            eps,
            beta1**age,
            beta2**age,
        )
        return _MadeUp(*(factor.to(dtype).unsqueeze(1) for factor in factors))
