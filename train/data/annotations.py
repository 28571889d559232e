"""Gold labels on disk: one labelled sentence a line, checked against the articles it belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from model.errors import InputError, RecordError
from model.records import Article, Dropped, LabelledSentence, check_sentence_law, check_span_laws


def read_annotations(path: Path) -> list[LabelledSentence]:
    """Every labelled sentence of a file. RecordError names the line that breaks form or law."""
    sentences = []
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path") from None
    except UnicodeDecodeError as error:
        raise InputError(path, f"is not UTF-8 (byte {error.start})", "save it as UTF-8") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            sentence = LabelledSentence.from_dict(json.loads(line))
            check_span_laws(sentence)
        except (ValueError, TypeError, RecursionError) as error:
            raise RecordError(f"{path}:{number}", f"is no labelled sentence ({error})") from None
        except RecordError as error:
            raise RecordError(f"{path}:{number}", str(error)) from None
        sentences.append(sentence)
    return sentences


def read_annotators(paths: Sequence[Path]) -> dict[str, list[LabelledSentence]]:
    """The labels of several annotators by name, from a file each, or from folders of such files.

    A file's name is its annotator's. InputError where one is given twice, or a folder is empty.
    """
    files: list[Path] = []
    for path in paths:
        held = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
        if not held:
            raise InputError(path, "holds no .jsonl file", "give what nabra annotate import wrote")
        files += held
    by_annotator: dict[str, list[LabelledSentence]] = {}
    for file in files:
        name = file.stem if file.stem not in by_annotator else str(file)
        if name in by_annotator:
            raise InputError(file, "is given twice", "name each file once")
        by_annotator[name] = read_annotations(file)
    return by_annotator


def write_annotations(path: Path, sentences: Iterable[LabelledSentence]) -> None:
    """One line of JSON for each sentence."""
    lines = [json.dumps(sentence.to_dict(), ensure_ascii=False) for sentence in sentences]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def match_articles(
    sentences: Iterable[LabelledSentence], articles: Mapping[str, Article]
) -> tuple[list[LabelledSentence], list[Dropped]]:
    """The sentences whose article is there and holds them; the others with the reason."""
    kept: list[LabelledSentence] = []
    dropped: list[Dropped] = []
    for sentence in sentences:
        where = f"{sentence.article_id}:{sentence.index}"
        article = articles.get(sentence.article_id)
        if article is None:
            dropped.append(Dropped(where, "its article is not among the inputs"))
            continue
        try:
            check_sentence_law(article, sentence)
        except RecordError as error:
            dropped.append(Dropped(where, str(error)))
        else:
            kept.append(sentence)
    return kept, dropped
