"""The labelled dataset on disk: a `datasets.DatasetDict` and its manifest."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from model.archive.atomic import output_errors
from model.archive.write import write_json, write_text
from model.errors import InputError, RecordError
from model.records import Dropped, LabelledSentence, check_span_laws
from train.data.card import dataset_card
from train.data.split import SPLITS

MANIFEST = "manifest.json"


def write_dataset(
    path: Path,
    splits: Mapping[str, Sequence[LabelledSentence]],
    dropped: Sequence[Dropped],
    hashes: Mapping[str, str],
    silver_articles: Collection[str] = (),
) -> dict[str, Any]:
    """Write the splits, a card, and a manifest that counts every label and names what was dropped.

    `silver_articles` are those that nobody labelled by hand: a sentence of theirs in which the
    rules found nothing carries no label that could say so. RecordError, and nothing written, where
    a story stands in two splits, or where silver stands outside training. Returns the manifest.
    """
    from datasets import DatasetDict

    refuse_leaks(splits, silver_articles)
    manifest = {
        "hashes": dict(hashes),
        "splits": {name: _count(splits[name]) for name in SPLITS},
        "silver_articles": sorted(silver_articles),
        "dropped": [record.to_dict() for record in dropped],
    }
    building = path.with_name(f".{path.name}.building")
    with output_errors(path):
        shutil.rmtree(building, ignore_errors=True)
        building.parent.mkdir(parents=True, exist_ok=True)
        # One shard each, said outright: an empty split would get none, and could not be read again.
        DatasetDict({name: _table(splits[name]) for name in SPLITS}).save_to_disk(
            building, num_shards=dict.fromkeys(SPLITS, 1)
        )
        write_text(building / "README.md", dataset_card(manifest))
        write_json(building / MANIFEST, manifest)
        if path.exists():
            shutil.rmtree(path)
        building.rename(path)
    return manifest


def refuse_leaks(
    splits: Mapping[str, Sequence[LabelledSentence]], silver_articles: Collection[str] = ()
) -> None:
    """RecordError where one story stands in two splits, or silver in validation or test."""
    home: dict[str, str] = {}
    for name, sentences in splits.items():
        for sentence in sentences:
            if home.setdefault(sentence.story, name) != name:
                raise RecordError(
                    f"story {sentence.story}",
                    f"stands in {home[sentence.story]} and in {name}",
                    "split by story",
                )
            is_silver = sentence.article_id in silver_articles or _has_silver(sentence)
            if name != "train" and is_silver:
                raise RecordError(
                    f"{sentence.article_id}:{sentence.index}", f"has silver labels in {name}"
                )


def _has_silver(sentence: LabelledSentence) -> bool:
    origins = {stance.origin for stance in sentence.stances}
    return "silver" in origins | {term.origin for term in sentence.loaded_terms}


def read_dataset(path: Path) -> dict[str, list[LabelledSentence]]:
    """The labelled sentences by split. InputError where no complete dataset stands there."""
    from datasets import load_from_disk

    if not (path / MANIFEST).is_file():
        raise InputError(path, "holds no dataset", "run nabra prepare with this config first")
    try:
        loaded = load_from_disk(str(path))
    except (OSError, ValueError) as error:
        message = " ".join(str(error).split())
        raise InputError(path, f"cannot be read ({message})", "run nabra prepare again") from None
    splits = {}
    for name in SPLITS:
        splits[name] = [LabelledSentence.from_dict(row) for row in loaded[name]]
        for sentence in splits[name]:
            check_span_laws(sentence)
    return splits


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of a dataset folder."""
    manifest: dict[str, Any] = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def _count(sentences: Sequence[LabelledSentence]) -> dict[str, Any]:
    stances = Counter(
        (s.origin or "-", s.label or "unjudged") for sentence in sentences for s in sentence.stances
    )
    terms = Counter(
        (t.origin or "-", t.category) for sentence in sentences for t in sentence.loaded_terms
    )
    rules = Counter(
        rule for sentence in sentences for s in sentence.stances for rule in s.rules or ()
    )
    rules.update(
        rule for sentence in sentences for t in sentence.loaded_terms for rule in t.rules or ()
    )
    classes = Counter((c.task, c.label) for sentence in sentences for c in sentence.classes)
    spans = Counter((s.task, s.label) for sentence in sentences for s in sentence.spans)
    return {
        "sentences": len(sentences),
        "articles": len({sentence.article_id for sentence in sentences}),
        "stories": len({sentence.story for sentence in sentences}),
        "stances": {f"{origin}/{label}": n for (origin, label), n in sorted(stances.items())},
        "loaded_terms": {f"{origin}/{kind}": n for (origin, kind), n in sorted(terms.items())},
        "classes": {f"{task}/{label}": n for (task, label), n in sorted(classes.items())},
        "spans": {f"{task}/{label}": n for (task, label), n in sorted(spans.items())},
        "silver_rules": dict(sorted(rules.items())),
    }


def _table(sentences: Sequence[LabelledSentence]) -> Any:
    from datasets import Dataset

    rows = [sentence.to_dict() for sentence in sentences]
    features = _features()
    return Dataset.from_dict({name: [row.get(name) for row in rows] for name in features}, features)


def _features() -> Any:
    from datasets import Features, List, Value

    number, text, real = Value("int32"), Value("string"), Value("float64")
    span_at = {"start": number, "end": number, "text": text}
    span = span_at | {"term": text}
    voice = {"start": number, "end": number, "kind": text, "speaker": text, "cue": text}
    judged = {"origin": text, "rules": List(text), "confidence": real}
    stance = {"target": text, "holder": text, "speaker": text, "label": text} | judged
    term = span | {"category": text, "weak": Value("bool"), "voice": text, "target": text}
    return Features(
        {
            "article_id": text,
            "index": number,
            "section": text,
            "start": number,
            "end": number,
            "text": text,
            "voices": List(voice),
            "outlet": text,
            "published": text,
            "story": text,
            "stances": List(stance | {"mentions": List(span | {"connotation": text})}),
            "loaded_terms": List(term | {"group": number} | judged),
            "dataset": text,
            "tasks": List(text),
            "classes": List({"task": text, "pair": text, "label": text, "confidence": real}),
            "spans": List({"task": text, "label": text} | span_at),
        }
    )
