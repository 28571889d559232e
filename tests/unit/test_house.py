"""The rules of the house: who may import whom, how long a file is, what every config must do."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from train.coherence import broken_learning_rules
from train.config import read_config, read_run
from train.distill_settings import DistillConfig
from train.pretrain_settings import PretrainConfig, broken_pretrain_rules

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*ROOT.glob("model/**/*.py"), *ROOT.glob("train/**/*.py")])
LONGEST_FILE = 350

# What each room may import besides itself and the modules that stand at the bottom.
BOTTOM = {"model.records", "model.errors", "model.interrupts", "model.stopwatch", "model.tasks"}
MAY_IMPORT = {
    "model.text": set(),
    "model.archive": {"model.net"},  # for types alone: the manifest describes a checkpoint
    "model.net": {"model.text"},
    "model.report": {"model.archive"},
    "model": {"model.archive", "model.text", "model.net"},
    "train.data": {"model.text", "model.archive"},
    "train.data.annotate": {"model.text", "model.archive", "train.data"},
    "train.data.public": {"model.text", "model.archive", "train.data"},
    "train.fit": {"model.net", "model.text", "model.archive", "train.config", "train.settings",
                  "train.pretrain_settings", "train.distill_settings"},
    # Cases are made of text and the seeds' marks; what a case is, the score that judges it says.
    "train.behaviour": {"model.text", "train.data", "train.score"},
    # The formulas that predictions are corrected by are fitted and scored here; they load no torch.
    "train.score": {"model.net.calibration"},
    "train": {"model", "model.archive", "model.net", "model.text", "train.data",
              "train.data.annotate", "train.data.public", "train.behaviour", "train.fit",
              "train.score",
              "train.config", "train.settings", "train.coherence", "train.steps",
              "train.contest", "train.facets", "train.judging", "train.pretrain_settings",
              "train.distill_settings",
              "train.repeats", "train.space",
              "train.trackers"},
}  # fmt: skip
DOORS = {
    "model.export",
    "model.predict",
    "model.report.__main__",
    "train.annotate",
    "train.audit",
    "train.distill",
    "train.prepare",
    "train.pretrain",
    "train.reweigh",
    "train.push",
    "train.finetune",
    "train.evaluate",
    "train.rules",
    "train.silver",
    "train.search",
    "train.seeds",
    "train.cli",
}
CONSOLE = "model.console"
TRANSFORMERS_ROOMS = ("model/net/", "train/fit/")


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Modules of the house that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name.split(".")[0] in ("model", "train")}


def room(module: str) -> str:
    rooms = [name for name in MAY_IMPORT if module == name or module.startswith(f"{name}.")]
    return max(rooms, key=len)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path: Path) -> None:
    module = module_name(path)
    for imported in imports_of(path) - BOTTOM:
        if imported == CONSOLE or (module == "train.cli" and imported in DOORS):
            assert module in DOORS, f"{module} imports {imported}"
            continue
        assert imported not in DOORS, f"{module} imports the door {imported}"
        allowed = MAY_IMPORT[room(module)] | {room(module)}
        if module in DOORS:
            allowed = allowed | MAY_IMPORT[module.split(".")[0]]
        assert imported in allowed or room(imported) in allowed, f"{module} imports {imported}"


def test_no_circles() -> None:
    graph = {module_name(path): imports_of(path) for path in SOURCES}
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join((*trail, module))
        if module not in done:
            for imported in graph.get(module, ()):
                visit(imported, (*trail, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_transformers_stays_behind_its_wall() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom | ast.Import)
        for name in [getattr(node, "module", None) or node.names[0].name]
        if name.split(".")[0] in ("transformers", "tokenizers")
    }
    assert users
    assert [user for user in users if not user.startswith(TRANSFORMERS_ROOMS)] == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/*.yaml")), ids=lambda path: path.name)
def test_every_config_loads_and_names_its_command(path: Path) -> None:
    others = {"pretrain": "pretrain", "comparing": "pretrain", "distill": "distill"}
    command = others.get(path.stem, "run")
    if command == "run":
        assert read_run(path).config.encoder
    elif command == "pretrain":
        assert read_config(path, (), PretrainConfig, broken_pretrain_rules).encoder
    else:
        assert read_config(path, (), DistillConfig, broken_learning_rules).encoder
    first_line = path.read_text(encoding="utf-8").splitlines()[0]
    assert first_line == f"# nabra {command} configs/{path.name}"


@pytest.mark.parametrize("module", ["model", "train.cli"])
def test_importing_loads_no_torch(module: str) -> None:
    code = (
        f"import sys, {module}; sys.exit(any(n in sys.modules for n in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
