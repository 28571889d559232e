"""What it costs not to ask for --profile: the watch that nobody reads, and the limit of time."""

from __future__ import annotations

import timeit
from itertools import islice
from pathlib import Path

from model.archive.read import read_articles
from model.archive.time_limit import TimeLimit
from model.stopwatch import unwatched
from model.text.sentences import segment

NUM_ARTICLES = 200
WATCHED = 2  # times for an article; those for a thousand sentences are no more than a few


def watch() -> None:
    with unwatched("text"):
        pass


def test_off_costs_nothing(data: Path) -> None:
    articles = list(islice(read_articles(data / "data/saudinewsnet/sample.jsonl"), NUM_ARTICLES))
    work = timeit.timeit(lambda: [segment(a) for a in articles], number=1) / len(articles)
    one = timeit.timeit(watch, number=100_000) / 100_000
    with TimeLimit(60) as limit:
        limited = timeit.timeit(lambda: limit.run(abs, 1), number=20_000) / 20_000
    share = WATCHED * one / work
    print(f"\nsegmentation of an article {1e6 * work:.0f} µs")
    print(f"watch that nobody reads {1e6 * one:.2f} µs, {share:.4%} of it; limit {limited:.2e} s")
    assert share < 0.01
    assert limited < 0.01 * work
