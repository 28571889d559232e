"""Sentence ends beside spaCy, pySBD and a plain split, all on the same texts.

`NABRA_SPLIT` names the half of the real gold, `dev` where it is unset.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from model.archive.read import read_articles
from model.records import Article, Sentence
from model.text.sentences import split_sentences
from tests.unit.text.hard_cases import read_hard_cases
from train.data.annotations import match_articles, read_annotations
from train.data.standoff import read_standoff, restore
from train.score.rules import Hits, count_hits

AskPeer = Callable[[str, Sequence[str], int], tuple[list[float], list[Any]]]
GROUP = 5  # sentences of PUD in one text
PEERS = ("plain", "spacy", "pysbd", "spacy+lines", "pysbd+lines")
PLAIN = re.compile(r"[.!؟?](?=\s)|\n|$")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text, and the ends of its sentences but the last, which nobody can miss."""

    text: str
    ends: frozenset[int]


def split_plainly(text: str) -> list[int]:
    """The ends by which every segmenter can be beaten: a mark before a space, and line ends."""
    return [match.end() for match in PLAIN.finditer(text)]


def read_pud(data: Path) -> list[Passage]:
    lines = (data / "data/pud/sentences.txt").read_text(encoding="utf-8").split("\n")
    sentences = [line.strip() for line in lines if line.strip()]
    passages = []
    for first in range(0, len(sentences), GROUP):
        group, cursor, ends = sentences[first : first + GROUP], 0, set()
        for sentence in group:
            cursor += len(sentence)
            ends.add(cursor)
            cursor += 1
        passages.append(Passage(" ".join(group), frozenset(ends - {cursor - 1})))
    return passages


def to_passages(labelled: dict[str, list[Sentence]], articles: dict[str, Article]) -> list[Passage]:
    """Bodies up to where the labels end."""
    passages = []
    for article_id, sentences in labelled.items():
        body = [sentence for sentence in sentences if sentence.section == "body"]
        limit = max((sentence.end for sentence in body), default=0)
        ends = frozenset(sentence.end for sentence in body if sentence.end < limit)
        passages.append(Passage(articles[article_id].text[:limit], ends))
    return passages


def read_seeds() -> list[Passage]:
    articles = {article.id: article for article in read_articles(["seeds/articles"])}
    labelled: dict[str, list[Sentence]] = {}
    for sentence in match_articles(read_annotations(Path("seeds/annotations.jsonl")), articles)[0]:
        labelled.setdefault(sentence.article_id, []).append(sentence)
    return to_passages(labelled, articles)


def read_real(data: Path, split: str) -> list[Passage]:
    found = read_articles([str(data / "data/saudinewsnet/sample.jsonl")])
    articles = {article.id: article for article in found}
    labelled: dict[str, list[Sentence]] = {
        labels.article_id: list(restore(labels, articles[labels.article_id], str.strip))
        for labels in read_standoff(Path("seeds/real_gold.jsonl"))
        if labels.split == split and labels.article_id in articles
    }
    return to_passages(labelled, articles)


def read_hard() -> list[Passage]:
    return [Passage(case.text, case.ends - {len(case.text)}) for case in read_hard_cases()]


def count_ends(passages: Sequence[Passage], found: Sequence[Sequence[int]]) -> Hits:
    """Boundaries right, wrong and missed; white space before an end belongs to no sentence."""
    hits = Hits()
    for passage, places in zip(passages, found, strict=True):
        length = len(passage.text.rstrip())
        trimmed = {len(passage.text[:place].rstrip()) for place in places}
        hits += count_hits(passage.ends, {place for place in trimmed if 0 < place < length})
    return hits


def test_ends_are_found_better_than_by_the_peers(data: Path, ask_peer: AskPeer) -> None:
    split = os.environ.get("NABRA_SPLIT", "dev")
    real = f"real news, {split}"
    corpora = {
        "PUD by fives": read_pud(data),
        "seeds": read_seeds(),
        real: read_real(data, split),
        "hard cases": read_hard(),
    }
    print(f"\n{'':20}{'':13}{'precision':>10}{'recall':>8}{'F1':>7}{'gold':>7}{'found':>7}")
    scores: dict[tuple[str, str], Hits] = {}
    for corpus, passages in corpora.items():
        assert any(passage.ends for passage in passages), corpus
        texts = [passage.text for passage in passages]
        found = {
            "nabra": [[end for _, end in split_sentences(text)] for text in texts],
            "plain": [split_plainly(text) for text in texts],
            "spacy": ask_peer("spacy", texts, 1)[1],
            "pysbd": ask_peer("pysbd", texts, 1)[1],
        }
        # spaCy reads over line ends: the peers also with the line ends given to them.
        for peer in ("spacy", "pysbd"):
            found[f"{peer}+lines"] = [
                [*places, *(match.start() for match in re.finditer("\n", text))]
                for places, text in zip(found[peer], texts, strict=True)
            ]
        for name, places in found.items():
            hits = scores[corpus, name] = count_ends(passages, places)
            line = f"{corpus:20}{name:13}{hits.precision:10.3f}{hits.recall:8.3f}{hits.f1:7.3f}"
            print(f"{line}{hits.right + hits.missed:7}{hits.right + hits.wrong:7}")
    for corpus in ("seeds", real, "hard cases"):
        best = max(scores[corpus, peer].f1 for peer in PEERS)
        assert scores[corpus, "nabra"].f1 > best, corpus
    assert scores["PUD by fives", "nabra"].f1 >= 0.99
    assert scores[real, "nabra"].f1 >= 0.95


@pytest.mark.parametrize(
    ("places", "right", "wrong", "missed"), [([4, 9], 1, 1, 0), ([5], 1, 0, 0)]
)
def test_counting(places: list[int], right: int, wrong: int, missed: int) -> None:
    hits = count_ends([Passage("أ ب. ج د. هـ.", frozenset({4}))], [places])
    assert hits == Hits(right, wrong, missed)
