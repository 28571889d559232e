"""`transformers.Trainer` over passes of masked rows, and what it tells on the way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler
from transformers import TrainerCallback, TrainingArguments

from model.archive.write import write_text
from train.fit.pretrain.card import BESIDE
from train.fit.pretrain.corpus import Ids
from train.fit.pretrain.masking import MaskedRows, Masker, Passes
from train.fit.pretrain.network import ComparingNetwork, MaskedWordNetwork, ReplacedTokenNetwork
from train.fit.resume.sealed_trainer import SealedTrainer

HELD_OUT_RATE = 0.15  # of tokens masked in held-out rows, whatever the training masks
_HELD_OUT_SEED = 20_240
_LOSS = "eval_loss"


class PretrainTrainer(SealedTrainer):
    """Trains on `passes`, which the Trainer sees as one long epoch; all chance lies in them."""

    def __init__(
        self,
        network: MaskedWordNetwork | ReplacedTokenNetwork,
        args: TrainingArguments,
        *,
        passes: Passes,
        held_out: Ids,
        held_out_masker: Masker,
        make_optimizer: Callable[[nn.Module], torch.optim.Optimizer],
        callbacks: list[TrainerCallback],
    ) -> None:
        super().__init__(
            model=network,
            args=args,
            train_dataset=passes,
            eval_dataset=held_out,
            callbacks=callbacks,
        )
        self._passes = passes
        self._held_out = held_out
        self._held_out_masker = held_out_masker
        self._make_optimizer = make_optimizer
        self.loss_is_scaled_for_ga = True

    def get_train_dataloader(self) -> DataLoader[Any]:
        """The passes of this process. Nothing else may divide them among processes once more."""
        args = self.args
        return DataLoader(
            self._passes,
            batch_sampler=_Turns(
                len(self._passes),
                args.gradient_accumulation_steps,
                args.process_index,
                args.world_size,
            ),
            collate_fn=_only,
            generator=torch.Generator(),  # else the loader draws from the training's own chance
        )

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Called by the Trainer once the network stands."""
        self.optimizer: Any = self._make_optimizer(self.model)
        return self.optimizer

    def compute_loss(
        self,
        model: nn.Module,
        inputs: MaskedRows,
        return_outputs: bool = False,
        num_items_in_batch: Tensor | None = None,
    ) -> Tensor:
        """This pass's part of the step's loss: all passes guess as many words."""
        loss: Tensor = model(**inputs) / self.args.gradient_accumulation_steps
        return loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The mean loss over the held-out rows, masked alike each time, as `eval_loss`; beside it
        the means of what is measured besides (`BESIDE`), `eval_` before its name."""
        network = self.accelerator.unwrap_model(self.model)
        was_training = network.training
        network.eval()
        rows_a_pass = self._passes.rows_a_pass
        chance = np.random.default_rng(_HELD_OUT_SEED)
        total, count = 0.0, 0
        beside: dict[str, list[float]] = {}
        with torch.inference_mode():
            for first in range(0, len(self._held_out), rows_a_pass):
                rows = np.asarray(self._held_out[first : first + rows_a_pass])
                masked = self._prepare_inputs(
                    self._held_out_masker.mask(rows, HELD_OUT_RATE, chance)
                )
                num_words = len(masked["words"])
                total += float(network(**masked)) * num_words
                count += num_words
                for name, value in self._beside(network, rows, first):
                    beside.setdefault(f"eval_{name}", []).append(float(value))
        metrics = {_LOSS: total / count}
        metrics |= {name: float(np.mean(values)) for name, values in beside.items()}
        network.train(was_training)
        self.log(dict(metrics))
        self.control: Any = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    def _beside(self, network: nn.Module, rows: Ids, first: int) -> Iterator[tuple[str, Tensor]]:
        """What is measured of some held-out rows, `first` the number of the first one, besides."""
        if not isinstance(network, ComparingNetwork):
            return
        # Chance of their own: the same words are masked where nothing is compared.
        drawn = np.random.default_rng((_HELD_OUT_SEED, first))
        pairs = self._prepare_inputs(self._passes.compare(rows, drawn))
        if len(pairs["relations"]):
            yield "compared_loss", network.compare(pairs)
        if network.keeps_states:
            plain = self._prepare_inputs({"ids": torch.from_numpy(rows.astype(np.int64))})
            yield "changed_states", network.changed_states(plain["ids"])


class _Turns(Sampler[list[int]]):
    """The numbers of one process's passes, each by itself, in order."""

    def __init__(self, num_passes: int, passes_a_step: int, rank: int, world_size: int) -> None:
        self._num_passes = num_passes
        self._passes = passes_a_step
        self._rank = rank
        self._world_size = world_size

    def __len__(self) -> int:
        return self._num_passes // self._world_size

    def __iter__(self) -> Iterator[list[int]]:
        step = self._passes * self._world_size
        for first in range(self._rank * self._passes, self._num_passes, step):
            for number in range(first, first + self._passes):
                yield [number]


def _only(passes: list[MaskedRows]) -> MaskedRows:
    (one,) = passes
    return one


class StepEnds(TrainerCallback):  # type: ignore[misc]
    """Logs, measures the held-out loss and saves at the steps asked for, and at the last one."""

    def __init__(self, num_steps: int, *, eval_steps: int, save_steps: int) -> None:
        self._num_steps = num_steps
        self._eval_steps = eval_steps
        self._save_steps = save_steps

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called by the Trainer behind each step."""
        step = state.global_step
        is_last = step == self._num_steps
        control.should_evaluate = is_last or step % self._eval_steps == 0
        control.should_save = is_last or step % self._save_steps == 0
        # No checkpoint holds the loss since the last log, so that each save is logged, too.
        control.should_log = control.should_evaluate or control.should_save


class Pace(TrainerCallback):  # type: ignore[misc]
    """Tells of each held-out loss with the speed and the time left, and keeps a file of it.

    The file has a line of JSON for each: step, tokens, seconds of training so far (all sittings),
    held-out loss, and what was measured besides. Times stand nowhere else, so
    that the metrics of two equal runs are equal.
    """

    def __init__(self, path: Path, tokens_a_step: int, tell: Callable[[str], None]) -> None:
        self._path = path
        self._tokens_a_step = tokens_a_step
        self._tell = tell
        self._lines: list[dict[str, float]] = []
        self._before = 0.0
        self._first_step = 0
        self._start = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Called before the first step, of this sitting or of all."""
        self._start = time.monotonic()
        self._first_step = state.global_step
        self._lines = [line for line in _read(self._path) if line["step"] <= state.global_step]
        self._before = self._lines[-1]["seconds"] if self._lines else 0.0

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, float], **_: Any
    ) -> None:
        """Called behind each held-out loss."""
        if not state.is_world_process_zero:
            return
        step = state.global_step
        seconds = time.monotonic() - self._start
        done = step - self._first_step
        tokens = step * self._tokens_a_step
        line = {"step": step, "tokens": tokens, "seconds": round(self._before + seconds, 1)}
        line["held_out_loss"] = metrics[_LOSS]
        told = f"held-out loss {metrics[_LOSS]:.3f}"
        for name, what in BESIDE.items():
            if (value := metrics.get(f"eval_{name}")) is not None:
                line[name] = value
                told += f", {what} {value:.3f}"
        self._lines.append(line)
        write_text(self._path, "".join(json.dumps(line) + "\n" for line in self._lines))
        left = (state.max_steps - step) * seconds / max(done, 1)
        self._tell(
            f"step {step:,} of {state.max_steps:,}, {tokens / 1e6:.1f} million tokens: "
            f"{told}; {done * self._tokens_a_step / seconds:,.0f} tokens/s, "
            f"{left / 60:.0f} min left"
        )


def _read(path: Path) -> list[dict[str, float]]:
    """The lines of an earlier sitting; none of a file that is not there or cut."""
    try:
        text = path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]
    except (OSError, ValueError):
        return []
