from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

AskPeer = Callable[[str, Sequence[str], int], tuple[list[float], list[Any]]]


@pytest.fixture(scope="session")
def data() -> Path:
    if not os.environ.get("NABRA_DATA"):
        pytest.skip("NABRA_DATA is unset: no public data to measure on")
    return Path(os.environ["NABRA_DATA"])


@pytest.fixture(scope="session")
def ask_peer() -> AskPeer:
    """(peer, texts, rounds) → (seconds of each round, results)."""
    python = os.environ.get("NABRA_PEERS")
    if not python:
        pytest.skip("NABRA_PEERS names no python with the peers: make bench sets it")

    def ask(peer: str, texts: Sequence[str], rounds: int) -> tuple[list[float], list[Any]]:
        script = Path(__file__).with_name("peer.py")
        done = subprocess.run(
            [python, script, peer, str(rounds)],
            input=json.dumps(list(texts)),
            capture_output=True,
            text=True,
            check=True,
        )
        seconds, results = done.stdout.splitlines()[-2:]
        return json.loads(seconds), json.loads(results)

    return ask
