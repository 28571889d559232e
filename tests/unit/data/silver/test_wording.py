from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from model.records import Article, LoadedTerm, Mention, Stance
from model.text.lexicon import Lexicon
from model.text.targets import TargetList
from train.data.silver.label import label_article
from train.data.silver.wording import judge_by_wording

LIST = """
- {term: مليشيا, category: label, polarity: pejorative, gloss: g, why: w}
- {term: ثوار, category: label, polarity: laudatory, gloss: g, why: w}
- {term: تحييد, category: euphemism, polarity: laudatory, gloss: g, why: w}
"""


@pytest.fixture
def lexicon(tmp_path: Path) -> Lexicon:
    path = tmp_path / "loaded_terms.yaml"
    path.write_text(LIST, encoding="utf-8")
    return Lexicon.read(path)


def said(text: str, category: str = "label", target: str | None = "sdf") -> LoadedTerm:
    return LoadedTerm(0, len(text), text, text, category, False, "own", target, None)  # type: ignore[arg-type]


NEWSROOM = Stance("sdf", "newsroom", None, (Mention(0, 3, "قسد", "قسد", "neutral"),), None)
LOADED_NAME = replace(NEWSROOM, mentions=(Mention(0, 3, "قسد", "قسد", "pejorative"),))


@pytest.mark.parametrize(
    ("stance", "terms", "label"),
    [
        (NEWSROOM, [], "none"),
        (LOADED_NAME, [], "against"),
        (NEWSROOM, [said("مليشيا")], "against"),
        (NEWSROOM, [said("ثوار")], "favor"),
        (NEWSROOM, [said("مليشيا"), said("ثوار")], "none"),
        (NEWSROOM, [said("مليشيا", target="isis")], "none"),
        (NEWSROOM, [said("مليشيا", target=None)], "none"),
        (NEWSROOM, [replace(said("مليشيا"), voice="direct")], "none"),
        (NEWSROOM, [replace(said("مليشيا"), voice="reported")], "against"),
        (replace(NEWSROOM, holder="source"), [replace(said("مليشيا"), voice="direct")], "against"),
        (replace(NEWSROOM, holder="source"), [said("مليشيا")], "none"),
        (NEWSROOM, [said("تحييد", "euphemism")], "none"),
        (NEWSROOM, [said('"قسد"', "scare_quotes")], "against"),
    ],
)
def test_the_rule(lexicon: Lexicon, stance: Stance, terms: list[LoadedTerm], label: str) -> None:
    assert judge_by_wording(stance, terms, lexicon) == label


def test_silver_says_that_it_is_silver(lexicon: Lexicon, article: Article) -> None:
    targets = TargetList.read(Path("seeds/targets.yaml"))
    labelled = label_article(article, targets, lexicon, story="s")
    labels = [label for s in labelled for label in (*s.stances, *s.loaded_terms)]
    assert labels
    assert {label.origin for label in labels} == {"silver"}
    assert all(label.rules and label.confidence for label in labels)
    assert {sentence.story for sentence in labelled} == {"s"}
