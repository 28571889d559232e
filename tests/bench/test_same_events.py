"""How far `same_events` can be trusted: on the seeds, whose events are known, and on real news."""

from __future__ import annotations

import random
from itertools import combinations
from pathlib import Path

from model.archive.read import read_articles
from train.data.annotations import read_annotations
from train.data.stories import same_events

SHOWN = 30


def test_on_the_seeds() -> None:
    articles = list(read_articles("seeds/articles"))
    story = {s.article_id: s.story for s in read_annotations(Path("seeds/annotations.jsonl"))}
    same = {
        frozenset((a.id, b.id)) for a, b in combinations(articles, 2) if story[a.id] == story[b.id]
    }
    print(f"\n{len(articles)} articles, {len(same)} pairs of one event")
    for threshold in (0.15, 0.2, 0.25, 0.3, 0.4):
        found = {
            frozenset((articles[a].id, articles[b].id)) for a, b in same_events(articles, threshold)
        }
        right = len(found & same)
        print(f"{threshold}: found {len(found)}, right {right}, recall {right / len(same):.2f}")
        assert right >= 0.9 * len(found)


def test_on_real_news(data: Path) -> None:
    articles = list(read_articles(data / "data/saudinewsnet/sample.jsonl"))
    pairs = [(a, b) for a, b in same_events(articles) if articles[a].outlet != articles[b].outlet]
    print(f"\n{len(articles)} articles, {len(pairs)} pairs of two outlets; {SHOWN} to be read:")
    for a, b in random.Random(1).sample(pairs, SHOWN):
        print(f"  {articles[a].headline[:70]} | {articles[b].headline[:70]}")
