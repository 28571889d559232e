from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from model.records import Article
from model.text.lexicon import Lexicon
from model.text.targets import TargetList
from train.data.silver.label import draft_article, vote

LIST = """
- {term: مليشيا, category: label, polarity: pejorative, gloss: g, why: w}
- {term: انفصالية, category: label, polarity: pejorative, gloss: g, why: w}
- {term: ذراع, category: label, polarity: pejorative, gloss: g, why: w}
- {term: ثوار, category: label, polarity: laudatory, gloss: g, why: w}
- {term: متمردة, category: label, polarity: pejorative, weak: true, gloss: g, why: w}
- {term: مجزرة, category: emotive, polarity: pejorative, gloss: g, why: w}
- {term: عدوان, category: emotive, polarity: pejorative, gloss: g, why: w}
- {term: قرصنة, category: emotive, polarity: pejorative, gloss: g, why: w}
- {term: باسلة, category: praise, polarity: laudatory, gloss: g, why: w}
- {term: وفي, forms: [وفية], category: praise, polarity: laudatory, gloss: g, why: w}
- {term: ملحمة, category: praise, polarity: laudatory, gloss: g, why: w, context: true}
- {term: شهداء, category: praise, polarity: laudatory, gloss: g, why: w}
- {term: ما يسمى, forms: [ما تسمى], category: doubt, polarity: pejorative, gloss: g, why: w}
- {term: تحييد, category: euphemism, polarity: laudatory, gloss: g, why: w}
- {term: إعادة تموضع, category: euphemism, polarity: laudatory, gloss: g, why: w}
"""
Votes = dict[str, str]


@pytest.fixture(scope="session")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    path = tmp_path_factory.mktemp("lexicon") / "loaded_terms.yaml"
    path.write_text(LIST, encoding="utf-8")
    return Lexicon.read(path)


@pytest.fixture(scope="session")
def targets() -> TargetList:
    return TargetList.read(Path(__file__).parents[4] / "seeds/targets.yaml")


@pytest.fixture(scope="session")
def stance_votes(lexicon: Lexicon, targets: TargetList) -> Callable[[str, str], Votes]:
    """The votes on the first stance toward a target in a text."""

    def ask(text: str, target: str) -> Votes:
        drafts = draft_article(Article("a", "o", None, None, "", text, "s"), targets, story="s")
        for stances, _ in vote(drafts, lexicon):
            for stance, votes in stances:
                if stance.target == target:
                    return dict(votes)
        raise AssertionError(f"no stance toward {target}")

    return ask


@pytest.fixture(scope="session")
def term_votes(lexicon: Lexicon, targets: TargetList) -> Callable[[str, str], Votes]:
    """The votes on the first candidate with this text."""

    def ask(text: str, term: str) -> Votes:
        drafts = draft_article(Article("a", "o", None, None, "", text, "s"), targets, story="s")
        for _, candidates in vote(drafts, lexicon):
            for candidate, votes in candidates:
                if candidate.text == term:
                    return dict(votes)
        raise AssertionError(f"{term} is no candidate")

    return ask
