from __future__ import annotations

from dataclasses import replace

import pytest

from model.errors import RecordError
from model.records import (
    Article,
    LabelledSentence,
    LoadedTerm,
    Mention,
    Prediction,
    Sentence,
    Stance,
    Voice,
    article_id,
    check_sentence_law,
    check_span_laws,
)

TEXT = "مليشيا قسد"
TERM = LoadedTerm(0, 6, "مليشيا", "مليشيا", "label", False, "own", "sdf", None)
STANCE = Stance("sdf", "newsroom", None, (Mention(7, 10, "قسد", "قسد", "neutral"),), "against")
SENTENCE = Prediction(
    "a", 0, "body", 4, 14, TEXT, (Voice(0, 6, "reported", None, "قال"),),
    "o", None, None, (STANCE,), (TERM,),
)  # fmt: skip
ARTICLE = Article("a", "o", None, None, "", f"قال {TEXT}", "a.txt")


def test_plain_and_back() -> None:
    plain = SENTENCE.to_dict()
    assert Prediction.from_dict(plain) == SENTENCE
    assert "scores" not in plain["stances"][0]
    scored = replace(STANCE, scores={"favor": 0.2, "against": 0.5, "none": 0.3})
    assert Stance.from_dict(scored.to_dict()) == scored


@pytest.mark.parametrize(
    ("plain", "message"),
    [({"start": 1}, "missing"), ({**TERM.to_dict(), "colour": 1}, "colour"), ("text", "no object")],
)
def test_refuses_another_form(plain: object, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        LoadedTerm.from_dict(plain)  # type: ignore[arg-type]


def test_the_sentence_law() -> None:
    check_sentence_law(ARTICLE, SENTENCE)
    with pytest.raises(RecordError, match="not the sentence's text"):
        check_sentence_law(ARTICLE, replace(SENTENCE, start=3, end=13))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(SENTENCE, loaded_terms=(replace(TERM, end=5),)),
        replace(SENTENCE, loaded_terms=(replace(TERM, start=-10),)),
        replace(SENTENCE, voices=(Voice(0, 99, "direct", None, None),)),
        replace(
            SENTENCE, stances=(replace(STANCE, mentions=(Mention(7, 11, "قسد", "", "neutral"),)),)
        ),
    ],
)
def test_the_span_laws(wrong: Sentence) -> None:
    check_span_laws(SENTENCE)
    with pytest.raises(RecordError):
        check_span_laws(wrong)


def test_labelled_sentences_are_sentences() -> None:
    labelled = LabelledSentence.extend(
        SENTENCE, outlet="o", published=None, story="s", stances=(), loaded_terms=()
    )
    assert (labelled.text, labelled.voices) == (SENTENCE.text, SENTENCE.voices)
    assert isinstance(labelled, Sentence)
    assert LabelledSentence.from_dict(labelled.to_dict()) == labelled


def test_an_article_without_id_gets_one_from_its_words() -> None:
    assert article_id("a", "b") == article_id("a", "b") != article_id("ab", "")
    assert len(article_id("", "\ud800")) == 16
