"""Prediction beside the plain way: one sentence after the other through the same network."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from model import load, read_articles
from model.net.classifier import Classifier
from model.records import Article
from model.text.normalize import normalize
from model.text.sentences import segment

NUM_ARTICLES = 300
CHECKPOINT = Path("runs/quickstart/checkpoint")


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    if not os.environ.get("NABRA_DATA"):
        pytest.skip("NABRA_DATA is unset: no real articles to measure on")
    source = Path(os.environ["NABRA_DATA"], "data/saudinewsnet/sample.jsonl")
    return list(islice(read_articles(source), NUM_ARTICLES))


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    if not CHECKPOINT.is_dir():
        pytest.skip(f"no checkpoint at {CHECKPOINT}: run make quickstart first")
    return load(CHECKPOINT)


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def test_batches_against_one_by_one(classifier: Classifier, articles: list[Article]) -> None:
    drafts = [draft for article in articles for draft in classifier.draft(article)]
    num_pairs = sum(len(draft.stances) for draft in drafts)
    classifier.complete(drafts[:50])  # warm up
    together = seconds(lambda: classifier.complete(drafts))
    single = seconds(lambda: [classifier.complete([draft]) for draft in drafts])
    print(f"\n{len(drafts)} sentences, {num_pairs} stance pairs")
    print(f"one by one   {len(drafts) / single:8.0f} sentences/s")
    print(f"in batches   {len(drafts) / together:8.0f} sentences/s   {single / together:.1f} x")


def test_where_the_time_goes(classifier: Classifier, articles: list[Article]) -> None:
    sentences = [sentence for article in articles for sentence in segment(article)]
    texts = [sentence.text for sentence in sentences]
    drafts = [draft for article in articles for draft in classifier.draft(article)]
    encoder = classifier.checkpoint.encoder
    stages = {
        "segment and voices": seconds(lambda: [segment(article) for article in articles]),
        "names": seconds(lambda: classifier.checkpoint.targets.find_mentions(texts)),
        "normalise": seconds(lambda: [normalize(text) for text in texts]),
        "normalise and tokenize": seconds(lambda: encoder.windows(texts)),
        "network and decoding": seconds(lambda: classifier.complete(drafts)),
    }
    print(f"\n{len(sentences)} sentences")
    for name, taken in stages.items():
        print(f"{name:24} {1e6 * taken / len(sentences):8.0f} µs a sentence")
