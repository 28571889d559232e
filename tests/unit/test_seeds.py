"""What ships as seeds is what its source says, and as much as was promised."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from model.records import LOADED_CATEGORIES, LabelledSentence, check_sentence_law
from model.text.sentences import segment
from model.text.targets import TargetList
from train.data.annotations import read_annotations
from train.seeds import compile_seeds

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gold() -> list[LabelledSentence]:
    return read_annotations(ROOT / "seeds/annotations.jsonl")


def test_compiled_files_are_not_stale(tmp_path: Path) -> None:
    copy = shutil.copytree("seeds", tmp_path / "seeds")
    shutil.rmtree(copy / "articles")
    compile_seeds(copy)
    assert (copy / "annotations.jsonl").read_bytes() == Path("seeds/annotations.jsonl").read_bytes()
    shipped = {path.relative_to("seeds") for path in Path("seeds/articles").rglob("*.txt")}
    made = {path.relative_to(copy) for path in (copy / "articles").rglob("*.txt")}
    assert made == shipped
    for path in shipped:
        assert (copy / path).read_bytes() == Path("seeds", path).read_bytes()


def test_the_reader_gives_the_articles_that_are_labelled(gold: list[LabelledSentence]) -> None:
    from model.archive.read import read_articles

    articles = {article.id: article for article in read_articles("seeds/articles")}
    assert {sentence.article_id for sentence in gold} == set(articles)
    for sentence in gold:
        article = articles[sentence.article_id]
        check_sentence_law(article, sentence)
        assert (article.outlet, article.published) == (sentence.outlet, sentence.published)


def test_segmentation_finds_the_labelled_sentences(gold: list[LabelledSentence]) -> None:
    from model.archive.read import read_articles

    wanted = {(s.article_id, s.section, s.start, s.end) for s in gold}
    found = {
        (s.article_id, s.section, s.start, s.end)
        for article in read_articles("seeds/articles")
        for s in segment(article)
    }
    assert len(wanted & found) / len(wanted | found) > 0.99


def test_every_label_is_supported(gold: list[LabelledSentence]) -> None:
    assert len({s.article_id for s in gold}) >= 120
    assert len({s.outlet for s in gold}) >= 6
    assert len(gold) >= 900
    stances = Counter(stance.label for s in gold for stance in s.stances)
    assert min(stances.values()) >= 100
    terms = Counter(term.category for s in gold for term in s.loaded_terms)
    assert set(terms) == set(LOADED_CATEGORIES)
    assert min(terms.values()) >= 40


def test_names_are_found_and_resolved(gold: list[LabelledSentence]) -> None:
    targets = TargetList.read(Path("seeds/targets.yaml"))
    assert len({target.conflict for target in targets.targets.values()}) >= 6
    by_article: dict[str, list[LabelledSentence]] = {}
    for sentence in gold:
        by_article.setdefault(sentence.article_id, []).append(sentence)
    hits = wanted = 0
    for sentences in by_article.values():
        found = targets.find_mentions([s.text for s in sentences])
        for sentence, listed in zip(sentences, found, strict=True):
            names = {(t, m.start, m.end, m.connotation) for t, m in listed}
            for stance in sentence.stances:
                for m in stance.mentions:
                    wanted += 1
                    hits += (stance.target, m.start, m.end, m.connotation) in names
    assert hits / wanted > 0.95  # metaphors and names said once stay beyond any list
