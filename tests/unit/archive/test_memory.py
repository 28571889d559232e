from __future__ import annotations

import sys

import pytest

from model.archive import memory
from model.archive.memory import return_memory


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_freed_memory_between_pieces_in_use_goes_back() -> None:
    def resident() -> int:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1])

    pieces = [bytearray(60_000) for _ in range(3_000)]
    del pieces[:-1]  # the last one keeps glibc from giving back what lies before it
    before = resident()
    return_memory()
    assert before - resident() > 20_000  # pages: 80 MB of 180


def test_nothing_is_done_where_the_c_library_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory.sys, "platform", "darwin")
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda _: pytest.fail("asked the C library"))
    memory._trim.cache_clear()
    return_memory()
    memory._trim.cache_clear()
