from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress

import pytest

from model.archive.time_limit import OutOfTimeError, TimeLimit


def spin(seconds: float) -> str:
    """Keep the processor busy, as stubborn code may that catches whatever comes."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        with suppress(Exception):
            sum(range(1000))
    return "done"


def test_work_in_time_is_given_back() -> None:
    with TimeLimit(5) as limit:
        assert [limit.run(spin, 0.01), limit.run(spin, 0.02)] == ["done", "done"]


def test_work_without_end_is_ended() -> None:
    begin = time.thread_time()
    with TimeLimit(0.2) as limit:
        for _ in range(2):
            with pytest.raises(OutOfTimeError):
                limit.run(spin, 60)
        assert limit.run(spin, 0.01) == "done"
    assert time.thread_time() - begin < 5


def test_only_time_of_the_processor_counts() -> None:
    with TimeLimit(0.2) as limit:
        assert limit.run(lambda seconds: time.sleep(seconds), 0.5) is None


def test_nothing_is_left_behind() -> None:
    before = signal.getsignal(signal.SIGPROF)
    with TimeLimit(0.2) as limit:
        limit.run(spin, 0.01)
        assert signal.getsignal(signal.SIGPROF) is not before
    assert signal.getsignal(signal.SIGPROF) is before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


def test_in_a_thread_what_took_too_long_is_refused() -> None:
    """Where nothing can be interrupted."""
    found = []

    def work() -> None:
        with TimeLimit(0.05) as limit:
            found.append(limit.run(spin, 0.01))
            with pytest.raises(OutOfTimeError):
                limit.run(spin, 0.2)
            found.append("refused")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["done", "refused"]


def test_work_in_another_thread_than_it_began_in_spares_the_main_one() -> None:
    """As where an engine makes its worker in one thread and runs it in another."""
    faults: list[type[BaseException] | None] = []

    def work(limit: TimeLimit) -> None:
        try:
            limit.run(spin, 0.5)
        except BaseException as fault:
            faults.append(type(fault))

    with TimeLimit(0.2) as limit:
        thread = threading.Thread(target=work, args=(limit,))
        thread.start()
        thread.join()
    assert faults == [OutOfTimeError]
