from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.archive import memory
from model.archive.memory import keep_freed_memory, return_memory

ON_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
LARGE_PAGES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
# In a process of its own: the setting holds for the rest of it.
ASKED = """
import ctypes, resource, sys
import torch
from model.archive.memory import keep_freed_memory
for option in (-1, -3):  # what glibc starts with; it may raise them by itself
    ctypes.CDLL(None).mallopt(option, 128 * 2**10)
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def use():
    return [torch.ones(2**20) for _ in range(8)]
for _ in range(4):
    use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    use()
held = use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(*(line.split()[1] for line in open("/proc/self/smaps_rollup") if "AnonHuge" in line))
"""


def ask(mode: str) -> tuple[int, int]:
    """Pages that were cleared while memory was used again, and KiB that lie in large ones."""
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", ASKED, mode]
    # Another test in this process may have asked before.
    env = {key: value for key, value in os.environ.items() if key != "THP_MEM_ALLOC_ENABLE"}
    told = subprocess.run(command, cwd=root, env=env, check=True, capture_output=True, text=True)
    faults, large = told.stdout.split()
    return int(faults), int(large)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    memory._glibc.cache_clear()
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: pytest.fail("asked the C library"))
    yield
    memory._glibc.cache_clear()


@ON_GLIBC
def test_freed_memory_is_used_again_without_asking_the_kernel() -> None:
    (kept, large), (left, small) = ask("keep"), ask("leave")
    assert kept < 500 < left
    if LARGE_PAGES.exists() and "[madvise]" in LARGE_PAGES.read_text(encoding="ascii"):
        assert large >= 8 * 1024 > small


@ON_GLIBC
def test_freed_memory_between_pieces_in_use_goes_back() -> None:
    def resident() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1])

    pieces = [bytearray(60_000) for _ in range(3_000)]
    del pieces[:-1]  # the last one keeps glibc from giving back what lies before it
    before = resident()
    return_memory()
    assert before - resident() > 20_000  # pages: 80 MB of 180


@pytest.mark.usefixtures("elsewhere")
def test_elsewhere_nothing_is_done() -> None:
    return_memory()
    assert not keep_freed_memory()
