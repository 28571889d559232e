"""Planted wire copies among 45,478 real articles: how many are found, at what cost."""

from __future__ import annotations

import gzip
import json
import os
import random
import time
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from model.text.duplicates import find_near_duplicates

NUM_PLANTED = 2000
FEWEST_WORDS = 40
LONGEST_RUN = 12
SIZES = (5_000, 15_000, 45_478)

Words = list[str]


@pytest.fixture(scope="module")
def corpus() -> Path:
    if not os.environ.get("NABRA_DATA"):
        pytest.skip("NABRA_DATA is unset: no real articles to measure on")
    return Path(os.environ["NABRA_DATA"], "corpora/sanad_alkhaleej.jsonl.gz")


def stream(corpus: Path, size: int) -> Iterator[tuple[str, str]]:
    """Every n-th article, so that each size holds all sections."""
    step = SIZES[-1] // size
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for line in islice(lines, 0, step * size, step):
            article = json.loads(line)
            yield article["id"], article["text"]


def change_runs(words: Words, share: float, other: Words | None, chance: random.Random) -> Words:
    """Removes about `share` of the words, run by run; with `other`, writes its words instead."""
    touched = [False] * len(words)
    while sum(touched) < share * len(words):
        start = chance.randrange(len(words))
        for place in range(start, min(len(words), start + chance.randint(1, LONGEST_RUN))):
            touched[place] = True
    if other is None:
        return [word for word, gone in zip(words, touched, strict=True) if not gone]
    return [chance.choice(other) if new else w for w, new in zip(words, touched, strict=True)]


CHANGES: dict[str, Callable[[Words, float, Words, random.Random], Words]] = {
    "rewritten in runs": change_runs,
    "removed in runs": lambda words, share, other, chance: change_runs(words, share, None, chance),
    "cut at the end": lambda words, share, other, chance: words[: round((1 - share) * len(words))],
    "new lead": lambda words, share, other, chance: chance.choices(other, k=25) + words[10:],
    "new lead and cut": lambda words, share, other, chance: (
        chance.choices(other, k=25) + words[10 : round((1 - share) * len(words))]
    ),
}


def plant(corpus: Path, size: int) -> list[tuple[str, str, str, float, str]]:
    """(id, base, kind of change, share changed, text) of each planted copy."""
    chance = random.Random(0)
    long_enough = [(n, t.split()) for n, t in stream(corpus, size) if t.count(" ") > FEWEST_WORDS]
    planted = []
    for number in range(NUM_PLANTED):
        (base, words), (_, other) = chance.choice(long_enough), chance.choice(long_enough)
        kind, share = chance.choice(sorted(CHANGES)), chance.uniform(0.1, 0.4)
        text = " ".join(CHANGES[kind](words, share, other, chance))
        planted.append((f"planted/{number}", base, kind, share, text))
    return planted


@pytest.mark.parametrize("size", SIZES)
def test_planted_copies(corpus: Path, size: int) -> None:
    planted = plant(corpus, size)
    tracemalloc.start()
    alone = find_near_duplicates(stream(corpus, size))
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()

    def everything() -> Iterator[tuple[str, str]]:
        yield from stream(corpus, size)
        yield from ((name, text) for name, _, _, _, text in planted)

    start = time.perf_counter()
    groups = find_near_duplicates(everything())
    taken = time.perf_counter() - start

    originals_with: defaultdict[str, set[str]] = defaultdict(set)
    for name in alone:
        originals_with[groups[name]].add(alone[name])
    found: defaultdict[str, list[bool]] = defaultdict(list)
    wrong = 0
    for name, base, kind, share, _ in planted:
        found[f"{kind}, {'10-25' if share < 0.25 else '25-40'}%"].append(
            groups[name] == groups[base]
        )
        wrong += bool(originals_with[groups[name]] - {alone[base]})
    sizes = Counter(Counter(alone.values()).values())
    hits = [hit for kind_hits in found.values() for hit in kind_hits]
    print(f"\n{size} articles and {NUM_PLANTED} copies: {taken:.1f} s with reading")
    print(f"peak memory of the articles alone {peak:.0f} MiB")
    print(f"recall {sum(hits) / len(hits):.3f}; {wrong} copies grouped with other originals")
    for kind, kind_hits in sorted(found.items()):
        print(f"  {kind:28} {sum(kind_hits) / len(kind_hits):.3f} of {len(kind_hits)}")
    print(f"groups among the originals, size: how many {dict(sorted(sizes.items()))}")
    assert sum(hits) >= 0.97 * len(hits)
    assert wrong <= 0.01 * NUM_PLANTED
