from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from model.console import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_says_how_fast_how_long_and_what_was_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_000.0
    monkeypatch.setattr("model.console.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr("tqdm.std.time", lambda: now)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with Progress(1000, quiet=False) as progress:
        assert "0 sentences/s, 0 quarantined" in str(progress._bar)
        progress.advance(200)
        progress.add(3_000, 2)
        now += 10
        progress.add(1_000, 1)
        told = str(progress._bar)
    assert "200/1000" in told
    assert "<00:40, 20.0" in told, "time left, and articles a second"
    assert "articles/s" in told
    assert "400 sentences/s, 3 quarantined" in told
    assert progress.summary().startswith("10.0 s: 20.0 articles/s, 400.")


def test_without_a_terminal_it_only_counts(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(10, quiet=False) as progress:
        progress.advance(10)
        progress.add(70, 0)
    assert progress.num_sentences == 70
    assert capsys.readouterr() == ("", "")
