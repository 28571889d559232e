"""Normalisation beside the reference implementation: the same output, and in what time."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from model.archive.read import read_articles
from model.records import Article
from model.text.lexicon import Lexicon
from model.text.normalize import normalize
from model.text.sentences import segment
from model.text.stances import draft_stances
from model.text.targets import TargetList

AskPeer = Callable[[str, Sequence[str], int], tuple[list[float], list[Any]]]
NUM_NEWS = 250  # articles of each source
ROUNDS = 4


@pytest.fixture(scope="module")
def articles(data: Path) -> list[Article]:
    with gzip.open(data / "corpora/sanad_alkhaleej.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in islice(lines, 0, 100 * NUM_NEWS, 100)]
    found = [Article(str(n), "o", None, None, "", text, "f") for n, text in enumerate(texts)]
    news = read_articles(data / "data/saudinewsnet/sample.jsonl")
    return found + list(islice(news, 0, 10 * NUM_NEWS, 10))


def prepare(articles: Sequence[Article], targets: TargetList, lexicon: Lexicon) -> int:
    """Segment, voices, names, loaded terms, normalise: all that stands before a network."""
    num_labels = 0
    for article in articles:
        sentences = segment(article)
        mentions = targets.find_mentions([sentence.text for sentence in sentences])
        for sentence, found in zip(sentences, mentions, strict=True):
            num_labels += len(lexicon.find_terms(sentence.text, sentence.voices, found))
            num_labels += len(draft_stances(found, sentence.voices))
            normalize(sentence.text)
    return num_labels


def rounds(act: Callable[[], object]) -> list[float]:
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - start)
    return seconds


def test_equals_the_reference_in_less_time(articles: list[Article], ask_peer: AskPeer) -> None:
    texts = [sentence.text for article in articles for sentence in segment(article)]
    texts += [article.text for article in articles]
    targets = TargetList.read(Path("seeds/targets.yaml"))
    lexicon = Lexicon.read(Path("seeds/loaded_terms.yaml"))
    # The reference before and after ours, so that a change of the machine's load shows.
    before, views = ask_peer("arabert", texts, ROUNDS)
    ours = rounds(lambda: [normalize(text) for text in texts])
    repaired = rounds(lambda: [normalize(text, "repaired") for text in texts])
    whole = rounds(lambda: prepare(articles, targets, lexicon))
    sentences = texts[: -len(articles)]
    after, _ = ask_peer("arabert", texts, ROUNDS)
    alone, _ = ask_peer("arabert", sentences, ROUNDS)
    wrong = [t for t, view in zip(texts, views, strict=True) if normalize(t).text != view]
    reference = min(before + after)
    print(f"\n{len(texts)} texts of {len(articles)} articles, {len(wrong)} differ")
    print(f"reference {reference:.2f} s (before {min(before):.2f}, after {min(after):.2f})")
    print(f"normalize with offsets {min(ours):.2f} s: {min(ours) / reference:.2f} of its time")
    print(f"the same, repaired {min(repaired):.2f} s: {min(repaired) / reference:.2f}")
    print(f"reference, sentences alone {min(alone):.2f} s")
    print(f"whole preparation {min(whole):.2f} s: {min(whole) / min(alone):.2f} of that")
    assert wrong == []
    assert min(ours) < reference
    assert min(whole) < 4 * min(alone)
