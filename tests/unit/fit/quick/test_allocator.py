from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from train.fit.quick import allocator

# In a process of its own: the setting holds for the rest of it.
FAULTS = """
import ctypes, resource, sys
import torch
from train.fit.quick.allocator import keep_freed_memory
for option in (-1, -3):  # what glibc starts with; it may raise them by itself
    ctypes.CDLL(None).mallopt(option, 128 * 2**10)
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def use():
    [torch.ones(2**20) for _ in range(8)]
for _ in range(4):
    use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(4):
    use()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> int:
    root = Path(__file__).parents[4]
    command = [sys.executable, "-c", FAULTS, mode]
    return int(subprocess.run(command, cwd=root, check=True, capture_output=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_freed_memory_is_used_again_without_asking_the_kernel() -> None:
    assert faults("keep") < 500 < faults("leave")


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: pytest.fail("asked the C library"))
    assert not allocator.keep_freed_memory()
