"""Trainings that end at a chosen operation on their files, in processes that are quick to start.

A server process imports torch once and forks for each training, whose files it may watch. Run as a
module this is the server: a line of JSON for each `Order` comes in, the `Ending`s go out.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from tests.small_run import CONFIG

ROOT = Path(__file__).parents[1]
KILLED = 137
CUT = ("open", "save", "save_file", "save_pretrained")  # operations that have a half


@dataclass(frozen=True)
class Order:
    """What to train, and what befalls it.

    `kill`: the operation that it dies at, "before" it or "half"-way: its number, or its name and
    path. `patches` sets names, written as "module:name", to other values. `signal`: a number, and
    the pass that it comes in; `later`: a number, and the seconds until it comes. `largest_file`:
    bytes that a file may have. `trace`: whether its operations are to be told.
    """

    arguments: Sequence[str]
    kill: int | str | None = None
    how: str = "before"
    patches: dict[str, Any] = field(default_factory=dict)
    code: str | None = None
    signal: tuple[int, int] | None = None
    later: tuple[int, float] | None = None
    largest_file: int | None = None
    trace: bool = False
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """A change of a file: what was done, to which path of the run's folder."""

    name: str
    path: str


@dataclass(frozen=True)
class Ending:
    """How a training ended; its operations where they were asked for."""

    status: int
    out: str
    err: str
    operations: list[Operation]


class Trainer:
    """The server, to be asked for trainings: `with Trainer(folder) as trainer`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.killable", str(folder)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Trainer:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()

    def train(self, *arguments: str, **options: Any) -> Ending:
        """One training to its end."""
        return self.train_together([Order(arguments, **options)])[0]

    def train_together(self, orders: Sequence[Order]) -> list[Ending]:
        """Trainings side by side; when one fails the others are ended, as torchrun does it."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps([asdict(order) for order in orders]) + "\n")
        self._server.stdin.flush()
        endings = json.loads(self._server.stdout.readline())
        return [
            Ending(**{**ending, "operations": [Operation(*o) for o in ending["operations"]]})
            for ending in endings
        ]


def as_processes(count: int, *arguments: str, **options: Any) -> list[Order]:
    """The orders of one training in several processes, with what torchrun tells each of them."""
    return [Order(arguments, environment=told, **options) for told in told_by_torchrun(count)]


def told_by_torchrun(count: int) -> list[dict[str, str]]:
    """The variables that make processes of this machine train together."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count)}
    return [shared | {"RANK": str(n), "LOCAL_RANK": str(n)} for n in range(count)]


def _serve(folder: Path) -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    _import_all()
    for line in sys.stdin:
        orders = [Order(**order) for order in json.loads(line)]
        children = {}
        for number, order in enumerate(orders):
            child = os.fork()
            if child == 0:
                _train(order, folder / str(number))
            children[child] = number
        timers = [
            threading.Timer(order.later[1], os.kill, (child, order.later[0]))
            for order, child in zip(orders, children, strict=True)
            if order.later
        ]
        for timer in timers:
            timer.start()
        endings = _wait(children, folder)
        for timer in timers:
            timer.cancel()
            timer.join()
        answers.write(json.dumps(endings) + "\n")
        answers.flush()


def _import_all() -> None:
    """All that a training imports, so that no child has to; and nothing of it started."""
    for name in (
        "accelerate.optimizer",
        "datasets",
        "model.net.classifier",
        "train.data.dataset",
        "train.finetune",
        "train.fit.checkpoints",
        "train.fit.records.curves",
        "train.judging",
        "train.repeats",
        "transformers.models.bert.modeling_bert",
        "transformers.models.bert.tokenization_bert",
    ):
        importlib.import_module(name)
    with suppress(ImportError):
        importlib.import_module("peft")
    importlib.import_module("train.steps").code_hash()
    gc.collect()
    gc.freeze()


def _wait(children: dict[int, int], folder: Path) -> list[dict[str, Any]]:
    endings: dict[int, dict[str, Any]] = {}
    while len(endings) < len(children):
        child, status = os.wait()
        place = folder / str(children[child])
        endings[child] = {
            "status": os.waitstatus_to_exitcode(status),
            "out": Path(f"{place}.out").read_text(encoding="utf-8"),
            "err": Path(f"{place}.err").read_text(encoding="utf-8"),
            "operations": json.loads(Path(f"{place}.operations").read_text(encoding="utf-8")),
        }
        if status:
            for other in children.keys() - endings.keys():
                os.kill(other, signal.SIGKILL)
    return [endings[child] for child in children]


def _train(order: Order, place: Path) -> NoReturn:
    """In a child of the server: the command itself, from its arguments to its status."""
    status = 1
    watch = _Watch(order.kill, order.how)
    try:
        Path(f"{place}.operations").write_text("[]", encoding="utf-8")
        for number, name in ((1, "out"), (2, "err")):
            handle = os.open(f"{place}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, number)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
        sys.stdin.close()
        os.environ.update(order.environment)
        _prepare(order)
        if order.trace or order.kill is not None:
            watch.start(_run_dir(order.arguments))
        from model.console import run_app
        from train.finetune import app

        sys.argv = ["finetune", CONFIG, *(part for a in order.arguments for part in _option(a))]
        run_app(app)
        status = 0
    except SystemExit as exit:
        status = exit.code if isinstance(exit.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        if order.trace:
            told = [list(vars(operation).values()) for operation in watch.operations]
            Path(f"{place}.operations").write_text(json.dumps(told), encoding="utf-8")
        os._exit(status)


def _option(argument: str) -> tuple[str, ...]:
    return (argument,) if argument.startswith("--") else ("--set", argument)


def _run_dir(arguments: Sequence[str]) -> str:
    (found,) = [a for a in arguments if a.startswith("output_dir=")]
    return found.removeprefix("output_dir=")


def _prepare(order: Order) -> None:
    os.fsync = lambda fd: None  # a killed process loses nothing that the system has
    patches = {"train.fit.records.curves:plot_curves": None, **order.patches}
    for name, value in patches.items():
        module, attribute = name.split(":")
        target = importlib.import_module(module)
        setattr(target, attribute, value if value is not None else lambda *_, **__: None)
    if order.code is not None:
        importlib.import_module("train.steps").code_hash = lambda: order.code  # type: ignore[attr-defined]
    if order.signal is not None:
        _signal_in_pass(*order.signal)
    if order.largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.largest_file, resource.RLIM_INFINITY))


def _signal_in_pass(number: int, count: int) -> None:
    from train.fit.trainer import TaskTrainer

    loss, done = TaskTrainer.compute_loss, 0

    def compute_loss(*args: Any, **options: Any) -> Any:
        nonlocal done
        done += 1
        if done == count:
            os.kill(os.getpid(), number)
        return loss(*args, **options)

    TaskTrainer.compute_loss = compute_loss  # type: ignore[method-assign]


class _Watch:
    """Counts the operations of this process on files under a folder, and dies at one of them."""

    def __init__(self, kill: int | str | None, how: str) -> None:
        self.operations: list[Operation] = []
        self._kill = kill
        self._how = how
        self._folder = ""

    def start(self, folder: str) -> None:
        """From now on nothing touches a file under the folder unseen."""
        import builtins
        import io

        import safetensors.torch
        import torch
        import transformers

        import train.fit.resume.sealed_trainer

        self._folder = folder
        for name in ("mkdir", "rename", "replace", "rmdir", "unlink"):
            self._wrap(os, name, _first)
        self._wrap(os, "fsync", _opened)
        for module in (safetensors.torch, train.fit.resume.sealed_trainer):
            self._wrap(module, "save_file", _second, cut=lambda path: _halve(path))
        self._wrap(torch, "save", _second, cut=lambda path: _halve(path))
        tokenizer = transformers.PreTrainedTokenizerBase
        cut = lambda path: _halve(Path(path, "tokenizer.json"))  # noqa: E731
        self._wrap(tokenizer, "save_pretrained", _second, cut=cut)
        for module in (builtins, io):
            self._wrap_open(module)

    def _wrap(self, owner: Any, name: str, path_of: Callable[..., str], cut: Any = None) -> None:
        function = getattr(owner, name)

        def wrapped(*args: Any, **options: Any) -> Any:
            path = path_of(*args, **options)
            is_cut = self._reach(name, path) if self._is_inside(path) else False
            result = function(*args, **options)
            if is_cut:
                if cut is not None:
                    cut(path)
                os._exit(KILLED)
            return result

        setattr(owner, name, wrapped)

    def _wrap_open(self, module: Any) -> None:
        opens = module.open

        def wrapped(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
            path = str(file)
            if set(mode) & set("wax+") and self._is_inside(path) and self._reach("open", path):
                if "+" in mode:  # nothing is written: what was there is made durable
                    os._exit(KILLED)
                return _HalfFile(opens(file, mode, *args, **options))
            return opens(file, mode, *args, **options)

        module.open = wrapped

    def _is_inside(self, path: str) -> bool:
        return path.startswith(self._folder)

    def _reach(self, name: str, path: str) -> bool:
        """Counts an operation; whether it is the one to die half-way through."""
        operation = Operation(name, path.removeprefix(self._folder).lstrip("/"))
        self.operations.append(operation)
        if self._kill not in (len(self.operations) - 1, f"{name} {operation.path}"):
            return False
        if self._how == "before":
            os._exit(KILLED)
        return True


class _HalfFile:
    """A file that takes half of what is first written to it, and ends the process."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: Any) -> NoReturn:
        self._file.write(data[: len(data) // 2])
        self._file.flush()
        os._exit(KILLED)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> _HalfFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _first(path: Any, *_: Any, **options: Any) -> str:
    """The path of an operation; shutil.rmtree names it by the folder's handle and the name."""
    handle = options.get("dir_fd")
    return str(path) if handle is None else os.path.join(_opened(handle), str(path))


def _second(_: Any, path: Any, *__: Any, **___: Any) -> str:
    return str(path)


def _opened(handle: int, *_: Any) -> str:
    return os.readlink(f"/proc/self/fd/{handle}")


def _halve(path: str | Path) -> None:
    os.truncate(path, os.path.getsize(path) // 2)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
