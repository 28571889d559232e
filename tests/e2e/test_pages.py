"""The pages in a real browser: nothing that an article holds may run or reach its neighbours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from model.records import LoadedTerm, Mention, Prediction, Stance, Voice
from model.report.aggregate import TargetName, aggregate
from model.report.page import render_page

pytestmark = pytest.mark.e2e

HOSTILE = (
    "</bdi><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
)
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


def hostile_prediction() -> Prediction:
    text = f"قسد {HOSTILE}\u202e"
    term = LoadedTerm(0, len(text), text, HOSTILE, "label", False, "own", HOSTILE, None)
    stance = Stance(
        HOSTILE, "newsroom", HOSTILE, (Mention(0, 3, "قسد", HOSTILE, "neutral"),), "none"
    )
    voices = (Voice(4, 9, "direct", HOSTILE, HOSTILE),)
    return Prediction(
        "a", 0, "headline", 0, len(text), text, voices, HOSTILE, None, "javascript:alert(1)",
        (stance,), (term,),
    )  # fmt: skip


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    if BROWSER is None:
        pytest.skip("no chromium on this machine")
    targets = {HOSTILE: TargetName(HOSTILE, HOSTILE, HOSTILE, HOSTILE)}
    report = aggregate([hostile_prediction()], targets)
    page = tmp_path / "page.html"
    page.write_text(render_page(report, title=HOSTILE, manifest={}), encoding="utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "<title>owned" not in dom
    assert "onerror=&quot;" in dom or 'onerror="' not in dom
    assert "<img" not in dom
