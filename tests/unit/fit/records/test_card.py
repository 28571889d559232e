"""The model card says what the checkpoint's record holds, whatever stands in its names."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt

from model.tasks import DEFAULT_TASKS
from train.fit.records.card import model_card

HOSTILE = "a|b`c`</td><script>x</script>\n# [z](javascript:1) *q* _r_ \\| &amp; ~~s~~ \u202e@t"
SCORES: dict[str, Any] = {
    "stance": {
        "kind": "classify",
        "measure": "macro_f1",
        "value": 0.5556,
        "support": 1030,
        "labels": {
            "favor": {"precision": 0.25, "recall": 0.5, "f1": 0.3333, "support": 1000},
            "against": {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 30},
            "none": {"precision": 0.0, "recall": 0.0, "f1": 0.0, "support": 0},
        },
    },
    "claims": {
        "kind": "tag",
        "measure": "span_f1_exact",
        "value": 0.4,
        "support": 7,
        "labels": {"claim": {"precision": 0.4, "recall": 0.4, "f1": 0.4, "support": 7}},
    },
}


@pytest.fixture
def record() -> dict[str, Any]:
    """A record of a checkpoint before anybody evaluated it."""
    claims = {"name": "claims", "kind": "tag", "labels": ["claim"]}
    topics = {"name": "topics", "kind": "classify", "labels": ["war", "trade"]}
    return {
        "schema_version": 1,
        "tasks": [*(task.to_dict() for task in DEFAULT_TASKS), claims, topics],
        "preprocessing": "v02/3",
        "parity": "repaired",
        "max_length": 128,
        "stride": 32,
        "context": "headline",
        "calibration": None,
        "main_scores": None,
        "encoder": "aubmindlab/bert-base-arabertv02",
        "encoder_revision": "0a1b" * 10,
        "seed": 41,
        "config_hash": "c0" * 32,
        "training_data_hash": "d0" * 32,
        "data_hashes": {"train": "d0" * 32, "validation": "e0" * 32, "targets": "f0" * 32},
        "code_hash": "b0" * 32,
        "versions": {"python": "3.11.7", "torch": "2.13.0"},
        "num_parameters": 135_193_344,
        "num_sentences": 4321,
        "dataset_counts": {"own": 4000, "mawqif": 321},
        "stance_counts": {"favor": 30, "none": 100},
        "loaded_term_counts": {"label": 44},
        "other_counts": {"stance/favor": 5, "claims/claim": 2, "topics/a/b": 9},
        "warnings": ["3 of 9 texts are longer than training.max_length 128"],
    }


def tables(card: str) -> list[list[list[str]]]:
    """The cells of every table, header first, as a Markdown reader sees them."""
    found: list[list[list[str]]] = []
    tokens = MarkdownIt("commonmark").enable("table").parse(card)
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open") and after is not None:
            found[-1][-1].append("".join(part.content for part in after.children or ()))
    return found


def table(card: str, last: str) -> list[list[str]]:
    """The rows of the table whose last column is headed so."""
    (rows,) = (found[1:] for found in tables(card) if found[0][-1] == last)
    return rows


def table_of_facts(card: str) -> list[tuple[str, str]]:
    """The rows of the tables without a header."""
    return [(row[0], row[1]) for found in tables(card) if found[0] == ["", ""] for row in found]


def section(card: str, title: str) -> str:
    (text,) = (part for part in card.split("\n## ") if part.startswith(f"{title}\n"))
    return text


def test_a_hub_can_read_its_front_matter(record: dict[str, Any]) -> None:
    card = ModelCard(model_card("run", record))
    assert card.data.to_dict() == {
        "language": ["ar"],
        "library_name": "transformers",
        "tags": [
            "nabra",
            "news-framing",
            "stance-detection",
            "text-classification",
            "token-classification",
        ],
        "base_model": "aubmindlab/bert-base-arabertv02",
    }


@pytest.mark.parametrize(
    ("encoder", "revision"),
    [("embedded", None), ("models/mine", None), ("../a b/c", "0a" * 20), ("a: [b", "0a" * 20)],
)
def test_only_a_hubs_encoder_is_a_base_model(
    encoder: str, revision: str | None, record: dict[str, Any]
) -> None:
    card = model_card("run", record | {"encoder": encoder, "encoder_revision": revision})
    matter = yaml.safe_load(card.split("---\n")[1])
    assert set(matter) == {"language", "library_name", "tags"}
    assert encoder in dict(table_of_facts(card))["encoder"]


def test_tags_name_what_the_tasks_are(record: dict[str, Any]) -> None:
    tasks = [{"name": "claims", "kind": "tag", "labels": ["claim"]}]
    card = model_card("run", record | {"tasks": tasks})
    assert yaml.safe_load(card.split("---\n")[1])["tags"] == [
        "nabra",
        "news-framing",
        "token-classification",
    ]


def test_it_names_every_task_with_its_labels(record: dict[str, Any]) -> None:
    rows = table(model_card("run", record), "labels")
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("stance", "one label", "favor, against, none"),
        (
            "loaded_terms",
            "spans of whole words",
            "label, emotive, doubt, scare_quotes, praise, euphemism",
        ),
        ("claims", "spans", "claim"),
        ("topics", "one label", "war, trade"),
    ]
    assert "target" in rows[0][1]


def test_it_says_what_the_weights_rest_on(record: dict[str, Any]) -> None:
    card = model_card("run", record)
    facts = dict(table_of_facts(card))
    assert facts["its revision"] == record["encoder_revision"]
    assert facts["seed"] == "41"
    assert (facts["weights"], facts["training sentences"]) == ("135,193,344", "4,321")
    assert facts["versions"] == "python 3.11.7, torch 2.13.0"
    assert facts["sentences of mawqif"] == "321"
    assert facts["tokens read at once"] == "128"
    assert dict(table(card, "SHA-256")) == {
        "train": "d0" * 32,
        "validation": "e0" * 32,
        "targets": "f0" * 32,
        "config": "c0" * 32,
        "code": "b0" * 32,
    }
    assert table(card, "count") == [
        ["claims", "claim", "2"],
        ["loaded_terms", "label", "44"],
        ["stance", "favor", "35"],
        ["stance", "none", "100"],
        ["topics", "a/b", "9"],
    ]
    assert "- 3 of 9 texts are longer than training.max_length 128" in card


def test_without_scores_it_says_who_adds_them(record: dict[str, Any]) -> None:
    scores = section(model_card("run", record), "Scores")
    assert "nabra evaluate" in scores
    assert tables(scores) == []


def test_scores_stand_by_label_with_support(record: dict[str, Any]) -> None:
    test = {"macro_f1": 0.5556, "sentences": 40, "stories": 8}
    main = {"test": test, "folds": test | {"macro_f1": 0.5}, "tasks": SCORES}
    scores = section(model_card("run", record | {"main_scores": main}), "Scores")
    assert "nabra evaluate" not in scores
    assert "test split" in scores
    assert "### `stance`: macro-F1 0.556 (1,030 labels)" in scores
    assert "### `claims`: exact micro-F1 0.400 (7 spans)" in scores
    header = ["label", "precision", "recall", "F1", "support"]
    stance, claims, readings = tables(scores)
    assert stance == [
        header,
        ["favor", "0.250", "0.500", "0.333", "1,000"],
        ["against", "1.000", "1.000", "1.000", "30"],
        ["none", "–", "–", "–", "0"],
    ]
    assert claims == [header, ["claim", "0.400", "0.400", "0.400", "7"]]
    assert readings[1:] == [
        ["test", "macro_f1 0.556, sentences 40, stories 8"],
        ["folds", "macro_f1 0.500, sentences 40, stories 8"],
    ]


def test_it_says_what_it_is_for_and_what_not(record: dict[str, Any]) -> None:
    card = model_card("run", record)
    assert "**Intended.**" in section(card, "Use")
    assert "**Out of scope.**" in section(card, "Use")
    assert "4,321 sentences" in section(card, "Limits")
    assert "not calibrated" in section(card, "Limits")
    assert "keep their own licences" in section(card, "Licence")
    assert "from model import load" in section(card, "Loading")
    assert "## Calibration" not in card


def test_it_tells_of_a_calibration(record: dict[str, Any]) -> None:
    stance = {
        "temperature": 5.35, "num_items": 1236, "ece_before": 0.299, "ece_after": 0.066,
        "brier_before": 0.7, "brier_after": 0.56, "threshold": 0.7843, "wished_risk": 0.2,
        "level": 0.95, "num_predictions": 1236, "coverage": 0.0593, "label_mix": [0.2, 0.3, 0.5],
    }  # fmt: skip
    note = f"threshold: none {HOSTILE}"
    spans = {"span_slope": 0.7, "span_bias": -1.5, "span_ece_before": 0.386, "span_ece_after": 0.06}
    claims = stance | {"threshold": None, "coverage": 0.0, "notes": [note]} | spans
    card = model_card("run", record | {"calibration": {"stance": stance, "claims": claims}})
    assert "not calibrated" not in card
    assert "**validation split**" in section(card, "Calibration")
    (table,) = tables(section(card, "Calibration"))
    assert table[1:] == [
        ["stance", "5.350", "1,236", "0.299", "0.066", "0.784", "5.9%", "20%"],
        ["claims", "5.350", "1,236", "0.299", "0.066", "no threshold", "–", "–"],
    ]
    assert "threshold: none" in section(card, "Calibration")
    assert section(card, "Calibration").count("its ECE went from 0.386 to 0.060 by") == 1
    assert "<script>" not in card


def test_the_same_record_gives_the_same_card(record: dict[str, Any]) -> None:
    main = {"tasks": SCORES}
    written = json.loads(json.dumps(record | {"main_scores": main}))
    assert model_card("run", record | {"main_scores": main}) == model_card("run", written)


@pytest.mark.parametrize(
    "name",
    [HOSTILE, "a|b", "a`b``c", "a\\", "\\|", "*q*", "_r_ [s](t)", "- <b>", "12) b", "رأي | خبر"],
)
def test_a_name_from_a_config_is_no_markup(name: str, record: dict[str, Any]) -> None:
    labels = {name: {"precision": 0.1, "recall": 0.1, "f1": 0.1, "support": 1}}
    task = {"kind": name, "measure": name, "value": 0.1, "support": 1, "labels": labels}
    evil = record | {
        "tasks": [{"name": name, "kind": "classify", "labels": [name, "x"]}],
        "parity": name,
        "encoder": name,
        "encoder_revision": name,
        "seed": name,
        "config_hash": name,
        "data_hashes": {name: name},
        "versions": {name: name},
        "dataset_counts": {name: 1},
        "stance_counts": {name: 1},
        "other_counts": {f"{name}/{name}": 1},
        "warnings": [name],
        "main_scores": {"tasks": {name: task}, name: {name: name}},
    }
    good = record | {
        "tasks": [{"name": "t", "kind": "classify", "labels": ["y", "x"]}],
        "data_hashes": {"h": "h"},
        "versions": {"v": "v"},
        "dataset_counts": {"d": 1},
        "stance_counts": {"s": 1},
        "other_counts": {"o/o": 1},
        "warnings": ["w"],
        "main_scores": {"tasks": {"t": {**task, "labels": {"y": labels[name]}}}, "r": {"a": 1}},
    }
    evil_card, good_card = model_card(name, evil), model_card("run", good)
    assert shape(evil_card) == shape(good_card)
    name = " ".join(name.split())
    assert table(evil_card, "labels")[0][::3] == [name, f"{name}, x"], "a reader sees it as it is"
    assert table(evil_card, "SHA-256")[1:] == [[name, name], ["config", name], ["code", "b0" * 32]]
    assert table(evil_card, "figures") == [[name, f"{name} {name}"]]
    yaml.safe_load(evil_card.split("---\n")[1])


def shape(card: str) -> list[str]:
    """The elements of the page without its text: a name that became markup would change it."""
    body = card.split("---\n", 2)[2]
    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(body)
    return [tag for tag in re.findall(r"</?\w+", html) if tag not in ("<code", "</code")]


def test_a_record_of_little_still_gives_a_card() -> None:
    card = model_card("tiny", {"encoder": "embedded"})
    assert card.startswith("---\n")
    assert "`embedded`" in card
    assert "favor" in card, "no tasks named: nabra's own"
