"""Gold on articles that cannot ship: labels by offset, with a hash of the text and without it.

One line of JSON for each article: `article_id, text_hash, split ("dev" | "final"), drawn
("random" | "enriched")` and its `sentences`. Only a prefix of a long article is labelled: it ends
where the last sentence ends. Whoever has the articles restores the sentences with `restore`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import InputError, RecordError
from model.records import (
    Article,
    LabelledSentence,
    LoadedTerm,
    Mention,
    Stance,
    Voice,
    check_sentence_law,
    check_span_laws,
)
from model.text.attribution import voice_at
from train.data.annotations import match_articles, read_annotations

NameTerm = Callable[[str], str]
"""From a span's text to the form without clitics that is counted."""


@dataclass(frozen=True, slots=True)
class StandoffArticle:
    """The labels of one article, as they stand in the file."""

    article_id: str
    text_hash: str
    split: str
    drawn: str
    sentences: tuple[dict[str, Any], ...]


def hash_text(article: Article) -> str:
    """What tells that an article is the one that was labelled: SHA-256 of headline and text."""
    return hashlib.sha256(f"{article.headline}\n{article.text}".encode()).hexdigest()


def is_standoff(path: Path) -> bool:
    """Whether a file holds labels without text. InputError where it cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            first = file.readline()
        return "text_hash" in json.loads(first)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from None
    except ValueError:
        raise InputError(f"{path}:1", "is no JSON") from None


def read_standoff(path: Path) -> list[StandoffArticle]:
    """Every article of the file. InputError names the line that is none."""
    articles = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line:
            continue
        try:
            fields = json.loads(line)
            sentences = tuple(fields.pop("sentences"))
            articles.append(StandoffArticle(**fields, sentences=sentences))
        except (ValueError, TypeError, KeyError) as error:
            raise InputError(f"{path}:{number}", f"is no labelled article ({error})") from None
    return articles


def read_gold(
    path: Path, articles: Mapping[str, Article], split: str | None, name_term: NameTerm
) -> list[LabelledSentence]:
    """Labelled sentences of these articles, from annotations or from labels without text.

    `split` takes one half of the latter. InputError where no article of these is labelled.
    """
    if is_standoff(path):
        sentences = [
            sentence
            for labels in read_standoff(path)
            if labels.article_id in articles and split in (None, labels.split)
            for sentence in restore(labels, articles[labels.article_id], name_term)
        ]
    else:
        sentences = match_articles(read_annotations(path), articles)[0]
    if not sentences:
        raise InputError(path, "labels none of these articles", "check the articles and --split")
    return sentences


def write_standoff(path: Path, articles: Iterable[StandoffArticle]) -> None:
    """One line for each article."""
    lines = []
    for article in articles:
        head = {
            name: getattr(article, name) for name in ("article_id", "text_hash", "split", "drawn")
        }
        lines.append(json.dumps(head | {"sentences": list(article.sentences)}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def detach(
    article: Article,
    sentences: Sequence[LabelledSentence],
    unlisted: Sequence[Sequence[tuple[int, int]]],
    *,
    split: str,
    drawn: str,
) -> StandoffArticle:
    """The labels of an article without its text.

    `unlisted` holds for each sentence the spans of political actors that no target list names.
    """
    return StandoffArticle(
        article_id=article.id,
        text_hash=hash_text(article),
        split=split,
        drawn=drawn,
        sentences=tuple(
            {
                "section": sentence.section,
                "start": sentence.start,
                "end": sentence.end,
                "voices": [[voice.start, voice.end, voice.kind] for voice in sentence.voices],
                "stances": [
                    {
                        "target": stance.target,
                        "holder": stance.holder,
                        "label": stance.label,
                        "mentions": [[m.start, m.end, m.connotation] for m in stance.mentions],
                    }
                    for stance in sentence.stances
                ],
                "loaded_terms": [
                    [term.start, term.end, term.category, term.weak, term.target, term.group]
                    for term in sentence.loaded_terms
                ],
                "unlisted": [list(span) for span in spans],
            }
            for sentence, spans in zip(sentences, unlisted, strict=True)
        ),
    )


def restore(
    labels: StandoffArticle, article: Article, name_term: NameTerm
) -> list[LabelledSentence]:
    """The labelled sentences, with the text of the article. RecordError if it is another text.

    Speakers and cues are not kept; the article is its own story.
    """
    if hash_text(article) != labels.text_hash:
        raise RecordError(article.source, "is not the text that was labelled", "find that version")
    sentences = []
    for index, plain in enumerate(labels.sentences):
        whole = article.headline if plain["section"] == "headline" else article.text
        text = whole[plain["start"] : plain["end"]]
        voices = tuple(Voice(a, b, kind, None, None) for a, b, kind in plain["voices"])
        sentence = LabelledSentence(
            article_id=article.id,
            index=index,
            section=plain["section"],
            start=plain["start"],
            end=plain["end"],
            text=text,
            voices=voices,
            outlet=article.outlet,
            published=article.published,
            story=article.id,
            stances=tuple(_stance(stance, text, name_term) for stance in plain["stances"]),
            loaded_terms=tuple(
                _term(term, text, voices, name_term) for term in plain["loaded_terms"]
            ),
        )
        check_sentence_law(article, sentence)
        check_span_laws(sentence)
        sentences.append(sentence)
    return sentences


def _stance(plain: dict[str, Any], text: str, name_term: NameTerm) -> Stance:
    return Stance(
        target=plain["target"],
        holder=plain["holder"],
        speaker=None,
        mentions=tuple(
            Mention(start, end, text[start:end], name_term(text[start:end]), connotation)
            for start, end, connotation in plain["mentions"]
        ),
        label=plain["label"],
        origin="gold",
    )


def _term(
    plain: Sequence[Any], text: str, voices: Sequence[Voice], name_term: NameTerm
) -> LoadedTerm:
    start, end, category, weak, target, group = plain
    return LoadedTerm(
        start=start,
        end=end,
        text=text[start:end],
        term=name_term(text[start:end]),
        category=category,
        weak=weak,
        voice=voice_at(voices, start, end),
        target=target,
        group=group,
        origin="gold",
    )
