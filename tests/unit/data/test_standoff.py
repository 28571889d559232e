from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from model.archive.read import read_articles
from model.errors import InputError, RecordError
from model.records import Article
from train.data.annotations import read_annotations
from train.data.standoff import detach, read_standoff, restore, write_standoff

REAL = Path("seeds/real_gold.jsonl")


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    root = Path(__file__).parents[3]
    return {article.id: article for article in read_articles(root / "seeds/articles")}


def test_labels_survive_without_the_text(tmp_path: Path, articles: dict[str, Article]) -> None:
    gold = read_annotations(Path("seeds/annotations.jsonl"))
    article = articles[gold[0].article_id]
    sentences = [sentence for sentence in gold if sentence.article_id == article.id]
    labels = detach(article, sentences, [[]] * len(sentences), split="dev", drawn="random")
    write_standoff(tmp_path / "gold.jsonl", [labels])
    (read,) = read_standoff(tmp_path / "gold.jsonl")
    restored = restore(read, article, lambda text: text)
    assert [s.text for s in restored] == [s.text for s in sentences]
    for new, old in zip(restored, sentences, strict=True):
        assert [(s.target, s.holder, s.label) for s in new.stances] == [
            (s.target, s.holder, s.label) for s in old.stances
        ]
        assert [(t.text, t.category, t.voice, t.target) for t in new.loaded_terms] == [
            (t.text, t.category, t.voice, t.target) for t in old.loaded_terms
        ]
        assert [(v.start, v.end, v.kind) for v in new.voices] == [
            (v.start, v.end, v.kind) for v in old.voices
        ]
    with pytest.raises(RecordError, match="not the text that was labelled"):
        restore(read, replace(article, text=article.text + " "), lambda text: text)


def test_the_real_gold_ships_without_the_news() -> None:
    assert not re.search(r"[\u0600-\u06ff]|\\u06", REAL.read_text(encoding="utf-8"))


def test_both_halves_are_there() -> None:
    labelled = read_standoff(REAL)
    sizes = {
        split: sum(len(a.sentences) for a in labelled if a.split == split)
        for split in ("dev", "final")
    }
    assert sum(sizes.values()) >= 400
    assert min(sizes.values()) >= 200


def test_the_real_gold_fits_its_articles() -> None:
    if not os.environ.get("NABRA_DATA"):
        pytest.skip("NABRA_DATA is unset: the articles behind the real gold are not here")
    source = Path(os.environ["NABRA_DATA"], "data/saudinewsnet/sample.jsonl")
    found = {article.id: article for article in read_articles(source)}
    for labels in read_standoff(REAL):
        assert restore(labels, found[labels.article_id], lambda text: text)


def test_names_the_line_that_is_broken(tmp_path: Path) -> None:
    (tmp_path / "gold.jsonl").write_text('{"article_id": "a"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"gold\.jsonl:1"):
        read_standoff(tmp_path / "gold.jsonl")
